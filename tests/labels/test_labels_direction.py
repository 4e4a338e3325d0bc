"""Labels worked out by hand, and a threshold that knows its own part only."""

import numpy as np
import pytest

from hftsim.core.errors import ConfigError, DataError, ModelError
from hftsim.labels import (
    DOWN,
    FLAT,
    UNKNOWN,
    UP,
    contiguous_runs,
    direction_labels,
    fit_threshold,
    forward_returns,
    label_ends,
)

MINUTE = 60_000_000_000
CLOSE = [100.0, 101.0, 101.0, 99.99, 110.0, 110.1]


def test_classes_are_numbered_down_flat_up() -> None:
    assert (DOWN, FLAT, UP, UNKNOWN) == (0, 1, 2, -1)


def test_labels_look_horizon_rows_ahead() -> None:
    one = direction_labels(CLOSE, 1, 0.005)
    assert one.tolist() == [UP, FLAT, DOWN, UP, FLAT, UNKNOWN]
    two = direction_labels(CLOSE, 2, 0.005)
    assert two.tolist() == [UP, DOWN, UP, UP, UNKNOWN, UNKNOWN]


def test_a_move_of_exactly_the_threshold_is_flat() -> None:
    assert direction_labels([1.0, 1.5, 0.75], 1, 0.5).tolist() == [FLAT, FLAT, UNKNOWN]
    assert direction_labels([1.0, 1.5, 0.75], 1, 0.49).tolist() == [UP, DOWN, UNKNOWN]


def test_a_threshold_of_zero_leaves_only_unchanged_prices_flat() -> None:
    assert direction_labels([5.0, 5.0, 5.1, 5.0], 1, 0.0).tolist() == [FLAT, UP, DOWN, UNKNOWN]


def test_no_label_reaches_across_a_gap() -> None:
    times = np.array([0, 1, 2, 5, 6, 7], dtype=np.int64) * MINUTE
    runs = contiguous_runs(times, MINUTE)
    assert runs.tolist() == [0, 0, 0, 1, 1, 1]
    returns = forward_returns(CLOSE, 2, runs=runs)
    assert np.isnan(returns).tolist() == [False, True, True, False, True, True]
    assert returns[3] == 110.1 / 99.99 - 1
    labels = direction_labels(CLOSE, 2, 0.005, runs=runs)
    assert labels.tolist() == [UP, UNKNOWN, UNKNOWN, UP, UNKNOWN, UNKNOWN]
    assert label_ends(labels, 2).tolist() == [2, -1, -1, 5, -1, -1]


def test_a_horizon_beyond_the_data_knows_nothing() -> None:
    assert np.isnan(forward_returns(CLOSE, 6)).all()
    assert direction_labels(CLOSE, 100, 0.1).tolist() == [UNKNOWN] * 6


def test_the_threshold_is_a_quantile_of_the_moves() -> None:
    returns = np.array([-0.05, -0.04, -0.03, 0.02, 0.01, np.nan, 0.06])
    assert fit_threshold(returns, flat_share=0.4) == pytest.approx(0.03)
    assert fit_threshold(returns, flat_share=0.4, minimum=0.1) == 0.1


def test_by_default_the_three_classes_are_about_as_frequent() -> None:
    close = 100 * np.exp(np.cumsum(np.random.default_rng(0).standard_normal(30_000) * 1e-3))
    labels = direction_labels(close, 1, fit_threshold(forward_returns(close, 1)))
    counts = np.bincount(labels[labels != UNKNOWN]) / 29_999
    assert np.all(np.abs(counts - 1 / 3) < 0.01)


@pytest.mark.parametrize("bad", [0.0, -1.0, np.nan, np.inf])
def test_a_close_that_is_no_price_is_named(bad: float) -> None:
    with pytest.raises(DataError, match="row 1, column 'close'"):
        forward_returns([1.0, bad, 2.0], 1)


def test_wrong_use_is_refused() -> None:
    with pytest.raises(ConfigError, match="horizon"):
        forward_returns(CLOSE, 0)
    with pytest.raises(ConfigError, match="threshold"):
        direction_labels(CLOSE, 1, -0.1)
    with pytest.raises(ConfigError, match="threshold"):
        direction_labels(CLOSE, 1, float("nan"))
    with pytest.raises(DataError, match="runs has 2 rows"):
        forward_returns(CLOSE, 1, runs=np.zeros(2, dtype=np.int64))
    with pytest.raises(ConfigError, match="flat_share"):
        fit_threshold([0.1], flat_share=1.0)
    with pytest.raises(ConfigError, match="minimum"):
        fit_threshold([0.1], minimum=-1.0)
    with pytest.raises(ModelError, match="more rows"):
        fit_threshold([np.nan])
    with pytest.raises(DataError, match="interval"):
        contiguous_runs(np.array([0, 1]), 0)
