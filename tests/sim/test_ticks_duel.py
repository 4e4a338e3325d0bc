"""Random duels of the tick market and its plain twin: every call, fill, order and figure equal."""

import random
from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tick_chance import random_case
from tick_duel import compare

from hftsim.core.enums import FillReason, RejectReason

QUIETLY = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example]
TAKER = FillReason.TAKER_WALK


@given(dice=st.randoms(use_true_random=False))
@settings(deadline=None, max_examples=40, suppress_health_check=QUIETLY)
def test_the_kernels_trade_as_their_twin(dice: random.Random) -> None:
    compare(random_case(dice, packets=25))


def test_a_stream_of_random_markets_agrees_and_meets_every_rule() -> None:
    reasons: Counter[FillReason] = Counter()
    refusals: Counter[RejectReason] = Counter()
    for seed in range(100):
        _, twin = compare(random_case(random.Random(seed)))
        reasons.update(trade.reason for trade in twin.trades)
        refusals.update(order.reason for order in twin.machine.log)
    risk = {FillReason.RISK_STOP_LOSS, FillReason.RISK_TAKE_PROFIT, FillReason.RISK_HALT}
    triggered = {FillReason.STOP, FillReason.TAKE_PROFIT}
    assert set(reasons) == risk | triggered | {r for r in FillReason if r >= TAKER}
    told = {"WOULD_TAKE", "LOST_ON_THE_WAY", "END_OF_DATA", "REDUCED_TO_ZERO", "IOC_REMAINDER",
            "FOK_NOT_FILLABLE", "NOT_IN_THIS_PHASE", "NO_SHORT_SELLING", "MAX_LEVERAGE", "DAY_ENDED",
            "ABOVE_MAX_QTY", "TOO_MANY_ORDERS", "OUTSIDE_COLLAR", "MAX_ORDER_RATE", "LIQUIDATED"}  # fmt: skip
    assert told <= {reason.name for reason in refusals}


@pytest.mark.slow
@given(dice=st.randoms(use_true_random=False))
@settings(deadline=None, max_examples=1500, suppress_health_check=QUIETLY)
def test_the_kernels_trade_as_their_twin_in_many_small_markets(dice: random.Random) -> None:
    compare(random_case(dice, packets=30))


@pytest.mark.slow
def test_a_long_stream_of_random_markets_agrees() -> None:
    for seed in range(100_000, 100_600):
        compare(random_case(random.Random(seed)))
    for seed in range(200_000, 200_030):
        compare(random_case(random.Random(seed), packets=600))
