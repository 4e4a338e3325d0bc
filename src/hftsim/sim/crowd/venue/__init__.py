"""The crowd as a venue that a strategy trades at."""
