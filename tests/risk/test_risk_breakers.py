"""When equity lost stops an account, told by hand and by a walk through the whole past."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hftsim.core import InputError, RejectReason
from hftsim.risk import Breakers, RiskLimits

NONE, DAILY = RejectReason.NONE, RejectReason.DAILY_LOSS
DRAWDOWN, WIPED = RejectReason.DRAWDOWN_BREAKER, RejectReason.ACCOUNT_WIPED_OUT


def test_a_daily_loss_halts_until_the_next_session_even_if_equity_recovers() -> None:
    breakers = Breakers(RiskLimits(max_daily_loss_pct=0.05))
    assert breakers.update(1, 100.0, "mon") is NONE
    assert breakers.update(2, 95.0, "mon") is DAILY
    assert breakers.update(3, 101.0, "mon") is DAILY
    assert breakers.halted_at == 2
    assert breakers.update(4, 100.0, "tue") is NONE
    assert breakers.halted_at is None


def test_a_gap_at_the_opening_counts_as_the_sessions_loss() -> None:
    breakers = Breakers(RiskLimits(max_daily_loss_pct=0.05))
    breakers.update(1, 100.0, 1)
    assert breakers.update(2, 94.0, 2) is DAILY
    assert breakers.session_loss == pytest.approx(0.06)


def test_one_bar_a_session_can_still_lose_too_much() -> None:
    breakers = Breakers(RiskLimits(max_daily_loss_pct=0.05))
    halts = [breakers.update(day, equity, day) for day, equity in enumerate([100, 99, 90, 89])]
    assert halts == [NONE, NONE, DAILY, NONE]


def test_the_drawdown_breaker_holds_for_good() -> None:
    breakers = Breakers(RiskLimits(max_drawdown_pct=0.10))
    halts = [breakers.update(i, e, i) for i, e in enumerate([100.0, 200.0, 180.0, 300.0, 299.0])]
    assert halts == [NONE, NONE, DRAWDOWN, DRAWDOWN, DRAWDOWN]
    assert breakers.halted_at == 2
    assert breakers.peak == 300.0
    assert breakers.drawdown == pytest.approx(1 / 300)


def test_ruin_outlasts_every_other_halt() -> None:
    breakers = Breakers(RiskLimits(max_drawdown_pct=0.5, max_daily_loss_pct=0.1))
    halts = [breakers.update(i, e, 0) for i, e in enumerate([100.0, 90.0, 50.0, 0.0, 500.0])]
    assert halts == [NONE, DAILY, DRAWDOWN, WIPED, WIPED]
    assert breakers.halted_at == 1


def test_without_limits_only_ruin_halts() -> None:
    breakers = Breakers(RiskLimits.off())
    assert [breakers.update(i, e, i) for i, e in enumerate([100.0, 1.0, -1.0])] == [
        NONE,
        NONE,
        WIPED,
    ]


def test_before_any_equity_nothing_is_known() -> None:
    breakers = Breakers(RiskLimits())
    assert math.isnan(breakers.drawdown)
    assert math.isnan(breakers.session_loss)
    assert breakers.halted is NONE


def test_equity_that_is_not_a_number_is_refused() -> None:
    with pytest.raises(InputError, match="equity nan at 5"):
        Breakers(RiskLimits()).update(5, math.nan, 0)


@given(
    st.lists(st.tuples(st.integers(-50, 1000), st.integers(0, 1)), min_size=1, max_size=60),
    st.sampled_from([None, 0.125, 0.25, 0.5]),
    st.sampled_from([None, 0.125, 0.25, 0.5]),
)
def test_the_halt_follows_from_the_whole_past(
    steps: list[tuple[int, int]], daily: float | None, drawdown: float | None
) -> None:
    breakers = Breakers(RiskLimits(max_daily_loss_pct=daily, max_drawdown_pct=drawdown))
    equities, sessions = [], []
    for i, (equity, new_session) in enumerate(steps):
        equities.append(equity)
        sessions.append((sessions[-1] if sessions else 0) + new_session)
        halted = breakers.update(i, float(equity), sessions[-1])

        first = sessions.index(sessions[-1])
        reference = equities[max(first - 1, 0)]
        wiped = any(e <= 0 for e in equities)
        fell = drawdown is not None and any(
            max(equities[: j + 1]) * (1 - drawdown) >= e for j, e in enumerate(equities)
        )
        lost = daily is not None and any(reference * (1 - daily) >= e for e in equities[first:])
        if wiped:
            assert halted is WIPED
        else:
            assert halted is (DRAWDOWN if fell else DAILY if lost else NONE)
