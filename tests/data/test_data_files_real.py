"""The real files: read as they are, or refused with everything that must be added."""

from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest

from hftsim.core.bars import require_bars
from hftsim.core.errors import DataError
from hftsim.data import Repairs, check_file, infer_instrument, read_bars, split_files

NEW_YORK = "America/New_York"
US_OPTIONS = {"timezone": NEW_YORK, "stamp": "close", "repairs": Repairs(sort=True)}


@pytest.mark.parametrize("symbol", ["BTCUSDT", "ETHUSDT"])
def test_binance_spot_minutes(test_data: Path, symbol: str) -> None:
    path = test_data / "binance_1m" / f"{symbol}_1m_Q4_2024.csv"
    bars = read_bars(path, symbol=symbol)
    require_bars(bars)
    assert len(bars) == 50_000
    assert bars.index[0] == pd.Timestamp("2024-10-01 03:00", tz="UTC")
    assert bars.attrs["source"]["gaps"] == 0
    with path.open() as file:
        texts = [line.strip().split(",") for line in file][1:]
    assert bars["close"].tolist() == [float(t[4]) for t in texts]
    assert bars["volume"].tolist() == [float(t[5]) for t in texts]
    assert check_file(path).clean


@pytest.mark.parametrize("symbol", ["AVAXUSDT", "LINKUSDT", "NEARUSDT"])
def test_binance_twelve_column_dumps(test_data: Path, symbol: str) -> None:
    path = test_data / "binance_1m_futures" / f"{symbol}-1m-2023-02.csv"
    bars = read_bars(path)
    assert bars.shape == (40_320, 9)
    assert bars.attrs["source"]["symbol"] == symbol
    assert (bars["taker_buy_volume"] <= bars["volume"]).all()
    peer = pl.read_csv(path)
    for ours, theirs in (
        ("close", "close"),
        ("notional", "quote_volume"),
        ("trade_count", "count"),
    ):
        assert np.array_equal(bars[ours].to_numpy(), peer[theirs].to_numpy())
    assert infer_instrument(bars).rules_source == "smallest step seen"


@pytest.mark.parametrize("symbol", ["AAPL", "MSFT", "SPY", "VOO"])
def test_us_equity_minutes_are_refused_with_all_that_is_needed(
    test_data: Path, symbol: str
) -> None:
    path = test_data / "us_equity_1m" / f"{symbol}_1min.csv"
    with pytest.raises(DataError) as error:
        read_bars(path)
    assert str(error.value).endswith("add --timezone America/New_York --sort --stamp close")
    bars = read_bars(path, **US_OPTIONS)  # type: ignore[arg-type]
    require_bars(bars)
    local = bars.index.tz_convert(NEW_YORK)
    assert str(local[0]) == "2019-02-11 09:30:00-05:00"
    assert str(local[-1]) == "2019-02-15 15:59:00-05:00"
    source = bars.attrs["source"]
    assert (source["symbol"], source["session_breaks"]) == (symbol, 4)
    assert source["repairs"] == {"sort": len(bars)}
    assert len(bars) + sum(source["largest_gap"]["missing"] for _ in "x" if source["gaps"]) <= 1950
    assert check_file(path, **US_OPTIONS).clean  # type: ignore[arg-type]
    unrepaired = check_file(path)
    assert not unrepaired.clean
    assert {"newest_first", "timezone", "stamp", "sessions"} <= {
        f.kind for f in unrepaired.findings
    }
    instrument = infer_instrument(bars)
    assert (str(instrument.tick_size), str(instrument.lot_size)) == ("0.01", "1")


def test_parquet_of_two_exchanges(test_data: Path) -> None:
    folder = test_data / "cross_exchange_1m"
    binance = read_bars(folder / "binance_btcusdt.parquet")
    coinbase = read_bars(folder / "coinbase_btcusdt.parquet", symbol="BTC-USDT")
    assert len(binance) == 30_240
    assert binance.attrs["source"]["gaps"] == 0
    assert coinbase.attrs["source"]["gaps"] > 0
    both = binance["close"].to_frame("b").join(coinbase["close"].rename("c"), how="inner")
    assert len(both) == len(coinbase)
    dollars = read_bars(folder / "coinbase_btcusd.parquet", venue="coinbase")
    assert infer_instrument(dollars, "BTCUSD").kind == "spot"


def test_other_kinds_of_data_are_refused_as_bars(test_data: Path) -> None:
    for name, words in (
        ("equities_daily/ppo_stock_prices_19tickers.csv", "has no column 'open'"),
        ("equities_daily/skfolio_sp500_20tickers.csv.gz", "has no column 'open'"),
        (
            "lobster/AAPL_2012-06-21_34200000_37800000_message_50.csv.gz",
            "'34200.004241176' is no time",
        ),
        ("lobster/LOBSTER_SampleFile_AAPL_2012-06-21_1.zip", "exactly one data file"),
        ("lobster/AAPL_L10_head", "is a folder"),
        ("itch50/real_head_1000msgs_SRHY.itch", "binary"),
        ("binance_ticks/spot_btcusdt_20240808.gz", "not a table"),
        ("ws_recordings/KRAKEN.jsonl.zst", "zstd"),
    ):
        with pytest.raises(DataError) as error:
            read_bars(test_data / name)
        assert words in str(error.value)


def test_folders_of_real_files(test_data: Path) -> None:
    names = [p.name for p in split_files(test_data / "us_equity_1m")]
    assert names == ["AAPL_1min.csv", "MSFT_1min.csv", "SPY_1min.csv", "VOO_1min.csv"]
    with pytest.raises(DataError, match="no data file"):
        split_files(test_data / "itch50")
