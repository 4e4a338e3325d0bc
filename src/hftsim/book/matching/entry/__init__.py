"""New orders."""
