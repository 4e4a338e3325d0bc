"""Random numbers of a crowd: a counter, mixed."""
