"""Lazy windows give what copying every window would give."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hftsim.core.errors import ConfigError
from hftsim.features import Windows

VALUES = np.arange(24, dtype=np.float64).reshape(8, 3)


def test_a_window_holds_the_rows_up_to_its_end() -> None:
    windows = Windows(VALUES, [3, 6], 2)
    assert windows.shape == (2, 2, 3)
    assert len(windows) == 2
    assert windows.ndim == 3
    assert windows.dtype == np.float32
    assert windows[0].tolist() == [[6, 7, 8], [9, 10, 11]]
    assert windows[-1].tolist() == [[15, 16, 17], [18, 19, 20]]
    assert repr(windows) == "Windows(2 windows of 2 rows x 3 features)"


@given(st.data())
def test_indexing_is_numpys(data: st.DataObject) -> None:
    lookback = data.draw(st.integers(1, 5))
    ends = data.draw(st.lists(st.integers(lookback - 1, 7), min_size=1, max_size=9))
    windows = Windows(VALUES, ends, lookback)
    whole = np.stack([VALUES[e - lookback + 1 : e + 1] for e in ends]).astype(np.float32)
    n = len(ends)
    positions = data.draw(st.lists(st.integers(-n, n - 1), max_size=6))
    mask = np.array(data.draw(st.lists(st.booleans(), min_size=n, max_size=n)))
    keys = [np.array(positions, dtype=np.int64), mask, slice(None, None, 2), slice(1, -1)]
    for key in keys:
        got = windows[key]
        assert got.dtype == np.float32
        np.testing.assert_array_equal(got, whole[key])
    np.testing.assert_array_equal(np.asarray(windows), whole)
    np.testing.assert_array_equal(np.asarray(windows, dtype=np.float64), whole)
    np.testing.assert_array_equal(windows.select(positions)[:], whole[np.array(positions, int)])
    np.testing.assert_array_equal(windows.select(mask)[:], whole[mask])


def test_selecting_copies_nothing() -> None:
    windows = Windows(VALUES.astype(np.float32), [3, 4, 5], 2)
    assert windows.select([0, 2]).values is windows.values


def test_windows_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ConfigError, match="rows must fit before"):
        Windows(VALUES, [1], 3)
    with pytest.raises(ConfigError, match="there are 8"):
        Windows(VALUES, [8], 3)
    with pytest.raises(ConfigError, match="lookback"):
        Windows(VALUES, [3], 0)
    with pytest.raises(ConfigError, match="need values"):
        Windows(VALUES[0], [3], 1)
    with pytest.raises(ValueError, match="copy"):
        np.asarray(Windows(VALUES, [3], 1), copy=False)
    assert Windows(VALUES, [], 4).shape == (0, 4, 3)


def test_names_travel_with_the_windows() -> None:
    windows = Windows(VALUES, [3, 4], 2, feature_names=["a", "b", "c"])
    assert windows.feature_names == ("a", "b", "c")
    assert windows.select([0]).feature_names == ("a", "b", "c")
    assert Windows(VALUES, [3], 2).feature_names is None
    with pytest.raises(ConfigError, match="1 names for 3 features"):
        Windows(VALUES, [3], 2, feature_names=["a"])
