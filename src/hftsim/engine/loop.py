"""Runs a strategy in a market: one loop, two drivers, the same compiled step under both."""

import contextlib
import ctypes
import functools
import sysconfig
import time
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal, Protocol, cast

import numpy as np

from hftsim.core.errors import InputError, StrategyError
from hftsim.core.progress import Progress, no_progress
from hftsim.engine.worker import Run, worker
from hftsim.native.context import (
    ContextView,
    FillView,
    InstrumentView,
    TradeView,
    bind,
    column_view_class,
)
from hftsim.native.events import BAR, BOOK, DONE, FILL, GROW, PAUSE, REFILL, TRADE, WAKE
from hftsim.native.fields import told_by
from hftsim.native.layout import TRADE as TRADE_RECORD
from hftsim.native.layout import address_of
from hftsim.native.state import begin_run, end_run
from hftsim.strategies.base import Strategy, handlers_of

Mode = Literal["native", "python"]
Stretch = Callable[[int], int]
"""Runs for so many calls of the strategy, or until the market hands over; returns its code."""

_PAUSE_SECONDS = 0.05
"""How long a stretch should take: after it Ctrl-C and progress have their turn."""

_PACKAGE = str(Path(__file__).resolve().parents[1])
_LIBRARIES = (sysconfig.get_paths()["stdlib"], "<frozen")


class Market(Protocol):
    """What the loop needs of a market."""

    context: np.ndarray
    run: np.ndarray
    instrument_records: np.ndarray
    orders: np.ndarray
    fills: np.ndarray
    open_ids: np.ndarray
    columns: list[np.ndarray]
    column_names: tuple[str, ...]
    unit: str
    """What the timeline's steps are."""

    @property
    def operations(self) -> Mapping[str, Callable[..., int]]:
        """The kernel sources behind what a strategy asks for."""
        ...

    @property
    def step_function(self) -> Callable[..., int]:
        """The kernel source that runs to the next event."""
        ...

    @property
    def steps_done(self) -> int:
        """How many steps of the timeline have been processed."""
        ...

    @property
    def steps(self) -> int:
        """How many steps the timeline has."""
        ...

    def grow(self) -> None:
        """Make room in the logs."""
        ...

    def refill(self) -> None:
        """Bring the next rows to where they are needed."""
        ...

    def wake(self, *, wants: frozenset[str], wake_every: int | None) -> None:
        """Say which handlers the strategy has."""
        ...


def drive(
    strategy: Strategy, market: Market, mode: Mode = "native", progress: Progress = no_progress
) -> None:
    """Run `strategy` in `market` to the end of its data.

    Raises NativeError if it cannot be compiled, StrategyError if it raises; the market then holds
    the results so far, as it does after Ctrl-C.
    """
    if mode not in ("native", "python"):
        raise InputError(f"mode is 'native' or 'python', not {mode!r}")
    cls = type(strategy)
    handlers = handlers_of(cls)
    begin_run(strategy)
    wake_every = cls.wake.every_ns if "on_wake" in handlers else None
    market.wake(wants=frozenset(handlers), wake_every=wake_every)
    install_operations(market)
    with contextlib.ExitStack() as stack:
        stack.callback(end_run, strategy)
        if mode == "native":
            from hftsim.native.compile import strategy_slot

            slot = strategy_slot(cls, Strategy, market.column_names, handlers).function
            run_in = stack.enter_context(worker(keeps=(strategy, market)))
            make = functools.partial(native_stretch, strategy, market, slot, run_in)
        else:
            make = functools.partial(python_stretch, strategy, market, handlers)
        # As compiled code does: numpy's numbers raise where Python's do, too large ones wrap around.
        stack.enter_context(np.errstate(divide="raise", invalid="raise", over="ignore"))
        _run_stretches(strategy, market, make, mode, progress)


