"""From the id of a live order to its place in the pool."""
