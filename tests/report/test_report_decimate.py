"""Thinning a line keeps what the eye looks for."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from hftsim.report.decimate import extreme_positions, joint_positions

series = arrays(
    np.float64,
    st.integers(1, 400),
    elements=st.floats(-1e6, 1e6) | st.just(np.nan),
)


@given(series, st.integers(4, 60))
def test_extremes_ends_and_order_are_kept(values, points):
    keep = extreme_positions(values, points)
    assert keep[0] == 0
    assert keep[-1] == len(values) - 1
    assert (np.diff(keep) > 0).all()
    if np.isfinite(values).any():
        assert np.nanmax(values[keep]) == np.nanmax(values)
        assert np.nanmin(values[keep]) == np.nanmin(values)


@given(series, st.integers(4, 60))
def test_every_stretch_keeps_its_own_extremes(values, points):
    keep = extreme_positions(values, points)
    stretch = -(-len(values) // (points // 2))
    for start in range(0, len(values), stretch):
        part = values[start : start + stretch]
        held = values[keep[(keep >= start) & (keep < start + stretch)]]
        if np.isfinite(part).any():
            assert np.nanmax(held) == np.nanmax(part)
            assert np.nanmin(held) == np.nanmin(part)


def test_a_million_points_become_about_four_thousand():
    values = np.random.default_rng(3).normal(size=1_000_000).cumsum()
    keep = extreme_positions(values, 4000)
    assert 2000 < len(keep) <= 4002


def test_a_spike_of_one_point_survives():
    values = np.zeros(1_000_000)
    values[123_457] = -9.0
    assert 123_457 in extreme_positions(values)


def test_short_series_are_left_alone():
    values = np.arange(100.0)
    assert extreme_positions(values, 100).tolist() == list(range(100))
    assert joint_positions([values, values], 100).tolist() == list(range(100))


def test_joint_positions_keep_the_extremes_of_each_series():
    rng = np.random.default_rng(4)
    one, two = rng.normal(size=50_000), rng.normal(size=50_000)
    keep = joint_positions([one, two], 1000)
    assert len(keep) <= 1004
    for values in (one, two):
        assert values[keep].max() == values.max()
        assert values[keep].min() == values.min()
