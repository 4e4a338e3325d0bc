"""Walks the bytecode a strategy uses: fingerprints its meaning and refuses what cannot compile.

The fingerprint covers the methods, every plain helper they reach in any module, constants, arrays,
enums and base-class methods, but neither comments nor formatting; source text is never needed, so
classes typed into a notebook work.
"""

import dis
import enum
import hashlib
import inspect
import sysconfig
import types
from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

import numpy as np
from numba.core.dispatcher import Dispatcher

from hftsim.core.errors import NativeError
from hftsim.native import refuse
from hftsim.native.fields import no_attribute
from hftsim.native.state import StateMeta

_NOISE = frozenset({"CACHE", "PUSH_NULL", "COPY_FREE_VARS", "RESUME", "NOT_TAKEN", "EXTENDED_ARG"})
_STANDARD_LIBRARY = sysconfig.get_paths()["stdlib"]


class Known(NamedTuple):
    """What is known of a local variable: ``self``, ``ctx`` or ``fill``."""

    label: str
    names: Collection[str]
    may_assign: Collection[str] = frozenset()
    refused: Mapping[str, str] = types.MappingProxyType({})
    """Attribute -> why it cannot be assigned."""


class Walk:
    """Collects the fingerprint and the helpers of everything reached from a set of functions."""

    def __init__(self) -> None:
        self.parts: list[Any] = []
        self.helpers: list[types.FunctionType] = []
        self.names: set[str] = set()
        """Attributes read from anything but ctx and fill: they may be members of the strategy."""
        self.files: set[str] = set()
        self.cacheable = True
        self._seen: set[int] = set()

    def digest(self) -> str:
        """Return the fingerprint so far, as SHA-256 in hexadecimal."""
        return hashlib.sha256(repr(self.parts).encode()).hexdigest()

    def function(
        self,
        function: types.FunctionType,
        known: Mapping[str, Known] | None = None,
        *,
        strict: bool = True,
    ) -> None:
        """Walk one function and what it reaches; `strict` refuses what cannot compile.

        `known` tells which attributes its local variables have.
        """
        if id(function) in self._seen:
            self.parts.append(("again", function.__qualname__))
            return
        self._seen.add(id(function))
        code = function.__code__
        if strict and (code.co_kwonlyargcount or code.co_flags & inspect.CO_VARKEYWORDS):
            what = "a function with keyword-only arguments or **keywords"
            refuse.refuse(code, code.co_firstlineno, what, "make them ordinary ones")
        self.files.add(code.co_filename)
        defaults = (repr(function.__defaults__), repr(function.__kwdefaults__))
        self.parts.append((function.__qualname__, *defaults))
        self.parts.append((code.co_code.hex(), code.co_names, code.co_varnames, code.co_argcount))
        self.parts += ["code" if isinstance(c, types.CodeType) else repr(c) for c in code.co_consts]
        cells = dict(zip(code.co_freevars, function.__closure__ or (), strict=False))
        steps = [s for s in dis.get_instructions(code) if s.opname not in _NOISE]
        for at, step in enumerate(steps):
            if strict:
                _check_step(code, steps, at)
            if step.opname in ("LOAD_GLOBAL", "LOAD_DEREF", "LOAD_CLASSDEREF"):
                self._name(function, cells, steps, at, strict=strict)
            elif step.opname in _ATTRIBUTES:
                self._attribute(code, steps, at, known or {})

    def _attribute(
        self,
        code: types.CodeType,
        steps: list[dis.Instruction],
        at: int,
        known: Mapping[str, Known],
    ) -> None:
        """Check ``self.x``, ``ctx.x``, ``fill.x`` against the names that exist."""
        name = str(steps[at].argval)
        owner = known.get(_local_before(steps, at))
        if owner is None or owner.label == "self":
            self.names.add(name)
        if owner is None:
            return
        line = _line(code, steps[at])
        if name not in owner.names:
            where = f"{code.co_filename}:{line}"
            raise NativeError(f"{where}: {no_attribute(owner.label, name, owner.names)}")
        if steps[at].opname == "STORE_ATTR" and name not in owner.may_assign:
            refuse.refuse_assignment(code, line, owner.label, name, owner.refused)

    def _name(
        self,
        function: types.FunctionType,
        cells: Mapping[str, Any],
        steps: list[dis.Instruction],
        at: int,
        *,
        strict: bool,
    ) -> None:
        code, step = function.__code__, steps[at]
        name, line, scope = str(step.argval), _line(code, step), function.__globals__
        if step.opname == "LOAD_GLOBAL" and name not in scope:
            if strict:
                refuse.check_builtin(code, line, name)
            self.parts.append(("builtin", name))
            return
        if step.opname != "LOAD_GLOBAL" and name not in cells:
            return
        try:
            value = scope[name] if step.opname == "LOAD_GLOBAL" else cells[name].cell_contents
        except ValueError:
            where = f"{code.co_filename}:{line}"
            raise NativeError(f"{where}: name {name!r} has no value yet") from None
        for after in steps[at + 1 :]:
            if after.opname not in ("LOAD_ATTR", "LOAD_METHOD"):
                break
            if not isinstance(value, types.ModuleType | StateMeta):
                break
            if not hasattr(value, after.argval):
                where = f"{code.co_filename}:{line}"
                raise NativeError(f"{where}: {name} has no attribute {after.argval!r}")
            value, name = getattr(value, after.argval), f"{name}.{after.argval}"
        self._value(name, value, code, line, strict=strict)

    def _value(
        self, name: str, value: Any, code: types.CodeType, line: int, *, strict: bool
    ) -> None:
        self.parts.append(name)
        plain = _constant_parts(value)
        if plain is not None:
            self.parts.append(plain)
        elif isinstance(value, tuple):
            for item in value:
                self._value(name, item, code, line, strict=strict)
        elif isinstance(value, Dispatcher):
            self.function(value.py_func, strict=False)
        elif _is_plain_function(value):
            self.helpers.append(value)
            self._helper(name, value, code, line, strict=strict)
        elif refuse.is_exception(value):
            self.parts.append(value.__qualname__)
        elif strict:
            if not refuse.check_library(code, line, name, value):
                refuse.refuse_object(code, line, name, value)
            self.parts.append(repr(getattr(value, "__name__", value)))
        else:
            self.parts.append(repr(value))
            self.cacheable &= refuse.package_of(value) in ("math", "numpy", "builtins", "operator")

    def _helper(
        self, name: str, value: types.FunctionType, code: types.CodeType, line: int, *, strict: bool
    ) -> None:
        try:
            self.function(value, strict=strict)
        except NativeError:
            if "site-packages" in value.__code__.co_filename != code.co_filename:
                refuse.refuse_object(code, line, name, value)
            raise


