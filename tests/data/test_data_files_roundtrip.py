"""Random bars written in random dialects are read back equal, value by value."""

import datetime as dt
import gzip
import tempfile
import zoneinfo
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from hftsim.data import Repairs, read_bars
from hftsim.data.numbers import NumberStyle, decode_numbers
from hftsim.data.times import decode_times, parse_time

QUICK = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])


@st.composite
def bars(draw: st.DrawFn) -> tuple[list[int], list[tuple[str, str, str, str, str]]]:
    """Return (start times in seconds, rows as decimal texts) of valid bars with gaps."""
    count = draw(st.integers(3, 12))
    start = draw(st.integers(1_000_000_000, 1_900_000_000)) // 60 * 60
    steps = draw(st.lists(st.sampled_from([1, 1, 1, 2, 50]), min_size=count, max_size=count))
    steps[:2] = [1, 1]
    times = [start + 60 * s for s in np.cumsum(steps).tolist()]
    digits = draw(st.integers(0, 8))
    rows = []
    for _ in range(count):
        low, *middle, high = sorted(draw(st.lists(st.integers(1, 10**9), min_size=4, max_size=4)))
        first, last = draw(st.permutations(middle))
        volume = draw(st.integers(0, 10**12))
        rows.append(tuple(decimal(n, digits) for n in (first, high, low, last, volume)))
    return times, rows  # type: ignore[return-value]


def decimal(whole: int, digits: int) -> str:
    text = str(whole).zfill(digits + 1)
    return f"{text[:-digits]}.{text[-digits:]}" if digits else text


TIME_STYLES = {
    "seconds": str,
    "milliseconds": lambda t: f"{t}000",
    "microseconds": lambda t: f"{t}000000",
    "iso": lambda t: stamp(t, "%Y-%m-%d %H:%M:%S"),
    "zulu": lambda t: stamp(t, "%Y-%m-%dT%H:%M:%SZ"),
    "offset": lambda t: stamp(t + 5400, "%Y-%m-%d %H:%M:%S+01:30"),
    "dotted": lambda t: stamp(t, "%d.%m.%Y %H:%M:%S"),
    "compact": lambda t: stamp(t, "%Y%m%d %H%M%S"),
    "mixed": lambda t: str(t * (10**3 if t % 120 else 10**6)),
}


def stamp(seconds: int, pattern: str) -> str:
    return dt.datetime.fromtimestamp(seconds, dt.UTC).strftime(pattern)


@st.composite
def dialects(draw: st.DrawFn) -> dict[str, str]:
    separator = draw(st.sampled_from([",", ";", "\t"]))
    return {
        "separator": separator,
        "decimal": draw(st.sampled_from([".", ","])) if separator != "," else ".",
        "time": draw(st.sampled_from(sorted(TIME_STYLES))),
        "newline": draw(st.sampled_from(["\n", "\r\n"])),
        "encoding": draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16"])),
        "header": draw(
            st.sampled_from(["time,open,high,low,close,volume", "Date,O,H,L,C,Vol", ""])
        ),
        "order": draw(st.sampled_from(["up", "down"])),
        "packing": draw(st.sampled_from(["", "gzip"])),
    }


def write(
    path: Path, table: tuple[list[int], list[tuple[str, ...]]], style: dict[str, str]
) -> None:
    lines = [style["header"].replace(",", style["separator"])] if style["header"] else []
    rows = list(zip(*table, strict=True))
    for time, row in rows if style["order"] == "up" else reversed(rows):
        values = [value.replace(".", style["decimal"]) for value in row]
        lines.append(style["separator"].join([TIME_STYLES[style["time"]](time), *values]))
    content = style["newline"].join([*lines, ""]).encode(style["encoding"])
    path.write_bytes(gzip.compress(content, mtime=0) if style["packing"] else content)


