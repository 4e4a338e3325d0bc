"""Compiles once and keeps the machine code on disk, under a key that covers its whole meaning.

Numba's own cache looks only at the modification time of the file in which a function stands; ours
is keyed by the sources that a kernel is made of (for kernels) or by the walked bytecode (for
strategies). Numba adds the CPU and its own version to the key.
"""

import contextlib
import functools
import hashlib
import itertools
import logging
import os
import re
import secrets
import signal
import stat
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import llvmlite
import numba
import numpy as np
from numba import njit, types
from numba.core.bytecode import FunctionIdentity
from numba.core.caching import CompileResultCacheImpl, FunctionCache, IndexDataCacheFile

from hftsim.native.records import ENGINE_OPTIONS

logger = logging.getLogger(__name__)

lock = threading.RLock()
"""Held while anything is compiled or loaded: Numba's registries are shared by all threads."""

# Symbols from the disk cache and from this process must never have one name, or the linker may
# bind a call to the wrong one.
FunctionIdentity._unique_ids = itertools.count(secrets.randbits(60))

_KEPT_SECONDS = 90 * 86_400
_ROOT = Path(__file__).resolve().parents[1]
_IMPORT = re.compile(
    r"^\s*(?:from|import)\s+hftsim\.([\w.]+)(?=\s+import\s+\(?([\w\s,]+))?", re.MULTILINE
)


@functools.cache
def cache_folder() -> Path:
    """Return the folder of compiled code.

    That is ``HFTSIM_CACHE``, else the user's cache folder; where neither can be written nor has
    anything to read, a folder of the user's own among the temporary ones.
    """
    from platformdirs import user_cache_path

    wanted = os.environ.get("HFTSIM_CACHE")
    folder = (Path(wanted).absolute() if wanted else user_cache_path("hftsim")) / "kernels"
    if _is_writable(folder) or _has_entries(folder):
        return folder
    other = _temporary_folder()
    logger.warning("%s cannot be written: compiled code is kept in %s", folder, other or "memory")
    return other or folder


