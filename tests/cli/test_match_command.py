"""`hftsim match`: files of orders in, files of reports out."""

import gzip
import os
from decimal import Decimal

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

HEADER = "seq,op,order_id,side,type,tif,price,qty,owner,display_qty"
ORDERS = """
10,new,1,sell,limit,GTC,100,5,0,0
20,new,2,sell,limit,GTC,100,10,0,3
30,new,3,sell,limit,GTC,100,4,0,0
40,new,9,buy,limit,IOC,100,14,0,0
41,cancel,77,,,,,,,
42,replace,2,,,,101,6,,
43,new,10,buy,market,,,2,0,0
44,new,11,Buy,limit,GTC,99,1,0,0
45,new,12,buy,limit,XXX,99,1,0,0
46,new,13,buy,limit,GTX,99,1,0,0
"""
REPORTS = """seq,report,order_id,match_id,price,qty,leaves_qty
10,ack,1,0,100,5,5
20,ack,2,0,100,10,10
30,ack,3,0,100,4,4
40,ack,9,0,100,14,14
40,fill,9,1,100,5,9
40,fill,1,9,100,5,0
40,fill,9,2,100,3,6
40,fill,2,9,100,3,7
40,fill,9,3,100,4,2
40,fill,3,9,100,4,0
40,fill,9,2,100,2,0
40,fill,2,9,100,2,5
41,reject,77,0,0,0,0
42,replace,2,0,101,6,6
43,ack,10,0,0,2,2
43,fill,10,2,101,2,0
43,fill,2,10,101,2,4
44,reject,11,0,99,1,0
45,reject,12,0,99,1,0
46,ack,13,0,99,1,1
"""


def orders_file(folder, text=ORDERS, header=HEADER):
    path = folder / "orders.csv"
    path.write_text(header + text, encoding="utf-8")
    return path


def test_csv_to_csv(hftsim, tmp_path):
    ended = hftsim("match", orders_file(tmp_path), "--out", "reports.csv", "--json")
    assert ended.code == 0
    counts = {name: ended.answer[name] for name in ("messages", "reports", "fills", "volume")}
    assert counts == {"messages": 10, "reports": 20, "fills": 5, "volume": 16}
    assert (tmp_path / "reports.csv").read_text() == REPORTS


def test_parquet_to_parquet(hftsim, tmp_path):
    table = pd.read_csv(orders_file(tmp_path))
    assert table["price"].dtype == float  # as pandas writes a column with empty prices
    table.to_parquet("orders.parquet")
    assert hftsim("match", "orders.parquet", "--out", "reports.parquet").code == 0
    (tmp_path / "expected.csv").write_text(REPORTS)
    pd.testing.assert_frame_equal(pd.read_parquet("reports.parquet"), pd.read_csv("expected.csv"))


def test_columns_that_may_be_left_out(hftsim, tmp_path):
    path = orders_file(
        tmp_path, "\n1,new,1,buy,7,2\n2,new,2,sell,7,2\n", "seq,op,order_id,side,price,qty"
    )
    ended = hftsim("match", path, "--out", "reports.csv", "--json")
    assert (ended.answer["fills"], ended.answer["volume"]) == (1, 2)


def test_many_chunks_are_one_stream(hftsim, tmp_path, monkeypatch):
    from hftsim.book import order_files

    path = orders_file(tmp_path)
    pd.read_csv(path).to_parquet("orders.parquet")
    monkeypatch.setattr(order_files, "_ROWS", 3)
    monkeypatch.setattr(order_files, "_BLOCK_BYTES", 120)
    for source in (path, "orders.parquet"):
        assert hftsim("match", source, "--out", "reports.csv").code == 0
        assert (tmp_path / "reports.csv").read_text() == REPORTS


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("1,new,1,buy,limit,GTC,10.5,1,0,0", "row 2, column 'price': '10.5' is not a whole number"),
        ("1,new,9223372036854775808,buy,limit,GTC,1,1,0,0", "row 2, column 'order_id'"),
        ("1,new,1,buy,limit,GTC,1,many,0,0", "row 2, column 'qty': 'many' is not"),
        (",new,1,buy,limit,GTC,1,1,0,0", "row 2, column 'seq': is empty"),
        ("1,new,1,buy", "row 2: has 4 fields where the header has 10"),
    ],
)
def test_wrong_rows_are_told_with_file_and_row(hftsim, tmp_path, row, told):
    ended = hftsim("match", orders_file(tmp_path, f"\n{row}\n"), "--out", "reports.csv")
    assert ended.code == 2
    assert ended.err.count("\n") == 1
    assert "orders.csv" in ended.err
    assert told in ended.err
    assert {p.name for p in tmp_path.iterdir()} == {"orders.csv"}


