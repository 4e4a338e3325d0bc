"""The intake: what is the same for every format."""

import gzip
import json
from decimal import Decimal

import numpy as np
import pytest

import hftsim.data.ticks.intake as intake
from hftsim.core.errors import DataError, InputError, Interrupted, UnknownNameError
from hftsim.core.events import EventFlag, EventKind
from hftsim.data.ticks import ImportSettings, ReadingOptions, TickStore, import_ticks

HEAD = "time,recv_time,side,price,qty\n"
START = 1_723_075_200_000_000_000  # 2024-08-08T00:00Z
DAY = 86_400_000_000_000
RULES = ImportSettings(tick_size=Decimal("0.1"), lot_size=Decimal("0.001"))


def levels(path, rows, head=HEAD):
    """Rows of (ns after the start, latency, side, price, qty)."""
    lines = [f"{START + t},{START + t + late},{s},{p},{q}" for t, late, s, p, q in rows]
    path.write_text(head + "\n".join(lines) + "\n")
    return path


def taken(path, tmp_path, settings=RULES, symbol="BTCUSDT", **more):
    options = ReadingOptions(symbol=symbol)
    return import_ticks(
        [path], tmp_path / "S", format="csv", options=options, settings=settings, **more
    )


def read(tmp_path, symbol="BTCUSDT"):
    parts = [c.columns for c in TickStore(tmp_path / "S").open(symbol).chunks()]
    return {k: np.concatenate([p[k] for p in parts]).tolist() for k in parts[0]}


GOOD = [(0, 5, "bid", "99.9", "1.5"), (10, 5, "ask", "100.1", 2), (20, 5, "bid", "99.9", 0)]


def test_rows_land_in_ticks_and_lots(tmp_path):
    report = taken(levels(tmp_path / "a.csv", GOOD), tmp_path)
    assert (report.rows, report.start, report.end) == (3, START, START + 20)
    assert report.days == ["2024-08-08"]
    rows = read(tmp_path)
    assert rows["price"] == [999, 1001, 999]
    assert rows["qty"] == [1500, 2000, 0]
    assert rows["side"] == [1, -1, 1]
    assert rows["ts_recv"] == [START + 5, START + 15, START + 25]
    assert set(rows["kind"]) == {EventKind.DEPTH}
    both = EventFlag.LAST | EventFlag.ON_EXCHANGE | EventFlag.ON_LOCAL
    assert set(rows["flags"]) == {int(both)}
    known = TickStore(tmp_path / "S").open().metadata
    assert known["source"]["files"][0]["name"] == "a.csv"
    assert known["instrument"]["rules_source"] == "user"
    assert known["corrections"]["fix_order"] is False


def test_tick_and_lot_are_the_smallest_steps_seen(tmp_path):
    rows = [(i, 0, "bid", f"{100 + i * 0.25:.2f}", f"{1 + i * 0.02:.2f}") for i in range(200)]
    report = taken(levels(tmp_path / "a.csv", rows), tmp_path, ImportSettings())
    assert report.instrument.tick_size == Decimal("0.25")
    assert report.instrument.lot_size == Decimal("0.02")
    assert report.instrument.rules_source == "smallest step seen"


def test_few_rows_give_a_power_of_ten(tmp_path):
    report = taken(levels(tmp_path / "a.csv", GOOD), tmp_path, ImportSettings())
    assert (report.instrument.tick_size, report.instrument.lot_size) == (
        Decimal("0.1"),
        Decimal("0.1"),
    )


@pytest.mark.parametrize(
    ("row", "where", "words"),
    [
        ((5, 0, "bid", "99.95", 1), r"row 3, column 'price'", "99.95 is no multiple of the tick"),
        ((5, 0, "bid", "99.9", "0.0005"), r"row 3, column 'qty'", "lot size 0.001"),
    ],
)
def test_values_off_the_grid_are_refused_with_their_row(tmp_path, row, where, words):
    path = levels(tmp_path / "a.csv", [GOOD[0], row])
    with pytest.raises(DataError, match=where) as refused:
        taken(path, tmp_path)
    assert words in str(refused.value)
    assert "a.csv" in str(refused.value)
    assert not (tmp_path / "S").exists()


