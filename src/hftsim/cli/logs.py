"""Where log lines go: warnings to standard error, everything to `run.log`, secrets to nobody."""

import logging
import os
import re
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from hftsim.core.errors import UnknownNameError

LEVELS = ("debug", "info", "warning", "error")
_ROOT = logging.getLogger("hftsim")
_SECRET_NAME = re.compile(r"(KEY|SECRET|TOKEN|PASSWORD)$", re.IGNORECASE)
_SECRET_QUERY = re.compile(
    r"((?:signature|apikey|api_key|token|secret)[\"']?\s*[=:]\s*[\"']?)[^&\s\"']+", re.IGNORECASE
)
_SHORTEST_SECRET = 6


def start_logging(*, verbose: int = 0, quiet: bool = False, level: str | None = None) -> None:
    """Send hftsim's log lines to standard error, from warnings upwards unless told otherwise.

    Parameters
    ----------
    verbose : 1 shows progress notes, 2 everything.
    quiet : show errors only.
    level : one of `LEVELS`; wins over both. Raises UnknownNameError for another word.
    """
    if level is not None and level.lower() not in LEVELS:
        raise UnknownNameError("log level", level, LEVELS)
    chosen = level.lower() if level else ("error" if quiet else _BY_VERBOSITY[min(verbose, 2)])
    stop_logging()
    handler = _StandardError()
    handler.setLevel(chosen.upper())
    handler.addFilter(_redact)
    handler.setFormatter(logging.Formatter("%(levelname)s: %(message)s"))
    _ROOT.addHandler(handler)
    _ROOT.setLevel(min(handler.level, logging.INFO))
    _ROOT.propagate = False
    warnings.showwarning = _warn  # type: ignore[assignment]  # called by position


_BY_VERBOSITY = ("warning", "info", "debug")
_SHOW_WARNING = warnings.showwarning


def stop_logging() -> None:
    """Undo `start_logging`."""
    for handler in list(_ROOT.handlers):
        _ROOT.removeHandler(handler)
        handler.close()
    _ROOT.propagate = True
    warnings.showwarning = _SHOW_WARNING


@contextmanager
def logging_to(path: Path) -> Iterator[None]:
    """Also append log lines, from `info` upwards or finer, to a file."""
    handler = _RunLog(path, encoding="utf-8", errors="backslashreplace")
    handler.addFilter(_redact)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    _ROOT.addHandler(handler)
    try:
        yield
    finally:
        _ROOT.removeHandler(handler)
        with suppress(OSError):
            handler.close()


def redacted(text: str) -> str:
    """Return `text` without the secrets of this process's environment and of signed queries."""
    for name, value in os.environ.items():
        if len(value) >= _SHORTEST_SECRET and _SECRET_NAME.search(name):
            text = text.replace(value, "***")
    return _SECRET_QUERY.sub(r"\1***", text)


def _redact(record: logging.LogRecord) -> bool:
    record.msg, record.args = redacted(record.getMessage()), ()
    return True


class _RunLog(logging.FileHandler):
    """Is silent where the disk is full: whatever writes the run itself says so."""

    def handleError(self, record: logging.LogRecord) -> None:
        """Leave the line out."""


class _StandardError(logging.Handler):
    """Writes to whatever standard error is at that moment, so that progress bars can step aside."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line."""
        sys.stderr.write(self.format(record) + "\n")


def _warn(message: Warning | str, category: type[Warning], *_where: object) -> None:
    """Log a Python warning: a user's warning as such, a library's only for those who debug."""
    level = logging.WARNING if category is UserWarning else logging.DEBUG
    _ROOT.log(level, "%s", message)
