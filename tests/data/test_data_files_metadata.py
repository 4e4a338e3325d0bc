"""What a file says of itself is read back, and what cannot trade is said."""

import io
from pathlib import Path

import pandas as pd
import pytest

from hftsim.core.errors import DataError
from hftsim.data import read_bars

ROWS = "".join(f"2024-01-01 00:0{m}:00,10,12,9,11,5\n" for m in range(4))
HEADER = "time,open,high,low,close,volume\n"


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_the_venue_that_a_file_names_is_known(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"abc.{kind}"
    if kind == "csv":
        path.write_text("# venue: kraken\n# symbol: XBTEUR\n" + HEADER + ROWS)
    else:
        table = pd.read_csv(io.StringIO(HEADER + ROWS))
        table.attrs["source"] = {"venue": "kraken", "symbol": "XBTEUR"}
        table.to_parquet(path)
    source = read_bars(path).attrs["source"]  # a crypto venue: naive times are UTC
    assert (source["venue"], source["asset"], source["timezone"]) == ("kraken", "crypto", "UTC")
    assert read_bars(path, venue="coinbase").attrs["source"]["venue"] == "coinbase"


def test_bars_without_any_volume_are_warned_about(tmp_path: Path) -> None:
    path = tmp_path / "BTCUSDT.csv"
    path.write_text(HEADER + ROWS.replace(",5\n", ",0\n"))
    assert read_bars(path).attrs["source"]["warnings"] == [
        "volume is 0 in every bar: nothing fills unless max_volume_share is 0, which lifts the "
        "limit to a share of the volume"
    ]


def test_naive_times_of_nobody_knows_what_may_be_said_to_be_crypto(tmp_path: Path) -> None:
    path = tmp_path / "bars.csv"
    path.write_text(HEADER + ROWS)
    with pytest.raises(DataError) as refused:
        read_bars(path)
    assert str(refused.value) == (
        f"{path}: times are local times of an unknown zone (UTC if this is crypto: --asset "
        f"crypto); add --timezone America/New_York"
    )
    with pytest.raises(DataError, match="times are local times of an unknown zone; add --timezone"):
        read_bars(path, symbol="AAPL")
    assert read_bars(path, asset="crypto").attrs["source"]["timezone"] == "UTC"
