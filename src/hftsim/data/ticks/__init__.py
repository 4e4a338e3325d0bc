"""Tick data at scale: the store, its files, the importers and the checks."""

from typing import TYPE_CHECKING

from hftsim.core.lazy import lazy_names

if TYPE_CHECKING:
    from hftsim.data.ticks.funding import FundingRates, read_funding
    from hftsim.data.ticks.importing import FORMATS, ReadingOptions, TickReader
    from hftsim.data.ticks.intake import import_ticks
    from hftsim.data.ticks.lobster_check import verify_lobster
    from hftsim.data.ticks.quality import check_tick_file, check_ticks, tick_format
    from hftsim.data.ticks.series import Chunk, Ticks
    from hftsim.data.ticks.settings import ImportReport, ImportSettings
    from hftsim.data.ticks.store import TickStore, is_store, open_ticks

__all__ = [
    "FORMATS",
    "Chunk",
    "FundingRates",
    "ImportReport",
    "ImportSettings",
    "ReadingOptions",
    "TickReader",
    "TickStore",
    "Ticks",
    "check_tick_file",
    "check_ticks",
    "import_ticks",
    "is_store",
    "open_ticks",
    "read_funding",
    "tick_format",
    "verify_lobster",
]

_MODULES = {
    "FORMATS": "importing",
    "Chunk": "series",
    "FundingRates": "funding",
    "ImportReport": "settings",
    "ImportSettings": "settings",
    "ReadingOptions": "importing",
    "TickReader": "importing",
    "TickStore": "store",
    "Ticks": "series",
    "check_tick_file": "quality",
    "check_ticks": "quality",
    "import_ticks": "intake",
    "is_store": "store",
    "open_ticks": "store",
    "read_funding": "funding",
    "tick_format": "quality",
    "verify_lobster": "lobster_check",
}

__getattr__, __dir__ = lazy_names(__name__, _MODULES, __all__)
