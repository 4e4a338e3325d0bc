"""Compiled: the rules by which a venue refuses requests."""
