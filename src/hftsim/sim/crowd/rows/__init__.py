"""What a crowd does, as rows of market data."""
