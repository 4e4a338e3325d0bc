"""What a strategy sees in compiled mode: the same names as `context.py`, lowered over records."""

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.datamodel.models import StructModel
from numba.core.imputils import RefType, iternext_impl, lower_builtin
from numba.extending import register_model

from hftsim.core.enums import OrderStatus, Side
from hftsim.native.context import (
    GTC,
    INSTRUMENT_FIELDS,
    LIMIT,
    MARKET,
    NO_SIDE,
    OPERATIONS,
    ContextView,
    column_dtype,
    no_instrument,
    no_room,
)
from hftsim.native.layout import (
    CONTEXT,
    FILL,
    INSTRUMENT,
    LIMITS,
    NO_ROOM,
    ORDER,
    SIGNAL,
    TRADE,
)
from hftsim.native.records import (
    USER_OPTIONS,
    array_at,
    attach,
    compiled,
    direct_field,
    direct_method,
    load_field,
    pointer_to,
    record_type,
    rows_at,
)

Context = record_type("ctx", CONTEXT)
Instrument = record_type("instrument", INSTRUMENT)
Order = record_type("order", ORDER)
Fill = record_type("fill", FILL)
Trade = record_type("trade", TRADE)
Signal = record_type("signal", SIGNAL)
Limits = record_type("limits", LIMITS)

context_at = pointer_to(Context)
fill_at = pointer_to(Fill)
trade_at = pointer_to(Trade)
limits_at = pointer_to(Limits)

instrument_row, order_row = rows_at(Instrument), rows_at(Order)
fill_row, trade_row, signal_row = rows_at(Fill), rows_at(Trade), rows_at(Signal)

INSTRUMENT_SIZE, ORDER_SIZE, FILL_SIZE, TRADE_SIZE = (
    d.itemsize for d in (INSTRUMENT, ORDER, FILL, TRADE)
)

SLOT = types.FunctionType(types.int64(types.int64, types.int64, types.int64))
"""Every market's step (run, unused, unused) and every strategy (self, context, event), by address."""

ints_at = array_at("i8")

_I8, _F8 = types.int64, types.float64
_KIND = {"i": _I8, "f": _F8}


def operation_signature(name: str) -> Any:
    """Return the Numba signature of the kernel behind an operation."""
    return _I8(_I8, *(_KIND[k] for k in OPERATIONS[name].kinds))


def _word(context: Any, value: int) -> Any:
    return context.get_constant(types.int64, value)


def _call(name: str, arrange: Callable[..., list[Any]], method: str = "") -> Any:
    """Return codegen that calls a kernel through its address in the context.

    A strategy then compiles without the order code inside it. `arrange(context, *args)` puts the
    method's LLVM arguments into the kernel's order. `method` names those that may find no room.
    """
    field, kinds = OPERATIONS[name].field, ["i", *OPERATIONS[name].kinds]

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        ctx, rest = args[0], args[1:]
        words = [context.get_value_type(_KIND[k]) for k in kinds]
        kernel = ir.FunctionType(ir.IntType(64), words).as_pointer()
        address = load_field(context, builder, Context, ctx, field)
        here = load_field(context, builder, Context, ctx, "address")
        given = [here, *arrange(context, builder, *rest)]
        result = builder.call(builder.inttoptr(address, kernel), given)
        if method:
            full = builder.icmp_signed("==", result, _word(context, NO_ROOM))
            _raise_if(context, builder, full, RuntimeError, no_room(method))
        if sig.return_type == types.boolean:
            return builder.icmp_unsigned("!=", result, _word(context, 0))
        if sig.return_type == types.none:
            return context.get_dummy_value()
        return result

    return codegen


def _send(context: Any, builder: Any, side: Any, qty: Any, kind: Any, *rest: Any) -> list[Any]:
    price, trigger, tif, instrument, reduce_only = rest
    whole = builder.zext(reduce_only, ir.IntType(64))
    return [side, kind, qty, price, trigger, tif, instrument, whole]


def _limit(side: Side) -> Callable[..., list[Any]]:
    def arrange(context: Any, builder: Any, price: Any, qty: Any, tif: Any, k: Any) -> list[Any]:
        zero = _word(context, 0)
        return [_word(context, side), _word(context, LIMIT), qty, price, zero, tif, k, zero]

    return arrange


