"""Annotated attributes as fields of one memory block, read and written from Python as plain numbers.

The block is a numpy record of whole 8-byte words; compiled code sees the same memory. Reading a
field from Python costs about 0.1 us (through a cast memoryview, not through ``numpy.record``).
"""

import difflib
import enum
import inspect
import re
import sys
from collections.abc import Iterable, Mapping
from types import FrameType
from typing import TYPE_CHECKING, Any, ClassVar, cast, get_origin

import numpy as np

from hftsim.core.errors import StrategyError

FieldKind = Any
"""What an annotation may be: int, float, bool, an IntEnum, Array[...] or a Struct."""

_KINDS = "int, float, bool, an IntEnum, Array[kind, size] or a Struct"


class Array:
    """Annotation of a fixed-size array field: ``Array[float, 16]`` or ``Array[float, 4, 16]``."""

    kind: ClassVar[FieldKind]
    shape: ClassVar[tuple[int, ...]]

    if TYPE_CHECKING:  # what a field of this kind can do in a method

        def __getitem__(self, index: Any) -> Any: ...
        def __setitem__(self, index: Any, value: Any) -> None: ...

    def __class_getitem__(cls, item: Any) -> type["Array"]:
        """Return the annotation for this element kind and shape."""
        kind, *shape = item if isinstance(item, tuple) else (item,)
        if not shape or not all(type(n) is int and n > 0 for n in shape):
            raise StrategyError(
                "an array field needs its size: Array[float, 16], Array[int, 4, 16]"
            )
        if _scalar_format(kind) is None:
            raise StrategyError(
                f"Array[{kind!r}, ...]: elements are int, float, bool or an IntEnum"
            )
        return type("Array", (Array,), {"kind": kind, "shape": tuple(shape)})


class Struct:
    """Base of small nested records: annotate fields, then use the class as an annotation.

    Defaults of its fields are those of every field that has it as its kind.
    """

    __own__: ClassVar[dict[str, FieldKind]] = {}

    def __init_subclass__(cls) -> None:
        """Read the annotations where the class is defined."""
        super().__init_subclass__()
        cls.__own__ = own_annotations(cls, sys._getframe(1))


def own_annotations(cls: type, frame: FrameType) -> dict[str, FieldKind]:
    """Return the field annotations in the body of `cls`, which is being defined in `frame`.

    String annotations (``from __future__ import annotations``) are looked up there: nothing else
    knows the names inside a function. Raises StrategyError for a name that is not found.
    """
    found: dict[str, FieldKind] = {}
    for name, kind in inspect.get_annotations(cls).items():
        if is_class_variable(kind):
            continue
        if isinstance(kind, str):
            try:
                kind = eval(kind, {**frame.f_globals, **frame.f_locals, **vars(cls)})  # noqa: PLW2901
            except (NameError, AttributeError, SyntaxError, TypeError):
                where = f"{cls.__name__}.{name}"
                raise StrategyError(f"{where}: cannot read {kind!r}; a field is {_KINDS}") from None
        found[name] = kind
    return found


def annotations_of(cls: type) -> dict[str, FieldKind]:
    """Return the fields of `cls` and its bases, base first."""
    found: dict[str, FieldKind] = {}
    for base in reversed(cls.__mro__):
        found.update(base.__dict__.get("__own__", {}))
    return found


def is_class_variable(kind: FieldKind) -> bool:
    """Whether an annotation says ClassVar, and so declares no field."""
    if isinstance(kind, str):
        return kind.startswith(("ClassVar", "typing.ClassVar"))
    return bool(kind is ClassVar or get_origin(kind) is cast("Any", ClassVar))


def _scalar_format(kind: FieldKind) -> str | None:
    if kind is bool:
        return "?"
    if kind is int or (isinstance(kind, type) and issubclass(kind, enum.IntEnum)):
        return "i8"
    return "f8" if kind is float else None


