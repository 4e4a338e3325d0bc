"""What is done to a book's memory between messages: moving windows, building tables of ids."""
