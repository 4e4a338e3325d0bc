"""Cancels and replaces."""
