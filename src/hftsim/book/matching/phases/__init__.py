"""Phases, collars, auctions."""
