"""An instrument from its bars: what the venue or user does not say is taken from the data."""

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np

from hftsim.core.bars import require_bars, source_of
from hftsim.core.enums import InstrumentKind
from hftsim.core.errors import DataError, InstrumentError
from hftsim.core.instrument import Instrument, Number, exact_decimal
from hftsim.data.columns import PRICES
from hftsim.data.steps import StepFinder
from hftsim.data.symbols import is_crypto

if TYPE_CHECKING:
    import pandas as pd

DEFAULT_FEES: dict[InstrumentKind, tuple[float, float]] = {
    InstrumentKind.SPOT: (0.001, 0.001),
    InstrumentKind.PERPETUAL: (0.0002, 0.0005),
    InstrumentKind.FUTURE: (0.0002, 0.0005),
    InstrumentKind.OPTION: (0.0003, 0.0003),
    InstrumentKind.EQUITY: (0.0, 0.00005),
}
"""Assumed (maker, taker) fees: Binance's entry tiers, and half a basis point for equities."""

EQUITY_TICK, EQUITY_LOT = Decimal("0.01"), Decimal(1)
FINEST_STEP = Decimal("1e-8")
SEEN = "smallest step seen"


def infer_instrument(
    bars: "pd.DataFrame",
    symbol: str | None = None,
    *,
    kind: InstrumentKind | str | None = None,
    tick_size: Number | None = None,
    lot_size: Number | None = None,
    maker_fee: float | None = None,
    taker_fee: float | None = None,
    venue: str | None = None,
) -> Instrument:
    """Return the instrument that bars are of; what is given wins, the rest is inferred.

    Parameters
    ----------
    bars : a bar frame.
    symbol : default: the one the frame's source names.
    kind : default: spot for crypto (by the source's asset, the venue, or a stablecoin quote),
        equity for anything else.
    tick_size, lot_size : default for equities 0.01 and 1; else the smallest step seen in prices and
        volumes (`steps.StepFinder`), or 1e-8 where none can be seen.
    maker_fee, taker_fee : fractions; default `DEFAULT_FEES`, an assumption of this library.
    venue : default: the source's.

    Returns
    -------
    Instrument
        `rules_source` says for tick and lot whether ``user``, ``smallest step seen``, ``equity
        default`` or ``no step seen, 1e-8 assumed``; one word where both agree.

    Raises
    ------
    DataError
        No symbol is known, or `bars` is no bar frame.
    InstrumentError
        A rule cannot be.
    """
    require_bars(bars)
    source: dict[str, Any] = dict(source_of(bars))
    symbol = symbol or source.get("symbol")
    if not symbol:
        raise DataError("the bars do not say what they are of: give a symbol (--symbol)")
    venue = venue if venue is not None else str(source.get("venue", ""))
    kind = _kind(kind, symbol, source.get("asset"), venue)
    usual = (EQUITY_TICK, EQUITY_LOT) if kind is InstrumentKind.EQUITY else (None, None)
    prices, volumes = [bars[p] for p in PRICES], [bars["volume"]]
    tick, tick_from = _rule(tick_size, "tick_size", usual[0], source.get("price_step"), prices)
    lot, lot_from = _rule(lot_size, "lot_size", usual[1], source.get("qty_step"), volumes)
    maker, taker = DEFAULT_FEES[kind]
    same = tick_from == lot_from
    return Instrument(
        symbol=symbol,
        kind=kind,
        tick_size=tick,
        lot_size=lot,
        maker_fee=maker if maker_fee is None else maker_fee,
        taker_fee=taker if taker_fee is None else taker_fee,
        venue=venue,
        rules_source=tick_from if same else f"tick size: {tick_from}; lot size: {lot_from}",
    )


def _kind(
    given: InstrumentKind | str | None, symbol: str, asset: str | None, venue: str
) -> InstrumentKind:
    if given is None:
        crypto = is_crypto(symbol, asset=asset, venue=venue or None)
        return InstrumentKind.SPOT if crypto else InstrumentKind.EQUITY
    try:
        return InstrumentKind(given)
    except ValueError:
        kinds = ", ".join(InstrumentKind)
        raise InstrumentError(f"kind {given!r} is unknown; known: {kinds}") from None


def _rule(
    given: Number | None,
    what: str,
    default: Decimal | None,
    noted: str | None,
    columns: list[Any],
) -> tuple[Decimal, str]:
    """Return a step and where it comes from."""
    if given is not None:
        return exact_decimal(given, what), "user"
    if default is not None:
        return default, "equity default"
    if noted:
        return Decimal(noted), SEEN
    finder = StepFinder()
    for column in columns:
        finder.add(np.asarray(column, dtype=np.float64))
    step = finder.step()
    return (step, SEEN) if step is not None else (FINEST_STEP, "no step seen, 1e-8 assumed")
