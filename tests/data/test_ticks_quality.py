"""Whether ticks can be trusted: findings by hand."""

import numpy as np
import pytest
from lobster_files import PlainMarket
from tick_rows import columns_of_rows, random_l3, write_day

from hftsim.core.errors import DataError
from hftsim.data.ticks import check_tick_file, check_ticks, tick_format
from hftsim.data.ticks.audit import BookAudit

SECOND = 10**9


def checked(tmp_path, columns, **about):
    level = "l3" if "order_id" in columns else "l2"
    write_day(tmp_path / "S", columns, level=level, **about)
    return check_ticks(tmp_path / "S")


def counts(report):
    return {f.kind: f.count for f in report.findings}


LEVELS = [
    (0, "DEPTH", 1, 100, 5),
    (0, "DEPTH", -1, 102, 5),
    (1, "TRADE", 1, 102, 1),
    (1, "TRADE", 1, 102, 1),
    (2, "DEPTH", -1, 102, 4),
]


def test_a_right_day_is_clean(tmp_path):
    report = checked(tmp_path, columns_of_rows(LEVELS))
    assert report.clean
    assert report.findings == []
    assert (report.rows, report.dialect) == (5, "tick store, l2, 1 day(s)")
    assert report.start == "2012-06-21T00:00:00Z"
    assert report.preview[1].tolist() == [1.02, 1.02]


def test_a_crossed_book_is_a_problem(tmp_path):
    rows = [*LEVELS, (3, "DEPTH", 1, 103, 1), (4, "CLEAR_TO", -1, 103, 0), (5, "DEPTH", -1, 104, 1)]
    report = checked(tmp_path, columns_of_rows(rows))
    assert counts(report) == {"crossed_book": 1}
    assert report.findings[0].examples[0]["row"] == 5
    assert not report.clean


def test_a_book_is_looked_at_when_its_packet_is_complete(tmp_path):
    columns = columns_of_rows([*LEVELS, (3, "DEPTH", 1, 102, 1), (3, "DEPTH", -1, 102, 0)])
    columns["flags"][-2] &= ~np.uint8(1)
    assert checked(tmp_path, columns).clean


def test_orders_that_contradict_the_book(tmp_path):
    rows = [
        (0, "ADD", 1, 100, 5, 1),
        (1, "ADD", -1, 101, 5, 2),
        (2, "ADD", 1, 99, 5, 1),
        (3, "REDUCE", 1, 99, 2, 1),
        (4, "EXECUTE", 1, 99, 9, 1),
        (5, "DELETE", 1, 99, 9, 1),
        (6, "MODIFY", -1, 103, 2, 2),
        (7, "DELETE", -1, 103, 2, 2),
        (8, "MODIFY", -1, 103, 2, 7),
    ]
    report = checked(tmp_path, columns_of_rows(rows, orders=True))
    assert counts(report) == {"repeated_orders": 1, "unknown_orders": 2, "beyond_order": 1}
    severities = {f.kind: f.severity for f in report.findings}
    assert severities["repeated_orders"] == "problem"
    assert severities["unknown_orders"] == "note"


def test_the_audit_keeps_the_book():
    audit = BookAudit("l3")
    rows = [
        (0, "ADD", 1, 100, 5, 1),
        (1, "ADD", 1, 101, 5, 2),
        (2, "ADD", -1, 105, 5, 3),
        (3, "EXECUTE", 1, 101, 5, 2),
        (4, "MODIFY", -1, 104, 5, 3),
    ]
    audit.add(columns_of_rows(rows, orders=True), 0)
    assert audit.best() == (100, 104)
    audit.add(columns_of_rows([(5, "CLEAR", 0, 0, 0, 0)], orders=True), 5)
    assert audit.best() is None
    quotes = BookAudit("l1")
    quotes.add(columns_of_rows([(0, "QUOTE", 1, 10, 1), (0, "QUOTE", -1, 9, 1)]), 0)
    assert quotes.counts["crossed_book"] == 1


def test_repeats_extremes_and_silence_inform(tmp_path):
    rows = [
        *LEVELS,
        (2, "DEPTH", -1, 102, 4),
        (3, "TRADE", 1, 102, 1 << 40),
        (700 * SECOND, "TRADE", 1, 150, 1),
    ]
    report = checked(tmp_path, columns_of_rows(rows))
    assert counts(report) == {"repeated_rows": 1, "large_qty": 1, "outlier": 1, "silence": 1}
    assert report.clean


def test_what_the_import_changed_is_told(tmp_path):
    told = {"clock_shift_ns": 1_270_000_000, "rows_doubled": 3, "off_grid_trades": 2}
    report = checked(
        tmp_path, columns_of_rows(LEVELS), corrections=told, noted={"gaps_in_sequence": 4}
    )
    assert counts(report) == {"corrected": 5, "noted": 4}
    words = " ".join(f.sentence for f in report.findings)
    assert "+1.270000 s" in words
    assert "3 rows doubled" in words
    assert "4 gaps in sequence" in words
    assert report.clean


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"ts_event": 1}, "disorder"),
        ({"ts_recv": 1}, "early_recv"),
        ({"kind": 77}, "damaged"),
        ({"qty": -1}, "damaged"),
    ],
)
def test_rows_that_cannot_be_are_problems(tmp_path, change, kind):
    columns = random_l3(50, seed=2)
    for name, value in change.items():
        columns[name][30] = value
    report = checked(tmp_path, columns)
    assert counts(report)[kind] == 1
    assert not report.clean


def test_a_changed_byte_is_found_by_its_hash(tmp_path):
    path = write_day(tmp_path / "S", columns_of_rows(LEVELS), level="l2")
    raw = bytearray(path.read_bytes())
    at = raw.find(np.int64(102).tobytes())
    raw[at] = 103
    path.write_bytes(raw)
    report = check_ticks(path)
    assert "truncated" in counts(report)
    assert str(path) in next(f.sentence for f in report.findings if f.kind == "truncated")


def test_a_file_is_checked_before_it_is_imported(tmp_path):
    messages, _ = PlainMarket(2).run(300).write(tmp_path / "in", 30)
    assert tick_format(messages) == "lobster"
    report = check_tick_file(messages)
    assert report.clean
    assert counts(report) == {"noted": counts(report)["noted"]}
    table = tmp_path / "x.csv"
    table.write_text("time,price\n1,2\n")
    assert tick_format(table) is None
    assert tick_format(table, "lobster") == "lobster"
    assert tick_format(tmp_path) is None


def test_needed_corrections_make_a_file_unclean(tmp_path):
    start = 1_723_075_200_000_000_000
    path = tmp_path / "a.csv"
    path.write_text(
        "time,recv_time,side,price,qty,type\n"
        f"{start},{start - 5},bid,100,1,update\n{start - 9},{start + 9},bid,100,2,update\n"
    )
    from hftsim.data.ticks import ReadingOptions

    report = check_tick_file(path, format="csv", options=ReadingOptions(symbol="BTCUSDT"))
    assert counts(report) == {"early_recv": 1, "disorder": 1}
    assert report.rows == 2
    path.write_text("time,recv_time,side,price,qty,type\nx,1,bid,100,1,update\n")
    with pytest.raises(DataError, match="row 2"):
        check_tick_file(path, format="csv", options=ReadingOptions(symbol="BTCUSDT"))


def test_the_real_hour(test_data):
    deep = test_data / "lobster" / "AAPL_2012-06-21_34200000_37800000_message_50.csv.gz"
    report = check_tick_file(deep)
    assert report.clean
    assert counts(report)["unknown_orders"] == 84
