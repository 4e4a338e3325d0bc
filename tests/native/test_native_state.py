"""Fields: one record, seen as plain attributes; what they accept, and what they refuse."""

import enum
import inspect
from typing import Any

import numpy as np
import pytest

from hftsim.core.errors import StrategyError
from hftsim.native.fields import Array, Struct
from hftsim.strategies.base import Strategy, Wake, every


class Kind(enum.IntEnum):
    A = 1
    B = 4


class Leg(Struct):
    price: float = 2.5
    marks: Array[int, 2] = (3, 4)  # type: ignore[assignment]


class Fields(Strategy):
    need: int
    x: float = 1.5
    on: bool = True
    kind: Kind = Kind.A
    ring: Array[float, 3]
    grid: Array[int, 2, 2] = 7  # type: ignore[assignment]
    leg: Leg

    def on_bar(self, ctx: Any) -> None:
        pass


def test_fields_read_as_plain_numbers() -> None:
    made = Fields(need=3)
    assert (made.need, made.x, made.on, made.kind) == (3, 1.5, True, 1)
    assert {type(made.need), type(made.x), type(made.on)} == {int, float, bool}
    assert type(made.ring[0]) is float
    assert type(made.grid[0, 1]) is int
    assert type(made.leg.price) is float
    assert made.grid.tolist() == [[7, 7], [7, 7]]
    assert made.leg.marks.tolist() == [3, 4]


def test_the_signature_shows_the_parameters() -> None:
    assert str(inspect.signature(Fields)).startswith("(*, need: int, x: float = 1.5, on: bool")
    assert repr(Fields(need=3)).startswith("Fields(need=3, x=1.5, on=True, kind=1, ring=[0.0")


def test_reset_goes_back_to_the_constructed_state() -> None:
    made = Fields(need=3, ring=[1.0, 2.0, 3.0], kind=Kind.B)
    made.need, made.x, made.on, made.kind = 9, 9.5, False, Kind.A
    made.ring[:] = 0.0
    made.leg.price = 0.0
    made.reset()
    assert (made.need, made.x, made.on, made.kind) == (3, 1.5, True, 4)
    assert made.ring.tolist() == [1.0, 2.0, 3.0]
    assert made.leg.price == 2.5


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({}, "Fields needs need=<int>"),
        ({"need": 1.0}, "Fields.need is int, got 1.0"),
        ({"need": True}, "Fields.need is int, got True"),
        ({"need": 1, "x": "a"}, "Fields.x is float, got 'a'"),
        ({"need": 1, "on": 1}, "Fields.on is bool, got 1"),
        ({"need": 1, "kind": 2}, r"Fields.kind is Kind \(A, B\), got 2"),
        ({"need": 1, "neeed": 2}, "Fields has no parameter 'neeed'; did you mean 'need'?"),
        ({"need": 1, "ring": [1.0]}, None),
        ({"need": 1, "ring": [1.0, 2.0]}, "Fields.ring is Array"),
        ({"need": 1, "grid": [[1.5, 2], [3, 4]]}, "Fields.grid is Array.*an int array gets"),
        ({"need": 1, "leg": 3}, "Fields.leg is a Struct: give defaults in class Leg"),
        ({"need": 2**63}, "Fields.need has 64 bits and cannot hold"),
    ],
)
def test_parameters_are_checked(given: dict[str, Any], told: str | None) -> None:
    if told is None:
        assert Fields(**given).ring.tolist() == [1.0, 1.0, 1.0]
        return
    with pytest.raises(StrategyError, match=told):
        Fields(**given)


def test_of_an_unknown_parameter_the_known_ones_are_told_and_no_state() -> None:
    with pytest.raises(StrategyError, match=r"'zzz'; known: grid, kind, need, on, x$"):
        Fields(need=1, zzz=2)

    class Counts(Fields):
        seen: int = 0

        def on_bar(self, ctx: Any) -> None:
            self.seen += 1

    with pytest.raises(StrategyError, match=r"'sen'; known: grid, kind, need, on, x$"):
        Counts(need=1, sen=2)
    assert Counts(need=1, seen=2).seen == 2


