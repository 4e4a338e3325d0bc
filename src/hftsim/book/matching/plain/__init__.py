"""The short way of the most common messages."""
