"""NASDAQ ITCH 5.0, on files encoded here from the specification: no full real day is at hand."""

import datetime as dt
import gzip
import struct
from decimal import Decimal

import numpy as np
import pytest

from hftsim.core.errors import DataError
from hftsim.core.events import EventFlag, EventKind
from hftsim.data.ticks import (
    ImportSettings,
    ReadingOptions,
    TickStore,
    check_ticks,
    import_ticks,
)
from hftsim.data.ticks.formats.itch import ItchReader, date_in_name

NAME = "01302019.NASDAQ_ITCH50"
OPEN = int(np.datetime64("2019-01-30T14:30:00", "ns").astype(np.int64))
SECOND = 10**9
NINE_THIRTY = 34_200 * SECOND


def stock(name):
    return name.encode().ljust(8)


def head(kind, ts, locate=7):
    return struct.pack(">cHH", kind.encode(), locate, 0) + ts.to_bytes(6, "big")


class Encoder:
    """Messages as the specification lays them out, one method for each type that matters."""

    def __init__(self, locate=7, name="AAPL"):
        self.messages, self.locate, self.name = [], locate, name
        self.system("O")
        self.directory()

    def put(self, kind, ts, body, locate=None):
        self.messages.append(head(kind, ts, self.locate if locate is None else locate) + body)

    def system(self, code, ts=0):
        self.put("S", ts, code.encode(), 0)

    def directory(self):
        body = stock(self.name) + b"QN" + struct.pack(">I", 100) + b"NCZ PN 1N" + bytes(5)
        self.put("R", 1, body[:28])

    def add(self, ts, ref, side, shares, price, attributed=False):
        body = struct.pack(">QcI8sI", ref, side.encode(), shares, stock(self.name), price)
        self.put("F" if attributed else "A", ts, body + (b"MPID" if attributed else b""))

    def execute(self, ts, ref, shares):
        self.put("E", ts, struct.pack(">QIQ", ref, shares, 99))

    def execute_at(self, ts, ref, shares, price, printed=True):
        flag = b"Y" if printed else b"N"
        self.put("C", ts, struct.pack(">QIQcI", ref, shares, 99, flag, price))

    def cancel(self, ts, ref, shares):
        self.put("X", ts, struct.pack(">QI", ref, shares))

    def delete(self, ts, ref):
        self.put("D", ts, struct.pack(">Q", ref))

    def replace(self, ts, ref, new, shares, price):
        self.put("U", ts, struct.pack(">QQII", ref, new, shares, price))

    def hidden(self, ts, side, shares, price):
        body = struct.pack(">QcI8sIQ", 0, side.encode(), shares, stock(self.name), price, 99)
        self.put("P", ts, body)

    def cross(self, ts, shares, price):
        self.put("Q", ts, struct.pack(">Q8sIQc", shares, stock(self.name), price, 99, b"O"))

    def state(self, ts, code):
        self.put("H", ts, stock(self.name) + code.encode() + b" " + b"T1  ")

    def raw(self):
        return b"".join(struct.pack(">H", len(m)) + m for m in self.messages)

    def write(self, folder, name=NAME):
        path = folder / name
        path.write_bytes(self.raw())
        return path


def taken(path, tmp_path, symbol="AAPL", **options):
    return import_ticks(
        [path], tmp_path / "S", format="itch", options=ReadingOptions(symbol=symbol, **options)
    )


def rows_of(tmp_path):
    chunk = next(TickStore(tmp_path / "S").open().chunks())
    c = {k: v.tolist() for k, v in chunk.columns.items()}
    return [
        (EventKind(k).name, s, p, q, i, bool(f & EventFlag.LAST))
        for k, s, p, q, i, f in zip(
            c["kind"], c["side"], c["price"], c["qty"], c["order_id"], c["flags"], strict=True
        )
    ]


