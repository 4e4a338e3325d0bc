"""Compiled: stops that wait at the venue, and what triggers them."""
