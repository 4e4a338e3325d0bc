"""What a bar frame is."""

import numpy as np
import pandas as pd
import pytest

from hftsim.core.bars import (
    data_hash,
    gap_count,
    interval_ns_of,
    require_bars,
    source_of,
    with_source,
)
from hftsim.core.errors import DataError


def frame(minutes=(0, 1, 2, 5)):
    index = pd.Timestamp("2024-01-01", tz="UTC") + pd.to_timedelta(list(minutes), unit="min")
    values = np.arange(1.0, len(index) + 1)
    return pd.DataFrame(
        dict.fromkeys(("open", "high", "low", "close", "volume"), values),
        index=pd.DatetimeIndex(index, name="ts_open"),
    )


def test_a_good_frame_passes():
    require_bars(frame())


def test_interval_is_the_commonest_step_and_longer_steps_are_gaps():
    assert interval_ns_of(frame()) == 60_000_000_000
    assert gap_count(frame()) == 1


def test_a_declared_interval_wins():
    bars = with_source(frame(), interval_ns=30_000_000_000)
    assert interval_ns_of(bars) == 30_000_000_000
    assert gap_count(bars) == 3


def test_one_bar_has_no_interval():
    with pytest.raises(DataError, match="at least two"):
        interval_ns_of(frame((0,)))


def test_source_is_a_copy_and_grows():
    bars = with_source(with_source(frame(), symbol="BTCUSDT"), simulated=True)
    told = source_of(bars)
    told["symbol"] = "other"
    assert source_of(bars) == {"symbol": "BTCUSDT", "simulated": True}


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda b: [1, 2], "must be a pandas DataFrame"),
        (lambda b: b.drop(columns="volume"), "lack the column 'volume'"),
        (lambda b: b.tz_localize(None), "time zone"),
        (lambda b: b.reset_index(drop=True), "DatetimeIndex"),
        (lambda b: b.iloc[:0], "there are no bars"),
        (lambda b: b.iloc[::-1], "times must increase"),
        (lambda b: pd.concat([b, b.iloc[[-1]]]), "times must increase"),
        (lambda b: b.set_axis([pd.NaT, *b.index[1:]]), "time is missing.*row 0|row 0.*missing"),
        (lambda b: b.assign(close=[1.0, np.nan, 3.0, 4.0]), "row 1, column 'close'"),
        (lambda b: b.assign(high=[1.0, 2.0, np.inf, 4.0]), "row 2, column 'high'"),
    ],
)
def test_what_is_no_bar_frame_is_refused(spoil, said):
    with pytest.raises(DataError, match=said):
        require_bars(spoil(frame()))


def test_the_hash_covers_times_and_values_and_nothing_else():
    bars = frame()
    assert data_hash(bars) == data_hash(bars.assign(extra=1.0))
    assert data_hash(bars) != data_hash(bars.assign(close=bars["close"] + 1e-9))
    assert data_hash(bars) != data_hash(frame((0, 1, 2, 6)))
