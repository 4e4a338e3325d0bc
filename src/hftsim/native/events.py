"""Events at which a market hands over: positive ones call the strategy, the rest end a stretch."""

WAKE, FILL, BAR, BOOK, TRADE = 1, 2, 3, 4, 5
DONE, GROW, PAUSE, REFILL = 0, -1, -2, -3

HANDLERS = {"on_wake": WAKE, "on_fill": FILL, "on_bar": BAR, "on_book": BOOK, "on_trade": TRADE}
"""Strategy method -> the event at which it is called."""
