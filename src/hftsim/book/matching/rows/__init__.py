"""The state of a book as rows, and back."""
