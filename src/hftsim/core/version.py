"""The version of hftsim."""

__version__ = "0.1.0"
