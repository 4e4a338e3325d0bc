"""Tick files (wide book rows, trades) become bars in one pass; only the bars stay in memory."""

import itertools
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hftsim.core.bars import require_bars
from hftsim.core.errors import DataError
from hftsim.data import Repairs, infer_instrument, read_bars
from hftsim.data.ticks_to_bars import BarBuilder

START = 1704067200
TRADES = """time,price,qty,side
1704067200000,100.0,1.5,buy
1704067210000,101.0,0.5,sell
1704067259999,99.5,1.0,BUY
1704067320000,99.0,2.0,sell
1704067379000,100.5,0.25,b
"""
BOOK = """timestamp,bid_price_1,bid_size_1,ask_price_1,ask_size_1,bid_price_2,bid_size_2
2024-01-01 00:00:00.100,99.9,3,100.1,2,99.8,1
2024-01-01 00:00:30.000,100.9,3,101.1,2,99.8,1
2024-01-01 00:00:59.900,98.9,3,99.1,2,98.8,1
2024-01-01 00:02:10.000,100.1,3,100.2,2,99.8,1
"""


def put(folder: Path, text: str, name: str = "BTCUSDT.csv") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_trades_become_bars_and_empty_minutes_stay_gaps(tmp_path: Path) -> None:
    bars = read_bars(put(tmp_path, TRADES), interval="1m")
    require_bars(bars)
    assert [t.value // 10**9 - START for t in bars.index] == [0, 120]
    first = bars.iloc[0]
    assert first[["open", "high", "low", "close"]].tolist() == [100.0, 101.0, 99.5, 99.5]
    assert first["volume"] == 3.0
    assert first["notional"] == 100.0 * 1.5 + 101.0 * 0.5 + 99.5
    assert first["trade_count"] == 3.0
    assert first["taker_buy_volume"] == 2.5
    assert first["taker_buy_notional"] == 100.0 * 1.5 + 99.5
    source = bars.attrs["source"]
    assert (source["gaps"], source["ticks"], source["interval_ns"]) == (1, 5, 60 * 10**9)
    assert "trades" in source["dialect"]


def test_the_buyer_as_maker_means_that_the_seller_took(tmp_path: Path) -> None:
    text = (
        TRADES.replace("side", "is_buyer_maker")
        .replace("buy\n", "false\n")
        .replace("BUY\n", "False\n")
    )
    text = text.replace("sell\n", "true\n").replace(",b\n", ",false\n")
    bars = read_bars(put(tmp_path, text), interval="1m")
    assert bars["taker_buy_volume"].tolist() == [2.5, 0.25]


def test_trades_without_sides_have_no_taker_columns(tmp_path: Path) -> None:
    text = "\n".join(line.rsplit(",", 1)[0] for line in TRADES.strip().split("\n"))
    bars = read_bars(put(tmp_path, text), interval="1m")
    assert "taker_buy_volume" not in bars
    assert bars["volume"].tolist() == [3.0, 2.25]


@pytest.mark.parametrize(
    "line",
    [
        "{i},100.0,1.5,150.0,{t},False,True",
        "{i},100.0,1.5,150.0,{t},false",
        "{i},100.0,1.5,{i},{i},{t},False,True",
        "{i},100.0,1.5,{i},{i},{t},false",
    ],
    ids=["trades", "futures-trades", "agg-trades", "futures-agg-trades"],
)
def test_binance_trade_dumps_need_no_header(tmp_path: Path, line: str) -> None:
    rows = "\n".join(line.format(i=7 + i, t=(START + 20 * i) * 1000) for i in range(6))
    bars = read_bars(put(tmp_path, rows), interval="1m")
    assert bars["volume"].tolist() == [4.5, 4.5]
    assert bars["taker_buy_volume"].tolist() == [4.5, 4.5]


def test_book_rows_become_bars_of_the_mid_price_of_level_one(tmp_path: Path) -> None:
    bars = read_bars(put(tmp_path, BOOK), interval="1m")
    assert bars["open"].tolist() == [(99.9 + 100.1) / 2, (100.1 + 100.2) / 2]
    assert bars["high"].iloc[0] == (100.9 + 101.1) / 2
    assert bars["low"].iloc[0] == (98.9 + 99.1) / 2
    assert bars["close"].iloc[0] == (98.9 + 99.1) / 2
    assert bars["volume"].tolist() == [0.0, 0.0]
    source = bars.attrs["source"]
    assert "volume is 0: book rows hold no trades; prices are of the mid" in source["warnings"]
    assert (source["price_step"], source["qty_step"]) == ("0.1", "1")
    instrument = infer_instrument(bars)
    assert (str(instrument.tick_size), str(instrument.lot_size)) == ("0.1", "1")


@pytest.mark.parametrize(
    "header",
    [
        "timestamp,bid_price,bid_size,ask_price,ask_size,x,y",
        "timestamp,bid_price_0,bid_size_0,ask_price_0,ask_size_0,bid_price_1,bid_size_1",
        "timestamp,bids_price_0,bids_amount_0,asks_price_0,asks_amount_0,x,y",
        "timestamp,bid1_price,bid1_size,ask1_price,ask1_size,bid2_price,bid2_size",
        "timestamp,best_bid_price,best_bid_qty,best_ask_price,best_ask_qty,x,y",
        "timestamp,bidprice1,bidsize1,askprice1,asksize1,bidprice2,bidsize2",
    ],
)
def test_level_one_is_found_under_its_usual_names(tmp_path: Path, header: str) -> None:
    text = header + "\n" + BOOK.split("\n", 1)[1]
    assert read_bars(put(tmp_path, text), interval="1m")["open"].iloc[0] == 100.0


def test_ticks_of_other_names_are_mapped(tmp_path: Path) -> None:
    text = TRADES.replace("time,price,qty,side", "a,b,c,d")
    columns = {"time": "a", "price": "b", "qty": "c", "side": "d"}
    assert len(read_bars(put(tmp_path, text), columns=columns, interval="1m")) == 2


@pytest.mark.parametrize(
    ("text", "options", "words"),
    [
        (TRADES, {}, "add --interval, for example --interval 1m"),
        (BOOK, {}, "add --interval"),
        (TRADES, {"interval": "1m", "stamp": "close"}, "need no --stamp"),
        (TRADES, {"interval": "1m", "repairs": Repairs(drop_duplicates=True)}, "may all be real"),
        (TRADES.replace("99.0", "x"), {"interval": "1m"}, "row 5, column 'price': 'x'"),
        (TRADES.replace("0.25", "-1"), {"interval": "1m"}, "row 6, column 'qty'"),
        (TRADES.replace(",b\n", ",up\n"), {"interval": "1m"}, "'up' is neither buy nor sell"),
        (
            TRADES.replace("320000", "100000"),
            {"interval": "1m"},
            "row 5, column 'time': is earlier",
        ),
        (
            BOOK.replace("100.1,2", "99.8,2"),
            {"interval": "1m"},
            "row 2: bid 99.9 is above ask 99.8",
        ),
        (BOOK.replace(",ask_price_1", ",x"), {"interval": "1m"}, "has no column 'ask_price'"),
        (TRADES.replace(",qty", ",x"), {"interval": "1m"}, "has no column 'qty'"),
        (TRADES.split("\n")[0], {"interval": "1m"}, "a header and no rows"),
    ],
)
def test_ticks_that_cannot_be_trusted_are_refused(
    tmp_path: Path, text: str, options: dict[str, object], words: str
) -> None:
    with pytest.raises(DataError) as error:
        read_bars(put(tmp_path, text), **options)  # type: ignore[arg-type]
    assert words in str(error.value)


def test_crossed_and_broken_ticks_are_dropped_by_name(tmp_path: Path) -> None:
    text = BOOK.replace("100.9,3,101.1", "102,3,101.1")
    bars = read_bars(put(tmp_path, text), interval="1m", repairs=Repairs(drop_bad_rows=True))
    assert bars["high"].iloc[0] == 100.0
    assert bars.attrs["source"]["repairs"] == {"drop_bad_rows": 1}


def test_ticks_can_be_sorted_by_name(tmp_path: Path) -> None:
    header, *rows = TRADES.strip().split("\n")
    path = put(tmp_path, "\n".join([header, *reversed(rows)]))
    bars = read_bars(path, interval="1m", repairs=Repairs(sort=True))
    pd.testing.assert_frame_equal(
        bars, read_bars(put(tmp_path, TRADES, "B_USDT.csv"), interval="1m")
    )
    assert bars.attrs["source"]["repairs"] == {"sort": 4}


def test_local_ticks_cross_the_repeated_hour_in_pieces(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    utc = pd.date_range("2024-11-03 04:00", "2024-11-03 07:59", freq="13s", tz="UTC")
    rows = [f"{t:%Y-%m-%d %H:%M:%S},100,1,buy" for t in utc.tz_convert("America/New_York")]
    path = put(tmp_path, "time,price,qty,side\n" + "\n".join(rows), "ES.csv")
    monkeypatch.setattr("hftsim.data.textblocks.text_blocks.__defaults__", (5000,))
    bars = read_bars(path, interval="1m", timezone="America/New_York")
    assert bars["trade_count"].sum() == len(utc)
    assert bars.index[0] == utc[0]
    assert bars.attrs["source"]["gaps"] == 0
    with pytest.raises(DataError, match="add --timezone America/New_York"):
        read_bars(path, interval="1m")
    first_pass = [
        r for r, t in zip(rows, utc, strict=True) if t < pd.Timestamp("2024-11-03 06:00Z")
    ]
    path.write_text("time,price,qty,side\n" + "\n".join(first_pass))
    with pytest.raises(DataError, match="happened twice"):
        read_bars(path, interval="1m", timezone="America/New_York")


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.tuples(st.integers(0, 40), st.integers(1, 99), st.integers(0, 9)), min_size=1),
    st.lists(st.integers(0, 60), max_size=4),
)
def test_pieces_of_a_tick_stream_give_the_bars_of_the_whole(
    ticks: list[tuple[int, int, int]], cuts: list[int]
) -> None:
    """Duel with pandas' own resampling, whole and in pieces."""
    times = np.cumsum([t for t, _, _ in ticks]) * 10**9
    price = np.array([float(p) for _, p, _ in ticks])
    qty = np.array([float(q) for _, _, q in ticks])
    builder = BarBuilder(60 * 10**9)
    edges = sorted({0, len(ticks), *(c for c in cuts if c < len(ticks))})
    for a, b in itertools.pairwise(edges):
        builder.add(times[a:b], price[a:b], {"volume": qty[a:b]})
    starts, bars = builder.bars()
    frame = pd.DataFrame({"price": price, "qty": qty}, index=pd.DatetimeIndex(times))
    bins = frame.resample("1min")
    wanted = bins["price"].ohlc().assign(volume=bins["qty"].sum())[bins["qty"].count() > 0]
    assert starts.tolist() == wanted.index.as_unit("ns").asi8.tolist()
    for name in ("open", "high", "low", "close", "volume"):
        assert bars[name].tolist() == wanted[name].tolist()
