"""The files an import is made of."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from hftsim.core.errors import DataError
from hftsim.data.sources import require_file
from hftsim.data.ticks.importing import (
    HEAD_BYTES,
    ReadingOptions,
    TickReader,
    detect_format,
    reader_class,
)
from hftsim.data.ticks.packed import head_of


@dataclasses.dataclass(frozen=True)
class Origin:
    """One file and its format."""

    path: Path
    format: str

    def reader(self, options: ReadingOptions) -> TickReader:
        """Open the file."""
        return reader_class(self.format)(self.path, options)


def origins_of(
    sources: Sequence[str | Path], format: str | None
) -> tuple[list[Origin], list[Origin]]:
    """Return the files to read, in order, and those that only go with them.

    Of a folder those of the format are taken, by name. All files have one format.

    Raises DataError where there is none, a file does not exist, or formats differ.
    """
    if not sources:
        raise DataError("no file is named; name what to import")
    if format is not None:
        reader_class(format)
    found: list[Origin] = []
    for source in map(Path, sources):
        if source.is_dir():
            found += _in_folder(source, format)
        else:
            require_file(source)
            found.append(Origin(source, format or detect_format(source)))
    formats = {origin.format for origin in found}
    if len(formats) > 1:
        raise DataError(f"the files have different formats ({', '.join(sorted(formats))})")
    companions = [o for o in found if reader_class(o.format).is_companion(o.path)]
    needed = [o for o in found if o not in companions]
    if not needed:
        raise DataError("holds no events, only what goes with them", path=found[0].path)
    return needed, companions


def _in_folder(folder: Path, format: str | None) -> list[Origin]:
    files = sorted(p for p in folder.iterdir() if p.is_file() and not p.name.startswith("."))
    found = []
    for file in files:
        if not file.stat().st_size:
            continue
        try:
            head = head_of(file, HEAD_BYTES)
            if format is None:
                found.append(Origin(file, detect_format(file)))
            elif reader_class(format).recognises(file, head):
                found.append(Origin(file, format))
        except DataError:
            if format is not None and reader_class(format).recognises(file, b""):
                raise
    if not found:
        raise DataError(
            f"holds no file of {'the format ' + format if format else 'a known format'}",
            path=folder,
        )
    return found
