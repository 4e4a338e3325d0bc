"""Markets to trade in, and the models of costs they use."""
