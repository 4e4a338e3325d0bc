"""Files of orders and of reports, CSV or Parquet: read and written in chunks."""

import contextlib
import decimal
import gzip
import io
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NamedTuple, Self, cast

import numpy as np

from hftsim.core.enums import MessageOp, OrderType, ReportKind, Side, TimeInForce
from hftsim.core.errors import DataError, InputError, did_you_mean

if TYPE_CHECKING:
    import pyarrow as pa

REPORT_COLUMNS = ("seq", "report", "order_id", "match_id", "price", "qty", "leaves_qty")
"""Columns of a file of reports."""

_WORDS: dict[str, dict[str, int]] = {
    "op": {m.name.lower(): m for m in (MessageOp.NEW, MessageOp.CANCEL, MessageOp.REPLACE)},
    "side": {"buy": Side.BUY, "sell": Side.SELL},
    "type": {"limit": OrderType.LIMIT, "market": OrderType.MARKET},
    "tif": {
        m.name: m for m in (TimeInForce.GTC, TimeInForce.IOC, TimeInForce.FOK, TimeInForce.GTX)
    },
}
_UNKNOWN = {"op": 0, "side": 0, "type": 0, "tif": 255}
"""What an unknown word becomes: a number that the engine refuses."""
_EMPTY = {"op": 0, "side": 0, "type": int(OrderType.LIMIT), "tif": int(TimeInForce.GTC)}
_NUMBERS = ("seq", "order_id", "price", "qty", "owner", "display_qty")
_NEEDED = ("seq", "op", "order_id", "side", "price", "qty")
_KNOWN = (*_NEEDED, "type", "tif", "owner", "display_qty")
_ROWS = 1 << 17
_BLOCK_BYTES = 8 << 20
_RAGGED = re.compile(r"Row #(\d+): Expected (\d+) columns, got (\d+)")
_GZIP, _UTF8_MARK = b"\x1f\x8b", b"\xef\xbb\xbf"
_MOST = 1 << 63


class OrderChunk(NamedTuple):
    """Some rows of a file of orders.

    Attributes
    ----------
    seq : the numbers of the messages, int64.
    columns : what `OrderBook.process` takes.
    done : how much of the file has been read, in the units of `OrderFile.size`.
    """

    seq: np.ndarray
    columns: dict[str, np.ndarray]
    done: int


