"""Own orders at the venue."""