@QUICK
@given(table=bars(), style=dialects())
def test_bars_come_back_from_any_dialect(
    table: tuple[list[int], list[tuple[str, ...]]], style: dict[str, str]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "BTCUSDT.csv"
        write(path, table, style)
        flags = "decimal-comma" if style["decimal"] == "," else "decimal-point"
        sort = Repairs(sort=style["order"] == "down")
        got = read_bars(path, format=f"bars:{flags}", interval="1m", repairs=sort)
    times, rows = table
    assert [t.value for t in got.index] == [t * 10**9 for t in times]
    assert got.to_numpy().tolist() == [[float(v) for v in row] for row in rows]
    assert got.attrs["source"]["gaps"] == int((np.diff(times) > 60).sum())
    assert got.attrs["source"]["interval_ns"] == 60 * 10**9


@QUICK
@given(table=bars(), zone=st.sampled_from(["America/New_York", "Europe/Berlin", "Asia/Kolkata"]))
def test_local_times_come_back_as_the_utc_they_were(
    table: tuple[list[int], list[tuple[str, ...]]], zone: str
) -> None:
    """Repeated hours may be refused, never misread."""
    times, rows = table
    local = [dt.datetime.fromtimestamp(t, zoneinfo.ZoneInfo(zone)) for t in times]
    lines = [f"{t:%Y-%m-%d %H:%M:%S},{','.join(r)}" for t, r in zip(local, rows, strict=True)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "AAPL.csv"
        path.write_text("time,open,high,low,close,volume\n" + "\n".join(lines))
        if any(t.replace(fold=0).utcoffset() != t.replace(fold=1).utcoffset() for t in local):
            return
        got = read_bars(path, timezone=zone, interval="1m")
    assert [t.value for t in got.index] == [t * 10**9 for t in times]


FIRST, LAST = dt.datetime(1980, 1, 2), dt.datetime(2099, 12, 30)  # noqa: DTZ001
TIMES = st.datetimes(FIRST, LAST)
PATTERNS = st.sampled_from(
    [
        *("%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S.%fZ", "%Y/%m/%d %H:%M", "%d.%m.%Y %H:%M:%S"),
        *("%Y%m%d %H%M%S", "%Y-%m-%d", "%d/%m/%Y %I:%M %p", "%Y-%m-%d %H:%M:%S+02:00"),
        *("%Y-%m-%d %H:%M:%S-0330", "%Y%m%d", "%Y%m%d%H%M%S", "%d-%m-%Y %H:%M:%S.%f"),
    ]
)


@QUICK
@given(st.lists(st.tuples(TIMES, PATTERNS), min_size=1, max_size=40), st.booleans())
def test_reading_a_column_of_times_at_once_is_reading_each(
    wanted: list[tuple[dt.datetime, str]], day_first: bool
) -> None:
    """The column reader is the value reader's fast twin, also where layouts are mixed."""
    texts = [t.strftime(p if day_first else p.replace("%d/%m", "%m/%d")) for t, p in wanted]
    found = decode_times(pa.array([*texts, "rubbish"]), day_first=day_first)
    for i, text in enumerate(texts):
        slow = parse_time(text, day_first=day_first)
        assert (slow is None) == bool(found.bad[i])
        if slow:
            assert (int(found.ns[i]), bool(found.aware[i])) == slow[:2]
    assert found.bad[-1]


@QUICK
@given(TIMES, PATTERNS)
def test_a_written_time_means_what_python_wrote(time: dt.datetime, pattern: str) -> None:
    text, shape = time.strftime(pattern), pattern
    read = parse_time(text)
    assert read is not None
    for zone, read_zone in (("Z", "+0000"), ("+02:00", "+02:00"), ("-0330", "-0330")):
        if pattern.endswith(zone):
            text, shape = text.removesuffix(zone) + read_zone, pattern.removesuffix(zone) + "%z"
    meant = dt.datetime.strptime(text, shape)  # noqa: DTZ007
    meant = meant if meant.tzinfo else meant.replace(tzinfo=dt.UTC)
    delta = meant - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
    assert read[0] == (delta.days * 86_400 + delta.seconds) * 10**9 + delta.microseconds * 1000


@QUICK
@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=50))
@example([0.1 + 0.2, 5e-324, 1.7976931348623157e308, -0.0, 2.0**53 + 1])
def test_numbers_are_read_as_python_reads_them(numbers: list[float]) -> None:
    texts = (
        [repr(n) for n in numbers] + [f"{n:.17e}" for n in numbers] + [f" {n!r} " for n in numbers]
    )
    values, missing, text = decode_numbers(pa.array(texts), NumberStyle())
    assert values.tolist() == [float(t) for t in texts]
    assert not missing.any()
    assert not text.any()


@QUICK
@given(st.text(max_size=12))
def test_no_text_is_read_as_a_number_that_python_would_not_read(text: str) -> None:
    values, _, wrong = decode_numbers(pa.array([text]), NumberStyle())
    if not np.isnan(values[0]):
        plain = text.strip().translate({ord(c): None for c in ",' \u00a0\u202f"})
        assert values[0] == float(plain)
        assert not wrong[0]


@QUICK
@given(table=bars(), style=dialects(), cut=st.integers(1, 2000), junk=st.binary(max_size=6))
def test_damage_is_refused_or_harmless_but_never_a_crash(
    table: tuple[list[int], list[tuple[str, ...]]], style: dict[str, str], cut: int, junk: bytes
) -> None:
    """Bytes are replaced or cut off: the reader answers with bars or with its own error."""
    from hftsim.core.errors import InputError

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "BTCUSDT.csv"
        write(path, table, style)
        content = path.read_bytes()
        at = cut % len(content)
        path.write_bytes(content[:at] + junk + content[at + len(junk) :] if junk else content[:at])
        try:
            got = read_bars(path)
        except InputError:
            return
    assert isinstance(got, pd.DataFrame)
