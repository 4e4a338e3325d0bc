"""The life of an order, shared by all simulated markets."""
