"""Every error hftsim raises on purpose, as one tree.

::

    HftError
    |-- InputError                  wrong use or wrong input; the command line exits with 2
    |   |-- DataError               a file or frame that cannot be trusted: names file, row, field
    |   |-- InstrumentError         a price or quantity off the instrument's grid, or broken rules
    |   |-- UnknownNameError        an unknown strategy, option, column, ...: "did you mean"
    |   |-- ConfigError             a configuration file or value that does not fit
    |   |-- StrategyError           the user's strategy raised or does not fit
    |   |   `-- NativeError         the strategy cannot be compiled; run it with mode="python"
    |   |-- ModelError              a model that cannot be trained, loaded or applied
    |   `-- MissingExtraError       an optional dependency is not installed
    |-- NetworkError                no network, or the server does not answer; exits with 4
    |   `-- VenueError              the venue answered with an error; exits with 4
    `-- Interrupted                 stopped by Ctrl-C or SIGTERM, with what was finished; exits with 130

Each message says what was wrong, where, and what to do about it.
"""

import difflib
from collections.abc import Iterable
from pathlib import Path


class HftError(Exception):
    """Root of the tree: catch it to catch everything hftsim raises on purpose."""

    exit_code = 1


class InputError(HftError):
    """Wrong use or wrong input: the caller can mend it."""

    exit_code = 2


class DataError(InputError):
    """Market data that cannot be trusted.

    Parameters
    ----------
    message : what is wrong and what to do.
    path : the file, where there is one.
    row : 1-based line of the file (the header is line 1), or position in a frame.
    field : the column.
    """

    def __init__(
        self,
        message: str,
        *,
        path: str | Path | None = None,
        row: int | None = None,
        field: str | None = None,
    ) -> None:
        self.path, self.row, self.field = path, row, field
        where = [str(path)] if path is not None else []
        where += [f"row {row}"] if row is not None else []
        where += [f"column {field!r}"] if field is not None else []
        super().__init__(f"{', '.join(where)}: {message}" if where else message)


class InstrumentError(InputError):
    """A price or quantity off the instrument's grid, or rules that contradict each other."""


class UnknownNameError(InputError):
    """A name that does not exist, with the nearest one that does.

    Parameters
    ----------
    kind : what was looked up, for example ``"strategy"``.
    name : what the caller wrote.
    known : the names that exist.
    """

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        self.kind, self.name, self.known = kind, name, sorted(known)
        super().__init__(f"unknown {kind} {name!r}; {did_you_mean(name, self.known)}")


class ConfigError(InputError):
    """A configuration file or value that does not fit; names file and line where known."""


class StrategyError(InputError):
    """The user's strategy raised, or is not a strategy; names its file and line.

    Attributes
    ----------
    result : what the run had produced until then, where it had begun; else None.
    """

    result: object | None = None


class NativeError(StrategyError):
    """The strategy cannot be compiled; the message says where, why and what to do."""


class ModelError(InputError):
    """A model that cannot be trained, loaded or applied as asked."""


class MissingExtraError(InputError):
    """An optional dependency is not installed."""

    def __init__(self, package: str, extra: str) -> None:
        self.package, self.extra = package, extra
        super().__init__(
            f"{package} is not installed; install it with: pip install 'hftsim[{extra}]'"
        )


class NetworkError(HftError):
    """No network, or the server does not answer."""

    exit_code = 4


class VenueError(NetworkError):
    """The venue answered with an error.

    Parameters
    ----------
    message : one sentence.
    status : HTTP status, where there was one.
    code : the venue's own error code, where it sent one.
    """

    def __init__(self, message: str, *, status: int | None = None, code: int | None = None) -> None:
        self.status, self.code = status, code
        super().__init__(message)


class Interrupted(HftError):
    """Stopped by Ctrl-C or SIGTERM; says what remains and how to resume.

    Attributes
    ----------
    result : what was finished until then, where it can stand alone; else None.
    """

    exit_code = 130
    result: object | None = None


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return the end of an error sentence: the nearest known name, or the known names."""
    names = sorted(known)
    close = difflib.get_close_matches(name.lower(), [k.lower() for k in names], 1, 0.6)
    if close:
        return f"did you mean {next(k for k in names if k.lower() == close[0])!r}?"
    return f"known: {', '.join(names)}" if names else "none is known"
