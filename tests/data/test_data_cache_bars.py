"""The cache of bars: whole or not at all, verified, and never overwritten silently."""

import hashlib
import multiprocessing
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hftsim.core.bars import data_hash, source_of, with_source
from hftsim.core.clock import SimClock
from hftsim.core.errors import DataError, InputError, InstrumentError, UnknownNameError
from hftsim.data.cache import DataCache


def make_bars(start: str, rows: int, *, seed: int = 1, symbol: str = "BTCUSDT") -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    times = pd.date_range(start, periods=rows, freq="1min", tz="UTC", unit="ns", name="ts_open")
    frame = pd.DataFrame(rng.uniform(1, 2, (rows, 5)), index=times)
    frame.columns = pd.Index(["open", "high", "low", "close", "volume"])
    frame["trade_count"] = rng.integers(0, 9, rows).astype(float)
    frame.index.freq = None
    return with_source(frame, symbol=symbol, venue="binance", interval_ns=60 * 10**9, gaps=0)


@pytest.fixture
def cache(tmp_path: Path) -> DataCache:
    return DataCache(tmp_path / "cache")


def test_bars_and_their_source_survive_the_round_trip(cache: DataCache) -> None:
    bars = make_bars("2024-01-01", 500)
    with_source(bars, repairs={"unfinished_bars_dropped": 1}, simulated=False)
    path = cache.save(bars, "BTCUSDT", "1m")
    loaded = cache.load("BTCUSDT", "1m")
    assert loaded is not None
    pd.testing.assert_frame_equal(loaded, bars)
    assert source_of(loaded) == source_of(bars)
    assert data_hash(loaded) == data_hash(bars)
    assert path == cache.cache_dir / "BTCUSDT_1m.parquet"


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(st.integers(1, 10**6), *[st.floats(allow_nan=False, allow_infinity=False)] * 5),
        min_size=1,
        max_size=20,
        unique_by=lambda row: row[0],
    )
)
def test_any_finite_values_survive_to_the_last_bit(
    tmp_path: Path, rows: list[tuple[float, ...]]
) -> None:
    rows = sorted(rows)
    index = pd.DatetimeIndex([int(r[0]) * 60 * 10**9 for r in rows], tz="UTC", name="ts_open")
    names = ["open", "high", "low", "close", "volume"]
    bars = pd.DataFrame([r[1:] for r in rows], columns=names, index=index.as_unit("ns"))
    with_source(bars, interval_ns=60 * 10**9)
    cache = DataCache(tmp_path)
    cache.save(bars, "BTCUSDT", "1m")
    loaded = cache.load("BTCUSDT", "1m")
    assert loaded is not None
    assert data_hash(loaded) == data_hash(bars)


def test_a_miss_is_none_and_makes_no_folder(cache: DataCache) -> None:
    assert cache.load("BTCUSDT", "1m") is None
    assert not cache.cache_dir.exists()


@pytest.mark.parametrize("symbol", ["btcusdt", "BTC/USDT", "BTC-USDT", "btc_usdt"])
def test_a_symbol_is_found_however_it_is_spelled(cache: DataCache, symbol: str) -> None:
    cache.save(make_bars("2024-01-01", 5), symbol, "60s")
    assert cache.load("BTCUSDT", "1m") is not None
    assert cache.load(symbol, "1m") is not None


def test_saving_again_replaces_and_equal_bars_give_equal_files(cache: DataCache) -> None:
    cache.save(make_bars("2024-01-01", 50, seed=1), "BTCUSDT", "1m")
    first = cache.get_cache_info("BTCUSDT", "1m")["sha256"]
    cache.save(make_bars("2024-01-01", 60, seed=2), "BTCUSDT", "1m")
    assert cache.get_cache_info("BTCUSDT", "1m")["rows"] == 60
    cache.save(make_bars("2024-01-01", 50, seed=1), "BTCUSDT", "1m")
    assert cache.get_cache_info("BTCUSDT", "1m")["sha256"] == first


