"""Rows that change more than one level."""