class OrderFile:
    """A file of orders as ``hftsim match`` reads it: docs name the columns `_KNOWN`.

    Parameters
    ----------
    path : CSV, also packed with gzip, or Parquet; told by its content.

    Raises
    ------
    InputError
        There is no such file. A DataError names file, row and column of what is wrong in it.
    """

    def __init__(self, path: Path) -> None:
        if not path.is_file():
            told = "is not a plain file: save what it gives" if path.exists() else ""
            told = "is a folder: name a file of orders" if path.is_dir() else told
            raise InputError(f"{path}: {told or 'there is no such file'}")
        self._path = path
        with path.open("rb") as file:
            start = file.read(4)
        self._is_parquet, self._is_packed = start == b"PAR1", start.startswith(_GZIP)

    @property
    def size(self) -> int:
        """Rows of a Parquet file, bytes of a CSV file."""
        if not self._is_parquet:
            return self._path.stat().st_size
        import pyarrow.parquet as pq

        with self._telling():
            return int(pq.ParquetFile(self._path).metadata.num_rows)

    def chunks(self) -> Iterator[OrderChunk]:
        """Yield the rows in order."""
        first = 0
        with self._telling():
            for batch, done in self._parquet() if self._is_parquet else self._csv():
                if batch.num_rows:
                    yield self._chunk(batch, first, first + batch.num_rows if done < 0 else done)
                first += batch.num_rows

    @contextlib.contextmanager
    def _telling(self) -> Iterator[None]:
        import pyarrow as pa

        try:
            yield
        except (pa.ArrowException, UnicodeDecodeError, OSError, EOFError, zlib.error) as error:
            told = str(error).splitlines()[0] if str(error) else type(error).__name__
            if found := _RAGGED.search(told):
                row, wanted, got = map(int, found.groups())
                sentence = f"has {got} fields where the header has {wanted}"
                raise DataError(sentence, path=self._path, row=row) from None
            raise DataError(f"cannot be read: {told}", path=self._path) from None

    def _parquet(self) -> Iterator[tuple["pa.RecordBatch", int]]:
        import pyarrow.parquet as pq

        with pq.ParquetFile(self._path) as file:
            self._check_header(file.schema_arrow.names)
            wanted = [name for name in file.schema_arrow.names if name in _KNOWN]
            for batch in file.iter_batches(_ROWS, columns=wanted):
                yield batch, -1

    def _csv(self) -> Iterator[tuple["pa.RecordBatch", int]]:
        import pyarrow as pa
        from pyarrow import csv

        convert = csv.ConvertOptions(
            column_types=dict.fromkeys(_KNOWN, pa.string()),
            strings_can_be_null=True,
            null_values=[""],
        )
        reading = csv.ReadOptions(block_size=_BLOCK_BYTES, use_threads=False)  # it counts rows then
        with self._path.open("rb") as raw:
            text = self._text(raw)
            with csv.open_csv(text, read_options=reading, convert_options=convert) as reader:
                self._check_header(reader.schema.names)
                for batch in reader:
                    yield batch, 0 if raw.closed else raw.tell()

    def _text(self, raw: IO[bytes]) -> IO[bytes]:
        """Return the bytes of a CSV file, unpacked, once it is known to have a first line."""
        file = cast("IO[bytes]", gzip.GzipFile(fileobj=raw)) if self._is_packed else raw
        head = file.read(1 << 16)
        if any(byte < ord("\t") or byte > 0xF4 for byte in head[:4]):
            raise DataError("is neither CSV in UTF-8 nor Parquet", path=self._path)
        if not head.removeprefix(_UTF8_MARK).strip():
            needed = ", ".join(_NEEDED)
            raise DataError(f"is empty; it needs the columns {needed}", path=self._path)
        if len(head.splitlines()) == 1 and not file.read(1):
            return io.BytesIO(head + b"\n")  # the reader wants an end of the line
        file.seek(0)
        return file

    def _check_header(self, names: list[str]) -> None:
        for name in _NEEDED:
            if name not in names:
                there = did_you_mean(name, names)
                raise DataError(f"there is no column {name!r}; {there}", path=self._path, row=1)
        for name in names:
            if names.count(name) > 1:
                raise DataError("the column is there twice", path=self._path, row=1, field=name)

    def _chunk(self, batch: "pa.RecordBatch", first: int, done: int) -> OrderChunk:
        names = batch.schema.names
        plain = {name: self._plain(batch[name], name) for name in _NUMBERS if name in names}
        columns = {name: self._numbers(column, name, first) for name, column in plain.items()}
        columns |= {name: self._words(batch[name], name) for name in _WORDS if name in names}
        columns["has_price"] = ~np.asarray(plain["price"].is_null())
        if plain["seq"].null_count:
            row = int(np.argmax(np.asarray(plain["seq"].is_null())))
            raise DataError("is empty", path=self._path, row=first + row + 2, field="seq")
        return OrderChunk(columns.pop("seq"), columns, done)

    def _words(self, column: "pa.Array", name: str) -> np.ndarray:
        import pyarrow as pa

        coded = column.cast(pa.string()).dictionary_encode()
        known = [_WORDS[name].get(word, _UNKNOWN[name]) for word in coded.dictionary.to_pylist()]
        codes = np.array([*known, _EMPTY[name]], np.int64)
        places = coded.indices.fill_null(len(known)).to_numpy(zero_copy_only=False)
        return np.asarray(codes[places])

    def _plain(self, column: "pa.Array", name: str) -> "pa.Array":
        """Return a column of numbers as numbers or text; what is blank or absent is null."""
        import pyarrow as pa
        from pyarrow import compute

        if not self._is_parquet:
            return column
        if pa.types.is_dictionary(column.type):
            column = column.dictionary_decode()
        told, types = column.type, pa.types
        if types.is_null(told):
            return column.cast(pa.int64())
        if types.is_string(told) or types.is_large_string(told) or types.is_string_view(told):
            column = column.cast(pa.string())
            return compute.if_else(compute.equal(column, ""), pa.scalar(None, pa.string()), column)
        if types.is_integer(told) or types.is_floating(told) or types.is_decimal(told):
            return column
        raise DataError(f"holds {told}, not whole numbers", path=self._path, field=name)

    def _numbers(self, column: "pa.Array", name: str, first: int) -> np.ndarray:
        import pyarrow as pa

        filled = column.fill_null("0" if pa.types.is_string(column.type) else 0)
        try:
            return np.asarray(filled.cast(pa.int64()).to_numpy(zero_copy_only=False))
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            pass
        numbers = np.zeros(len(filled), np.int64)
        for row, value in enumerate(filled.to_pylist()):
            number = whole_number(value)
            if number is None:
                told = f"{str(value)!r} is not a whole number of 64 bits"
                raise DataError(told, path=self._path, row=first + row + 2, field=name)
            numbers[row] = number
        return numbers


