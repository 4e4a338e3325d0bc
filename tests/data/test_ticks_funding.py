"""Tables of funding rates, and where their rows stand among recorded ticks."""

import gzip

import numpy as np
import pytest

from hftsim.core import DataError, Instrument
from hftsim.core.events import EventFlag, EventKind
from hftsim.data.ticks import FundingRates, Ticks, read_funding

HEADER = "calc_time,funding_interval_hours,last_funding_rate\n"
RULES = Instrument(symbol="AAAUSDT", kind="perpetual", tick_size="0.5", lot_size=1)
LAST, BOTH = EventFlag.LAST, EventFlag.LAST | EventFlag.ON_EXCHANGE | EventFlag.ON_LOCAL
MS = 1_000_000


def test_the_archives_table_is_read(tmp_path):
    path = tmp_path / "BTCUSDT-fundingRate-2024-08.csv.gz"
    rows = "1722470400000,8,0.00010000\n1722499200004,8,-0.00001234\n"
    path.write_bytes(gzip.compress((HEADER + rows).encode()))
    found = read_funding(path)
    assert found.times.tolist() == [1722470400000 * MS, 1722499200004 * MS]
    assert found.rates.tolist() == [10_000, -1_234]
    assert found.prices.tolist() == [0.0, 0.0]


def test_the_names_of_the_rest_interface_and_its_mark_price_are_known(tmp_path):
    path = tmp_path / "rates.csv"
    path.write_text("symbol,fundingTime,fundingRate,markPrice\nA,1722470400000,0.0001,65000.5\n"
                    "A,1722499200000,0.0002,\n")  # fmt: skip
    found = read_funding(path)
    assert found.prices.tolist() == [65000.5, 0.0]
    assert found.rates.tolist() == [10_000, 20_000]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("time,price\n1,2\n", "is no table of funding rates: it lacks a column calc_time"),
        (HEADER, "holds no funding rates"),
        (HEADER + "1722470400000,8,much\n", "row 2: rate: rate 'much' is not a number"),
        (HEADER + "1722470400000,8\n", "row 2: rate"),
        (HEADER + "soon,8,0.1\n", "row 2: time"),
        (HEADER + "17,8,0.1\n", "17 is no time"),
        (HEADER + "1722470400000,8,0.1\n1722470400000,8,0.1\n", "row 3"),
    ],
)
def test_what_is_no_table_of_rates_is_refused(tmp_path, text, told):
    path = tmp_path / "rates.csv"
    path.write_text(text)
    with pytest.raises(DataError) as refused:
        read_funding(path)
    assert told.split(":")[0] in str(refused.value)
    assert "rates.csv" in str(refused.value)


def ticks(level="l2"):
    """Return rows at 0, 10, 10, 20 ms; the third counts in the receiver's order alone."""
    columns = {
        "ts_event": np.array([0, 10, 10, 20]) * MS,
        "ts_recv": np.array([5, 15, 15, 25]) * MS,
        "price": np.array([100, 101, 101, 102]),
        "qty": np.array([1, 2, 2, 3]),
        "side": np.array([1, 1, 1, 1]),
        "kind": np.full(4, EventKind.DEPTH),
        "flags": np.array([BOTH, EventFlag.ON_EXCHANGE, LAST | EventFlag.ON_LOCAL, BOTH]),
    }
    return Ticks.from_columns(RULES, columns, level=level)


def rates(*times):
    n = len(times)
    return FundingRates(np.array(times) * MS, np.arange(1, n + 1) * 100, np.full(n, 50.3))


def rows(given, chunk_rows):
    kept = [c.columns for c in given.chunks(chunk_rows)]
    return {name: np.concatenate([c[name] for c in kept]) for name in kept[0]}


@pytest.mark.parametrize("chunk_rows", [None, 1, 2, 3])
def test_a_rate_stands_behind_every_row_of_its_time(chunk_rows):
    whole = ticks().with_funding(rates(-5, 0, 10, 15, 20, 30))
    seen = rows(whole, chunk_rows)
    funding = seen["kind"] == EventKind.FUNDING
    assert (seen["ts_event"] // MS).tolist() == [0, 0, 10, 10, 10, 15, 20]
    assert np.flatnonzero(funding).tolist() == [1, 4, 5]
    assert seen["qty"][funding].tolist() == [200, 300, 400]
    assert seen["price"][funding].tolist() == [101, 101, 101]
    assert set(seen["flags"][funding]) == {int(EventFlag.ON_EXCHANGE)}
    assert seen["price"][~funding].tolist() == [100, 101, 101, 102]
    assert whole.rows == 7
    assert whole.metadata["funding_rates"] == 3


def test_funding_is_part_of_what_the_data_are():
    plain, one, other = ticks(), ticks().with_funding(rates(5)), ticks().with_funding(rates(6))
    assert len({plain.sha256, one.sha256, other.sha256}) == 3
    assert ticks().with_funding(rates(100)).sha256 == plain.sha256