def field_format(name: str, kind: FieldKind) -> Any:
    """Return the numpy format of one annotation; raises StrategyError for anything else."""
    scalar = _scalar_format(kind)
    if scalar:
        return scalar
    if isinstance(kind, type) and issubclass(kind, Array) and kind is not Array:
        return (_scalar_format(kind.kind), kind.shape)
    if isinstance(kind, type) and issubclass(kind, Struct) and kind is not Struct:
        return record_dtype(annotations_of(kind))
    told = kind.__name__ if isinstance(kind, type) else repr(kind)
    raise StrategyError(f"field {name!r} has type {told}; a field is {_KINDS}")


def record_dtype(fields: Mapping[str, FieldKind]) -> np.dtype[Any]:
    """Return the aligned record dtype of these fields, padded to whole 8-byte words."""
    parts: list[Any] = []
    for name, kind in fields.items():
        shape = field_format(name, kind)
        parts.append((name, *shape) if isinstance(shape, tuple) else (name, shape))
    plain = np.dtype(parts or [("_", "i8")], align=True)
    names = plain.names or ()
    layout: Mapping[str, Any] = plain.fields or {}
    return np.dtype(
        {
            "names": names,
            "formats": [layout[n][0] for n in names],
            "offsets": [layout[n][1] for n in names],
            "itemsize": -(-plain.itemsize // 8) * 8,
            "aligned": True,
        }  # type: ignore[call-overload]
    )


class FieldArray(np.ndarray):
    """An array field in Python: its elements are plain numbers, as they are in compiled code."""

    _cells: memoryview | None = None
    """The elements of a whole one-dimensional field, of `_kind`: faster than numpy's own."""
    _kind: type = float

    def __getitem__(self, key: Any) -> Any:
        """Return an element as int, float or bool, or a view of several."""
        if self._cells is not None and key.__class__ is int:
            return self._cells[key]
        value = super().__getitem__(key)
        return value.item() if isinstance(value, np.generic) else value

    def __setitem__(self, key: Any, value: Any) -> None:
        """Write elements; an int array refuses floats as an int field does."""
        if self._cells is not None and key.__class__ is int and value.__class__ is self._kind:
            self._cells[key] = value  # type: ignore[call-overload]
            return
        if self.dtype.kind == "i" and np.asarray(value).dtype.kind == "f":
            raise TypeError(f"an int array gets {value!r}: write int(...) or declare it float")
        super().__setitem__(key, value)

    def __repr__(self) -> str:
        return repr(self.tolist())


_CELLS: dict[str, tuple[str, type]] = {"f": ("d", float), "i": ("q", int), "b": ("?", bool)}


def _field_array(array: np.ndarray) -> FieldArray:
    made = array.view(FieldArray)
    if array.ndim == 1:
        letter, made._kind = _CELLS[array.dtype.kind]
        made._cells = array.view("u1").data.cast("B").cast(letter)  # type: ignore[call-overload]
    return made


class View:
    """Python's window on a one-record array; reads give plain int, float and bool."""

    __slots__ = ("_bools", "_floats", "_ints", "_parts")

    def __init__(self, memory: np.ndarray) -> None:
        memory = memory.reshape(1)
        raw = memory.view("u1").data.cast("B")
        self._ints, self._floats, self._bools = raw.cast("q"), raw.cast("d"), raw.cast("?")
        self._parts: dict[str, Any] = {}
        for name, (dtype, *_) in (memory.dtype.fields or {}).items():
            if dtype.shape:
                self._parts[name] = _field_array(memory[name][0])
            elif dtype.names:
                self._parts[name] = view_class(name, dtype)(memory[name])


def field_property(name: str, dtype: np.dtype[Any], offset: int) -> property:
    """Return the property that reads and writes one field of a `View`."""
    if dtype.shape or dtype.names:
        return _part_property(name, is_struct=bool(dtype.names))
    if dtype == np.bool_:
        return _bool_property(offset)
    if dtype.kind == "f":
        return _float_property(name, offset // 8)
    return _int_property(name, offset // 8)


def _part_property(name: str, *, is_struct: bool) -> property:
    how = f"its fields, self.{name}.x = ..." if is_struct else f"its elements, self.{name}[:] = ..."

    def get(self: View) -> Any:
        return self._parts[name]

    def put(self: View, value: Any) -> None:
        if value is not self._parts[name]:  # it is after self.w += 1
            raise TypeError(f"{name} cannot be assigned as a whole: assign {how}")

    return property(get, put)


def _bool_property(offset: int) -> property:
    def get(self: View) -> bool:
        return self._bools[offset]

    def put(self: View, value: object) -> None:
        self._bools[offset] = bool(value)

    return property(get, put)


def _float_property(name: str, index: int) -> property:
    def get(self: View) -> float:
        return self._floats[index]

    def put(self: View, value: float) -> None:
        try:
            self._floats[index] = value
        except TypeError:
            raise TypeError(f"{name} is a float field and gets {value!r}") from None

    return property(get, put)


def _int_property(name: str, index: int) -> property:
    def get(self: View) -> int:
        return self._ints[index]

    def put(self: View, value: int) -> None:
        try:
            self._ints[index] = value
        except TypeError:
            raise TypeError(
                f"{name} is an int field and gets {value!r}: write int(...) or declare it float"
            ) from None
        except ValueError:
            raise OverflowError(f"{name} has 64 bits and cannot hold {value!r}") from None

    return property(get, put)


def view_class(name: str, dtype: np.dtype[Any]) -> type[View]:
    """Return a `View` class with one property for each field of `dtype`."""
    fields = {n: field_property(n, f[0], f[1]) for n, f in (dtype.fields or {}).items()}
    return type(name, (View,), {"__slots__": (), **fields})


def no_attribute(label: str, name: str, known: Iterable[str]) -> str:
    """Return the sentence for an attribute that is not there."""
    names = sorted(known)
    close = difflib.get_close_matches(name, names, 1)
    if close:
        return f"{label} has no attribute {name!r}; did you mean {label}.{close[0]}?"
    hint = "declare it as an annotated field" if label == "self" else f"it has {', '.join(names)}"
    return f"{label} has no attribute {name!r}; {hint}"


def told_by(error: BaseException, cls: type) -> str:
    """Return kind and text of an error that a user's class raised, near misses of `self` said."""
    unknown = re.match(rf"'{cls.__name__}' object has no attribute '(\w+)'", str(error))
    if unknown and isinstance(error, AttributeError):
        return no_attribute("self", unknown[1], [n for n in dir(cls) if not n.startswith("_")])
    fixed = re.match(rf"'{cls.__name__}' object attribute '(\w+)' is read-only", str(error))
    if fixed and isinstance(error, AttributeError):
        name, value = fixed[1], getattr(cls, fixed[1], None)
        if type(value) in (bool, int, float):
            what = f"a constant: annotate it, {name}: {type(value).__name__} = {value!r}"
            return f"self.{name} cannot be assigned, it is {what}"
    return f"{type(error).__name__}: {error}".removesuffix(": ")


def read_only_view(label: str, dtype: np.dtype[Any], private: frozenset[str]) -> type[View]:
    """Return a `View` class of what the market owns: without setters and without private fields."""
    fields = {
        n: property(field_property(n, f[0], f[1]).fget, _refuse_assignment(label, n))
        for n, f in (dtype.fields or {}).items()
        if n not in private
    }

    def unknown(self: View, name: str) -> Any:
        known = [n for n in dir(type(self)) if not n.startswith("_")]
        raise AttributeError(no_attribute(label, name, known))

    return type(label, (View,), {"__slots__": (), "__getattr__": unknown, **fields})


def _refuse_assignment(label: str, name: str) -> Any:
    def put(self: View, value: object) -> None:
        raise AttributeError(f"{label}.{name} is the market's and cannot be assigned")

    return put
