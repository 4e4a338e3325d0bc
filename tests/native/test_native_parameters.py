"""What of a strategy is a parameter and what is state; what a run starts from."""

import copy
from collections.abc import Callable
from typing import Any

import pytest

from hftsim.core.errors import StrategyError
from hftsim.strategies import Array, MeanReversionStrategy, MLStrategy, Strategy, Struct

Run = Callable[..., Any]
Bars = Callable[..., Any]


class Leg(Struct):
    price: float = 2.5


def bump(own: Any) -> None:
    own.helped += 1


class Mixed(Strategy):
    """Two parameters, and state of every kind."""

    window: int = 20
    share: float = 0.5
    weights: Array[float, 2] = (1.0, 2.0)  # type: ignore[assignment]
    counter: int = 0
    helped: int = 0
    ring: Array[float, 3]
    leg: Leg

    def validate(self) -> None:
        if self.window < 1:
            raise ValueError("window is 1 or more")

    def on_bar(self, ctx: Any) -> None:
        self.counter += self.window
        self.leg.price = ctx.close
        self.ring[0] = ctx.close
        bump(self)


PLAIN = {"window": 20, "share": 0.5, "weights": [1.0, 2.0]}


def test_what_a_method_assigns_is_state_and_no_parameter() -> None:
    assert Mixed().parameters == PLAIN
    assert MLStrategy().parameters.keys() == {n for n in MLStrategy.__fields__ if n != "since"} - {
        n for n, k in MLStrategy.__fields__.items() if issubclass(k, Array)
    }
    assert MeanReversionStrategy().parameters == {"window": 20, "entry_z": 2.0, "exit_z": 0.5}


def test_what_the_user_gives_is_a_parameter_in_any_case() -> None:
    assert Mixed(counter=7, ring=[0, 0, 0]).parameters == {
        **PLAIN, "counter": 7, "ring": [0.0, 0.0, 0.0],
    }  # fmt: skip


@pytest.mark.parametrize("mode", ["native", "python"])
def test_a_run_does_not_change_the_parameters(mode: str, run: Run, bars: Bars) -> None:
    strategy = Mixed(counter=7)
    for _ in range(2):
        run(strategy, bars(5), mode)
        assert strategy.counter == 107
        assert strategy.parameters == {**PLAIN, "counter": 7}


@pytest.mark.parametrize("mode", ["native", "python"])
def test_what_is_assigned_between_runs_counts(mode: str, run: Run, bars: Bars) -> None:
    strategy = Mixed()
    strategy.window = 3
    assert strategy.parameters == {**PLAIN, "window": 3}
    run(strategy, bars(5), mode)
    assert strategy.counter == 15
    strategy.weights[1] = 9.0
    strategy.counter = 100
    run(strategy, bars(5), mode)
    assert strategy.counter == 115
    assert strategy.parameters == {
        **PLAIN, "window": 3, "weights": [1.0, 9.0], "counter": 100,
    }  # fmt: skip
    strategy.window = 0
    with pytest.raises(StrategyError, match="Mixed: window is 1 or more"):
        run(strategy, bars(5), mode)


class SetsInInit(Strategy):
    n: int = 0
    seen: int = 0

    def __init__(self) -> None:
        super().__init__()
        self.n = 4

    def on_bar(self, ctx: Any) -> None:
        self.seen = self.n


def test_what_an_own_constructor_assigns_counts(run: Run, bars: Bars) -> None:
    for mode in ("native", "python"):
        strategy = SetsInInit()
        run(strategy, bars(2), mode)
        assert strategy.seen == 4
        assert strategy.parameters == {"n": 4}


class Forgets(Strategy):
    n: int = 0

    def __init__(self) -> None:
        self.n = 4

    def on_bar(self, ctx: Any) -> None:
        pass


def test_a_constructor_that_forgets_the_base_is_told(run: Run, bars: Bars) -> None:
    with pytest.raises(StrategyError, match=r"Forgets.__init__ must call super\(\).__init__\("):
        run(Forgets(), bars(2))


def test_a_copy_has_memory_of_its_own() -> None:
    first = Mixed(window=5)
    twin = copy.copy(first)
    first.window, first.ring[0] = 6, 1.0
    assert (twin.window, twin.ring[0], twin.parameters["window"]) == (5, 0.0, 5)
    model = object()
    assert copy.copy(MLStrategy(model=model)).model is model


def test_a_dataclass_is_told_what_to_remove() -> None:
    import dataclasses

    made = dataclasses.dataclass(type("Made", (Mixed,), {}))
    with pytest.raises(StrategyError, match="Made: remove @dataclass; annotated attributes are"):
        made()
