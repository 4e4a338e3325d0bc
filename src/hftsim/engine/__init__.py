"""The one loop: market -> strategy -> risk -> market, interpreted or compiled."""

from hftsim.engine.loop import Mode, drive

__all__ = ["Mode", "drive"]