def test_info_tells_what_is_kept(tmp_path: Path) -> None:
    cache = DataCache(tmp_path)
    path = cache.save(make_bars("2024-01-01", 90), "BTCUSDT", "1m")
    written_ns = path.stat().st_mtime_ns
    info = DataCache(tmp_path, clock=SimClock(written_ns + 90 * 10**9)).get_cache_info(
        "btc-usdt", "1m"
    )
    assert info == {
        "symbol": "BTCUSDT",
        "interval": "1m",
        "rows": 90,
        "start": pd.Timestamp("2024-01-01 00:00", tz="UTC"),
        "end": pd.Timestamp("2024-01-01 01:29", tz="UTC"),
        "size_mb": path.stat().st_size / 1e6,
        "age_s": 90.0,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "path": path,
    }


def test_info_of_what_is_not_kept_says_what_is(cache: DataCache) -> None:
    with pytest.raises(InputError, match="kept there: nothing"):
        cache.get_cache_info("BTCUSDT", "1m")
    cache.save(make_bars("2024-01-01", 5), "BTCUSDT", "1m")
    with pytest.raises(InputError, match=r"ETHUSDT 1m is not in .*kept there: BTCUSDT 1m"):
        cache.get_cache_info("ETHUSDT", "1m")


def test_clearing_removes_what_was_named(cache: DataCache) -> None:
    for symbol in ("BTCUSDT", "ETHUSDT"):
        cache.save(make_bars("2024-01-01", 5, symbol=symbol), symbol, "1m")
    (cache.cache_dir / "notes.parquet").write_text("not ours")
    assert cache.clear("eth/usdt") == 1
    assert cache.load("ETHUSDT", "1m") is None
    assert cache.clear(interval="1h") == 0
    assert cache.clear() == 1
    assert [path.name for path in cache.cache_dir.iterdir()] == ["notes.parquet"]
    assert DataCache(cache.cache_dir / "nowhere").clear() == 0


def test_bars_of_something_else_are_refused(cache: DataCache) -> None:
    bars = make_bars("2024-01-01", 5)
    with pytest.raises(DataError, match="bars of BTCUSDT, not of ETHUSDT"):
        cache.save(bars, "ETHUSDT", "1m")
    with pytest.raises(DataError, match="bars of 1m, not of 1h"):
        cache.save(bars, "BTCUSDT", "1h")
    with pytest.raises(UnknownNameError, match="did you mean '1m'"):
        cache.save(bars, "BTCUSDT", "1min")
    with pytest.raises(DataError, match="lack the column 'volume'"):
        cache.save(bars.drop(columns="volume"), "BTCUSDT", "1m")
    with pytest.raises(DataError, match="column 'note': only numbers"):
        cache.save(bars.assign(note="x"), "BTCUSDT", "1m")
    with pytest.raises(DataError, match="column 'ts_open'"):
        cache.save(bars.assign(ts_open=1.0), "BTCUSDT", "1m")
    assert not cache.cache_dir.exists()


