"""What is asked of a book by order."""
