"""The fingerprints of a run: what it traded, and everything that made it trade so."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from hftsim.core.instrument import VENUE_RULES, Instrument

FILL_COLUMNS = ("ts_event", "instrument", "side", "price", "qty", "fee")


def fills_hash(fills: np.ndarray) -> str:
    """Return the hash of the fills, sorted by time, instrument and order id."""
    order = np.lexsort((fills["order_id"], fills["instrument"], fills["ts_event"]))
    digest = hashlib.sha256()
    for name in FILL_COLUMNS:
        digest.update(np.ascontiguousarray(fills[name][order]).tobytes())
    return digest.hexdigest()


def run_hash(
    *,
    data: Mapping[str, str],
    instruments: Sequence[Instrument],
    parameters: Mapping[str, Any],
    predictions: np.ndarray | None,
    fills: str,
    equity: np.ndarray,
) -> str:
    """Return the hash of a whole run: data, rules, parameters with the seed, and results.

    Mode, paths, wall-clock times and versions are left out on purpose.
    """
    told = {
        "data": dict(data),
        "instruments": [instrument_dict(i) for i in instruments],
        "parameters": parameters,
        "fills": fills,
    }
    digest = hashlib.sha256(json.dumps(told, sort_keys=True, default=str).encode())
    if predictions is not None:
        digest.update(np.ascontiguousarray(predictions).tobytes())
    digest.update(np.ascontiguousarray(equity).tobytes())
    return digest.hexdigest()


def instrument_dict(instrument: Instrument) -> dict[str, Any]:
    """Return an instrument's rules as plain values; decimals as text, what it has not left out."""
    rules = {name: getattr(instrument, name) for name in VENUE_RULES}
    return {
        **({"inverse": True} if instrument.inverse else {}),
        "symbol": instrument.symbol,
        "kind": str(instrument.kind),
        "tick_size": f"{instrument.tick_size.normalize():f}",
        "lot_size": f"{instrument.lot_size.normalize():f}",
        "multiplier": f"{instrument.multiplier.normalize():f}",
        "min_qty": f"{instrument.min_qty.normalize():f}",
        "min_notional": f"{instrument.min_notional.normalize():f}",
        "maker_fee": instrument.maker_fee,
        "taker_fee": instrument.taker_fee,
        "venue": instrument.venue,
        "rules_source": instrument.rules_source,
        **{n: str(v) for n, v in rules.items() if v is not None},
    }
