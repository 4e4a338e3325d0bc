"""The message at hand."""
