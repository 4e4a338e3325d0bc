"""Bars at rest on this machine: one verified Parquet file per symbol and interval."""

import contextlib
import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from hftsim.core.bars import gap_count, interval_ns_of, require_bars, source_of, with_source
from hftsim.core.clock import Clock, LiveClock
from hftsim.core.errors import DataError, InputError
from hftsim.core.instrument import normalize_symbol
from hftsim.data.barfile import (
    parse_bar_file,
    read_bar_file,
    read_whole,
    sole_writer,
    write_bar_file,
)
from hftsim.data.intervals import SECOND_NS, format_interval, parse_interval
from hftsim.data.merge import Overlap, merge_bars

_NAME = re.compile(r"[A-Z0-9.^=]+_\d+(ms|s|m|h|d|w)\.parquet")


@dataclass(frozen=True, kw_only=True)
class CacheUpdate:
    """What an update of the cache did.

    Parameters
    ----------
    rows, added : bars in the cache now, and how many of them are new.
    overlap : bars that were in both, and how many of them differ (revised by their source).
    taken : whether the new values of revised bars were taken.
    path : the file.
    """

    rows: int
    added: int
    overlap: Overlap
    taken: bool
    path: Path


class DataCache:
    """Keeps bar frames in a folder, each as one file with what is known of it.

    Files are replaced in one step, so a crash leaves the earlier file or a whole new one; updates
    from several processes wait for each other, and of two saves the last stays. Every load checks
    the contents' SHA-256.

    Parameters
    ----------
    cache_dir : the folder; made when something is saved.
    clock : what tells the time that ages are counted from.
    """

    def __init__(self, cache_dir: str | Path = "data/cache", *, clock: Clock | None = None) -> None:
        self.cache_dir = Path(cache_dir)
        self._clock = clock or LiveClock()

    def path(self, symbol: str, interval: str) -> Path:
        """Return where bars of a symbol and interval rest, whether or not they are there."""
        spelled = format_interval(parse_interval(interval))
        return self.cache_dir / f"{normalize_symbol(symbol)}_{spelled}.parquet"

    def save(self, bars: pd.DataFrame, symbol: str, interval: str) -> Path:
        """Write bars in the place of what is kept of the symbol and interval; return the file.

        ``bars.attrs["source"]`` is kept with them. Raises DataError where the frame is no bar
        frame, or is of another symbol or interval than said; InputError where the folder cannot
        be written.
        """
        require_bars(bars)
        path = self.path(symbol, interval)
        _require_same(bars, normalize_symbol(symbol), parse_interval(interval))
        about = {
            "symbol": normalize_symbol(symbol),
            "interval": format_interval(parse_interval(interval)),
            "source": dict(source_of(bars)),
        }
        write_bar_file(path, bars, about)
        return path

    def load(
        self, symbol: str, interval: str, *, on_damage: Literal["raise", "discard"] = "raise"
    ) -> pd.DataFrame | None:
        """Return the kept bars, or None where there are none.

        A damaged file raises DataError that names it; with ``on_damage="discard"`` it is removed
        and None returned, so that the caller fetches again.
        """
        path = self.path(symbol, interval)
        try:
            bars, about = read_bar_file(path)
        except FileNotFoundError:
            return None
        except DataError as damage:
            if on_damage == "discard":
                _remove(path)
                return None
            raise DataError(
                f"{damage}; refetch it (load with on_damage='discard'), or remove the file"
            ) from None
        return with_source(bars, **about["source"])

    def update(
        self,
        bars: pd.DataFrame,
        symbol: str | None = None,
        interval: str | None = None,
        *,
        on_revised: Literal["keep", "take", "raise"] = "keep",
    ) -> CacheUpdate:
        """Add bars to what is kept, and report bars that are in both but differ.

        Parameters
        ----------
        bars : a bar frame with the columns of the kept one.
        symbol, interval : of the bars; by default as their source says.
        on_revised : what happens to revised bars: ``keep`` the kept values, ``take`` the new ones,
            or ``raise`` a DataError and change nothing.
        """
        symbol = symbol or source_of(bars).get("symbol")
        if symbol is None:
            raise InputError("the bars do not say their symbol: give symbol=")
        interval = interval or format_interval(interval_ns_of(bars))
        with contextlib.suppress(OSError):  # writing says why the folder cannot be made
            self.cache_dir.mkdir(parents=True, exist_ok=True)
        with sole_writer(self.cache_dir):
            return self._update(bars, symbol, interval, on_revised)

    def _update(
        self,
        bars: pd.DataFrame,
        symbol: str,
        interval: str,
        on_revised: Literal["keep", "take", "raise"],
    ) -> CacheUpdate:
        kept = self.load(symbol, interval)
        if kept is None:
            path = self.save(bars, symbol, interval)
            return CacheUpdate(
                rows=len(bars), added=len(bars), overlap=Overlap(), taken=False, path=path
            )
        path = self.path(symbol, interval)
        _require_mergeable(kept, bars, path)
        merged, overlap = merge_bars(kept, bars, take_newer=on_revised == "take")
        if overlap.revised and on_revised == "raise":
            raise DataError(f"{overlap.sentence()}; say on_revised='keep' or 'take'", path=path)
        with_source(merged, **_merged_source(kept, bars, overlap))
        with_source(merged, interval_ns=parse_interval(interval))
        self.save(with_source(merged, gaps=gap_count(merged)), symbol, interval)
        return CacheUpdate(
            rows=len(merged),
            added=len(merged) - len(kept),
            overlap=overlap,
            taken=on_revised == "take",
            path=path,
        )

    def get_cache_info(self, symbol: str, interval: str) -> dict[str, Any]:
        """Return what is kept of a symbol and interval.

        Keys: symbol, interval, rows, start and end (starts of the first and last bar, UTC),
        size_mb (1e6 bytes), age_s (since it was written), sha256 (of the file), path.
        Raises InputError where nothing is kept, DataError where the file is damaged.
        """
        path = self.path(symbol, interval)
        try:
            raw = read_whole(path)
        except FileNotFoundError:
            kept = ", ".join(self._kept_names()) or "nothing"
            raise InputError(
                f"{path.stem.replace('_', ' ')} is not in {self.cache_dir}; kept there: {kept}"
            ) from None
        bars, about = parse_bar_file(raw, path)
        return {
            "symbol": about["symbol"],
            "interval": about["interval"],
            "rows": len(bars),
            "start": bars.index[0],
            "end": bars.index[-1],
            "size_mb": len(raw) / 1e6,
            "age_s": (self._clock.now_ns() - path.stat().st_mtime_ns) / SECOND_NS,
            "sha256": hashlib.sha256(raw).hexdigest(),
            "path": path,
        }

    def clear(self, symbol: str | None = None, interval: str | None = None) -> int:
        """Remove what is kept of a symbol (and interval), or everything; return how many files.

        Only files named as this class names them are removed.
        """
        wanted = normalize_symbol(symbol) if symbol is not None else None
        step = format_interval(parse_interval(interval)) if interval is not None else None
        removed = 0
        for name in self._kept_names():
            kept_symbol, kept_interval = name.split(" ")
            if wanted in {None, kept_symbol} and step in {None, kept_interval}:
                _remove(self.cache_dir / f"{kept_symbol}_{kept_interval}.parquet")
                removed += 1
        return removed

    def _kept_names(self) -> list[str]:
        if not self.cache_dir.is_dir():
            return []
        names = (entry.name for entry in self.cache_dir.iterdir() if entry.is_file())
        return sorted(
            name.removesuffix(".parquet").replace("_", " ")
            for name in names
            if _NAME.fullmatch(name)
        )


