"""What a strategy asks of a tick market."""
