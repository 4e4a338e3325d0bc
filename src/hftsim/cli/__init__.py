"""The command `hftsim`: parse, call, print."""

from hftsim.cli.entry import main

__all__ = ["main"]
