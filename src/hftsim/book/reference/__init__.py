"""The rules of matching in plain Python: the book with which the compiled one is compared."""

from hftsim.book.reference.auction import Indication
from hftsim.book.reference.book import ReferenceBook
from hftsim.book.reference.messages import REPORT_DTYPE, Message, Order, Report
from hftsim.book.reference.state import STATE_COLUMNS

__all__ = [
    "REPORT_DTYPE",
    "STATE_COLUMNS",
    "Indication",
    "Message",
    "Order",
    "ReferenceBook",
    "Report",
]
