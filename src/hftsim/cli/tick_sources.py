"""Which ticks a command runs on: stores from `--data`."""

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from hftsim.cli.config import Settings
from hftsim.cli.sources import Reading, Source
from hftsim.core.errors import ConfigError, InputError, UnknownNameError
from hftsim.core.instrument import Instrument, normalize_symbol

if TYPE_CHECKING:
    from hftsim.data.ticks import Ticks

_LOG = logging.getLogger(__name__)
_NOT_ON_TICKS = ("slippage", "max_volume_share", "intrabar")
_NOT_OF_STORES = ("symbol", "path", "kind", "tick_size", "lot_size")
"""What may be said of a store; the other settings of data are for files of bars."""


def open_all(reading: Reading) -> "dict[str, Ticks]":
    """Return the ticks of every source by name, in the order given.

    A store of several symbols runs all of them, unless `--symbol` or ``SYMBOL=`` picks one.
    ``BTCUSDT.KRAKEN=STORE`` is the store's BTCUSDT under that name, so that one symbol may come
    from two venues. Raises InputError where a name comes twice.
    """
    found: dict[str, Ticks] = {}
    for source in reading.sources:
        for name, ticks in _opened(source, reading.options.get("symbol")).items():
            if name in found:
                raise InputError(
                    f"{source.path}: {name} comes from another store too; name each with its venue: "
                    f"--data {name}.VENUE={source.path}"
                )
            found[name] = ticks
    return found


def _opened(source: Source, wanted: str | None) -> "dict[str, Ticks]":
    from hftsim.data.ticks import TickStore, open_ticks

    path = source.path
    symbols = TickStore(path).symbols if path.is_dir() else []
    name = source.symbol or wanted
    if name is not None:
        known = symbols or [open_ticks(path).instrument.symbol]
        return {normalize_symbol(name): open_ticks(path, _held(name, known, path))}
    if len(symbols) > 1:
        return {symbol: open_ticks(path, symbol) for symbol in symbols}
    only = open_ticks(path)
    return {only.instrument.symbol: only}


def _held(name: str, symbols: list[str], path: Path) -> str:
    """Return the store's symbol for a name that may carry a venue: BTCUSDT for BTCUSDT.KRAKEN."""
    whole, before = normalize_symbol(name), name.rpartition(".")[0]
    if whole in symbols:
        return whole
    if before and normalize_symbol(before) in symbols:
        return normalize_symbol(before)
    raise InputError(
        f"{UnknownNameError('symbol', name, symbols)}; to give one a name of your own write --data "
        f"{symbols[0] if len(symbols) == 1 else 'SYMBOL'}.{whole}={path}"
    )


def rules_of(ticks: "Ticks", reading: Reading) -> Instrument:
    """Return the instrument of some ticks with what the user says of it.

    Raises ConfigError where that contradicts the tick or lot that the data count in.
    """
    own, said = ticks.instrument, reading.rules
    for name in ("tick_size", "lot_size"):
        if name in said and said[name] != getattr(own, name):
            raise ConfigError(
                f"{own.symbol}: the store counts in a {name} of {getattr(own, name)}, not "
                f"{said[name]}; import the data again to change it"
            )
    return own.replace(kind=said["kind"]) if "kind" in said else own


def say_what_is_not_used(settings: Settings) -> None:
    """Warn of settings that mean nothing on ticks."""
    for name in _NOT_ON_TICKS:
        if name in settings.backtest:
            where = settings.backtest[name].where
            _LOG.warning("%s: %s is for bars; on ticks fills come from the book", where, name)
    for name, given in settings.data.items():
        if name not in _NOT_OF_STORES and given.value:
            _LOG.warning("%s: is for files of bars; a store of ticks is read as it is", given.where)


def refuse_recordings(reading: Reading) -> None:
    """Raise InputError where a file holds recorded ticks, which a store is made of first."""
    from hftsim.data.ticks import tick_format

    for source in reading.sources:
        found = tick_format(source.path, reading.options.get("format"))
        if found:
            raise InputError(
                f"{source.path}: holds recorded ticks ({found}), and a run takes a store of them: "
                f"hftsim import {source.path} --out STORE, then --data STORE"
            )