def test_trades_between_ticks_are_moved_against_whoever_waits(tmp_path):
    """A seller met a hidden bid at 99.95: up to 100.0; a buyer a hidden offer at 100.05: down."""
    path = tmp_path / "a.csv"
    path.write_text(
        "time,type,side,price,qty\n"
        f"{START},depth,bid,99.9,1\n{START + 1},trade,sell,99.95,1\n{START + 2},trade,buy,100.05,1\n"
    )
    report = taken(path, tmp_path)
    assert read(tmp_path)["price"] == [999, 1000, 1000]
    assert report.corrections["off_grid_trades"] == 2


def test_prices_far_beyond_are_refused(tmp_path):
    path = levels(tmp_path / "a.csv", [(0, 0, "bid", 9e9, 1)])
    fine = ImportSettings(tick_size=Decimal("1e-9"), lot_size=Decimal(1))
    with pytest.raises(DataError, match="larger tick size"):
        taken(path, tmp_path, fine)


class TestClocks:
    early = [(0, -40, "bid", 100, 1), (100, -30, "bid", 100, 2), (200, 60, "bid", 100, 3)]

    def test_rows_received_before_they_happened_are_refused(self, tmp_path):
        path = levels(tmp_path / "a.csv", self.early)
        with pytest.raises(DataError, match=r"row 2, column 'ts_recv'.*--fix-clock"):
            taken(path, tmp_path)
        with pytest.raises(DataError, match=r"2 of 3 events were received before.*--fix-clock"):
            taken(path, tmp_path, ImportSettings(fix_order=True))
        assert not (tmp_path / "S").exists()

    def test_one_constant_makes_the_smallest_latency_the_base(self, tmp_path):
        path = levels(tmp_path / "a.csv", self.early)
        report = taken(path, tmp_path, ImportSettings(fix_clock=True, base_latency=7))
        assert report.corrections["clock_shift_ns"] == 47
        assert report.corrections["smallest_latency_ns"] == -40
        assert report.corrections["rows_received_early"] == 2
        rows = read(tmp_path)
        assert rows["ts_event"] == [START, START + 100, START + 200]
        assert rows["ts_recv"] == [START + 7, START + 117, START + 307]

    def test_a_right_clock_is_left_alone(self, tmp_path):
        report = taken(levels(tmp_path / "a.csv", GOOD), tmp_path, ImportSettings(fix_clock=True))
        assert report.corrections["clock_shift_ns"] == 0
        assert read(tmp_path)["ts_recv"][0] == START + 5


class TestOrder:
    late = [(0, 5, "bid", 100, 1), (50, 5, "bid", 101, 2), (20, 40, "bid", 102, 3)]

    def test_rows_out_of_order_are_refused(self, tmp_path):
        path = levels(tmp_path / "a.csv", self.late)
        with pytest.raises(DataError, match=r"row 4, column 'ts_event'.*--fix-order"):
            taken(path, tmp_path)
        with pytest.raises(DataError, match=r"1 of 3 events are out of order.*--fix-order"):
            taken(path, tmp_path, ImportSettings(fix_clock=True))

    def test_a_row_stands_once_in_each_order(self, tmp_path):
        path = levels(tmp_path / "a.csv", self.late)
        report = taken(path, tmp_path, ImportSettings(fix_order=True))
        assert report.corrections["rows_doubled"] == 1
        rows = read(tmp_path)
        assert rows["qty"] == [1, 3, 2, 3]
        assert [f & 12 for f in rows["flags"]] == [12, 4, 12, 8]
        assert report.rows == 4