_ATTRIBUTES = frozenset({"LOAD_ATTR", "LOAD_METHOD", "STORE_ATTR", "DELETE_ATTR"})


def _check_step(code: types.CodeType, steps: list[dis.Instruction], at: int) -> None:
    step = steps[at]
    what = refuse.OPCODES.get(step.opname)
    if step.opname == "LOAD_CONST" and isinstance(step.argval, frozenset):
        what = "a set"
    if step.opname == "LOAD_CONST" and type(step.argval) is int and step.argval.bit_length() > 63:
        what = "an int of more than 64 bits"
    if step.opname == "RAISE_VARARGS" and step.arg == 2:
        what = "raise ... from"
    if (
        what == "an assignment to a variable of an outer function"
        and step.argval in code.co_cellvars
    ):
        what = "a nested function, lambda or comprehension"
    if what:
        lines = (s.positions.lineno for s in steps[at:] if s.positions and s.positions.lineno)
        refuse.refuse(code, next(lines, code.co_firstlineno), what)


def _line(code: types.CodeType, step: dis.Instruction) -> int:
    line = step.positions.lineno if step.positions else None
    return line or code.co_firstlineno


def _local_before(steps: list[dis.Instruction], at: int) -> str:
    """Return the local variable whose attribute step `at` takes, or an empty text."""
    if steps[at].opname == "STORE_ATTR" and at > 0 and steps[at - 1].opname == "SWAP":
        at = _read_before_adding(steps, at)
    before = at - 1
    if before > 0 and steps[before].opname == "COPY" and steps[before].argval == 1:
        before -= 1
    if before < 0:
        return ""
    step = steps[before]
    if not step.opname.startswith(("LOAD_FAST", "STORE_FAST_LOAD_FAST")):
        return ""
    return str(step.argval[-1] if isinstance(step.argval, tuple) else step.argval)


def _read_before_adding(steps: list[dis.Instruction], at: int) -> int:
    """Return where ``x.name += ...``, stored at step `at`, takes the attribute first."""
    for k in range(at - 1, 0, -1):
        copied = steps[k - 1].opname == "COPY" and steps[k - 1].argval == 1
        if copied and steps[k].opname == "LOAD_ATTR" and steps[k].argval == steps[at].argval:
            return k
    return at


def _is_plain_function(value: Any) -> bool:
    if not isinstance(value, types.FunctionType):
        return False
    file = value.__code__.co_filename
    return "site-packages" in file or not file.startswith((_STANDARD_LIBRARY, "<frozen"))


def _constant_parts(value: Any) -> Any:
    if isinstance(
        value, bool | int | float | complex | str | bytes | type(None) | np.generic | enum.Enum
    ):
        return repr(value)
    if isinstance(value, np.ndarray):
        return (value.dtype.descr, value.shape, hashlib.sha256(value.tobytes()).hexdigest())
    if isinstance(value, type) and issubclass(value, enum.Enum):
        return [(m.name, m.value) for m in value]
    return None
