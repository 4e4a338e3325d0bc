"""Random duels of the bar market and its plain twin: everything equal, and the account adds up."""

import random
from collections import Counter

import pytest
from duel import compare, random_case
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hftsim.core.enums import FillReason

QUIETLY = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example]


@given(dice=st.randoms(use_true_random=False))
@settings(deadline=None, max_examples=200, suppress_health_check=QUIETLY)
def test_the_kernel_trades_as_its_twin(dice: random.Random) -> None:
    compare(random_case(dice, steps=8))


def test_a_stream_of_random_markets_agrees_and_meets_every_reason() -> None:
    reasons: Counter[FillReason] = Counter()
    for seed in range(160):
        _, twin = compare(random_case(random.Random(seed)))
        reasons.update(trade.reason for trade in twin.trades)
    assert set(reasons) == {r for r in FillReason if r <= FillReason.RISK_HALT}


@pytest.mark.slow
@given(dice=st.randoms(use_true_random=False))
@settings(deadline=None, max_examples=1500, suppress_health_check=QUIETLY)
def test_the_kernel_trades_as_its_twin_in_many_small_markets(dice: random.Random) -> None:
    compare(random_case(dice, steps=12))


@pytest.mark.slow
def test_a_long_stream_of_random_markets_agrees() -> None:
    for seed in range(100_000, 101_200):
        compare(random_case(random.Random(seed)))
    for seed in range(200_000, 200_050):
        compare(random_case(random.Random(seed), steps=250))
