"""Simulated ticks: the rows that a crowd leaves behind."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict
from decimal import Decimal
from typing import Any

import numpy as np

from hftsim.core.errors import InputError
from hftsim.core.events import EventFlag
from hftsim.core.instrument import Instrument
from hftsim.data.ticks import Ticks
from hftsim.data.ticks.store import Moment, moment_ns
from hftsim.sim.crowd.memory import L2, L3, TRADES, CrowdMemory
from hftsim.sim.crowd.opening import open_book
from hftsim.sim.crowd.settings import CrowdSettings

KINDS = (L3, L2, TRADES)
_BLOCK = 1 << 16
_FOREVER = (1 << 62) - 1


def sample_instrument(symbol: str = "SIMUSDT") -> Instrument:
    """Return the made-up instrument of simulated ticks: tick 0.01, lot 0.001."""
    return Instrument(
        symbol=symbol,
        tick_size=Decimal("0.01"),
        lot_size=Decimal("0.001"),
        venue="simulated",
        rules_source="simulated",
    )


class Crowd:
    """A simulated market of agents and order flow over the matching engine.

    Every message goes through the engine; the rows are what a venue would publish. Equal settings,
    kind and seed give equal rows, on any day.

    Parameters
    ----------
    settings : what it is made of; default: the examples of `CrowdSettings`.
    instrument : whose ticks and lots the whole numbers are; default `sample_instrument`.
    seed : a number from 0 on.
    start : time of the first row.
    kind : ``l3`` (ADD, DELETE, EXECUTE by order), ``l2`` (DEPTH and TRADE) or ``trades``.

    Raises InputError for an unknown kind.
    """

    def __init__(
        self,
        settings: CrowdSettings | None = None,
        instrument: Instrument | None = None,
        *,
        seed: int = 0,
        start: Moment = "2024-01-01",
        kind: str = L3,
    ) -> None:
        if kind not in KINDS:
            raise InputError(f"kind {kind!r} is unknown; known: {', '.join(KINDS)}")
        if not 0 <= seed < 1 << 64:
            raise InputError(f"seed {seed} is not between 0 and 2^64 - 1")
        self.settings = settings or CrowdSettings()
        self.instrument = instrument or sample_instrument()
        self.seed, self.kind = seed, kind
        self.memory = CrowdMemory(
            self.settings, seed=seed, start=moment_ns(start), kind=kind, rows=_BLOCK
        )
        self._rest: dict[str, np.ndarray] | None = None
        open_book(self.memory)

    @property
    def counts(self) -> dict[str, int]:
        """What has happened: messages, fills, volume (lots), rejects, voids, resting orders.

        A void is an event that finds nothing to do: a cancel on an empty side, an agent that sees
        no market.
        """
        names = {
            "messages": "message_count",
            "fills": "fill_count",
            "volume": "volume",
            "rejects": "reject_count",
            "voids": "void_count",
            "orders": "orders_live",
        }
        return {name: self.memory.get(field) for name, field in names.items()}

    def blocks(self, rows: int) -> Iterator[dict[str, np.ndarray]]:
        """Yield the columns of exactly the next `rows` rows, in blocks.

        Columns: ts_event, ts_recv, price, qty, kind, side, flags and, by order, order_id and
        priority. An order's id is its priority: its number among all that came to rest. The last
        packet is cut where the rows end; its rest comes with the next call.

        Raises InputError where the crowd falls silent: nothing more would ever happen.
        """
        given = 0
        while given < rows:
            made = self._rest or self._made(min(_BLOCK, rows - given), given)
            self._rest = None
            count, most = len(made["kind"]), rows - given
            if count > most:
                self._rest = {name: values[most:] for name, values in made.items()}
                made = {name: values[:most].copy() for name, values in made.items()}
                made["flags"][-1] |= EventFlag.LAST
            given += min(count, most)
            yield made

    def _made(self, rows: int, given: int) -> dict[str, np.ndarray]:
        self.memory.crowd["rows_wanted"] = rows
        self.memory.run_until(_FOREVER)  # or a million events without a row
        made = self.memory.take_columns()
        if not len(made["kind"]):
            raise InputError(
                f"the crowd fell silent after {given:,} rows: its rates are 0, or nobody is left "
                f"whose orders could rest"
            )
        made["ts_recv"] = made["ts_event"]
        if self.kind == L3:
            made["order_id"] = made["priority"]
        else:
            del made["priority"]
        return made

    def columns(self, rows: int) -> dict[str, np.ndarray]:
        """Return the columns of the next rows in one piece; see `blocks`."""
        blocks = list(self.blocks(rows))
        return {name: np.concatenate([b[name] for b in blocks]) for name in blocks[0]}

    def ticks(self, rows: int) -> Ticks:
        """Return the next rows as ticks that say that they are simulated."""
        level = "l3" if self.kind == L3 else "l2"
        return Ticks.from_columns(
            self.instrument,
            self.columns(rows),
            level=level,
            metadata={"has_receive_times": False, **self.about()},
        )

    def about(self) -> dict[str, Any]:
        """Return what metadata say of the source."""
        key = hashlib.sha256(json.dumps(asdict(self.settings), default=plain).encode())
        origin = {
            "flow": type(self.settings.flow).__name__,
            "agents": {type(g).__name__: g.count for g in self.settings.agents},
            "seed": self.seed,
            "kind": self.kind,
            "settings_sha256": key.hexdigest(),
        }
        return {
            "simulated": True,
            "source": {"format": "simulated", "files": [], "crowd": origin},
            "notes": {"simulated": "made by hftsim.sim.crowd; no market traded this"},
        }


def plain(value: Any) -> Any:
    """Return arrays and their numbers as JSON has them."""
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    if isinstance(value, range):
        return list(value)
    raise TypeError(f"{type(value).__name__} has no plain form")
