"""The record that holds a book together."""