class TestDays:
    rows = [(0, 0, "bid", 100, 1), (DAY - 1, 0, "bid", 100, 2), (DAY, 0, "bid", 100, 3)]

    def test_a_file_becomes_one_day_file_per_utc_day(self, tmp_path):
        report = taken(levels(tmp_path / "a.csv", self.rows), tmp_path)
        assert report.days == ["2024-08-08", "2024-08-09"]
        store = TickStore(tmp_path / "S")
        assert store.open(end="2024-08-09").rows == 2
        assert read(tmp_path)["qty"] == [1000, 2000, 3000]

    def test_days_may_be_added_and_never_overlap(self, tmp_path):
        one = levels(tmp_path / "a.csv", self.rows[:2])
        other = levels(tmp_path / "b.csv", self.rows[1:])
        more = levels(tmp_path / "c.csv", self.rows[2:])
        taken(one, tmp_path)
        with pytest.raises(DataError, match=r"2024-08-08.arrow: .*imported from a.csv.*overlap"):
            taken(other, tmp_path)
        assert TickStore(tmp_path / "S").days() == ["2024-08-08"]
        taken(more, tmp_path)
        assert TickStore(tmp_path / "S").days() == ["2024-08-08", "2024-08-09"]

    def test_the_same_import_again_keeps_what_is_there(self, tmp_path):
        path = levels(tmp_path / "a.csv", self.rows)
        first = taken(path, tmp_path)
        file = TickStore(tmp_path / "S").file_of("BTCUSDT", "2024-08-08")
        before = file.stat().st_mtime_ns
        again = taken(path, tmp_path)
        assert again.kept_days == again.days == first.days
        assert again.rows == first.rows
        assert file.stat().st_mtime_ns == before
        with pytest.raises(DataError, match="overlap"):  # other settings are another import
            taken(path, tmp_path, ImportSettings(tick_size=Decimal(1), lot_size=Decimal(1)))

    def test_ctrl_c_leaves_finished_days_and_the_same_command_goes_on(self, tmp_path):
        path = tmp_path / "a.csv"
        rows = [(d * DAY + i, 0, "bid", 100, 1) for d in range(3) for i in range(2)]
        levels(path, rows)
        landing, calls = intake.Landing.add, []

        def stop(self, columns, corrected):
            cut = {k: v[:5] for k, v in columns.items()}
            landing(self, cut, corrected)
            calls.append(1)
            raise KeyboardInterrupt

        intake.Landing.add = stop
        try:
            with pytest.raises(
                Interrupted, match=r"2 days are imported \(2024-08-08 to 2024-08-09"
            ):
                taken(path, tmp_path)
        finally:
            intake.Landing.add = landing
        store = TickStore(tmp_path / "S")
        assert store.days() == ["2024-08-08", "2024-08-09"]
        assert sorted(p.name for p in (tmp_path / "S" / "BTCUSDT").iterdir()) == [
            "2024-08-08.arrow",
            "2024-08-09.arrow",
        ]
        report = taken(path, tmp_path)
        assert report.kept_days == ["2024-08-08", "2024-08-09"]
        assert report.days == ["2024-08-08", "2024-08-09", "2024-08-10"]
        assert report.rows == 6

    def test_ctrl_c_while_all_is_read_leaves_nothing(self, tmp_path):
        def stop(done, total, note=""):
            raise KeyboardInterrupt

        path = levels(tmp_path / "a.csv", self.rows)
        with pytest.raises(Interrupted, match="nothing was imported"):
            taken(path, tmp_path, ImportSettings(fix_clock=True), progress=stop)
        assert not (tmp_path / "S").exists()

    def test_what_a_killed_import_left_is_removed(self, tmp_path):
        folder = tmp_path / "S" / "BTCUSDT"
        (folder / ".import-dead").mkdir(parents=True)
        (folder / ".2024-08-08.arrow.1.aa.tmp").write_text("x")
        taken(levels(tmp_path / "a.csv", GOOD), tmp_path)
        assert [p.name for p in folder.iterdir()] == ["2024-08-08.arrow"]


