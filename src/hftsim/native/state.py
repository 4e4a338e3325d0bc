"""State: a class whose annotated attributes are one record, shared by Python and compiled code."""

import enum
import inspect
import sys
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from hftsim.core.errors import StrategyError, did_you_mean
from hftsim.native.fields import (
    Array,
    FieldKind,
    Struct,
    View,
    annotations_of,
    field_property,
    is_class_variable,
    own_annotations,
    record_dtype,
)

_ACCEPTED: dict[Any, tuple[type, ...]] = {
    int: (int, np.integer),
    float: (int, float, np.integer, np.floating),
    bool: (bool, np.bool_),
}


class StateMeta(type):
    """Turns annotated attributes into properties over a record.

    A metaclass, not ``__init_subclass__``: misspelt attributes are refused through ``__slots__``,
    which must be there before the class is.
    """

    def __new__(
        cls, name: str, bases: tuple[type, ...], namespace: dict[str, Any], **options: Any
    ) -> type:
        """Create the class without an instance dictionary."""
        namespace.setdefault("__slots__", ())
        return super().__new__(cls, name, bases, namespace, **options)

    def __init__(
        cls, name: str, bases: tuple[type, ...], namespace: dict[str, Any], **options: Any
    ) -> None:
        super().__init__(name, bases, namespace, **options)
        root = next((b for b in cls.__mro__ if b.__dict__.get("__root__")), None)
        if root is None or cls is root:
            return
        cls.__own__ = own_annotations(cls, sys._getframe(1))
        _refuse_foreign_fields(cls)
        fields = annotations_of(cls)
        for field in cls.__own__:
            if field.startswith("_") or hasattr(root, field) or field in cls.__reserved__:  # type: ignore[attr-defined]
                raise StrategyError(f"{name}.{field}: this name cannot be a field; choose another")
        cls.__fields__ = fields
        cls.__dtype__ = record_dtype(fields)
        cls.__defaults__ = {**_inherited_defaults(cls), **_own_defaults(cls, fields)}
        for field, (kind, offset, *_) in (cls.__dtype__.fields or {}).items():
            setattr(cls, field, field_property(field, kind, offset))
        cls.__signature__ = _signature(fields, cls.__defaults__)


def _refuse_foreign_fields(cls: type) -> None:
    for base in cls.__mro__:
        if isinstance(base, StateMeta) or base in View.__mro__:
            continue
        if not all(is_class_variable(kind) for kind in inspect.get_annotations(base).values()):
            raise StrategyError(
                f"{cls.__name__}: its base {base.__name__} declares fields, "
                f"so write class {base.__name__}(Strategy)"
            )


def _inherited_defaults(cls: type) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for base in reversed(cls.__mro__[1:]):
        found.update(base.__dict__.get("__defaults__", {}))
    return found


def _own_defaults(cls: type, fields: Mapping[str, FieldKind]) -> dict[str, Any]:
    """Return what the body of `cls` assigns to fields, its own or inherited ones."""
    found = {name: value for name, value in vars(cls).items() if name in fields}
    for name, value in found.items():
        if callable(value) or isinstance(value, property | staticmethod | classmethod):
            raise StrategyError(f"{cls.__name__}.{name} is both a field and a method")
    return found


def _signature(fields: Mapping[str, FieldKind], defaults: Mapping[str, Any]) -> inspect.Signature:
    return inspect.Signature(
        [
            inspect.Parameter(
                name,
                inspect.Parameter.KEYWORD_ONLY,
                annotation=kind,
                default=defaults.get(name, inspect.Parameter.empty),
            )
            for name, kind in fields.items()
        ]
    )


