"""One order against one bar."""
