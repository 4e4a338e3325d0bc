"""A book by price: how much rests at each price of each side."""
