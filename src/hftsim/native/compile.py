"""Compiles a strategy class into a slot the engine can call: no decorator, no source rewriting."""

import enum
import functools
import hashlib
import time
import types as pytypes
import warnings
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numba.core import errors
from numba.core.registry import cpu_target
from numba.extending import register_jitable

from hftsim.core.errors import NativeError
from hftsim.native import bases as _bases  # noqa: F401 - registers what it defines with Numba
from hftsim.native.cache import compile_keyed, lock, source_key
from hftsim.native.compiled import SLOT, context_with_columns, fill_at, trade_at
from hftsim.native.context import CONTEXT_NAMES, FILL_NAMES, TRADE_NAMES
from hftsim.native.explain import Failure, explain
from hftsim.native.records import USER_OPTIONS, attach, direct_field, pointer_to, record_type
from hftsim.native.state import State, members
from hftsim.native.strict import STRICT_OPTIONS, failures
from hftsim.native.walk import Known, Walk


class Slot(NamedTuple):
    """A compiled strategy and how it was obtained: ``memory``, ``disk`` or ``compiled``."""

    function: Any
    origin: str
    seconds: float
    key: str


_slots: dict[str, Any] = {}


def strategy_slot(
    cls: type[State], root: type[State], columns: tuple[str, ...], handlers: Mapping[str, int]
) -> Slot:
    """Return the class compiled as a slot.

    Parameters
    ----------
    cls : the strategy class.
    root : the class its bases end at (`Strategy`).
    columns : names of the strategy's columns.
    handlers : method name -> event code at which it is called, for the methods it has.

    Raises NativeError with the user's file and line if it cannot be compiled.
    """
    start = time.perf_counter()
    with lock:
        walk, reached = fingerprint(cls, root, columns, handlers)
        key = walk.digest()
        origin = "memory"
        if key not in _slots:
            dispatcher, from_disk = _compile(cls, columns, handlers, walk, reached)
            _slots[key] = dispatcher
            origin = "disk" if from_disk else "compiled"
        return Slot(_slots[key], origin, time.perf_counter() - start, key)


def fingerprint(
    cls: type[State], root: type[State], columns: tuple[str, ...], handlers: Mapping[str, int]
) -> tuple[Walk, dict[str, Any]]:
    """Walk what the handlers reach; return the walk and the members to compile.

    Members that no handler reaches (``columns``, ``explain``, whatever only they call) stay in
    Python and may use anything. Raises NativeError for what cannot compile.
    """
    walk = Walk()
    walk.parts += [
        source_key(__name__),
        cls.__qualname__,
        str(cls.__dtype__),
        columns,
        tuple(handlers),
    ]
    all_members = members(cls, root)
    known = [_known_self(cls, all_members), Known("ctx", CONTEXT_NAMES)]
    third = {"on_fill": [Known("fill", FILL_NAMES)], "on_trade": [Known("trade", TRADE_NAMES)]}
    reached: dict[str, Any] = {}
    pending = set(handlers)
    while pending:
        for name in sorted(pending):
            reached[name] = value = all_members[name]
            walk.parts.append(name)
            if isinstance(value, property):
                value = value.fget
            if isinstance(value, pytypes.FunctionType):
                named = [*known, *third.get(name, ())] if name in handlers else known[:1]
                walk.function(value, _known_locals(value, named))
            else:
                walk.parts.append(_constant(cls, name, value))
        pending = {n for n in all_members if n in walk.names and n not in reached}
    return walk, reached


def _known_locals(function: pytypes.FunctionType, known: list[Known]) -> dict[str, Known]:
    code = function.__code__
    return dict(zip(code.co_varnames[: code.co_argcount], known, strict=False))


