"""Margin: when a venue liquidates an account, and what it does then."""
