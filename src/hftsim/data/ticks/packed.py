"""Plain and packed files as one stream of bytes, with how far it is read and what is wrong."""

import bz2
import gzip
import lzma
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import IO, Any, Self, cast

from hftsim.core.errors import DataError
from hftsim.data.sources import EXPANDED_LIMIT, RATIO_LIMIT, require_file

_DAMAGE = (EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, OSError, ValueError)
"""ValueError: what pyarrow raises for damaged zstd."""
_MAGIC = {
    b"\x1f\x8b": "gzip",
    b"\xfd7zXZ\x00": "xz",
    b"PK\x03\x04": "zip",
    b"PK\x05\x06": "zip",
    b"BZh": "bzip2",
    b"\x28\xb5\x2f\xfd": "zstd",
}
_BLOCK = 1 << 22


class PackedFile:
    """One open file, unpacked while it is read; a context manager.

    gzip (several members too), xz, bzip2, zstd and zip are told by their first bytes, never by the
    name; anything else is read as it is.

    Parameters
    ----------
    path : the file; symbolic links are followed.
    member : which file of a zip archive is meant, by its base name; default: the only one.

    Attributes
    ----------
    name : base name of what is read: the file's own, or the member's.
    packing : ``gzip``, ``xz``, ``bzip2``, ``zstd``, ``zip`` or empty.
    size, done : bytes on disk, and how many of them were read.
    """

    def __init__(self, path: Path, member: Callable[[str], bool] | None = None) -> None:
        self.path, self.name = path, path.name
        self.size = require_file(path)
        self._expanded = 0
        try:
            self._raw: IO[bytes] = path.open("rb")
        except PermissionError:
            raise DataError("may not be read: check its permissions", path=path) from None
        start = self._raw.read(8)
        self._raw.seek(0)
        self.packing = next((name for m, name in _MAGIC.items() if start.startswith(m)), "")
        try:
            self._stream = self._unpack(member)
        except DataError:
            self.close()
            raise

    @property
    def done(self) -> int:
        """Bytes of the file on disk read so far."""
        return min(self._raw.tell(), self.size)

    def read(self, count: int) -> bytes:
        """Return `count` unpacked bytes, fewer only at the end.

        Raises DataError for a damaged or truncated stream, and for one that expands beyond all
        measure.
        """
        pieces: list[bytes] = []
        while count > 0:
            try:
                piece = self._stream.read(count)
            except _DAMAGE as error:
                raise self._damaged(error) from None
            if not piece:
                break
            pieces.append(piece)
            count -= len(piece)
            self._expanded += len(piece)
        packed = max(self._raw.tell(), 1)
        if self.packing and self._expanded > max(EXPANDED_LIMIT, RATIO_LIMIT * packed):
            raise DataError(
                f"expands to more than {RATIO_LIMIT} times its packed size: unpack it yourself if "
                f"you trust it",
                path=self.path,
            )
        return b"".join(pieces)

    def line_blocks(self, size: int = _BLOCK) -> Iterator[bytes]:
        """Yield the text in pieces of about `size` bytes that end at ends of lines."""
        rest = b""
        while piece := self.read(size):
            cut = piece.rfind(b"\n") + 1
            if not cut:
                rest += piece
                continue
            yield rest + piece[:cut]
            rest = piece[cut:]
        if rest:
            yield rest

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

    def _unpack(self, member: Callable[[str], bool] | None) -> IO[bytes]:
        if self.packing == "gzip":
            return cast("IO[bytes]", gzip.GzipFile(fileobj=self._raw))
        if self.packing == "xz":
            return lzma.LZMAFile(self._raw)
        if self.packing == "bzip2":
            return bz2.BZ2File(self._raw)
        if self.packing == "zstd":
            import pyarrow as pa

            return cast("IO[bytes]", pa.CompressedInputStream(pa.PythonFile(self._raw), "zstd"))
        return self._open_member(member) if self.packing == "zip" else self._raw

    def _open_member(self, member: Callable[[str], bool] | None) -> IO[bytes]:
        found = zip_members(self.path, self._raw)
        if member is not None:
            found = [name for name in found if member(PurePosixPath(name).name)]
        if len(found) != 1:
            names = ", ".join(found[:5]) or "none"
            raise DataError(
                f"must hold exactly one file to read here, and holds {len(found)} ({names}): "
                f"unpack it and name the file",
                path=self.path,
            )
        self.name = PurePosixPath(found[0]).name
        try:
            return zipfile.ZipFile(self._raw).open(found[0])
        except (*_DAMAGE, RuntimeError, NotImplementedError) as error:
            raise DataError(f"{found[0]} cannot be unpacked ({error})", path=self.path) from None

    def _damaged(self, error: BaseException) -> DataError:
        what = "is cut off" if isinstance(error, EOFError) else f"is damaged ({error})"
        return DataError(
            f"the {self.packing or 'file'} stream {what} after {self._expanded:,} bytes of data: "
            f"get the file again",
            path=self.path,
        )


def zip_members(path: Path, raw: Any = None) -> list[str]:
    """Return the names of the files in a zip archive; raises DataError for a damaged one."""
    try:
        infos = zipfile.ZipFile(raw or path).infolist()
    except (*_DAMAGE, NotImplementedError) as error:
        raise DataError(f"is a damaged zip file ({error}): get it again", path=path) from None
    names = [i.filename for i in infos if not i.is_dir()]
    return [n for n in names if "__MACOSX" not in n and not PurePosixPath(n).name.startswith(".")]


def is_zip(path: Path) -> bool:
    """Whether the file begins as a zip archive does."""
    with path.open("rb") as file:
        return file.read(2) == b"PK"


def head_of(path: Path, count: int) -> bytes:
    """Return the first unpacked bytes; those of the first readable member of a zip archive.

    Raises DataError for what is no file, and for a stream that is damaged right at its start.
    """
    require_file(path)
    first = zip_members(path)[:1] if is_zip(path) else []
    base = PurePosixPath(first[0]).name if first else ""
    with PackedFile(path, (lambda name: name == base) if base else None) as file:
        return file.read(count)
