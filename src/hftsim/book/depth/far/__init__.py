"""Levels far from where the market is."""
