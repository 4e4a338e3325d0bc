"""Where the orders of a book rest: pool, price levels, ids. Nothing here knows of matching."""
