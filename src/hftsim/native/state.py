"""State: a class whose annotated attributes are one record, shared by Python and compiled code."""

import dis
import enum
import inspect
import sys
from collections.abc import Iterator, Mapping
from types import CodeType, FunctionType
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
    attributes are constants. What no method assigns is a parameter, the rest is state; what the
    user gives is a parameter in any case.
    """

    __slots__ = ("_given", "_memory", "_seen", "_start")
    __reserved__: ClassVar[frozenset[str]] = frozenset()
    __own__: ClassVar[dict[str, Any]] = {}
    __fields__: ClassVar[dict[str, Any]] = {}
    __dtype__: ClassVar[np.dtype[Any]]
    __defaults__: ClassVar[dict[str, Any]] = {}

    _memory: np.ndarray
    _start: np.ndarray
    """What a run starts from."""
    _seen: np.ndarray
    """The memory as the constructor or the last run left it: what differs, the user assigned."""
    _given: frozenset[str]
    """The fields the user gave a value."""

    def __new__(cls, *args: Any, **kwargs: Any) -> "State":
        """Allocate the record."""
        if "__dataclass_fields__" in vars(cls):
            raise StrategyError(
                f"{cls.__name__}: remove @dataclass; annotated attributes are fields"
            )
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
                hint = did_you_mean(name, _parameter_names(cls))
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
        self._start, self._seen = self._memory.copy(), self._memory.copy()
        self._given = frozenset(parameters)

    def __copy__(self) -> "State":
        """Return a twin with memory of its own, which later runs do not change."""
        twin = type(self).__new__(type(self))
        state = object.__reduce_ex__(self, 4)[2]
        plain, slots = state if isinstance(state, tuple) else (state, {})
        for name, value in {**(plain or {}), **slots}.items():
            if name not in ("_memory", *View.__slots__):
                object.__setattr__(twin, name, value)
        twin._memory[:] = self._memory
        return twin

    def validate(self) -> None:
        """Override to check parameters; raise ValueError with a sentence."""

    def reset(self) -> None:
        """Go back to the state a run starts from."""
        self._memory[:] = self._start
        self._seen = self._start.copy()

    @property
    def parameters(self) -> dict[str, Any]:
        """What the user gave, or may give: the values a run starts with, as plain numbers and lists.

        Fields that a method assigns are state, and arrays of zeros are: they show only if given.
        """
        cls, assigned = type(self), _assigned_fields(type(self))
        start, changed = _start_of(self)
        known = self._given | changed

        def is_shown(name: str) -> bool:
            if cls.__dtype__[name].shape:
                return name in self._given or bool(start[name].any())
            return name in known or name not in assigned

        return {n: start[n][0].tolist() for n in cls.__fields__ if is_shown(n)}

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


def begin_run(state: State) -> None:
    """Put a strategy where its run starts: as constructed, with what the user assigned since.

    Raises StrategyError if what was assigned is not valid, or nothing was constructed.
    """
    name = type(state).__name__
    if not hasattr(state, "_start"):
        raise StrategyError(f"{name}.__init__ must call super().__init__(...) first")
    start, changed = _start_of(state)
    state._memory[:] = start
    if changed:
        try:
            state.validate()
        except ValueError as error:
            raise StrategyError(f"{name}: {error}") from None
    state._start, state._given = start, state._given | changed


def end_run(state: State) -> None:
    """Remember what the run left, so that later assignments are known to be the user's."""
    state._seen = state._memory.copy()


def _start_of(state: State) -> tuple[np.ndarray, frozenset[str]]:
    """Return what the next run starts from, and the fields assigned since the last."""
    start, changed = state._start.copy(), set()
    if state._memory.tobytes() != state._seen.tobytes():
        for name in type(state).__fields__:
            if state._memory[name].tobytes() != state._seen[name].tobytes():
                start[name] = state._memory[name]
                changed.add(name)
    return start, frozenset(changed)


def _parameter_names(cls: type[State]) -> list[str]:
    """Return the fields that a user would give: what no method assigns, arrays with a default."""
    assigned = _assigned_fields(cls)
    return [
        name
        for name, kind in cls.__fields__.items()
        if name not in assigned
        and (name in cls.__defaults__ or not issubclass(kind, Array | Struct))
    ]


def _assigned_fields(cls: type[State]) -> frozenset[str]:
    """Return the fields that methods, or functions they call, assign: state, not parameters."""
    stored, seen = set[str](), set[CodeType]()
    for base in cls.__mro__:
        if base in State.__mro__:
            continue
        for name, value in vars(base).items():
            function = value.fget if isinstance(value, property) else value
            if isinstance(function, FunctionType) and name not in ("__init__", "validate"):
                for code in reached_codes(function.__code__, function.__globals__, seen):
                    steps = dis.get_instructions(code)
                    stored.update(str(s.argval) for s in steps if s.opname == "STORE_ATTR")
    structs = {n: k for n, k in cls.__fields__.items() if issubclass(k, Struct)}
    inside = {n for n, k in structs.items() if stored & set(annotations_of(k))}
    return frozenset(inside | (stored & set(cls.__fields__)))


def reached_codes(
    code: CodeType, scope: Mapping[str, Any], seen: set[CodeType]
) -> Iterator[CodeType]:
    """Yield code, what is defined inside it, and that of the plain functions it names, but `seen`."""
    if code in seen:
        return
    seen.add(code)
    yield code
    for step in dis.get_instructions(code):
        helper = scope.get(step.argval) if step.opname == "LOAD_GLOBAL" else None
        if isinstance(helper, FunctionType):
            yield from reached_codes(helper.__code__, helper.__globals__, seen)
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            yield from reached_codes(inner, scope, seen)


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
