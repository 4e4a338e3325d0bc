"""Hawkes likelihood beside a slow double sum, parameters found again, flows fitted to ticks."""

import math

import numpy as np
import pytest

from hftsim.core.errors import ConfigError, DataError, UnknownNameError
from hftsim.sim.crowd import (
    Crowd,
    CrowdSettings,
    Distribution,
    HawkesFlow,
    PoissonFlow,
    calibrate,
    fit_hawkes,
    named_crowd,
    read_tape,
)
from hftsim.sim.crowd.hawkes import log_likelihood


def slow_log_likelihood(times, marks, end, base, excite, decays):
    """The definition: sum of log rates, minus the integral of all rates; a double sum."""
    total = -sum(base) * end
    for n, (time, mark) in enumerate(zip(times, marks, strict=True)):
        rate = base[mark]
        for past, cause in zip(times[:n], marks[:n], strict=True):
            for k, decay in enumerate(decays):
                rate += excite[k][mark][cause] * decay * math.exp(-decay * (time - past))
        total += math.log(rate)
        for k, decay in enumerate(decays):
            for effect in range(len(base)):
                total -= excite[k][effect][mark] * (1 - math.exp(-decay * (end - time)))
    return total


@pytest.fixture
def process():
    rng = np.random.default_rng(5)
    times = np.sort(rng.uniform(0, 20, 60))
    return {
        "times": times,
        "marks": rng.integers(0, 3, 60),
        "end": 21.0,
        "base": rng.uniform(0.3, 1, 3),
        "excite": rng.uniform(0, 0.3, (2, 3, 3)),
        "decays": np.array([0.7, 9.0]),
    }


def test_likelihood_is_the_double_sum(process):
    found, _ = log_likelihood(**process)
    assert found == pytest.approx(slow_log_likelihood(**process), rel=1e-12)


def test_one_event_by_hand():
    # One event at 1 of 3 seconds, rate 2: ln 2 - 2 * 3 - 0.5 * (1 - e^-2).
    found, slope = log_likelihood([1.0], [0], 3.0, [2.0], [[[0.5]]], [1.0])
    assert found == pytest.approx(math.log(2) - 6 - 0.5 * (1 - math.exp(-2)))
    assert slope == pytest.approx([0.5 - 3, -(1 - math.exp(-2))])


def test_gradient_is_that_of_the_likelihood(process):
    _, slope = log_likelihood(**process)
    values = np.concatenate([process["base"], process["excite"].ravel()])
    for k in range(len(values)):
        sides = []
        for step in (1e-6, -1e-6):
            moved = values.copy()
            moved[k] += step
            parts = {"base": moved[:3], "excite": moved[3:].reshape(2, 3, 3)}
            sides.append(log_likelihood(**{**process, **parts})[0])
        assert slope[k] == pytest.approx((sides[0] - sides[1]) / 2e-6, rel=1e-4, abs=1e-4)


def test_a_rate_of_zero_is_impossible():
    assert log_likelihood([1.0], [0], 2.0, [0.0], [[[0.5]]], [1.0])[0] == -math.inf


def simulated(base, excite, decay, seconds, seed):
    """Branching construction, independent of the thinning in the kernel: parents have children."""
    rng = np.random.default_rng(seed)
    kinds, events = len(base), []
    for mark in range(kinds):
        waiting = [(t, mark) for t in rng.uniform(0, seconds, rng.poisson(base[mark] * seconds))]
        while waiting:
            time, cause = waiting.pop()
            if time > seconds:
                continue
            events.append((time, cause))
            for effect in range(kinds):
                children = rng.exponential(1 / decay, rng.poisson(excite[effect][cause]))
                waiting += [(time + wait, effect) for wait in children]
    events.sort()
    return np.array([t for t, _ in events]), np.array([m for _, m in events])


def test_the_fit_finds_the_parameters_of_a_branching_process_again():
    base, excite = np.array([0.6, 1.0]), np.array([[0.5, 0.1], [0.3, 0.2]])
    times, marks = simulated(base, excite, 4.0, 8_000.0, 3)
    found = fit_hawkes(times, marks, 2, np.array([4.0]), end=8_000.0)
    assert found.converged
    assert found.base == pytest.approx(base, abs=0.06)
    assert found.excite[0] == pytest.approx(excite, abs=0.04)