def _known_self(cls: type[State], all_members: Mapping[str, Any]) -> Known:
    refused = {}
    for name, value in all_members.items():
        what = "a method" if callable(value) else "a property"
        if isinstance(value, bool | int | float | tuple):
            what = f"a constant: annotate it, {name}: {type(value).__name__} = {value!r}"
        refused[name] = f"cannot be assigned, it is {what}"
    dtype = cls.__dtype__
    scalars = {n for n in cls.__fields__ if not (dtype[n].shape or dtype[n].names)}
    for name in cls.__fields__:
        if name not in scalars:
            how = ".x = ..." if dtype[name].names else "[:] = ..."
            refused[name] = f"cannot be assigned as a whole: write self.{name}{how}"
    return Known("self", {*cls.__fields__, *all_members}, scalars, refused)


def _constant(cls: type[State], name: str, value: Any) -> str:
    if isinstance(value, int | float | bool | tuple):
        return repr(value)
    if isinstance(value, np.ndarray) and value.dtype.kind in "ifb":
        return repr((value.dtype.str, value.shape, hashlib.sha256(value.tobytes()).hexdigest()))
    raise NativeError(
        f"{cls.__qualname__}.{name}: a {type(value).__name__} on the class cannot be compiled "
        "for native mode; annotate it as a field or make it a plain method, "
        "or run with mode='python'"
    )


def _compile(
    cls: type[State],
    columns: tuple[str, ...],
    handlers: Mapping[str, int],
    walk: Walk,
    reached: Mapping[str, Any],
) -> tuple[Any, bool]:
    scope: dict[str, Any] = {"fill_at": fill_at, "trade_at": trade_at, "__name__": __name__}
    exec(_slot_source(handlers), scope)
    failures.found.clear()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", errors.NumbaWarning)
            return compile_keyed(
                scope["slot"],
                SLOT.signature,
                walk.digest() if walk.cacheable else None,
                USER_OPTIONS,
                functools.partial(_prepare, scope, cls, columns, walk, reached),
            )
    except NativeError:
        raise
    except Exception as error:  # noqa: BLE001 - Numba raises of every kind; explain() logs it
        found = [*failures.found, Failure(None, error)]
        raise explain(cls.__qualname__, found, walk.files) from None


_THIRD = {"on_fill": ", fill_at(ctx.fill_at)", "on_trade": ", trade_at(ctx.trade_at)"}


def _slot_source(handlers: Mapping[str, int]) -> str:
    lines = [
        "def slot(self_address, context_address, event):",
        "    self = self_at(self_address)",
        "    ctx = context_at(context_address)",
    ]
    for name, event in handlers.items():
        extra = _THIRD.get(name, "")
        lines.append(f"    if event == {event}: self.{name}(ctx{extra})")
    return "\n".join([*lines, "    return 0"])


def _prepare(
    scope: dict[str, Any],
    cls: type[State],
    columns: tuple[str, ...],
    walk: Walk,
    reached: Mapping[str, Any],
) -> None:
    rtype = record_type("self", cls.__dtype__)
    scope["self_at"] = pointer_to(rtype)
    scope["context_at"] = context_with_columns(columns)
    key = walk.digest()
    for helper in walk.helpers:
        _register(helper, key)
    for name, value in reached.items():
        if isinstance(value, pytypes.FunctionType):
            attach(rtype, value, name, STRICT_OPTIONS)
        elif isinstance(value, property) and value.fget:
            attach(rtype, value.fget, name, STRICT_OPTIONS, attribute=True)
        else:
            _constant_field(rtype, name, value)


def _constant_field(rtype: Any, name: str, value: Any) -> None:
    value = int(value) if isinstance(value, enum.IntEnum) else value
    kind = cpu_target.typing_context.resolve_value_type(value)

    def codegen(context: Any, builder: Any, rtype: Any, value_: Any) -> Any:
        return context.get_constant_generic(builder, kind, value)

    direct_field(type(rtype), name, kind, codegen)


_registered: dict[Any, str] = {}


def _register(function: pytypes.FunctionType, key: str) -> None:
    """Let compiled code call a plain function; afresh if what it depends on has changed."""
    if _registered.get(function) == key:
        return
    context = cpu_target.typing_context
    if context._lookup_global(function) is not None:
        context._remove_global(function)
    register_jitable(**STRICT_OPTIONS)(function)
    _registered[function] = key
    context.refresh()