@pytest.mark.parametrize("what", ["truncated", "empty", "text", "another parquet"])
def test_a_damaged_file_is_named_and_removed_only_when_asked(cache: DataCache, what: str) -> None:
    path = cache.save(make_bars("2024-01-01", 500), "BTCUSDT", "1m")
    whole = path.read_bytes()
    if what == "another parquet":
        make_bars("2024-01-01", 5).reset_index().to_parquet(path)
    else:
        body = {"truncated": whole[: len(whole) // 2], "empty": b"", "text": b"PAR1 text PAR1"}
        path.write_bytes(body[what])
    with pytest.raises(DataError, match=r"BTCUSDT_1m.parquet: damaged.*on_damage='discard'"):
        cache.load("BTCUSDT", "1m")
    assert path.exists()
    assert cache.load("BTCUSDT", "1m", on_damage="discard") is None
    assert not path.exists()


def test_a_flipped_bit_anywhere_is_noticed_or_harmless(tmp_path: Path) -> None:
    cache = DataCache(tmp_path)
    bars = make_bars("2024-01-01", 64)
    path = cache.save(bars, "BTCUSDT", "1m")
    whole = path.read_bytes()
    rng = np.random.default_rng(5)
    noticed = 0
    for position in rng.choice(len(whole), 400, replace=False):
        body = bytearray(whole)
        body[position] ^= 1 << int(rng.integers(8))
        path.write_bytes(body)
        try:
            loaded = cache.load("BTCUSDT", "1m")
        except DataError:
            noticed += 1
        else:
            assert loaded is not None
            pd.testing.assert_frame_equal(loaded, bars)
            assert source_of(loaded) == source_of(bars)
    assert noticed > 250


def test_an_update_extends_what_is_kept(cache: DataCache) -> None:
    cache.save(make_bars("2024-01-01 00:00", 60), "BTCUSDT", "1m")
    report = cache.update(make_bars("2024-01-01 01:00", 30))
    assert (report.rows, report.added, report.overlap.repeated) == (90, 30, 0)
    assert (report.overlap.revised, report.overlap.sentence()) == (0, "")
    loaded = cache.load("BTCUSDT", "1m")
    assert loaded is not None
    assert len(loaded) == 90
    assert source_of(loaded)["gaps"] == 0


def test_an_update_of_earlier_bars_leaves_a_counted_gap(cache: DataCache) -> None:
    cache.save(make_bars("2024-01-02", 60), "BTCUSDT", "1m")
    cache.update(make_bars("2024-01-01", 60))
    loaded = cache.load("BTCUSDT", "1m")
    assert loaded is not None
    assert loaded.index.is_monotonic_increasing
    assert source_of(loaded)["gaps"] == 1


def test_the_same_update_twice_leaves_the_same_file(cache: DataCache) -> None:
    bars = with_source(make_bars("2024-01-01", 60), repairs={"unfinished_bars_dropped": 1})
    path = cache.update(bars).path
    before = path.read_bytes()
    report = cache.update(bars)
    assert (report.added, report.overlap.repeated) == (0, 60)
    assert path.read_bytes() == before


def test_the_first_update_saves(cache: DataCache) -> None:
    report = cache.update(make_bars("2024-01-01", 60))
    assert (report.rows, report.added) == (60, 60)
    assert report.path.exists()


@pytest.mark.parametrize("choice", ["keep", "take"])
def test_revised_bars_are_reported_and_kept_or_taken_by_name(cache: DataCache, choice: str) -> None:
    old = make_bars("2024-01-01", 60)
    new = make_bars("2024-01-01", 61)
    new.iloc[:60] = old.to_numpy()
    new.iloc[7, 4] = 99.0
    new.iloc[9, 0] = 98.0
    cache.save(old, "BTCUSDT", "1m")
    report = cache.update(new, on_revised=choice)  # type: ignore[arg-type]
    assert (report.overlap.revised, report.overlap.repeated, report.added) == (2, 58, 1)
    assert report.taken is (choice == "take")
    assert report.overlap.sentence().startswith(
        "2 revised, first at 2024-01-01 00:07:00+00:00: volume 1."
    )
    assert report.overlap.sentence().endswith("became 99")
    loaded = cache.load("BTCUSDT", "1m")
    assert loaded is not None
    assert loaded.iloc[7, 4] == (old.iloc[7, 4] if choice == "keep" else 99.0)
    assert source_of(loaded)["repairs"] == {"revised_bars": 2}


def test_revised_bars_can_be_refused(cache: DataCache) -> None:
    old, new = make_bars("2024-01-01", 60), make_bars("2024-01-01", 60)
    new.iloc[7, 4] = 99.0
    path = cache.save(old, "BTCUSDT", "1m")
    before = path.read_bytes()
    with pytest.raises(
        DataError, match=r"1 revised, first at 2024-01-01 00:07:00.*on_revised='keep'"
    ):
        cache.update(new, on_revised="raise")
    assert path.read_bytes() == before


def test_bars_that_do_not_belong_together_are_not_merged(cache: DataCache) -> None:
    cache.save(make_bars("2024-01-01", 60), "BTCUSDT", "1m")
    later = make_bars("2024-01-02", 60)
    with pytest.raises(DataError, match="differ in the columns trade_count"):
        cache.update(later.drop(columns="trade_count"), "BTCUSDT", "1m")
    with pytest.raises(DataError, match="simulated and real bars cannot be mixed"):
        cache.update(with_source(later.copy(), simulated=True))
    with pytest.raises(DataError, match="of binance, the new ones of yahoo"):
        cache.update(with_source(later.copy(), venue="yahoo"))
    later.attrs = {}
    with pytest.raises(InputError, match="do not say their symbol"):
        cache.update(later)


@pytest.fixture
def tiny_disk() -> Iterator[None]:
    """Let no file grow beyond 4 kB, as a full disk would: writes fail with OSError."""
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_leaves_the_earlier_file_and_nothing_half_written(
    cache: DataCache, request: pytest.FixtureRequest
) -> None:
    path = cache.save(make_bars("2024-01-01", 5), "BTCUSDT", "1m")
    before = path.read_bytes()
    request.getfixturevalue("tiny_disk")
    with pytest.raises(InputError, match=r"BTCUSDT_1m.parquet: cannot be written.*nothing was"):
        cache.save(make_bars("2024-01-01", 5000), "BTCUSDT", "1m")
    assert path.read_bytes() == before
    assert [entry.name for entry in cache.cache_dir.iterdir()] == [path.name]


def test_a_folder_that_cannot_be_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    cache = DataCache(tmp_path / "file")
    with pytest.raises(InputError, match="cannot be written: "):
        cache.save(make_bars("2024-01-01", 5), "BTCUSDT", "1m")
    with pytest.raises(InputError, match="cannot be read: Not a directory"):
        cache.load("BTCUSDT", "1m")


def test_a_read_only_folder_can_be_read_and_says_that_it_cannot_be_written(
    cache: DataCache,
) -> None:
    cache.save(make_bars("2024-01-01", 5), "BTCUSDT", "1m")
    cache.cache_dir.chmod(0o555)
    if os.access(cache.cache_dir, os.W_OK):
        pytest.skip("this user may write anywhere")
    try:
        assert cache.load("BTCUSDT", "1m") is not None
        with pytest.raises(InputError, match="cannot be written: Permission denied"):
            cache.save(make_bars("2024-01-01", 6), "BTCUSDT", "1m")
        with pytest.raises(InputError, match="cannot be removed: Permission denied"):
            cache.clear()
    finally:
        cache.cache_dir.chmod(0o755)


def _write_many(folder: str, seed: int) -> None:
    cache = DataCache(folder)
    bars = make_bars("2024-01-01", 2000, seed=seed)
    for _ in range(15):
        cache.save(bars, "BTCUSDT", "1m")


def test_two_writers_at_once_never_leave_a_broken_file(tmp_path: Path) -> None:
    folder = tmp_path / "cache"
    wanted = {data_hash(make_bars("2024-01-01", 2000, seed=seed)) for seed in (1, 2)}
    _write_many(str(folder), 1)
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_write_many, args=(str(folder), seed)) for seed in (1, 2)]
    for writer in writers:
        writer.start()
    seen, cache = set(), DataCache(folder)
    while any(writer.is_alive() for writer in writers):
        loaded = cache.load("BTCUSDT", "1m")
        assert loaded is not None
        seen.add(data_hash(loaded))
    for writer in writers:
        writer.join()
        assert writer.exitcode == 0
    assert seen <= wanted
    assert [path.name for path in folder.iterdir()] == ["BTCUSDT_1m.parquet"]


def test_no_symbol_leaves_the_folder(cache: DataCache) -> None:
    with pytest.raises(InstrumentError):
        cache.path("", "1m")
    for symbol in ("../x", "A/../../etc", "..", "/etc/passwd"):
        assert cache.path(symbol, "1m").resolve().parent == cache.cache_dir.resolve()


def test_two_processes_that_update_one_entry_keep_the_bars_of_both(tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "from hftsim.data import DataCache, create_sample_bars\n"
        "for day in range(int(sys.argv[2]), 20, 2):\n"
        "    bars = create_sample_bars(1440, seed=day, start=f'2024-01-{day + 1:02d}')\n"
        "    DataCache(sys.argv[1]).update(bars)\n"
    )
    folder = tmp_path / "kept"
    both = [
        subprocess.Popen([sys.executable, "-c", code, str(folder), str(first)]) for first in (0, 1)
    ]
    assert [process.wait() for process in both] == [0, 0]
    assert DataCache(folder).get_cache_info("SIMUSDT", "1m")["rows"] == 20 * 1440
    assert [p.name for p in folder.iterdir()] == ["SIMUSDT_1m.parquet"]