def test_the_kernel_simulates_what_the_fit_finds():
    excite = np.zeros((1, 6, 6))
    excite[0, 2, 2], excite[0, 3, 2], excite[0, 3, 3] = 0.6, 0.2, 0.3
    base = np.array([0.0, 0.0, 4.0, 4.0, 0.0, 0.0])
    flow = HawkesFlow(base=base, excite=excite, decays=np.array([10.0]), cancel_rate=0.2)
    tape = read_tape(Crowd(CrowdSettings(flow=flow), seed=7).ticks(80_000))
    limits = np.isin(tape.component, (2, 3))
    times = (tape.ts[limits] - tape.ts[0]) / 1e9
    found = fit_hawkes(times, tape.component[limits] - 2, 2, np.array([10.0]))
    assert found.base == pytest.approx([4.0, 4.0], rel=0.1)
    assert found.excite[0] == pytest.approx(np.array([[0.6, 0.0], [0.2, 0.3]]), abs=0.04)


def test_a_poisson_crowd_is_calibrated_to_itself_by_order_and_by_level():
    flow = PoissonFlow(market_rate=1.5, limit_rate=20.0, cancel_rate=0.4)
    sizes = Distribution((1, 2, 5), (2, 1, 1))
    settings = CrowdSettings(flow=flow, limit_sizes=sizes, distances=Distribution(range(1, 9)))
    for kind in ("l3", "l2"):
        found = calibrate(Crowd(settings, seed=3, kind=kind).ticks(60_000), flow="poisson")
        assert found.flow.market_rate == pytest.approx(1.5, rel=0.05)
        assert found.flow.limit_rate == pytest.approx(20.0, rel=0.05)
        assert found.flow.cancel_rate == pytest.approx(0.4, rel=0.1)
        assert found.limit_sizes.mean == pytest.approx(sizes.mean, rel=0.03)
        assert found.distances.mean == pytest.approx(4.5, rel=0.05)


def test_what_cannot_be_calibrated_is_refused():
    trades = Crowd(seed=1, kind="trades").ticks(200)
    with pytest.raises(DataError, match="limit orders"):
        calibrate(trades)
    with pytest.raises(UnknownNameError, match="poisson"):
        calibrate(Crowd(seed=1).ticks(500), flow="queue-reactive")
    with pytest.raises(ConfigError, match="order of time"):
        fit_hawkes(np.array([2.0, 1.0]), np.array([0, 0]), 1, np.array([1.0]))


def test_the_tape_counts_what_happened():
    crowd = Crowd(named_crowd("hawkes", "all"), seed=2)
    ticks = crowd.ticks(20_000)
    tape = read_tape(ticks)
    chunk = next(ticks.chunks())
    normal = chunk.columns["flags"] & 2 == 0
    assert (tape.component // 2 == 1).sum() == ((chunk.columns["kind"] == 6) & normal).sum()
    assert (tape.component >= 4).sum() == (chunk.columns["kind"] == 8).sum()
    executed = chunk.columns["qty"][chunk.columns["kind"] == 10].sum()
    assert tape.qty[tape.component < 2].sum() == executed
    known = (tape.bid > 0) & (tape.ask > 0)
    assert (tape.bid[known] < tape.ask[known]).all()
    limits = (tape.component // 2 == 1) & known
    assert (tape.distance[limits] >= 1).all()


def test_real_ticks_by_order_are_calibrated(test_data, tmp_path):
    from hftsim.data.ticks import ImportSettings, import_ticks, open_ticks

    source = test_data / "lobster" / "AAPL_2012-06-21_34200000_37800000_message_50.csv.gz"
    if not source.is_file():
        pytest.skip(f"{source} is not there")
    import_ticks([source], tmp_path / "S", settings=ImportSettings())
    ticks = open_ticks(tmp_path / "S")
    settings = calibrate(ticks)
    tape = read_tape(ticks)
    assert 0.0 < settings.flow.branching_ratio < 1.0
    assert settings.flow.mean_rates[2:4].sum() == pytest.approx(tape.rate(2, 3), rel=0.2)
    made = read_tape(Crowd(settings, seed=1).ticks(30_000))
    assert made.rate(2, 3) == pytest.approx(tape.rate(2, 3), rel=0.35)
