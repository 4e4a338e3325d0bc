"""Matching by price and time: messages in, reports out, over the book in `hftsim.book.orders`."""
