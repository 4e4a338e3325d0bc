"""Where an order stands in its queue."""
