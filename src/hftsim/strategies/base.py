"""The base class of every strategy, and the words that say when it is woken."""

import inspect
from collections.abc import Mapping
from types import CodeType, FunctionType
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from hftsim.core.durations import duration_ns
from hftsim.core.errors import StrategyError, did_you_mean
from hftsim.native.events import HANDLERS
from hftsim.native.state import State, reached_codes

if TYPE_CHECKING:
    import pandas as pd

MAX_INSTRUMENTS = 64
"""How many instruments the shipped strategies keep state for."""
TOO_MANY_INSTRUMENTS = "this strategy trades at most 64 instruments: run it on parts of them"


class Wake(NamedTuple):
    """When `Strategy.on_wake` is called: every so many nanoseconds, or at each bar (0)."""

    every_ns: int


on_bar = Wake(0)
"""``wake = on_bar``: at each bar's close (the default)."""


def every(interval: str) -> Wake:
    """Return the wake-up rule ``every("100ms")``; units ns, us, ms, s, min or m, h, d.

    On bars the wake-up comes at the first close at or after the time. Raises StrategyError for
    another spelling.
    """
    try:
        ns = duration_ns(interval)
    except ValueError:
        ns = 0
    if ns == 0:
        raise StrategyError(f'every({interval!r}): write a time such as "100ms", "5s" or "5min"')
    return Wake(ns)


class Strategy(State):
    """Decides what to trade: a typed class that runs interpreted or compiled.

    Annotated attributes are parameters and state (int, float, bool, an IntEnum,
    ``Array[kind, size]``); unannotated ones are constants. Define at least one of

    - ``on_bar(self, ctx)``: at each bar's close,
    - ``on_wake(self, ctx)``: at the times that ``wake`` says,
    - ``on_book(self, ctx)``: after each packet of market data (on ticks),
    - ``on_trade(self, ctx, trade)``: for each public trade (on ticks),
    - ``on_fill(self, ctx, fill)``: after each own fill.

    Another ``on_...`` that none of its methods names is refused: nothing would call it.
    `columns` and `explain`, and whatever only they call, always run in Python.
    """

    __root__: ClassVar[bool] = True
    __reserved__: ClassVar[frozenset[str]] = frozenset({*HANDLERS, "columns", "explain", "wake"})
    wake: ClassVar[Wake] = on_bar

    def columns(self, bars: "pd.DataFrame") -> Mapping[str, Any]:
        """Return columns computed in one batch before the run: name -> values, one for each bar.

        The strategy reads them at the current row as ``ctx.column.NAME``; the column ``signal``
        also as ``ctx.signal``. A value may depend on its own bar and earlier ones only.
        """
        return {}

    def explain(self, action: str, row: Mapping[str, float]) -> str:
        """Return the sentence behind a recorded signal, from the bar and columns of its row."""
        return ""


_DECIDES = frozenset({"on_bar", "on_wake", "on_book", "on_trade"})
_THIRD = {"on_fill": ("fill",), "on_trade": ("trade",)}


def handlers_of(cls: type[Strategy]) -> dict[str, int]:
    """Return the handlers a strategy class defines, as method name -> event.

    Raises StrategyError if it defines none, one that cannot be called, or ``on_fills`` and the like,
    which nothing calls.
    """
    found = {name: event for name, event in HANDLERS.items() if hasattr(cls, name)}
    if not _DECIDES & set(found):
        raise StrategyError(
            f"{cls.__name__} never decides: define on_bar(self, ctx), on_wake(self, ctx), "
            "on_book(self, ctx) or on_trade(self, ctx, trade)"
        )
    for name in found:
        _check_handler(cls, name)
    _refuse_uncalled(cls)
    if "on_wake" in found and not isinstance(cls.wake, Wake):
        raise StrategyError(f'{cls.__name__}.wake: write wake = every("5min") or wake = on_bar')
    return found


def _refuse_uncalled(cls: type[Strategy]) -> None:
    """Raise StrategyError for a method that looks like a handler, and that no method names."""
    users = [base for base in cls.__mro__ if base not in Strategy.__mro__]
    own = [(name, value) for base in users for name, value in vars(base).items()]
    for name, method in own:
        if not name.startswith("on_") or name in HANDLERS or not isinstance(method, FunctionType):
            continue
        seen = {method.__code__}
        if not any(name in _names_in(other, seen) for _, other in own):
            where = f"{method.__code__.co_filename}:{method.__code__.co_firstlineno}"
            raise StrategyError(
                f"{where}: nothing calls {cls.__name__}.{name}: it is no handler, and no other "
                f"method names it; {did_you_mean(name, HANDLERS)}"
            )


def _names_in(value: Any, seen: set[CodeType]) -> set[str]:
    """Return the names and texts in a method, and in the plain functions that it names."""
    function = getattr(value, "fget", None) or getattr(value, "__func__", value)
    if not isinstance(function, FunctionType):
        return set()
    found = set[str]()
    for code in reached_codes(function.__code__, function.__globals__, seen):
        found.update(code.co_names, (text for text in code.co_consts if isinstance(text, str)))
    return found


def _check_handler(cls: type[Strategy], name: str) -> None:
    handler = inspect.getattr_static(cls, name)
    arguments = ("self", "ctx", *_THIRD.get(name, ()))
    wanted = f"a plain method {name}({', '.join(arguments)})"
    if not isinstance(handler, FunctionType):
        raise StrategyError(f"{cls.__name__}.{name} must be {wanted}")
    code = handler.__code__
    try:
        inspect.signature(handler).bind(*arguments)
        fits = not (inspect.isgeneratorfunction(handler) or inspect.iscoroutinefunction(handler))
    except TypeError:
        fits = False
    if not fits:
        where = f"{code.co_filename}:{code.co_firstlineno}"
        raise StrategyError(f"{where}: {cls.__name__}.{name} must be {wanted}")