def test_direct_and_spooled_imports_are_the_same(tmp_path):
    rng = np.random.default_rng(2)
    times = np.cumsum(rng.integers(0, 10**9, 3000))
    rows = [(int(t), 7, "bid", 100 + int(rng.integers(9)), 1) for t in times]
    path = levels(tmp_path / "a.csv", rows)
    direct = taken(path, tmp_path)
    hashes = [TickStore(tmp_path / "S").open().sha256]
    for settings in (
        ImportSettings(tick_size=Decimal("0.1"), lot_size=Decimal("0.001"), fix_clock=True),
        ImportSettings(tick_size=Decimal("0.1"), lot_size=Decimal("0.001"), fix_order=True),
    ):
        store = tmp_path / f"S{len(hashes)}"
        import_ticks(
            [path],
            store,
            format="csv",
            options=ReadingOptions(symbol="BTCUSDT"),
            settings=settings,
        )
        hashes.append(TickStore(store).open().sha256)
    assert direct.rows == 3000
    assert len(set(hashes)) == 1


def test_several_files_follow_each_other(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    levels(folder / "b.csv", [(DAY, 0, "bid", 100, 2)])
    levels(folder / "a.csv", [(0, 0, "bid", 100, 1)])
    (folder / "notes.md").write_text("not ticks")
    report = taken(folder, tmp_path)
    assert report.days == ["2024-08-08", "2024-08-09"]
    names = [f["name"] for f in report.metadata[0]["source"]["files"]]
    assert names == ["a.csv", "b.csv"]
    with pytest.raises(DataError, match=r"a.csv, row 2, column 'ts_event'.*earlier"):
        import_ticks(
            [folder / "b.csv", folder / "a.csv"],
            tmp_path / "T",
            options=ReadingOptions(symbol="BTCUSDT"),
            settings=RULES,
        )


def test_gzip_is_read_and_a_cut_stream_is_refused(tmp_path):
    raw = gzip.compress(levels(tmp_path / "a.csv", GOOD).read_bytes())
    path = tmp_path / "b.csv.gz"
    path.write_bytes(raw)
    assert taken(path, tmp_path).rows == 3
    path.write_bytes(raw[:-12])
    with pytest.raises(DataError, match=r"b.csv.gz: the gzip stream is cut off"):
        import_ticks([path], tmp_path / "T", options=ReadingOptions(symbol="BTCUSDT"))


def test_wrong_use_is_told(tmp_path):
    path = levels(tmp_path / "a.csv", GOOD)
    with pytest.raises(UnknownNameError, match="did you mean 'lobster'"):
        import_ticks([path], tmp_path / "S", format="lobstr")
    with pytest.raises(DataError, match="does not exist"):
        import_ticks([tmp_path / "none.csv"], tmp_path / "S")
    with pytest.raises(DataError, match="no file is named"):
        import_ticks([], tmp_path / "S")
    with pytest.raises(InputError, match="of which symbol"):
        import_ticks([path], tmp_path / "S", options=ReadingOptions(venue="binance"))
    with pytest.raises(DataError, match="is a file; a tick store is a folder"):
        import_ticks([path], path, options=ReadingOptions(symbol="BTCUSDT"))
    odd = tmp_path / "odd.bin"
    odd.write_bytes(b"\x00\x01\x02")
    with pytest.raises(DataError, match="of which format"):
        import_ticks([odd], tmp_path / "S")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="holds no file"):
        import_ticks([tmp_path / "empty"], tmp_path / "S")
    assert not (tmp_path / "S").exists()


def test_metadata_are_plain_json(tmp_path):
    taken(levels(tmp_path / "a.csv", GOOD), tmp_path)
    known = TickStore(tmp_path / "S").open().metadata
    assert json.loads(json.dumps(known)) == known
