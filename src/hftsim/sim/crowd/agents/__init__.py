"""Traders of a crowd."""
