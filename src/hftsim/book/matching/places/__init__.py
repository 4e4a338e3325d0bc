"""Where the orders of a matching engine stand: in a level, or in a queue outside of the book."""
