"""Which price levels are occupied: a bitmap of bitmaps."""
