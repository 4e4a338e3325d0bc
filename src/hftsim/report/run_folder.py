"""A run's folder appears as a whole or not at all, and only ever replaces an earlier run."""

import contextlib
import ctypes
import errno
import json
import os
import shutil
import sys
import uuid
from collections.abc import Iterable, Iterator
from pathlib import Path

from hftsim.core.errors import InputError

MARKER = "hftsim"
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_TAKEN = {errno.ENOTEMPTY, errno.EEXIST}
_AT_FDCWD, _RENAME_EXCHANGE = -100, 2


@contextlib.contextmanager
def atomic_run_folder(out: str | Path) -> Iterator[Path]:
    """Yield an empty folder that becomes `out` when the block ends, and vanishes if it fails.

    Everything is written into a hidden folder beside `out`, which is renamed at the end; an
    earlier run is exchanged for it in that one step and removed afterwards. Of two runs that write
    to one `out` the one that ends last stays, whole.

    Parameters
    ----------
    out : a folder that is new, empty or an earlier run (see `is_run_folder`).

    Raises
    ------
    InputError : `out` is something else, cannot be written, or the disk filled up.
    """
    target = _checked(Path(out))
    staging = target.parent / f".{target.name[:100]}.{uuid.uuid4().hex[:12]}.tmp"
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        staging.mkdir()
    except OSError as error:
        raise InputError(
            f"cannot write a run into {target.parent}: {error.strerror}; choose another --out"
        ) from error
    try:
        with say_if_full(target), _naming(staging, target):
            yield staging
        _put_in_place(staging, target)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def is_run_folder(folder: str | Path) -> bool:
    """Whether a folder holds a finished run: its summary.json carries our marker."""
    try:
        summary = json.loads((Path(folder) / "summary.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(summary, dict) and MARKER in summary


@contextlib.contextmanager
def say_if_full(target: Path) -> Iterator[None]:
    """Turn a full disk, a full quota or a file-size limit into one sentence (InputError)."""
    try:
        yield
    except OSError as error:
        if error.errno not in _FULL:
            raise
        raise InputError(
            f"{target}: {error.strerror} while writing; nothing was kept there: "
            "free some space or choose another place, and run again"
        ) from error


@contextlib.contextmanager
def _naming(staging: Path, target: Path) -> Iterator[None]:
    """Let errors name the folder that the caller knows."""
    try:
        yield
    except InputError as error:
        if type(error) is not InputError or str(staging) not in str(error):
            raise
        raise InputError(str(error).replace(str(staging), str(target))) from error


def replace_file(path: Path, content: bytes | memoryview) -> None:
    """Write a file as a whole: it holds the old content or the new, never a part.

    Raises InputError where the disk is full; the old file is then untouched.
    """
    replace_file_by(path, [content])


def replace_file_by(path: Path, pieces: Iterable[bytes | memoryview]) -> None:
    """Write a file as `replace_file` does, piece by piece as they are made."""
    staging = path.with_name(f".{path.name[:100]}.{uuid.uuid4().hex[:12]}.tmp")
    try:
        with say_if_full(path):
            with staging.open("wb") as file:
                for piece in pieces:
                    file.write(piece)
            staging.replace(path)
    finally:
        staging.unlink(missing_ok=True)


def _checked(out: Path) -> Path:
    target = out.resolve()
    if target == Path.cwd() or target in Path.cwd().parents:
        raise InputError(
            f"{out} is, or holds, the current folder; name a folder of its own for a run"
        )
    if target.is_dir() and os.path.ismount(target):
        raise InputError(f"{out} is a mount point and cannot be replaced; use a folder inside it")
    _require_replaceable(target)
    return target


def _require_replaceable(target: Path) -> None:
    """Refuse a folder of other files; one that another run moves meanwhile is looked at again."""
    while (seen := _identity(target)) is not None:
        if not target.is_dir():
            problem = f"{target} is a file; a run needs a folder: choose another --out"
        else:
            try:
                if next(target.iterdir(), None) is None or is_run_folder(target):
                    return
                problem = (
                    f"{target} holds files that are no hftsim run, and a run replaces its whole "
                    "folder; choose a new or empty folder"
                )
            except OSError as error:
                problem = f"cannot read {target}: {error.strerror}; choose another --out"
        if _identity(target) == seen:
            raise InputError(problem)


def _identity(target: Path) -> tuple[int, int, int] | None:
    """Which folder is there, if any; moving it away and back changes the answer too."""
    try:
        status = target.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return status.st_dev, status.st_ino, status.st_ctime_ns


def _put_in_place(staging: Path, target: Path) -> None:
    for _ in range(100):
        _require_replaceable(target)
        try:
            if target.exists() and _exchange(staging, target):
                return
            _move_over(staging, target)
        except OSError as error:
            if error.errno not in {*_TAKEN, errno.ENOENT}:
                raise
        else:
            return
    raise InputError(f"{target} keeps changing: other runs write to it; choose another --out")


def _exchange(staging: Path, target: Path) -> bool:
    """Swap two folders in one step, where system and file system can (Linux)."""
    if not sys.platform.startswith("linux"):
        return False
    swap = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if swap is None:
        return False
    done: int = swap(
        _AT_FDCWD, os.fsencode(staging), _AT_FDCWD, os.fsencode(target), _RENAME_EXCHANGE
    )
    return done == 0


def _move_over(staging: Path, target: Path) -> None:
    """Move the old run aside, the new one in, and the old one back should that fail."""
    aside = staging.with_suffix(".old")
    try:
        target.rename(aside)
    except FileNotFoundError:
        staging.rename(target)
        return
    try:
        staging.rename(target)
    except OSError:
        _put_back(aside, target)
        raise
    shutil.rmtree(aside, ignore_errors=True)


def _put_back(aside: Path, target: Path) -> None:
    try:
        aside.rename(target)
    except OSError as error:
        if error.errno not in _TAKEN:
            raise
        shutil.rmtree(aside, ignore_errors=True)  # another run came in, later than this one