@pytest.fixture
def day():
    e = Encoder()
    e.add(NINE_THIRTY, 1, "B", 100, 1_500_000)
    e.add(NINE_THIRTY + 1, 2, "S", 200, 1_501_000, attributed=True)
    e.execute(NINE_THIRTY + 2, 1, 30)
    e.execute_at(NINE_THIRTY + 3, 2, 50, 1_500_900)
    e.execute_at(NINE_THIRTY + 4, 2, 50, 1_500_900, printed=False)
    e.cancel(NINE_THIRTY + 5, 1, 20)
    e.replace(NINE_THIRTY + 6, 1, 3, 70, 1_499_900)
    e.hidden(NINE_THIRTY + 7, "B", 10, 1_500_500)
    e.cross(NINE_THIRTY + 8, 1000, 1_500_000)
    e.cross(NINE_THIRTY + 9, 0, 0)
    e.state(NINE_THIRTY + 10, "H")
    e.state(NINE_THIRTY + 11, "T")
    e.delete(NINE_THIRTY + 12, 3)
    e.execute(NINE_THIRTY + 13, 2, 100)
    e.delete(NINE_THIRTY + 14, 2)
    e.execute(NINE_THIRTY + 15, 77, 100)
    e.system("C", NINE_THIRTY + 16)
    return e


def test_every_type_of_message(tmp_path, day):
    report = taken(day.write(tmp_path), tmp_path)
    assert str(report.instrument.tick_size) == "0.01"
    assert rows_of(tmp_path) == [
        ("ADD", 1, 15000, 100, 1, True),
        ("ADD", -1, 15010, 200, 2, True),
        ("EXECUTE", 1, 15000, 30, 1, True),
        ("EXECUTE", -1, 15010, 50, 2, True),
        ("REDUCE", -1, 15010, 50, 2, True),
        ("REDUCE", 1, 15000, 20, 1, True),
        ("DELETE", 1, 15000, 50, 1, False),
        ("ADD", 1, 14999, 70, 3, True),
        ("TRADE", 0, 15005, 10, 0, True),
        ("TRADE", 0, 15000, 1000, 0, True),
        ("STATUS", 0, 0, 0, 0, True),
        ("STATUS", 0, 0, 1, 0, True),
        ("DELETE", 1, 14999, 70, 3, True),
        ("EXECUTE", -1, 15010, 100, 2, True),
    ]
    assert report.noted == {
        "messages_on_unknown_orders": 2,
        "executions_not_printed": 1,
        "crosses_without_shares": 1,
        "cross_trades": 1,
        "hidden_executions": 1,
    }
    assert report.start == OPEN
    assert report.end == OPEN + 13


def test_only_the_stock_asked_for_is_read(tmp_path, day):
    other = Encoder(locate=8, name="MSFT")
    other.add(NINE_THIRTY, 1, "S", 5, 200_0000)
    other.delete(NINE_THIRTY + 3, 1)
    mixed = Encoder()
    mixed.messages = [m for pair in zip(day.messages, other.messages, strict=False) for m in pair]
    mixed.messages += day.messages[len(other.messages) :]
    path = mixed.write(tmp_path)
    assert taken(path, tmp_path).rows == 14
    assert taken(path, tmp_path, symbol="MSFT").rows == 2
    with pytest.raises(DataError, match="holds no stock IBM"):
        taken(path, tmp_path, symbol="IBM")
    with pytest.raises(DataError, match="name one with --symbol"):
        taken(path, tmp_path, symbol=None)


def test_packed_and_named_by_its_day(tmp_path, day):
    taken(day.write(tmp_path), tmp_path)
    wanted = TickStore(tmp_path / "S").open().sha256
    packed = tmp_path / "S013019-v50.txt.gz"
    packed.write_bytes(gzip.compress(day.raw()))
    import_ticks([packed], tmp_path / "T", options=ReadingOptions(symbol="AAPL"))
    assert TickStore(tmp_path / "T").open().sha256 == wanted
    nameless = day.write(tmp_path, "feed.bin")
    with pytest.raises(DataError, match="add --date"):
        taken(nameless, tmp_path)
    date = dt.date(2019, 1, 30)
    import_ticks([nameless], tmp_path / "U", options=ReadingOptions(symbol="AAPL", date=date))
    assert TickStore(tmp_path / "U").open().sha256 == wanted


@pytest.mark.parametrize(
    ("name", "date"),
    [
        ("01302019.NASDAQ_ITCH50.gz", "2019-01-30"),
        ("20190130.BX_ITCH_50.gz", "2019-01-30"),
        ("S081321-v50.txt.gz", "2021-08-13"),
        ("itch-2020-02-29.bin", "2020-02-29"),
        ("feed.bin", None),
        ("99992019.x", None),
    ],
)
def test_days_in_names(name, date):
    assert date_in_name(name) == (dt.date.fromisoformat(date) if date else None)


