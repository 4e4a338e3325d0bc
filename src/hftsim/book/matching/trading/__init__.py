"""What an order does that comes in: trade, then rest or end."""