class State(View, metaclass=StateMeta):
    """Base of classes whose annotated attributes live in one record.

    Attributes may be int, float, bool, an IntEnum, ``Array[kind, size]`` or a `Struct`; those with
    a default may be omitted at construction, scalars without one must be given. Unannotated class
    attributes are constants.
    """

    __slots__ = ("_memory", "_start")
    __reserved__: ClassVar[frozenset[str]] = frozenset()
    __own__: ClassVar[dict[str, Any]] = {}
    __fields__: ClassVar[dict[str, Any]] = {}
    __dtype__: ClassVar[np.dtype[Any]]
    __defaults__: ClassVar[dict[str, Any]] = {}

    _memory: np.ndarray
    _start: np.ndarray

    def __new__(cls, *args: Any, **kwargs: Any) -> "State":
        """Allocate the record."""
        self = object.__new__(cls)
        self._memory = np.zeros(1, cls.__dtype__)
        View.__init__(self, self._memory)
        return self

    def __init__(self, *args: Any, **parameters: Any) -> None:
        """Set every field; raises StrategyError for an unknown, missing or ill-typed one."""
        cls = type(self)
        if args:
            raise StrategyError(f"{cls.__name__}{cls.__signature__}: give parameters by name")
        for name in parameters:
            if name not in cls.__fields__:
                hint = did_you_mean(name, cls.__fields__)
                raise StrategyError(f"{cls.__name__} has no parameter {name!r}; {hint}")
        for name, kind in cls.__fields__.items():
            if name in parameters:
                _set_field(self, name, kind, parameters[name])
            elif name in cls.__defaults__:
                _set_field(self, name, kind, cls.__defaults__[name])
            elif issubclass(kind, Struct):
                _set_defaults(self._parts[name], kind)
            elif not issubclass(kind, Array):
                raise StrategyError(f"{cls.__name__} needs {name}=<{kind.__name__}>")
        self.validate()
        self._start = self._memory.copy()

    def validate(self) -> None:
        """Override to check parameters; raise ValueError with a sentence."""

    def reset(self) -> None:
        """Go back to the constructed state; a run does this first."""
        self._memory[:] = self._start

    @property
    def parameters(self) -> dict[str, Any]:
        """The constructed values, as plain numbers and lists; empty arrays are state, not shown."""
        start, dtype = self._start[0], type(self).__dtype__
        given = (n for n in type(self).__fields__ if not dtype[n].shape or start[n].any())
        return {n: start[n].tolist() for n in given}

    def __repr__(self) -> str:
        fields = ", ".join(f"{n}={getattr(self, n)!r}" for n in type(self).__fields__)
        return f"{type(self).__name__}({fields})"


def _set_field(state: State, name: str, kind: FieldKind, value: Any) -> None:
    told = f"{type(state).__name__}.{name}"
    if issubclass(kind, Struct):
        raise StrategyError(f"{told} is a Struct: give defaults in class {kind.__name__}")
    if issubclass(kind, Array):
        try:
            state._parts[name][...] = np.asarray(value)
        except (TypeError, ValueError) as error:
            raise StrategyError(f"{told} is Array[{kind.kind.__name__}, ...]: {error}") from None
        return
    allowed = _ACCEPTED.get(kind, (kind,))
    is_bool = isinstance(value, bool | np.bool_)
    if issubclass(kind, enum.IntEnum) and type(value) is int and value in list(kind):
        value = kind(value)
    if not isinstance(value, allowed) or (is_bool and kind is not bool):
        known = f" ({', '.join(kind.__members__)})" if issubclass(kind, enum.IntEnum) else ""
        raise StrategyError(f"{told} is {kind.__name__}{known}, got {value!r}")
    try:
        setattr(state, name, value)
    except OverflowError as error:
        raise StrategyError(f"{type(state).__name__}.{error}") from None


def _set_defaults(view: View, kind: type[Struct]) -> None:
    for name, part in annotations_of(kind).items():
        if issubclass(part, Struct):
            _set_defaults(view._parts[name], part)
        elif hasattr(kind, name):
            if issubclass(part, Array):
                view._parts[name][...] = getattr(kind, name)
            else:
                setattr(view, name, getattr(kind, name))


def members(cls: type[State], root: type[State]) -> dict[str, Any]:
    """Return what `cls` and its bases besides `root` define: methods, properties, constants."""
    found: dict[str, Any] = {}
    for base in reversed(cls.__mro__):
        if base in root.__mro__:
            continue
        for name, value in vars(base).items():
            if name not in cls.__fields__ and not name.startswith("__"):
                found[name] = value
    return found