def _run_stretches(
    strategy: Strategy,
    market: Market,
    make: Callable[[], Stretch],
    mode: Mode,
    progress: Progress,
) -> None:
    stretch, calls = make(), 1
    progress(0, market.steps, market.unit)
    while True:
        start = time.perf_counter()
        try:
            event = stretch(calls)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever the user's code raises
            told = _strategy_error(strategy, market, error, mode)
            raise told from (error if mode == "python" else None)
        if event == PAUSE:
            taken = time.perf_counter() - start
            calls = calls * 2 if taken < _PAUSE_SECONDS / 2 else max(1, calls // 2)
        progress(market.steps_done, market.steps, market.unit)
        if event == GROW:
            market.grow()
            stretch = make()
        elif event == REFILL:
            market.refill()
        elif event == DONE:
            return
        elif event != PAUSE:
            raise AssertionError(f"the market returned the unknown event {event}")


def install_operations(market: Market) -> None:
    """Write the addresses of the order operations into the market's context."""
    for name, (_, address) in _operations(market).items():
        market.context[_field_of(name)] = address


def _field_of(operation: str) -> str:
    from hftsim.native.context import OPERATIONS

    return OPERATIONS[operation].field


def _operations(market: Market) -> dict[str, tuple[Any, int]]:
    """Return name -> compiled kernel and its address."""
    from hftsim.native.cache import entry_address, kernel
    from hftsim.native.compiled import operation_signature

    found = {}
    for name, source in market.operations.items():
        compiled = kernel(source, operation_signature(name))
        found[name] = (compiled, entry_address(compiled))
    return found


def _step_kernel(market: Market) -> Any:
    from hftsim.native.cache import kernel
    from hftsim.native.compiled import SLOT

    return kernel(market.step_function, SLOT.signature)


def native_stretch(strategy: Strategy, market: Market, slot: Any, run_in: Run) -> Stretch:
    """Return a function that runs compiled until the market pauses, called by `run_in`."""
    from hftsim.engine._kernels import DRIVE_SIGNATURE
    from hftsim.engine._kernels import drive as source
    from hftsim.native.cache import kernel

    compiled, step = kernel(source, DRIVE_SIGNATURE), _step_kernel(market)
    run, own = address_of(market.run), address_of(strategy._memory)  # noqa: SLF001 - what it shares
    context = address_of(market.context)

    def stretch(calls: int) -> int:
        return run_in(functools.partial(compiled, run, own, context, step, slot, calls))

    return stretch


def python_stretch(strategy: Strategy, market: Market, handlers: dict[str, int]) -> Stretch:
    """Return a function that runs interpreted until the market pauses."""
    step, run = _step_kernel(market), address_of(market.run)
    ctx = python_context(market)
    fills, first_fill, fill_size = market.fills, address_of(market.fills), market.fills.itemsize
    called = {event: getattr(strategy, name) for name, event in handlers.items()}
    on_fill, on_trade = called.get(FILL), called.get(TRADE)
    on_bar, on_book, on_wake = (called.get(event, _not_called) for event in (BAR, BOOK, WAKE))

    def stretch(calls: int) -> int:
        for _ in range(calls):
            event = step(run, 0, 0)
            if event == BOOK:
                on_book(ctx)
            elif event == BAR:
                on_bar(ctx)
            elif event == WAKE:
                on_wake(ctx)
            elif event == FILL:
                row = (int(market.context["fill_at"][0]) - first_fill) // fill_size
                on_fill(ctx, FillView(fills[row : row + 1]))  # type: ignore[misc]
            elif event == TRADE:
                on_trade(ctx, _trade_view(market))  # type: ignore[misc]
            else:
                return cast("int", event)
        return PAUSE

    return stretch


def _not_called(_: Any) -> None:
    raise AssertionError("the market asked for a handler that the strategy does not have")


def _trade_view(market: Market) -> Any:
    """Return the trade the context points at; its memory may move when its buffer grows."""
    address = int(market.context["trade_at"][0])
    words: Any = (ctypes.c_byte * TRADE_RECORD.itemsize).from_address(address)
    return TradeView(np.frombuffer(words, TRADE_RECORD))


def python_context(market: Market) -> ContextView:
    """Return `ctx` over the market's memory."""
    context = ContextView(market.context)
    column_class = column_view_class(market.column_names)
    instruments = []
    for k, table in enumerate(market.columns):
        view = InstrumentView(market.instrument_records[k : k + 1])
        bind(view, column=column_class(table, view))
        instruments.append(view)
    calls = {name: compiled for name, (compiled, _) in _operations(market).items()}
    bind(
        context,
        _address=address_of(market.context),
        _first=instruments[0],
        _instruments=instruments,
        _order_log=market.orders,
        _open_ids=market.open_ids,
        _calls=calls,
    )
    return context


def _strategy_error(
    strategy: Strategy, market: Market, error: BaseException, mode: Mode
) -> StrategyError:
    cls, when = type(strategy), time_text(int(market.context["now"][0]))
    told = told_by(error, cls)
    if mode == "python":
        return StrategyError(f"{users_line(error)}: {cls.__name__} raised {told} (at {when})")
    return StrategyError(
        f"{cls.__name__} raised {told} at {when}; run with mode='python' to stop at the line"
    )


def time_text(ts: int) -> str:
    """Return nanoseconds UTC as text, as short as is exact."""
    unit: Any = "s" if ts % 10**9 == 0 else "ns"
    return f"{np.datetime_as_string(np.datetime64(ts, 'ns'), unit=unit)}Z"


def users_line(error: BaseException) -> str:
    """Return file:line of the innermost frame that is the user's, or a shipped strategy's."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [f for f in frames if not _is_library(f.filename)]
    shipped = [f for f in frames if f.filename.startswith(str(Path(_PACKAGE, "strategies")))]
    place = (own or shipped or list(frames))[-1]
    return f"{place.filename}:{place.lineno}"


def _is_library(file: str) -> bool:
    if "site-packages" in file or file.startswith(_PACKAGE):
        return True
    return file.startswith(_LIBRARIES)