def test_parameters_go_by_name() -> None:
    with pytest.raises(StrategyError, match="give parameters by name"):
        Fields(3)


@pytest.mark.parametrize(
    ("name", "value", "kind"),
    [
        ("need", 2.5, TypeError), ("need", "a", TypeError), ("need", 2**63, OverflowError),
        ("x", "a", TypeError), ("ring", [1, 2, 3], TypeError), ("leg", 3, TypeError),
        ("needd", 3, AttributeError), ("on_bars", 3, AttributeError),
    ],
)  # fmt: skip
def test_assignments_are_checked(name: str, value: Any, kind: type[Exception]) -> None:
    made = Fields(need=1)
    with pytest.raises(kind):
        setattr(made, name, value)


def test_numpy_s_numbers_are_taken() -> None:
    made = Fields(need=np.int64(4), x=np.float64(2.5))
    made.need = np.int32(5)
    made.grid[0, 0] = np.int64(3)
    made.grid[1] = np.array([5, 6])
    assert (made.need, made.grid.tolist()) == (5, [[3, 7], [5, 6]])
    with pytest.raises(TypeError, match="an int array gets"):
        made.grid[0] = np.array([0.5, 1.0])


def _class(**body: Any) -> type[Strategy]:
    return type("Made", (Strategy,), body)


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        (str, "field 'a' has type str; a field is int, float, bool, an IntEnum"),
        (list[int], "field 'a' has type list"),
        (Array, "field 'a' has type Array"),
        (Struct, "field 'a' has type Struct"),
        ("Missing", "Made.a: cannot read 'Missing'; a field is"),
    ],
)
def test_other_annotations_are_refused(kind: Any, told: str) -> None:
    with pytest.raises(StrategyError, match=told):
        _class(__annotations__={"a": kind})


@pytest.mark.parametrize("item", [float, (float, 0), (float, 2.0), (str, 3), (Leg, 2), (3, 4)])
def test_arrays_have_a_kind_and_a_size(item: Any) -> None:
    with pytest.raises(StrategyError, match=r"an array field needs its size|elements are int"):
        Array[item]


@pytest.mark.parametrize("name", ["reset", "parameters", "columns", "on_bar", "wake", "_x"])
def test_names_in_use_cannot_be_fields(name: str) -> None:
    with pytest.raises(StrategyError, match=f"Made.{name}: this name cannot be a field"):
        _class(__annotations__={name: int})


def test_a_field_cannot_be_a_method_too() -> None:
    with pytest.raises(StrategyError, match=r"Made\.a is both a field and a method"):
        _class(__annotations__={"a": int}, a=lambda self: 1)
    with pytest.raises(StrategyError, match=r"Made\.need is both a field and a method"):
        type("Made", (Fields,), {"need": lambda self: 1})


def test_a_base_that_is_no_strategy_may_have_methods_but_no_fields() -> None:
    class Mixin:
        n: int = 0

    with pytest.raises(StrategyError, match=r"write class Mixin\(Strategy\)"):
        type("Made", (Mixin, Strategy), {})


@pytest.mark.parametrize(
    ("text", "ns"),
    [("100ms", 10**8), ("5s", 5 * 10**9), ("5min", 3 * 10**11), ("1.5h", 54 * 10**11),
     ("250us", 250_000)],
)  # fmt: skip
def test_wake_ups_are_written_as_times(text: str, ns: int) -> None:
    assert every(text) == Wake(ns)


@pytest.mark.parametrize("text", ["", "5", "0s", "-1s", "5 days", "1e3s"])
def test_other_wake_ups_are_refused(text: str) -> None:
    with pytest.raises(StrategyError, match="write a time such as"):
        every(text)
