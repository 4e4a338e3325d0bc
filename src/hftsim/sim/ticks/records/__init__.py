"""The memory of a tick run."""
