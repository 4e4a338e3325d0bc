"""Open what a user names as data: a plain, packed or columnar file, and nothing that is not a file."""

import bz2
import difflib
import gzip
import lzma
import stat
import zipfile
import zlib
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import IO, Self, cast

from hftsim.core.errors import DataError

DATA_SUFFIXES = (".csv", ".txt", ".tsv", ".parquet", ".pq", ".feather", ".arrow", ".ipc")
PACKED_SUFFIXES = (".gz", ".xz", ".zip", ".bz2")
EXPANDED_LIMIT = 256 << 20
RATIO_LIMIT = 200
_PIECE = 1 << 16

_PACKINGS = {
    b"\x1f\x8b": "gzip",
    b"\xfd7zXZ\x00": "xz",
    b"PK\x03\x04": "zip",
    b"PK\x05\x06": "zip",
    b"BZh": "bzip2",
}
_CONTAINERS = {b"PAR1": "parquet", b"ARROW1": "feather"}
_FOREIGN = {
    b"\x28\xb5\x2f\xfd": "is packed with zstd: unpack it first",
    b"FEA1": "is a Feather file of the old version 1: write it again with a current library",
    b"\x89HDF": "is an HDF5 file: save the table as CSV or Parquet",
    b"SQLite f": "is a SQLite database: save the table as CSV or Parquet",
    b"<!doctype": "is a web page, not a table: download the data file itself",
    b"<html": "is a web page, not a table: download the data file itself",
    b"<?xml": "is XML, not a table: save it as CSV or Parquet",
    b"{": "is JSON, not a table: save it as CSV or Parquet",
    b"[": "is JSON, not a table: save it as CSV or Parquet",
}
_DAMAGE = (EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, OSError)


class Source:
    """One open data file; a context manager.

    Parameters
    ----------
    path : the file; symbolic links are followed.
    lenient : end a damaged stream early and say so in `damage` instead of raising.

    Attributes
    ----------
    container : ``text``, ``parquet`` or ``feather``, by the first bytes, never by the name.
    packing : ``gzip``, ``xz``, ``zip``, ``bzip2`` or empty.
    size, done : bytes on disk, and how many of them were read.
    damage : what is wrong with a stream that was read leniently; else empty.
    """

    def __init__(self, path: str | Path, *, lenient: bool = False) -> None:
        self.path = Path(path)
        self.size = require_file(self.path)
        self.damage = ""
        self.lenient, self._expanded, self._first = lenient, 0, b""
        try:
            self._raw: IO[bytes] = self.path.open("rb")
        except PermissionError:
            raise DataError("may not be read: check its permissions", path=self.path) from None
        try:
            self.packing = _by_magic(self._raw, _PACKINGS)
            self._stream = self._unpack()
            self._first = self.read(4096)
            self.container = self._recognise()
        except DataError:
            self.close()
            raise

    @property
    def done(self) -> int:
        """Bytes of the file read so far."""
        return min(self._raw.tell(), self.size)

    def read(self, count: int) -> bytes:
        """Return up to `count` unpacked bytes, empty at the end.

        Raises DataError for a damaged or truncated stream and for one that expands beyond
        `RATIO_LIMIT` times what was read of the file once `EXPANDED_LIMIT` bytes came out.
        """
        first, self._first = self._first, b""
        if self.damage:
            return first
        data = self._take(count - len(first))
        self._expanded += len(data)
        if self.packing and self._expanded > EXPANDED_LIMIT:
            _refuse_bomb(self.path, self._expanded, self._raw.tell())
        return first + data

    def _take(self, count: int) -> bytes:
        """Read; leniently in small pieces, so that what comes before the damage is kept."""
        pieces: list[bytes] = []
        try:
            if not self.lenient:
                return self._stream.read(count)
            while count > 0 and (piece := self._stream.read1(min(count, _PIECE))):  # type: ignore[attr-defined]
                pieces.append(piece)
                count -= len(piece)
        except _DAMAGE as error:
            self._note_damage(error, sum(map(len, pieces)))
        return b"".join(pieces)

    def close(self) -> None:
        """Close the file."""
        self._raw.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _unpack(self) -> IO[bytes]:
        if self.packing == "gzip":
            return cast("IO[bytes]", gzip.GzipFile(fileobj=self._raw))
        if self.packing == "xz":
            return lzma.LZMAFile(self._raw)
        if self.packing == "bzip2":
            return bz2.BZ2File(self._raw)
        return _open_zip(self._raw, self.path) if self.packing == "zip" else self._raw

    def _recognise(self) -> str:
        start = self._first.lstrip(b"\xef\xbb\xbf \r\n\t")[:16]
        for magic, sentence in _FOREIGN.items():
            if magic in (start[: len(magic)], start[: len(magic)].lower()):
                raise DataError(sentence, path=self.path)
        if self._first[257:262] == b"ustar":
            raise DataError("is a tar archive: unpack it first", path=self.path)
        container = next((c for m, c in _CONTAINERS.items() if self._first.startswith(m)), "text")
        if container != "text" and self.packing:
            raise DataError(
                f"is a {container} file inside {self.packing}: unpack it first", path=self.path
            )
        return container

    def _note_damage(self, error: Exception, more: int) -> None:
        cut = isinstance(error, EOFError)
        what = "is cut off" if cut else f"is damaged ({error})"
        self.damage = (
            f"the {self.packing or 'file'} stream {what} after {self._expanded + more:,} bytes of data: "
            f"get the file again"
        )
        if not self.lenient:
            raise DataError(self.damage, path=self.path) from None