def test_wrong_files_are_told(hftsim, tmp_path):
    path = orders_file(tmp_path)
    (tmp_path / "empty.csv").write_text("")
    cases = {
        ("none.csv", "r.csv"): "none.csv",
        ("empty.csv", "r.csv"): "is empty",
        (path, "r.txt"): "unknown kind of file",
        (path, path): "is the file that is read",
        (path, tmp_path): "is a folder",
        (tmp_path, "r.csv"): "is a folder: name a file of orders",
    }
    for (source, out), told in cases.items():
        ended = hftsim("match", source, "--out", out)
        assert (ended.code, told in ended.err) == (2, True)
    wrong = orders_file(tmp_path, ORDERS, HEADER.replace("order_id", "orderid"))
    assert "did you mean 'orderid'?" in hftsim("match", wrong, "--out", "r.csv").err


def test_a_file_that_is_there_is_replaced_only_by_a_whole_one(hftsim, tmp_path):
    path, out = orders_file(tmp_path), tmp_path / "reports.csv"
    out.write_text("before")
    broken = tmp_path / "broken.csv"
    broken.write_text(path.read_text() + "47,new,x,buy,limit,GTC,1,1,0,0\n")
    assert hftsim("match", broken, "--out", out).code == 2
    assert out.read_text() == "before"
    assert hftsim("match", path, "--out", out).code == 0
    assert out.read_text() == REPORTS


def test_csv_packed_with_gzip_is_read(hftsim, tmp_path):
    head, rest = (HEADER + ORDERS).split("40,", 1)
    members = gzip.compress(head.encode()) + gzip.compress(f"40,{rest}".encode())
    (tmp_path / "orders.csv.gz").write_bytes(members)
    assert hftsim("match", "orders.csv.gz", "--out", "reports.csv").code == 0
    assert (tmp_path / "reports.csv").read_text() == REPORTS
    (tmp_path / "cut.csv.gz").write_bytes(members[:-20])
    ended = hftsim("match", "cut.csv.gz", "--out", "other.csv")
    assert (ended.code, ended.err.count("\n")) == (2, 1)
    assert "cut.csv.gz: cannot be read: Compressed file ended" in ended.err


@pytest.mark.parametrize("text", [HEADER, HEADER + "\n", HEADER + "\r\n\r\n"])
def test_a_header_alone_is_no_orders(hftsim, tmp_path, text):
    (tmp_path / "orders.csv").write_bytes(text.encode())
    assert hftsim("match", "orders.csv", "--out", "reports.csv", "--json").answer["messages"] == 0
    assert (tmp_path / "reports.csv").read_text() == REPORTS.split("\n")[0] + "\n"


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        (b'{"a":1}\n', "row 1: there is no column 'seq'"),
        (b"1,new,1,buy,limit,GTC,100,1,0,0\n", "row 1: there is no column 'seq'"),
        (b"\xef\xbb\xbf", "is empty"),
        ((HEADER + ORDERS).encode("utf-16"), "is neither CSV in UTF-8 nor Parquet"),
        (b"PK\x03\x04" + bytes(60), "is neither CSV in UTF-8 nor Parquet"),
    ],
)
def test_other_files_are_told(hftsim, tmp_path, raw, told):
    (tmp_path / "orders.csv").write_bytes(raw)
    ended = hftsim("match", "orders.csv", "--out", "reports.csv")
    assert (ended.code, ended.err.count("\n")) == (2, 1)
    assert f"orders.csv: {told}" in ended.err or f"orders.csv, {told}" in ended.err


def test_a_pipe_is_told(hftsim, tmp_path):
    os.mkfifo(tmp_path / "orders.csv")
    assert "is not a plain file" in hftsim("match", "orders.csv", "--out", "reports.csv").err