def _is_writable(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


def _has_entries(folder: Path) -> bool:
    try:
        return any(folder.glob("*.nbi"))
    except OSError:
        return False


def _temporary_folder() -> Path | None:
    """Return a writable temporary folder, or None; never one that somebody else could fill."""
    try:
        owner = os.getuid() if hasattr(os, "getuid") else os.environ.get("USERNAME", "user")
        folder = Path(tempfile.gettempdir(), f"hftsim-{owner}")
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
        if os.name == "posix" and (found.st_uid != owner or stat.S_IMODE(found.st_mode) & 0o077):
            folder = Path(tempfile.mkdtemp(prefix="hftsim-"))
        return folder / "kernels" if _is_writable(folder / "kernels") else None
    except OSError:
        return None


@functools.cache
def source_key(module: str) -> str:
    """Return the hash of a module, of all of hftsim it imports, and of the versions that matter."""
    versions = (numba.__version__, llvmlite.__version__, np.__version__, sys.version)
    digest = hashlib.sha256(repr(versions).encode())
    for path in sorted(_sources(module)):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _sources(module: str) -> set[Path]:
    pending = [Path(__file__).resolve(), *_files_of(module.removeprefix("hftsim."))]
    if len(pending) == 1:  # a module of somebody else's, that makes a kernel of ours
        pending.append(Path(str(sys.modules[module].__file__)))
    found: set[Path] = set()
    while pending:
        path = pending.pop()
        if path not in found:
            found.add(path)
            for name, parts in _IMPORT.findall(path.read_text(encoding="utf-8")):
                for part in ("", *re.findall(r"\w+", parts)):
                    pending += _files_of(f"{name}.{part}".rstrip("."))
    return found


def _files_of(name: str) -> Iterator[Path]:
    place = _ROOT.joinpath(*name.split("."))
    for path in (place.with_suffix(".py"), place / "__init__.py"):
        if path.is_file():
            yield path


class KeyedCache(FunctionCache):  # type: ignore[misc]
    """Numba's on-disk cache, found by our key instead of by file and modification time."""

    def __init__(self, function: Callable[..., Any], key: str) -> None:
        self._name, self._py_func = repr(function), function
        self._cache_path = str(cache_folder())
        self._impl = object.__new__(CompileResultCacheImpl)
        self._impl._lineno, self._impl._locator = 0, self
        self._impl._filename_base = f"{function.__name__}-{key[:40]}"
        self._cache_file = IndexDataCacheFile(
            self._cache_path,
            self._impl._filename_base,
            key,
        )
        self._py_file = function.__code__.co_filename
        self.enable()

    def ensure_cache_path(self) -> None:
        """Make the folder; Numba calls this on the locator, which we stand in for."""
        Path(self._cache_path).mkdir(parents=True, exist_ok=True)

    def save_overload(self, sig: Any, data: Any) -> None:
        """Store a compiled function; a full or read-only disk only costs the next start time."""
        try:
            super().save_overload(sig, data)
            _prune(Path(self._cache_path))
        except OSError as error:
            logger.warning("compiled code could not be stored: %s", error)

    @property
    def index_path(self) -> Path:
        """The file that lists the stored overloads."""
        return Path(self._cache_file._index_path)


@functools.cache
def _prune(folder: Path) -> None:
    """Remove what no run has used in the three months before the newest; once per process."""
    used = {path: path.stat().st_mtime for path in folder.glob("*.nbi")}
    newest = max(used.values(), default=0.0)
    for index, when in used.items():
        if when < newest - _KEPT_SECONDS:
            for path in folder.glob(f"{index.stem}.*"):
                path.unlink(missing_ok=True)


def compile_keyed(
    function: Callable[..., Any],
    signature: Any,
    key: str | None,
    options: dict[str, Any],
    prepare: Callable[[], None] | None = None,
) -> tuple[Any, bool]:
    """Return (dispatcher with this one signature, whether it came from disk).

    `prepare` runs only if compilation is needed. A damaged entry is compiled again; `key` None
    means that nothing is stored.
    """
    dispatcher = njit(**options)(function)
    from_disk = False
    with _undisturbed():
        if key:
            dispatcher._cache = cache = KeyedCache(function, key)
            from_disk = cache.index_path.exists() and _load(dispatcher, cache, signature)
        if not from_disk:
            if prepare:
                prepare()
            dispatcher.compile(signature)
    dispatcher.disable_compile()
    return dispatcher, from_disk


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """Let Ctrl-C and SIGTERM wait until a kernel is compiled.

    LLVM, interrupted by an exception of Python's, keeps its lock or crashes.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[tuple[int, FrameType | None]] = []
    handlers: dict[int, Any] = {
        number: signal.signal(number, lambda *told: came.append(told))
        for number in (signal.SIGINT, signal.SIGTERM)
        if callable(signal.getsignal(number))
    }
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        for number, frame in came[:1]:
            handlers[number](number, frame)


def _load(dispatcher: Any, cache: KeyedCache, signature: Any) -> bool:
    with contextlib.suppress(OSError):
        os.utime(cache.index_path)
    try:
        stored = cache.load_overload(signature, dispatcher.targetctx)
    except Exception:  # noqa: BLE001 - any damage to a cache file means: compile again
        with contextlib.suppress(OSError):
            cache.index_path.unlink()
        return False
    if stored is None:
        return False
    dispatcher.targetctx.insert_user_function(stored.entry_point, stored.fndesc, [stored.library])
    dispatcher.add_overload(stored)
    return True


_kernels: dict[str, Any] = {}


def kernel(function: Callable[..., Any], signature: Any) -> Any:
    """Return a kernel compiled with this signature, once per process, from disk where possible."""
    name = f"{function.__module__}.{function.__name__}{signature}"
    with lock:
        if name not in _kernels:
            key = hashlib.sha256(f"{source_key(function.__module__)} {name}".encode()).hexdigest()
            _kernels[name], _ = compile_keyed(function, signature, key, ENGINE_OPTIONS)
        return _kernels[name]


def entry_address(dispatcher: Any) -> int:
    """Return the C address of a compiled kernel (its exceptions are swallowed: it returns codes)."""
    compiled = next(iter(dispatcher.overloads.values()))
    name = compiled.fndesc.llvm_cfunc_wrapper_name
    return int(compiled.library.get_pointer_to_function(name))


def word_kernel(function: Callable[..., int]) -> Any:
    """Return a kernel whose arguments and result are all int64."""
    arguments = function.__code__.co_argcount
    return kernel(function, types.int64(*[types.int64] * arguments))


def word_kernel_address(function: Callable[..., int]) -> int:
    """Return the address of a kernel of int64 arguments, for `call_at`."""
    return entry_address(word_kernel(function))