def _market(side: Side) -> Callable[..., list[Any]]:
    def arrange(context: Any, builder: Any, qty: Any, k: Any) -> list[Any]:
        zero, gtc = _word(context, 0), _word(context, GTC)
        return [_word(context, side), _word(context, MARKET), qty, zero, zero, gtc, k, zero]

    return arrange


def _as_given(context: Any, builder: Any, *args: Any) -> list[Any]:
    return list(args)


def _method(name: str, result: Any, kinds: tuple[Any, ...], codegen: Any) -> None:
    direct_method(Context, getattr(ContextView, name), result, kinds, codegen)


def _raise_if(context: Any, builder: Any, is_wrong: Any, kind: type, told: str) -> None:
    with cgutils.if_unlikely(builder, is_wrong):
        context.call_conv.return_user_exc(builder, kind, (told,))


def _refuse_beyond(context: Any, builder: Any, index: Any, count: Any, told: str) -> None:
    _raise_if(context, builder, builder.icmp_unsigned(">=", index, count), IndexError, told)


def _of_instrument(name: str) -> Any:
    """Return codegen of an operation whose last argument is an instrument that must exist."""
    call = _call(name, _as_given, "record" if name == "record" else "")

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        count = load_field(context, builder, Context, args[0], "instruments")
        _refuse_beyond(context, builder, args[-1], count, no_instrument(name))
        if name == "record":
            either = [builder.icmp_signed("!=", args[1], _word(context, s)) for s in Side]
            _raise_if(context, builder, builder.and_(*either), ValueError, NO_SIDE)
        return call(context, builder, sig, args)

    return codegen


_method("send", _I8, (_I8,) * 7 + (types.boolean,), _call("submit", _send, "send"))
_method("buy", _I8, (_I8,) * 4, _call("submit", _limit(Side.BUY), "buy"))
_method("sell", _I8, (_I8,) * 4, _call("submit", _limit(Side.SELL), "sell"))
_method("buy_market", _I8, (_I8,) * 2, _call("submit", _market(Side.BUY), "buy_market"))
_method("sell_market", _I8, (_I8,) * 2, _call("submit", _market(Side.SELL), "sell_market"))
_method("target", _I8, (_F8, _I8), _call("target", _as_given, "target"))
_method("cancel", types.boolean, (_I8,), _call("cancel", _as_given, "cancel"))
_method("replace", types.boolean, (_I8,) * 3, _call("replace", _as_given, "replace"))
_method("cancel_all", types.none, (), _call("cancel_all", _as_given, "cancel_all"))
_method("record", types.none, (_I8, _F8, _I8), _of_instrument("record"))
_method("ticks", _I8, (_F8, _I8), _of_instrument("ticks"))
_method("lots", _I8, (_F8, _I8), _of_instrument("lots"))