def test_the_aggressor_of_hidden_trades_was_told_until_2014(tmp_path):
    e = Encoder()
    e.add(NINE_THIRTY, 1, "B", 100, 1_500_000)
    e.hidden(NINE_THIRTY + 1, "B", 10, 1_500_000)
    e.hidden(NINE_THIRTY + 2, "S", 10, 1_500_000)
    path = e.write(tmp_path, "20120130.ITCH")
    taken(path, tmp_path)
    assert [r[1] for r in rows_of(tmp_path)] == [1, -1, 1]


def test_an_import_of_an_evening_past_midnight_utc_can_be_repeated(tmp_path):
    """In winter 19:30 in New York is half past midnight: two days of the store, one of the venue."""
    encoder = Encoder()
    encoder.add(NINE_THIRTY, 1, "B", 100, 1_500_000)
    encoder.add(NINE_THIRTY + 10 * 3600 * 10**9, 2, "B", 100, 1_500_000)
    path = encoder.write(tmp_path, "01302019.NASDAQ_ITCH50")
    options, rules = ReadingOptions(symbol="AAPL"), ImportSettings(tick_size=Decimal("0.01"))
    for _ in range(2):
        report = import_ticks([path], tmp_path / "S", options=options, settings=rules)
        assert report.days == ["2019-01-30", "2019-01-31"]
        assert report.rows == 2


def test_a_day_begins_with_an_empty_book(tmp_path):
    """Orders that nothing ended are no more the day after, and their ids are given again."""
    first, second = Encoder(), Encoder()
    first.add(NINE_THIRTY, 1, "B", 100, 1_500_000)
    first.add(NINE_THIRTY + 1, 2, "S", 40, 1_501_000)
    second.add(NINE_THIRTY, 1, "B", 70, 1_480_000)
    days = [
        first.write(tmp_path, "01302019.NASDAQ_ITCH50"),
        second.write(tmp_path, "01312019.NASDAQ_ITCH50"),
    ]
    options, rules = ReadingOptions(symbol="AAPL"), ImportSettings(tick_size=Decimal("0.01"))
    whole = import_ticks(days, tmp_path / "S", options=options, settings=rules)
    assert whole.days == ["2019-01-30", "2019-01-31"]
    for path in days:
        import_ticks([path], tmp_path / "T", options=options, settings=rules)
    for store in ("S", "T"):
        ticks = TickStore(tmp_path / store).open()
        kinds = np.concatenate([np.array(c.columns["kind"]) for c in ticks.chunks()])
        names = [EventKind(k).name for k in kinds.tolist()]
        assert names == ["ADD", "ADD", "CLEAR", "ADD"]
        assert "repeated_orders" not in {f.kind for f in check_ticks(tmp_path / store).findings}
    import_ticks(days[1:], tmp_path / "U", options=options, settings=rules)
    with pytest.raises(
        DataError, match=r"is of 2019-01-30, and .*2019-01-31.arrow was imported bef"
    ):
        import_ticks(days[:1], tmp_path / "U", options=options, settings=rules)


def test_orders_that_contradict(tmp_path):
    e = Encoder()
    e.add(NINE_THIRTY, 1, "B", 100, 1_500_000)
    e.execute(NINE_THIRTY + 2, 1, 180)
    e.delete(NINE_THIRTY + 3, 1)
    report = taken(e.write(tmp_path), tmp_path)
    assert report.noted == {"messages_on_unknown_orders": 1, "more_lots_taken_than_left": 1}
    assert rows_of(tmp_path)[1] == ("EXECUTE", 1, 150, 100, 1, True)
    e = Encoder()
    e.add(NINE_THIRTY, 1, "B", 100, 1_500_000)
    e.add(NINE_THIRTY + 1, 1, "B", 50, 1_490_000)
    path = e.write(tmp_path, "01312019.NASDAQ_ITCH50")
    with pytest.raises(DataError, match=r"row 4, column 'order_id': .*alive already"):
        taken(path, tmp_path)


def plain_rows(messages):
    """The same meaning in plain Python, from tuples instead of bytes."""
    live, rows = {}, []
    for what, ref, *rest in messages:
        if what == "A":
            side, shares, price = rest
            live[ref] = [side, shares, price]
            rows.append(("ADD", side, price, shares, ref))
            continue
        if ref not in live:
            continue
        side, left, price = live[ref]
        if what == "D":
            rows.append(("DELETE", side, price, left, ref))
            del live[ref]
        elif what == "U":
            new, shares, new_price = rest
            rows.append(("DELETE", side, price, left, ref))
            rows.append(("ADD", side, new_price, shares, new))
            del live[ref]
            live[new] = [side, shares, new_price]
        else:
            shares = rest[0]
            kind = "EXECUTE" if what == "E" else "DELETE" if shares >= left else "REDUCE"
            rows.append((kind, side, price, min(shares, left), ref))
            live[ref][1] -= shares
            if live[ref][1] <= 0:
                del live[ref]
    return rows