def parquet_orders(**columns):
    told = {
        "seq": [1, 2],
        "op": ["new", "new"],
        "order_id": [1, 2],
        "side": ["buy", "sell"],
        "type": ["limit", "market"],
        "price": pa.array([7, None], pa.int64()),
        "qty": [5, 2],
    }
    pq.write_table(pa.table(told | columns), "orders.parquet")
    return "orders.parquet"


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("price", pa.array(["7", ""])),
        ("price", pa.array(["7", None], pa.large_string())),
        ("price", pa.array([7, None]).dictionary_encode()),
        ("price", pa.array([Decimal("7.0"), None])),
        ("qty", pa.array(["5", "2"], pa.large_string())),
        ("owner", pa.nulls(2)),
        ("side", pa.array(["buy", "sell"], pa.large_string()).dictionary_encode()),
    ],
)
def test_columns_of_parquet_of_any_plain_type(hftsim, tmp_path, column, values):
    source = parquet_orders(**{column: values})
    ended = hftsim("match", source, "--out", "reports.csv", "--json")
    assert (ended.answer["fills"], ended.answer["volume"]) == (1, 2)
    assert (tmp_path / "reports.csv").read_text().split("\n")[3] == "2,fill,2,1,7,2,0"


@pytest.mark.parametrize(
    ("column", "values", "told"),
    [
        ("owner", pa.array([True, False]), "column 'owner': holds bool, not whole numbers"),
        ("seq", pa.array([1, 2], pa.timestamp("ns")), "column 'seq': holds timestamp[ns]"),
        ("qty", pa.array([5.0, 2.5]), "row 3, column 'qty': '2.5' is not a whole number"),
        ("price", pa.array([Decimal("7.5"), None]), "row 2, column 'price': '7.5' is not"),
    ],
)
def test_columns_of_parquet_that_are_no_numbers_are_told(hftsim, tmp_path, column, values, told):
    ended = hftsim("match", parquet_orders(**{column: values}), "--out", "reports.csv")
    assert (ended.code, told in ended.err) == (2, True)


def test_a_large_number_with_a_point_is_read_exactly(hftsim, tmp_path):
    path = orders_file(tmp_path, "\n1,new,1,buy,limit,GTC,9007199254740993.0,1e2,0,0\n")
    assert hftsim("match", path, "--out", "reports.csv").code == 0
    told = (tmp_path / "reports.csv").read_text().split("\n")[1]
    assert told == "1,ack,1,0,9007199254740993,100,100"


def test_icebergs_of_any_number_of_slices(hftsim, tmp_path):
    most = (1 << 63) - 1
    rows = [
        f"1,new,1,sell,limit,GTC,100,{most},0,1",
        "2,new,2,buy,limit,IOC,100,2,0,1",
        f"3,replace,1,,,,100,{most - 9},,",
        f"4,new,3,buy,limit,IOC,99,{most},0,1",
    ]
    path = orders_file(tmp_path, "\n" + "\n".join(rows) + "\n")
    assert hftsim("match", path, "--out", "reports.csv").code == 0
    assert (tmp_path / "reports.csv").read_text().split("\n")[1:-1] == [
        f"1,ack,1,0,100,{most},{most}",
        "2,ack,2,0,100,2,2",
        "2,fill,2,1,100,1,1",
        f"2,fill,1,2,100,1,{most - 1}",
        "2,fill,2,1,100,1,0",
        f"2,fill,1,2,100,1,{most - 2}",
        f"3,replace,1,0,100,{most - 9},{most - 9}",
        f"4,ack,3,0,99,{most},{most}",
        f"4,expire,3,0,99,{most},0",
    ]


def test_a_message_that_would_trade_for_years_is_told(hftsim, tmp_path, monkeypatch):
    from hftsim.cli.commands import match

    monkeypatch.setattr(match, "_MOST_ROWS", 100_000)
    most = (1 << 63) - 1
    rows = f"\n1,new,1,sell,limit,GTC,100,{most},0,1\n7,new,2,buy,market,GTC,,{most},0,0\n"
    ended = hftsim("match", orders_file(tmp_path, rows), "--out", "reports.csv")
    assert (ended.code, ended.err.count("\n")) == (2, 1)
    assert "orders.csv, row 3: makes more than 100,000 reports" in ended.err
    assert {p.name for p in tmp_path.iterdir()} == {"orders.csv"}