def _merged_source(kept: pd.DataFrame, bars: pd.DataFrame, overlap: Overlap) -> dict[str, Any]:
    counts = dict(source_of(kept).get("repairs", {}))
    counts.pop("unfinished_bars_dropped", None)  # it has ended since, and may be among the new
    for name, count in source_of(bars).get("repairs", {}).items():
        counts[name] = counts.get(name, 0) + count
    if overlap.revised:
        counts["revised_bars"] = counts.get("revised_bars", 0) + overlap.revised
    return {**source_of(kept), **source_of(bars), "repairs": counts}


def _require_same(bars: pd.DataFrame, symbol: str, interval_ns: int) -> None:
    said = source_of(bars).get("symbol")
    if said and normalize_symbol(said) != symbol:
        raise DataError(f"these are bars of {said}, not of {symbol}")
    if len(bars) > 1 and interval_ns_of(bars) != interval_ns:
        raise DataError(
            f"these are bars of {format_interval(interval_ns_of(bars))}, "
            f"not of {format_interval(interval_ns)}"
        )


def _require_mergeable(kept: pd.DataFrame, bars: pd.DataFrame, path: Path) -> None:
    require_bars(bars)
    if set(kept.columns) != set(bars.columns):
        odd = sorted(map(str, set(kept.columns) ^ set(bars.columns)))
        raise DataError(f"kept and new bars differ in the columns {', '.join(odd)}", path=path)
    was, comes = source_of(kept), source_of(bars)
    if bool(was.get("simulated")) != bool(comes.get("simulated")):
        raise DataError("simulated and real bars cannot be mixed", path=path)
    old, new = was.get("venue"), comes.get("venue")
    if old and new and old != new:
        raise DataError(f"kept bars are of {old}, the new ones of {new}", path=path)


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise InputError(f"{path}: cannot be removed: {error.strerror}") from None
