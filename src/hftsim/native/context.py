"""What a strategy sees in Python: `ctx`, its instruments and its orders, over the market's memory.

Every operation is described once in `OPERATIONS`: the compiled context (`compiled.py`) and this one
call the same kernels through the same addresses, so both modes do exactly the same.
"""

from collections.abc import Callable, Iterator
from operator import index as as_int
from typing import Any, NamedTuple

import numpy as np

from hftsim.core.enums import OrderStatus, OrderType, Side, TimeInForce
from hftsim.core.errors import did_you_mean
from hftsim.native.fields import View, read_only_view, record_dtype
from hftsim.native.layout import CONTEXT, FILL, INSTRUMENT, NO_ROOM, ORDER, PRIVATE, TRADE

BUY, SELL = Side.BUY, Side.SELL
GTC, IOC, FOK, GTX, DAY = (TimeInForce[n] for n in ("GTC", "IOC", "FOK", "GTX", "DAY"))
MARKET, LIMIT = OrderType.MARKET, OrderType.LIMIT
_BUY, _SELL, _MARKET, _LIMIT, _GTC = (int(word) for word in (BUY, SELL, MARKET, LIMIT, GTC))

INSTRUMENT_FIELDS = (
    "open", "high", "low", "close", "volume", "best_bid", "best_ask", "bid_qty", "ask_qty", "mid",
    "last_price", "position", "avg_price",
    "tick_size", "lot_size", "ready", "fresh", "open_buy_qty", "open_sell_qty", "may_short",
)  # fmt: skip
"""Fields of the first instrument that `ctx` offers directly."""


class Operation(NamedTuple):
    """One kernel a strategy may call: the context field with its address, and its argument kinds."""

    field: str
    kinds: str
    """One letter an argument after the context: i for int64, f for float64."""


OPERATIONS = {
    "submit": Operation("submit_op", "iiiiiiii"),
    "cancel": Operation("cancel_op", "i"),
    "cancel_all": Operation("cancel_all_op", ""),
    "replace": Operation("replace_op", "iii"),
    "target": Operation("target_op", "fi"),
    "record": Operation("record_op", "ifi"),
    "ticks": Operation("ticks_op", "fi"),
    "lots": Operation("lots_op", "fi"),
}


def whole(method: str, name: str, value: Any, unit: str = "") -> int:
    """Return `value` if it is an int; the same refusal as compiled mode gives."""
    if isinstance(value, int | np.integer) and not isinstance(value, bool):
        return int(value)
    told = unit if isinstance(value, float | np.floating) else ""
    raise TypeError(misfit(method, name, repr(value), told))


def misfit(method: str, name: str, told: str, unit: str) -> str:
    """Return the sentence for an argument that should be an int."""
    if not unit:
        return f"ctx.{method}: {name} is an int and gets {told}"
    how = f"write ctx.{unit}(...) to convert"
    return f"ctx.{method}: {name} is an int in {unit} and gets {told}: {how}"


def no_instrument(method: str) -> str:
    """Return the sentence for an instrument that is not there."""
    return f"ctx.{method}: index is not below ctx.instruments"


def no_room(method: str) -> str:
    """Return the sentence for more requests, or signals, than the logs have room for."""
    return f"ctx.{method}: too many calls in one go (65,536 always fit); is this loop endless?"


NO_SIDE = "ctx.record: side is BUY (1) or SELL (-1)"

UNITS = {"price": "ticks", "trigger": "ticks", "qty": "lots"}
"""What integer arguments count."""


class InstrumentView(read_only_view("instrument", INSTRUMENT, PRIVATE)):  # type: ignore[misc]
    """One instrument as the strategy sees it at this moment.

    ``best_bid best_ask mid last_price`` ticks, ``mid`` with halves, ``last_price`` of the last
    public trade; ``bid_qty ask_qty position open_buy_qty open_sell_qty`` lots, position signed;
    ``avg_price`` quote currency. On bars ``open high low close volume`` are those of the last
    finished bar (quote currency, base units), the quantities at the best prices are 0, and
    ``fresh`` tells whether the bar ended just now; on ticks ``close`` is the mid price in quote
    currency, and ``fresh`` tells whether a packet arrived just now.
    """

    __slots__ = ("column",)


OrderView = read_only_view("order", ORDER, PRIVATE)
FillView = read_only_view("fill", FILL, PRIVATE)
TradeView = read_only_view("trade", TRADE, PRIVATE)


class ColumnView:
    """The strategy's columns at the current row: ``ctx.column.NAME``."""

    __slots__ = ("_floats", "_instrument_ints", "_origin")

    def __init__(self, table: np.ndarray, instrument: InstrumentView) -> None:
        self._floats = table.reshape(-1).view("u1").data.cast("B").cast("d")
        self._instrument_ints = instrument._ints
        self._origin = int(table.ctypes.data)

    def __getattr__(self, name: str) -> float:
        known = [n for n in dir(type(self)) if not n.startswith("_")]
        raise AttributeError(no_column(name, known))


