"""Recorded changes of a book, applied without matching."""
