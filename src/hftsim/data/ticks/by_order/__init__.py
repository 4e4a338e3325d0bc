"""Data by order: rows that stand alone, with each order's priority."""

from hftsim.data.ticks.by_order.rows import OrderRows, RepeatedOrder

__all__ = ["OrderRows", "RepeatedOrder"]