def whole_number(value: object) -> int | None:
    """Return an integer that was written as text or as a float (``100.0``), None if it is none."""
    try:
        number = decimal.Decimal(value if isinstance(value, float) else str(value).strip())
    except decimal.InvalidOperation:
        return None
    if not number.is_finite() or not -_MOST <= number < _MOST:
        return None
    return int(number) if number == number.to_integral_value() else None


class ReportFile:
    """Writes a file of reports, CSV or Parquet by its name: whole, or not at all.

    Parameters
    ----------
    path : replaced when the block of the ``with`` statement ends well.

    Raises
    ------
    InputError
        Another suffix, or a folder.
    """

    def __init__(self, path: Path) -> None:
        if path.is_dir():
            raise InputError(f"{path} is a folder; name a file")
        if path.suffix.lower() not in (".csv", ".parquet"):
            raise InputError(
                f"{path}: unknown kind of file {path.suffix!r}; write .csv or .parquet"
            )
        self._path = path
        self._part = path.with_name(f".{path.name}.part")
        self._file: IO[bytes] | None = None
        self._words = np.array([""] + [kind.name.lower() for kind in ReportKind], object)

    def __enter__(self) -> Self:
        """Begin beside the file."""
        import pyarrow as pa

        kinds = {name: pa.string() if name == "report" else pa.int64() for name in REPORT_COLUMNS}
        self._schema = pa.schema(kinds)
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._writer = self._open()
        except OSError as error:
            raise InputError(f"{self._path} cannot be written: {error.strerror}") from None
        return self

    def _open(self) -> Any:
        if self._path.suffix.lower() == ".csv":
            from pyarrow import csv

            self._file = self._part.open("wb")
            self._file.write((",".join(REPORT_COLUMNS) + "\n").encode())
            options = csv.WriteOptions(include_header=False, quoting_style="none")
            return csv.CSVWriter(self._file, self._schema, write_options=options)
        import pyarrow.parquet as pq

        return pq.ParquetWriter(str(self._part), self._schema)

    def write(self, seq: np.ndarray, reports: np.ndarray) -> None:
        """Append reports; `seq` has the number of the message of each."""
        import pyarrow as pa

        words = pa.DictionaryArray.from_arrays(
            pa.array(reports["kind"].astype(np.int32)), pa.array(self._words.tolist())
        ).cast(pa.string())
        arrays = [
            pa.array(seq) if n == "seq" else words if n == "report" else pa.array(reports[n])
            for n in REPORT_COLUMNS
        ]
        try:
            self._writer.write_table(pa.Table.from_arrays(arrays, schema=self._schema))
        except OSError as error:
            raise InputError(f"{self._path} cannot be written: {error}") from None

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Put the file in its place, or take away what was written."""
        self._writer.close()
        if self._file is not None:
            self._file.close()
        if kind is None:
            self._part.replace(self._path)
        else:
            self._part.unlink(missing_ok=True)
