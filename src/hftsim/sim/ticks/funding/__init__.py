"""Funding of perpetuals: what holders of positions pay each other."""
