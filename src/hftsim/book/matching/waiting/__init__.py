"""Orders that act by themselves: stops, pegs, orders with an end."""
