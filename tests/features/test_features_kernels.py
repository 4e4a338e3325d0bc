"""Every kernel, compiled and as plain Python, against an independent slow twin."""

import math
from collections import deque
from collections.abc import Callable

import numpy as np
import pytest
import scipy.stats
import talib
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.lib.stride_tricks import sliding_window_view

from hftsim.features import _kernels
from hftsim.features.compiled import compiled, run

Kernel = Callable[..., None]


@pytest.fixture(params=["compiled", "python"])
def kernel(request: pytest.FixtureRequest) -> Callable[[str], Kernel]:
    def find(name: str) -> Kernel:
        function: Kernel = getattr(_kernels, name)
        return compiled(function) if request.param == "compiled" else function

    return find


def spiky(rows: int, seed: int, start: int = 0) -> np.ndarray:
    """Return values over twelve orders of magnitude, with zeros and repeats; NaN before start."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal(rows)
    x[rng.random(rows) < 0.02] *= 1e6
    x[rng.random(rows) < 0.02] *= 1e-6
    x[rows // 2 : rows // 2 + 40] = 0.0
    x[:start] = np.nan
    return x


def windows(x: np.ndarray, start: int, window: int) -> np.ndarray:
    return sliding_window_view(x[start:], window)


def assert_twin(out: np.ndarray, first: int, twin: np.ndarray, rtol: float, atol: float) -> None:
    assert np.isnan(out[:first]).all()
    np.testing.assert_allclose(out[first:], twin, rtol=rtol, atol=atol)


@pytest.mark.parametrize(("start", "window"), [(0, 1), (0, 5), (3, 20), (7, 50)])
def test_rolling_sum(kernel: Callable[[str], Kernel], start: int, window: int) -> None:
    x = spiky(700, 1, start)
    out = np.empty(len(x))
    kernel("rolling_sum")(x, start, window, out)
    seen = windows(x, start, window)
    twin = np.array([math.fsum(w) for w in seen])
    largest = np.abs(seen).max(axis=1)
    assert np.isnan(out[: start + window - 1]).all()
    assert np.all(np.abs(out[start + window - 1 :] - twin) <= 1e-6 * np.maximum(largest, 1e-300))


def test_a_spike_that_left_the_window_leaves_nothing_behind(
    kernel: Callable[[str], Kernel],
) -> None:
    x = np.array([0.1, 1e15, 0.3, 0.2] + [0.0] * 30)
    out = np.empty(len(x))
    kernel("rolling_sum")(x, 0, 4, out)
    assert out[5] == 0.3 + 0.2
    assert np.all(out[7:] == 0.0)
    mean, std = np.empty(len(x)), np.empty(len(x))
    kernel("rolling_mean_std")(x, 0, 4, 1, mean, std)
    np.testing.assert_allclose(std[5], np.std([0.3, 0.2, 0, 0], ddof=1), rtol=1e-12)
    assert np.all(std[7:] == 0.0)
    assert np.all(mean[7:] == 0.0)


@pytest.mark.parametrize(("start", "window", "ddof"), [(0, 5, 1), (3, 20, 0), (7, 50, 1)])
def test_rolling_mean_std(
    kernel: Callable[[str], Kernel], start: int, window: int, ddof: int
) -> None:
    rng = np.random.default_rng(2)
    x = 60_000 + np.cumsum(rng.standard_normal(700))
    x[:start] = np.nan
    mean, std = np.empty(len(x)), np.empty(len(x))
    kernel("rolling_mean_std")(x, start, window, ddof, mean, std)
    seen = windows(x, start, window)
    assert_twin(mean, start + window - 1, seen.mean(axis=1), 1e-13, 0)
    assert_twin(std, start + window - 1, seen.std(axis=1, ddof=ddof), 1e-9, 0)


def test_the_deviation_of_equal_values_is_exactly_zero(kernel: Callable[[str], Kernel]) -> None:
    x = np.concatenate([[5e9, 3.0], np.full(30, 0.1), [0.1000001]])
    mean, std = np.empty(len(x)), np.empty(len(x))
    kernel("rolling_mean_std")(x, 0, 10, 1, mean, std)
    assert np.all(std[11:32] == 0.0)
    assert np.all(mean[11:32] == 0.1)
    np.testing.assert_allclose(std[32], 1e-7 / math.sqrt(10), rtol=1e-6)


def test_a_small_deviation_on_a_large_price_survives(kernel: Callable[[str], Kernel]) -> None:
    rng = np.random.default_rng(3)
    steps = rng.integers(-5, 6, 1000) * 0.01
    mean, std = np.empty(1000), np.empty(1000)
    kernel("rolling_mean_std")(1e8 + steps, 0, 20, 0, mean, std)
    twin = sliding_window_view((1e8 + steps) - 1e8, 20).std(axis=1)
    np.testing.assert_allclose(std[19:], twin, rtol=1e-6)


def test_log_ratio_is_accurate_near_one_and_far_from_it(kernel: Callable[[str], Kernel]) -> None:
    below = np.array([60_000.0, 60_000.0, 1e-8, 1e12, 3.0, 3.0])
    above = np.array([60_000.01, 59_999.99, 1e8, 1e-12, 6.5, 1.4])
    out = np.empty(6)
    kernel("log_ratio")(above, below, out)
    exact = np.log(above.astype(np.longdouble) / below.astype(np.longdouble))
    np.testing.assert_allclose(out, exact.astype(np.float64), rtol=1e-9)


@pytest.mark.parametrize("period", [2, 7, 14])
def test_rsi_balance_is_ta_lib(kernel: Callable[[str], Kernel], period: int) -> None:
    x = 100 + np.cumsum(np.random.default_rng(4).standard_normal(400))
    out = np.empty(400)
    kernel("rsi_balance")(x, period, 1e-10, out)
    assert_twin(out, period, talib.RSI(x, period)[period:] / 50 - 1, 0, 1e-12)
    kernel("rsi_balance")(np.full(400, 7.7), period, 1e-10, out)
    assert np.all(out[period:] == 0.0)


@pytest.mark.parametrize("window", [5, 20])
def test_rolling_trend_is_linear_regression(kernel: Callable[[str], Kernel], window: int) -> None:
    x = 11 + np.cumsum(np.random.default_rng(5).standard_normal(200) * 1e-4)
    x[100:130] = x[100]
    slope, fit = np.empty(200), np.empty(200)
    kernel("rolling_trend")(x, window, slope, fit)
    moving = [w for w in sliding_window_view(x, window) if np.ptp(w) > 0]
    twins = [scipy.stats.linregress(np.arange(window), w) for w in moving]
    keep = np.flatnonzero(np.ptp(sliding_window_view(x, window), axis=1) > 0) + window - 1
    np.testing.assert_allclose(slope[keep], [t.slope for t in twins], rtol=1e-7, atol=1e-15)
    np.testing.assert_allclose(fit[keep], [t.rvalue**2 for t in twins], rtol=1e-7, atol=1e-12)
    assert np.all(slope[100 + window - 1 : 130] == 0.0)
    assert np.all(fit[100 + window - 1 : 130] == 0.0)
    assert np.isnan(slope[: window - 1]).all()


def test_rolling_shape_is_scipy(kernel: Callable[[str], Kernel]) -> None:
    x = np.random.default_rng(6).standard_t(4, 300) * 1e-3
    x[0] = np.nan
    x[150:190] = 0.0
    skew, kurt, cov, corr = (np.empty(300) for _ in range(4))
    kernel("rolling_shape")(x, 1, 30, skew, kurt, cov, corr)
    for i in range(30, 300):
        w = x[i - 29 : i + 1]
        away = w - w.mean()
        np.testing.assert_allclose(cov[i], np.sum(away[1:] * away[:-1]) / 30, atol=1e-18)
        if np.ptp(w) == 0:
            assert (skew[i], kurt[i], corr[i]) == (0.0, 0.0, 0.0)
            continue
        np.testing.assert_allclose(skew[i], scipy.stats.skew(w), rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(kurt[i], scipy.stats.kurtosis(w), rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(corr[i], cov[i] * 30 / np.sum(away**2), rtol=1e-9)
    assert np.isnan(skew[:30]).all()


def test_rolling_beta_is_linear_regression(kernel: Callable[[str], Kernel]) -> None:
    rng = np.random.default_rng(7)
    x = rng.standard_normal(200)
    y = 0.3 * x + rng.standard_normal(200)
    x[100:130] = 2.0
    slope, corr = np.empty(200), np.empty(200)
    kernel("rolling_beta")(x, y, 2, 25, slope, corr)
    assert np.isnan(slope[:26]).all()
    for i in range(26, 200):
        if np.ptp(x[i - 24 : i + 1]) == 0:
            assert (slope[i], corr[i]) == (0.0, 0.0)
            continue
        twin = scipy.stats.linregress(x[i - 24 : i + 1], y[i - 24 : i + 1])
        np.testing.assert_allclose(slope[i], twin.slope, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(corr[i], twin.rvalue, rtol=1e-9, atol=1e-12)


def test_streak_counts_rises_and_falls(kernel: Callable[[str], Kernel]) -> None:
    x = np.array([1, 2, 3, 4, 5, 4, 3, 3, 2, 1, 0, -1, -2, 5], dtype=np.float64)
    out = np.empty(len(x))
    kernel("streak")(x, 3, out)
    hand = [0, 1, 2, 3, 3, -1, -2, 0, -1, -2, -3, -3, -3, 1]
    np.testing.assert_array_equal(out, np.array(hand) / 3)


def test_normal_balance_is_the_normal_distribution(kernel: Callable[[str], Kernel]) -> None:
    z = np.array([np.nan, -40.0, -1.5, 0.0, 0.3, 8.0])
    out = np.empty(6)
    kernel("normal_balance")(z, out)
    np.testing.assert_allclose(out, 2 * scipy.stats.norm.cdf(z) - 1, atol=1e-15)


def slow_vpin(
    volume: np.ndarray, balance: np.ndarray, sizes: np.ndarray, start: int, buckets: int
) -> np.ndarray:
    """Return VPIN by keeping every full bucket as a list of its pieces."""
    done: list[list[tuple[float, float]]] = []
    opened: list[tuple[float, float]] = []
    size = None
    out = np.full(len(volume), np.nan)
    for i in range(start, len(volume)):
        waiting = deque([(float(volume[i]), float(balance[i]))])
        while waiting:
            left, share = waiting.popleft()
            if left == 0:
                continue
            size = float(sizes[i]) if size is None else size
            room = size - sum(v for v, _ in opened)
            opened.append((min(left, room), share))
            if left >= room:
                done.append(opened)
                opened, size = [], None
                waiting.append((left - room, share))
        last = done[-buckets:]
        bought_less_sold = sum(abs(sum(v * s for v, s in pieces)) for pieces in last)
        traded = sum(v for pieces in last for v, _ in pieces)
        out[i] = bought_less_sold / traded if last else 0.0
    return out


@pytest.mark.parametrize("scale", [0.5, 3.0, 40.0])
def test_vpin_against_a_slow_twin(kernel: Callable[[str], Kernel], scale: float) -> None:
    rng = np.random.default_rng(8)
    volume = rng.integers(0, 9, 250) * 0.25
    volume[60] = 500.0
    balance = rng.uniform(-1, 1, 250)
    sizes = rng.integers(1, 8, 250) * scale
    out = np.empty(250)
    kernel("vpin")(volume, balance, sizes, 10, 6, out)
    np.testing.assert_allclose(out, slow_vpin(volume, balance, sizes, 10, 6), rtol=1e-9, atol=1e-12)


def test_vpin_by_hand(kernel: Callable[[str], Kernel]) -> None:
    volume = np.array([1.0, 3.0, 2.0, 0.0, 6.0])
    balance = np.array([1.0, -1.0, 1.0, 1.0, 0.5])
    out = np.empty(5)
    kernel("vpin")(volume, balance, np.full(5, 4.0), 0, 2, out)
    # buckets: [1 bought, 3 sold] -> 2; [2 bought, 2 of balance 0.5] -> 3; [4 of 0.5] -> 2
    np.testing.assert_allclose(out, [0.0, 2 / 4, 2 / 4, 2 / 4, (3 + 2) / 8])


def test_vpin_without_volume_is_zero(kernel: Callable[[str], Kernel]) -> None:
    out = np.empty(5)
    kernel("vpin")(np.ones(5), np.ones(5), np.zeros(5), 1, 3, out)
    np.testing.assert_array_equal(out, [np.nan, 0, 0, 0, 0])


def test_corwin_schultz_is_the_papers_formula(kernel: Callable[[str], Kernel]) -> None:
    rng = np.random.default_rng(9)
    close = 100 * np.exp(np.cumsum(rng.standard_normal(200) * 0.004))
    high = close * (1 + rng.random(200) * 0.002)
    low = close * (1 - rng.random(200) * 0.002)
    out = np.empty(200)
    kernel("corwin_schultz")(high, low, close, out)
    assert np.isnan(out[0])
    root = 3 - 2 * math.sqrt(2)
    for i in range(1, 200):
        shift = min(close[i - 1] - low[i], 0) + max(close[i - 1] - high[i], 0)
        h, lo = high[i] + shift, low[i] + shift
        beta = np.log(high[i - 1] / low[i - 1]) ** 2 + np.log(h / lo) ** 2
        gamma = np.log(max(h, high[i - 1]) / min(lo, low[i - 1])) ** 2
        alpha = (math.sqrt(2 * beta) - math.sqrt(beta)) / root - math.sqrt(gamma / root)
        spread = 2 * (math.exp(alpha) - 1) / (1 + math.exp(alpha))
        np.testing.assert_allclose(out[i], max(spread, 0), rtol=1e-9, atol=1e-15)


def test_cycle_goes_round(kernel: Callable[[str], Kernel]) -> None:
    sine, cosine = np.empty(4), np.empty(4)
    kernel("cycle")(np.array([0, 0.25, 0.5, 0.75]), sine, cosine)
    np.testing.assert_allclose(sine, [0, 1, 0, -1], atol=1e-15)
    np.testing.assert_allclose(cosine, [1, 0, -1, 0], atol=1e-15)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 60), st.integers(0, 5), st.integers(1, 900))
def test_rows_never_change_when_rows_are_added(
    seed: int, window: int, start: int, length: int
) -> None:
    x = spiky(900, seed, start)
    whole, mean, std = np.empty(900), np.empty(900), np.empty(900)
    run(_kernels.rolling_sum, x, start, window, whole)
    run(_kernels.rolling_mean_std, x, start, window, 0, mean, std)
    part, part_mean, part_std = np.empty(length), np.empty(length), np.empty(length)
    run(_kernels.rolling_sum, x[:length], start, window, part)
    run(_kernels.rolling_mean_std, x[:length], start, window, 0, part_mean, part_std)
    np.testing.assert_array_equal(part, whole[:length])
    np.testing.assert_array_equal(part_mean, mean[:length])
    np.testing.assert_array_equal(part_std, std[:length])
