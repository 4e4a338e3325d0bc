"""The one loop: market -> strategy -> risk -> market, interpreted or compiled."""

from hftsim.engine.loop import Mode, drive, users_line

__all__ = ["Mode", "drive", "users_line"]