def no_column(name: str, known: list[str]) -> str:
    """Return the sentence for a column that is not there."""
    hint = did_you_mean(name, known) if known else "columns() of the strategy gives none"
    return f"there is no column {name!r}; {hint}"


_COLUMNS_AT = INSTRUMENT.fields["columns_at"][1] // 8  # type: ignore[index]


def column_view_class(names: tuple[str, ...]) -> type[ColumnView]:
    """Return a `ColumnView` with one property for each column."""

    def at(index: int) -> property:
        def get(self: ColumnView) -> float:
            here = self._instrument_ints[_COLUMNS_AT] - self._origin
            return self._floats[(here >> 3) + index]

        return property(get)

    return type(
        "Columns", (ColumnView,), {"__slots__": (), **{n: at(k) for k, n in enumerate(names)}}
    )


class ContextView(read_only_view("ctx", CONTEXT, PRIVATE)):  # type: ignore[misc]
    """What a strategy sees and may do (`ctx`).

    Prices in orders are ticks, quantities lots: ``ctx.ticks(price)`` and ``ctx.lots(qty)`` convert.
    Every order method returns the order's id, or 0 if it was refused (`last_refusal` says why, and
    the result lists it).
    """

    __slots__ = ("_address", "_calls", "_first", "_instruments", "_open_ids", "_order_log")

    _address: int
    _first: InstrumentView
    _instruments: list[InstrumentView]
    _order_log: np.ndarray
    _open_ids: np.ndarray
    _calls: dict[str, Callable[..., int]]

    def instrument(self, index: int = 0) -> InstrumentView:
        """Return the instrument with this index."""
        if not 0 <= index < len(self._instruments):
            raise IndexError(no_instrument("instrument"))
        return self._instruments[index]

    @property
    def column(self) -> Any:
        """The strategy's columns at the current row of the first instrument."""
        return self._instruments[0].column

    def order(self, index: int) -> Any:
        """Return the index-th open order, oldest first."""
        if not 0 <= index < self.open_count:
            raise IndexError("ctx.order: index is not below ctx.open_count")
        return self._order_with(int(self._open_ids[index]))

    def orders(self) -> Iterator[Any]:
        """Iterate over the open orders, oldest first; cancelling and sending meanwhile is fine.

        Each order that is open at the start, and still is when its turn comes, comes once.
        """
        last, found = self.order_count, 0
        while True:
            ids = self._open_ids[: self.open_count]
            row = int(np.searchsorted(ids, found, "right"))
            if row == len(ids) or ids[row] > last:
                return
            found = int(ids[row])
            yield self._order_with(found)

    def _order_with(self, order_id: int) -> Any:
        return OrderView(self._order_log[order_id - 1 : order_id])

    def is_open(self, order_id: int) -> bool:
        """Whether the order with this id is still working."""
        order_id = whole("is_open", "order_id", order_id)
        if not 0 < order_id <= self.order_count:
            return False
        return bool(self._order_log["status"][order_id - 1] <= OrderStatus.PARTIALLY_FILLED)

    def send(
        self,
        side: int,
        qty: int,
        type: int = MARKET,
        price: int = 0,
        trigger: int = 0,
        tif: int = GTC,
        instrument: int = 0,
        reduce_only: bool = False,
    ) -> int:
        """Send any order: side BUY or SELL, qty in lots, price and trigger in ticks."""
        return self._submit(
            "send",
            whole("send", "side", side),
            whole("send", "type", type),
            qty,
            price,
            tif,
            instrument,
            whole("send", "trigger", trigger, "ticks"),
            int(reduce_only),
        )

    def _submit(
        self,
        method: str,
        side: int,
        kind: int,
        qty: int,
        price: int,
        tif: int,
        instrument: int,
        trigger: int = 0,
        reduce_only: int = 0,
    ) -> int:
        # Asking for the type is seven times as fast as a call of whole().
        if not (
            type(qty) is type(price) is type(instrument) is int
            and (type(tif) is TimeInForce or type(tif) is int)
        ):
            qty = whole(method, "qty", qty, "lots")
            price = whole(method, "price", price, "ticks")
            tif = whole(method, "tif", tif)
            instrument = whole(method, "instrument", instrument)
        found = self._calls["submit"](
            self._address, side, kind, qty, price, trigger, as_int(tif), instrument, reduce_only
        )
        return found if found >= 0 else self._with_room(method, found)

    def _with_room(self, method: str, found: int) -> int:
        if found == NO_ROOM:
            raise RuntimeError(no_room(method))
        return found

    def _index(self, method: str, instrument: int) -> int:
        index = whole(method, "instrument", instrument)
        if not 0 <= index < len(self._instruments):
            raise IndexError(no_instrument(method))
        return index

    def buy(self, price: int, qty: int, tif: int = GTC, instrument: int = 0) -> int:
        """Send a limit order to buy `qty` lots at `price` ticks or better."""
        return self._submit("buy", _BUY, _LIMIT, qty, price, tif, instrument)

    def sell(self, price: int, qty: int, tif: int = GTC, instrument: int = 0) -> int:
        """Send a limit order to sell `qty` lots at `price` ticks or better."""
        return self._submit("sell", _SELL, _LIMIT, qty, price, tif, instrument)

    def buy_market(self, qty: int, instrument: int = 0) -> int:
        """Send a market order to buy `qty` lots."""
        return self._submit("buy_market", _BUY, _MARKET, qty, 0, _GTC, instrument)

    def sell_market(self, qty: int, instrument: int = 0) -> int:
        """Send a market order to sell `qty` lots."""
        return self._submit("sell_market", _SELL, _MARKET, qty, 0, _GTC, instrument)

    def target(self, weight: float, instrument: int = 0) -> int:
        """Trade at market towards a position worth `weight` of equity (negative: short).

        Working market orders of the instrument are cancelled first. Returns 0 if nothing is to do.
        """
        index = whole("target", "instrument", instrument)
        found = self._calls["target"](self._address, float(weight), index)
        return self._with_room("target", found)

    def close_position(self, instrument: int = 0) -> int:
        """Send a reduce-only market order that closes the position; 0 if there is none."""
        position = self.instrument(instrument).position
        if position == 0:
            return 0
        side = SELL if position > 0 else BUY
        return self.send(side, abs(position), MARKET, 0, 0, GTC, instrument, True)

    def cancel(self, order_id: int) -> bool:
        """Cancel an order, on ticks: ask for it; False if it is unknown, done or being cancelled."""
        asked = whole("cancel", "order_id", order_id)
        return self._with_room("cancel", self._calls["cancel"](self._address, asked)) != 0

    def replace(self, order_id: int, price: int, qty: int) -> bool:
        """Give a limit order another price (ticks) and open quantity (lots).

        False if the order is unknown, done, or the account's limits forbid it. On ticks a smaller
        quantity at the same price keeps the place in the queue; anything else goes to the back.
        """
        asked = (
            whole("replace", "order_id", order_id),
            whole("replace", "price", price, "ticks"),
            whole("replace", "qty", qty, "lots"),
        )
        found = self._calls["replace"](self._address, *asked)
        return self._with_room("replace", found) != 0

    def cancel_all(self) -> None:
        """Cancel every open order that the strategy sent."""
        self._with_room("cancel_all", self._calls["cancel_all"](self._address))

    def record(self, side: int, confidence: float, instrument: int = 0) -> None:
        """Record a signal (BUY or SELL) for the result's table of signals."""
        side, index = whole("record", "side", side), self._index("record", instrument)
        if side not in (BUY, SELL):
            raise ValueError(NO_SIDE)
        self._with_room(
            "record", self._calls["record"](self._address, side, float(confidence), index)
        )

    def ticks(self, price: float, instrument: int = 0) -> int:
        """Return a price in ticks, rounded to the nearest."""
        index = self._index("ticks", instrument)
        return self._calls["ticks"](self._address, float(price), index)

    def lots(self, qty: float, instrument: int = 0) -> int:
        """Return a quantity in lots, rounded towards zero."""
        index = self._index("lots", instrument)
        return self._calls["lots"](self._address, float(qty), index)


def _first_instrument(name: str) -> property:
    dtype, offset, *_ = INSTRUMENT.fields[name]  # type: ignore[index]
    index = offset // 8

    def bool_of(self: ContextView) -> bool:
        return self._first._bools[offset]

    def float_of(self: ContextView) -> float:
        return self._first._floats[index]

    def int_of(self: ContextView) -> int:
        return self._first._ints[index]

    get: Any = {"b": bool_of, "f": float_of, "i": int_of}[dtype.kind]
    return property(get, doc=f"`{name}` of the first instrument.")


for _name in INSTRUMENT_FIELDS:
    setattr(ContextView, _name, _first_instrument(_name))

CONTEXT_NAMES = frozenset(n for n in dir(ContextView) if not n.startswith("_"))
FILL_NAMES = frozenset(FILL.names or ()) - PRIVATE
TRADE_NAMES = frozenset(TRADE.names or ())


def column_dtype(names: tuple[str, ...]) -> np.dtype[Any]:
    """Return the record dtype of one row of columns."""
    return record_dtype(dict.fromkeys(names, float))


def bind(view: View, **parts: Any) -> None:
    """Set the Python-only parts of a view."""
    for name, value in parts.items():
        setattr(view, name, value)