def test_long_streams_agree_with_plain_python(tmp_path):
    """More live orders than the first table holds, reused slots, and many blocks."""
    rng = np.random.default_rng(6)
    e, told, refs, ts = Encoder(), [], [], NINE_THIRTY
    for number in range(1, 60_000):
        ts += int(rng.integers(1, 10**5))
        draw = rng.random()
        ref = int(refs[rng.integers(len(refs))]) if refs else 0
        if draw < 0.6 or not refs:
            new = number * 1000 + int(rng.integers(1000))
            side, shares = int(rng.choice([1, -1])), int(rng.integers(1, 900))
            price = 1_500_000 - side * 100 * int(rng.integers(1, 50))
            told.append(("A", new, side, shares, price))
            e.add(ts, new, "B" if side > 0 else "S", shares, price)
            refs.append(new)
        elif draw < 0.7:
            told.append(("D", ref))
            e.delete(ts, ref)
        elif draw < 0.8:
            told.append(("X", ref, 100))
            e.cancel(ts, ref, 100)
        elif draw < 0.9:
            told.append(("E", ref, 50))
            e.execute(ts, ref, 50)
        else:
            new = number * 1000 + 5_000_000_000
            told.append(("U", ref, new, 70, 1_500_100))
            e.replace(ts, ref, new, 70, 1_500_100)
            refs.append(new)
    taken(e.write(tmp_path), tmp_path)
    found = [
        (kind, side, price * 100, qty, ref) for kind, side, price, qty, ref, _ in rows_of(tmp_path)
    ]
    wanted = plain_rows(told)
    assert len(found) == len(wanted)
    assert found == wanted


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda raw: raw[:-5], "ends within message 19"),
        (lambda raw: raw.replace(b"\x00\x24A", b"\x00\x25A", 1), "type 'A' has a wrong length"),
        (lambda raw: raw + b"\x00\x13D\x00\x07\x00\x00" + b"\xff" * 6 + bytes(8), "24 hours"),
        (lambda raw: raw.replace(b"B\x00\x00\x00\x64", b"b\x00\x00\x00\x64"), "neither B nor S"),
    ],
)
def test_damage_is_refused_with_its_message(tmp_path, day, damage, words):
    path = tmp_path / NAME
    path.write_bytes(damage(day.raw()))
    with pytest.raises(DataError, match=NAME) as refused:
        taken(path, tmp_path)
    assert words in str(refused.value)


def test_flipped_bits_never_crash(tmp_path, day):
    rng = np.random.default_rng(8)
    raw, refused = day.raw(), 0
    for attempt in range(150):
        damaged = bytearray(raw)
        for place in rng.integers(0, len(raw), 1 + attempt % 4):
            damaged[place] ^= 1 << int(rng.integers(8))
        path = tmp_path / NAME
        path.write_bytes(damaged)
        try:
            report = import_ticks(
                [path],
                tmp_path / f"S{attempt}",
                format="itch",
                options=ReadingOptions(symbol="AAPL"),
            )
        except DataError:
            refused += 1
        else:
            assert 0 < report.rows <= 20
    assert refused > 10


def test_the_real_head_of_a_day(test_data):
    path = test_data / "itch50" / "real_head_1000msgs_SRHY.itch"
    assert ItchReader.recognises(path, path.read_bytes()[:4096])
    date = dt.date(2019, 1, 30)
    for symbol, words in (("ZZZZ", "holds no stock ZZZZ"), ("NOTHERE", "holds no stock NOTHERE")):
        reader = ItchReader(path, ReadingOptions(symbol=symbol, date=date))
        with pytest.raises(DataError, match=words):
            list(reader.blocks())
        reader.close()
    reader = ItchReader(path, ReadingOptions(symbol="AA", date=date))
    rows = [
        (int(k), int(q)) for b in reader.blocks() for k, q in zip(b["kind"], b["qty"], strict=True)
    ]
    reader.close()
    assert rows == [(int(EventKind.STATUS), 1)]
