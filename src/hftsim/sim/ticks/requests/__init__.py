"""Own requests as they reach the venue."""
