"""Order books, by order and by price, and the matching engine."""

from typing import TYPE_CHECKING

from hftsim.core.lazy import lazy_names

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

__getattr__, __dir__ = lazy_names(__name__, _MODULES, __all__)
