"""Events at which a market hands over: positive ones call the strategy, the rest end a stretch."""

WAKE, FILL, BAR = 1, 2, 3
DONE, GROW, PAUSE = 0, -1, -2

HANDLERS = {"on_wake": WAKE, "on_fill": FILL, "on_bar": BAR}
"""Strategy method -> the event at which it is called."""
