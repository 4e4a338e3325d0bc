"""The orders a book opens with."""