def require_file(path: Path) -> int:
    """Return the size of the regular file at `path`; symbolic links are followed.

    Raises DataError, in one sentence, for anything else: missing, folder, pipe, device, empty.
    """
    if path.parts[:2] in (("/", "dev"), ("/", "proc")) or str(path) == "-":
        raise DataError("is not a file: save the data to a file and name that", path=path)
    try:
        found = path.stat()
    except FileNotFoundError:
        raise DataError(_missing(path), path=path) from None
    except PermissionError:
        raise DataError("may not be read: check the folder's permissions", path=path) from None
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise DataError(f"cannot be opened ({why})", path=path) from None
    if stat.S_ISDIR(found.st_mode):
        raise DataError("is a folder: name one of the files in it", path=path)
    if not stat.S_ISREG(found.st_mode):
        kind = "a pipe" if stat.S_ISFIFO(found.st_mode) else "a device or socket"
        raise DataError(f"is {kind}, not a file: save the data to a file", path=path)
    if found.st_size == 0:
        raise DataError("is empty (0 bytes)", path=path)
    return found.st_size


def _missing(path: Path) -> str:
    if path.is_symlink():
        return "is a link to a file that does not exist"
    try:
        siblings = [p.name for p in path.parent.iterdir()]
    except OSError:
        siblings = []
    near = difflib.get_close_matches(path.name, siblings, 1, 0.7)
    return f"does not exist; did you mean {near[0]!r}?" if near else "does not exist"


def _by_magic(raw: IO[bytes], magics: dict[bytes, str]) -> str:
    start = raw.read(8)
    raw.seek(0)
    return next((name for magic, name in magics.items() if start.startswith(magic)), "")


def _refuse_bomb(path: Path, expanded: int, packed: int) -> None:
    if expanded > RATIO_LIMIT * max(packed, 1):
        raise DataError(
            f"expands to more than {RATIO_LIMIT} times its packed size ({expanded:,} bytes so "
            f"far): unpack it yourself if you trust it",
            path=path,
        )


def _open_zip(raw: IO[bytes], path: Path) -> IO[bytes]:
    try:
        archive = zipfile.ZipFile(raw)
    except (zipfile.BadZipFile, NotImplementedError) as error:
        raise DataError(f"is a damaged zip file ({error}): get it again", path=path) from None
    member = _only_data_file(archive.infolist(), path)
    if member.file_size > EXPANDED_LIMIT:
        _refuse_bomb(path, member.file_size, member.compress_size)
    try:
        return archive.open(member)
    except (RuntimeError, NotImplementedError, zipfile.BadZipFile) as error:
        raise DataError(f"{member.filename} cannot be unpacked ({error})", path=path) from None


def _only_data_file(members: list[zipfile.ZipInfo], path: Path) -> zipfile.ZipInfo:
    for member in members:
        name = PurePosixPath(member.filename.replace("\\", "/"))
        if name.is_absolute() or ".." in name.parts or ":" in name.parts[0]:
            raise DataError(
                f"holds {member.filename!r}, a path outside the archive: it is not opened",
                path=path,
            )
    files = [m for m in members if not m.is_dir() and not _is_litter(m.filename)]
    if any(m.filename == "[Content_Types].xml" for m in files):
        raise DataError("is an Excel workbook: save the sheet as CSV", path=path)
    data = [m for m in files if PurePosixPath(m.filename).suffix.lower() in DATA_SUFFIXES]
    data = data or (files if len(files) == 1 else [])
    if len(data) != 1:
        names = ", ".join(m.filename for m in (data or files)[:5]) or "nothing"
        raise DataError(
            f"must hold exactly one data file, and holds {len(data)} ({names}): unpack the one you "
            f"want",
            path=path,
        )
    return data[0]


def _is_litter(name: str) -> bool:
    parts = PurePosixPath(name).parts
    return "__MACOSX" in parts or parts[-1].startswith(".")