def _instrument_element(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    ctx, index = args
    count = load_field(context, builder, Context, ctx, "instruments")
    _refuse_beyond(context, builder, index, count, no_instrument("instrument"))
    base = load_field(context, builder, Context, ctx, "instruments_at")
    place = builder.add(base, builder.mul(index, _word(context, INSTRUMENT_SIZE)))
    return builder.inttoptr(place, context.get_value_type(Instrument))


def _order_element(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    ctx, index = args
    count = load_field(context, builder, Context, ctx, "open_count")
    _refuse_beyond(context, builder, index, count, "ctx.order: index is not below ctx.open_count")
    ids = load_field(context, builder, Context, ctx, "open_at")
    place = builder.add(ids, builder.mul(index, _word(context, 8)))
    order_id = builder.load(builder.inttoptr(place, ir.IntType(64).as_pointer()))
    return _order_with(context, builder, ctx, order_id)


def _order_with(context: Any, builder: Any, ctx: Any, order_id: Any) -> Any:
    base = load_field(context, builder, Context, ctx, "orders_at")
    row = builder.sub(order_id, _word(context, 1))
    place = builder.add(base, builder.mul(row, _word(context, ORDER_SIZE)))
    return builder.inttoptr(place, context.get_value_type(Order))


_method("instrument", Instrument, (_I8,), _instrument_element)
_method("order", Order, (_I8,), _order_element)


@compiled
def next_open(ctx: Any, after: int) -> int:
    """Return the id of the first open order whose id is above `after`, or 0."""
    ids = ints_at(ctx.open_at, ctx.open_capacity)
    low, high = 0, ctx.open_count
    while low < high:
        middle = (low + high) >> 1
        if ids[middle] <= after:
            low = middle + 1
        else:
            high = middle
    return ids[low] if low < ctx.open_count else 0


class OrdersIterator(types.SimpleIteratorType):  # type: ignore[misc]
    """Type of ``ctx.orders()``: the context, the id given last, and the id to end at."""

    def __init__(self) -> None:
        super().__init__("orders", Order)


@register_model(OrdersIterator)
class OrdersModel(StructModel):  # type: ignore[misc]
    """What the iterator holds."""

    def __init__(self, dmm: Any, fe_type: Any) -> None:
        given = types.EphemeralPointer(_I8)
        super().__init__(dmm, fe_type, [("ctx", Context), ("given", given), ("last", _I8)])


def _orders(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    iterator = context.make_helper(builder, sig.return_type)
    iterator.ctx = args[0]
    iterator.given = cgutils.alloca_once_value(builder, _word(context, 0))
    iterator.last = load_field(context, builder, Context, args[0], "order_count")
    return iterator._getvalue()


_method("orders", OrdersIterator(), (), _orders)


@lower_builtin("iternext", OrdersIterator)  # type: ignore[untyped-decorator]
@iternext_impl(RefType.UNTRACKED)  # type: ignore[untyped-decorator]
def _next_order(context: Any, builder: Any, sig: Any, args: Any, result: Any) -> None:
    iterator = context.make_helper(builder, sig.args[0], args[0])
    here = [iterator.ctx, builder.load(iterator.given)]
    found = context.compile_internal(builder, next_open.py_func, _I8(Context, _I8), here)
    is_left = builder.icmp_signed("<=", found, iterator.last)
    valid = builder.and_(is_left, builder.icmp_signed(">", found, _word(context, 0)))
    result.set_valid(valid)
    with builder.if_then(valid):
        builder.store(found, iterator.given)
        result.yield_(_order_with(context, builder, iterator.ctx, found))


def is_open(ctx: Any, order_id: int) -> bool:
    """Whether the order with this id is still working (compiled)."""
    if order_id <= 0 or order_id > ctx.order_count:
        return False
    order = order_row(ctx.orders_at, order_id - 1, ctx.order_capacity)
    return order.status <= _LAST_WORKING


def _is_open(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    return context.compile_internal(builder, is_open, sig.return_type(Context, _I8), args)


def close_position(ctx: Any, instrument: int = 0) -> int:
    """Close the position at market (compiled)."""
    position = ctx.instrument(instrument).position
    if position == 0:
        return 0
    side = -1 if position > 0 else 1
    return ctx.send(side, abs(position), 1, 0, 0, 0, instrument, True)


_LAST_WORKING = int(OrderStatus.PARTIALLY_FILLED)
_method("is_open", types.boolean, (_I8,), _is_open)
attach(Context, close_position, "close_position", USER_OPTIONS)


def _first_instrument(name: str) -> None:
    def codegen(context: Any, builder: Any, rtype: Any, value: Any) -> Any:
        base = load_field(context, builder, Context, value, "instruments_at")
        first = builder.inttoptr(base, context.get_value_type(Instrument))
        return load_field(context, builder, Instrument, first, name)

    direct_field(type(Context), name, Instrument.typeof(name), codegen)


for _name in INSTRUMENT_FIELDS:
    _first_instrument(_name)


def context_with_columns(names: tuple[str, ...]) -> Any:
    """Return the pointer function of a context whose ``column`` has these fields."""
    if not names:
        return context_at
    columns = record_type("ctx.column", column_dtype(names))
    instrument = record_type("instrument", INSTRUMENT, base=type(Instrument))
    own = record_type("ctx", CONTEXT, base=type(Context))

    def of_instrument(context: Any, builder: Any, rtype: Any, value: Any) -> Any:
        row = load_field(context, builder, Instrument, value, "columns_at")
        return builder.inttoptr(row, context.get_value_type(columns))

    def of_context(context: Any, builder: Any, rtype: Any, value: Any) -> Any:
        base = load_field(context, builder, Context, value, "instruments_at")
        first = builder.inttoptr(base, context.get_value_type(Instrument))
        return of_instrument(context, builder, Instrument, first)

    direct_field(type(instrument), "column", columns, of_instrument)
    direct_field(type(own), "column", columns, of_context)
    direct_method(own, ContextView.instrument, instrument, (_I8,), _instrument_element)
    return pointer_to(own)
