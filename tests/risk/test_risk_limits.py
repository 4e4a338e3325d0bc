"""What can be a limit, and what the refusals say."""

import dataclasses
import math

import pytest

from hftsim.core import ConfigError, InstrumentKind
from hftsim.risk import RiskLimits


def test_the_defaults_are_the_documents() -> None:
    limits = RiskLimits()
    assert (limits.max_position_pct, limits.stop_loss_pct, limits.max_drawdown_pct) == (
        0.30,
        0.02,
        0.15,
    )
    assert (limits.max_exposure_pct, limits.max_leverage, limits.var_confidence) == (1.0, 1.0, 0.95)
    assert (limits.take_profit_pct, limits.max_daily_loss_pct, limits.max_order_value) == (
        None,
        None,
        None,
    )


def test_off_leaves_only_the_accounts_own_money() -> None:
    values = dataclasses.asdict(RiskLimits.off())
    assert {name for name, value in values.items() if value is not None} == {
        "max_leverage",
        "var_confidence",
    }
    assert values["max_leverage"] == 1.0


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("max_position_pct", 0, "above 0"),
        ("max_position_pct", -0.1, "above 0"),
        ("max_position_pct", "30%", "'30%'"),
        ("max_position_pct", True, "above 0"),
        ("max_position_pct", math.nan, "nan"),
        ("max_position_pct", 30, r"fraction \(0.30 is 30 %\)"),
        ("max_exposure_pct", 2.0, "raise max_leverage too"),
        ("stop_loss_pct", 2, r"0.02 is 2 %"),
        ("max_drawdown_pct", 15, "fraction of at most 1"),
        ("max_daily_loss_pct", 1.5, "fraction of at most 1"),
        ("take_profit_pct", math.inf, "inf"),
        ("max_order_value", 0, "above 0"),
        ("allow_short", "maybe", "allow_short"),
        ("var_confidence", 95, "0.95 is 95 %"),
        ("var_confidence", 0.05, "above 0.5"),
    ],
)
def test_what_cannot_be_a_limit_is_refused_by_name(field: str, value: object, words: str) -> None:
    with pytest.raises(ConfigError, match=words) as caught:
        RiskLimits(**{field: value})  # type: ignore[arg-type]
    assert field in str(caught.value)


def test_leverage_makes_room_for_exposure() -> None:
    limits = RiskLimits(max_exposure_pct=3.0, max_position_pct=2.0, max_leverage=5)
    assert limits.max_exposure_pct == 3.0
    assert RiskLimits(max_position_pct=8.0, max_leverage=None).max_position_pct == 8.0


@pytest.mark.parametrize("kind", list(InstrumentKind))
def test_spot_is_not_sold_short_unless_asked(kind: InstrumentKind) -> None:
    assert RiskLimits().allows_short(kind) == (kind is not InstrumentKind.SPOT)
    assert RiskLimits(allow_short=True).allows_short(kind)
    assert not RiskLimits(allow_short=False).allows_short(kind)
