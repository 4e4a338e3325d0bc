"""Compiled: the strategy's stops in a crowd."""
