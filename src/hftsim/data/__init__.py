"""Where market data comes from and rests: files, venues, archives, the cache, samples, checks."""

from typing import TYPE_CHECKING

from hftsim.core.lazy import lazy_names

if TYPE_CHECKING:
    from hftsim.data.archive import BinanceArchive
    from hftsim.data.binance import BinanceDataFetcher
    from hftsim.data.cache import CacheUpdate, DataCache
    from hftsim.data.findings import Finding
    from hftsim.data.folders import split_files
    from hftsim.data.instruments import infer_instrument
    from hftsim.data.intervals import format_interval, parse_interval
    from hftsim.data.quality import CheckReport, check_bars, check_file
    from hftsim.data.reading import read_bars
    from hftsim.data.repairs import Repairs
    from hftsim.data.sample import SampleMarket, create_sample_bars
    from hftsim.data.ticks import Ticks, TickStore, check_ticks, import_ticks, read_funding
    from hftsim.data.yahoo import fetch_yahoo, yahoo_to_bars

__all__ = [
    "BinanceArchive",
    "BinanceDataFetcher",
    "CacheUpdate",
    "CheckReport",
    "DataCache",
    "Finding",
    "Repairs",
    "SampleMarket",
    "TickStore",
    "Ticks",
    "check_bars",
    "check_file",
    "check_ticks",
    "create_sample_bars",
    "fetch_yahoo",
    "format_interval",
    "import_ticks",
    "infer_instrument",
    "parse_interval",
    "read_bars",
    "read_funding",
    "split_files",
    "yahoo_to_bars",
]

_MODULES = {
    "BinanceArchive": "archive",
    "BinanceDataFetcher": "binance",
    "CacheUpdate": "cache",
    "CheckReport": "quality",
    "DataCache": "cache",
    "Finding": "findings",
    "Repairs": "repairs",
    "SampleMarket": "sample",
    "TickStore": "ticks",
    "Ticks": "ticks",
    "check_bars": "quality",
    "check_file": "quality",
    "check_ticks": "ticks",
    "create_sample_bars": "sample",
    "fetch_yahoo": "yahoo",
    "format_interval": "intervals",
    "import_ticks": "ticks",
    "infer_instrument": "instruments",
    "parse_interval": "intervals",
    "read_bars": "reading",
    "read_funding": "ticks",
    "split_files": "folders",
    "yahoo_to_bars": "yahoo",
}

__getattr__, __dir__ = lazy_names(__name__, _MODULES, __all__)
