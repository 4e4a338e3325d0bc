"""From one call-back of a strategy to the next, in a crowd."""
