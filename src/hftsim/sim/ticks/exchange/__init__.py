"""What happens at the venue: recorded rows and own orders."""
