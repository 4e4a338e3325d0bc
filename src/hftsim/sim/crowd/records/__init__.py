"""The memory of a crowd, as compiled code reaches it."""
