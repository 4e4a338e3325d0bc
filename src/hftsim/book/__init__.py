"""Order books, by order and by price, and the matching engine."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hftsim.book.depth_book import DepthBook
    from hftsim.book.matching_engine import Execution, ExecutionStats, MatchingEngine
    from hftsim.book.order_book import OrderBook, Outcome, QueuePlace
    from hftsim.book.order_book_manager import OrderBookManager
    from hftsim.book.queries import PriceImpact
    from hftsim.book.reference import ReferenceBook

__all__ = [
    "DepthBook",
    "Execution",
    "ExecutionStats",
    "MatchingEngine",
    "OrderBook",
    "OrderBookManager",
    "Outcome",
    "PriceImpact",
    "QueuePlace",
    "ReferenceBook",
]

_MODULES = {
    "DepthBook": "depth_book",
    "Execution": "matching_engine",
    "ExecutionStats": "matching_engine",
    "MatchingEngine": "matching_engine",
    "OrderBook": "order_book",
    "OrderBookManager": "order_book_manager",
    "Outcome": "order_book",
    "PriceImpact": "queries",
    "QueuePlace": "order_book",
    "ReferenceBook": "reference",
}


def __getattr__(name: str) -> Any:
    """Load what is asked for, and its dependencies with it, when first used."""
    if name in _MODULES:
        import importlib

        return getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """Name everything public, loaded or not."""
    return sorted(__all__)
