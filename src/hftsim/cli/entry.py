"""The one door in: arguments to exit code, every error to one sentence."""

import contextlib
import errno
import io
import itertools
import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NoReturn

from hftsim.cli.answers import emit_error, start_answering
from hftsim.core.errors import HftError, Interrupted

BUG, MISUSE, FOUND_DIFFERENCES, STOPPED = 1, 2, 3, 130
_DEBUG_FLAGS = ("-vv", "-vvv", "--log-level=debug")
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code.

    Parameters
    ----------
    argv : the arguments after the program's name; those of this process by default.

    Returns
    -------
    0 done; 1 a bug; 2 wrong use or wrong input; 3 done, differences found; 4 network or venue;
    130 interrupted.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    start_answering()
    _open_outputs()
    with _terminate_like_ctrl_c():
        code = _guarded(arguments)
    return _flushed(code)


def _open_outputs() -> None:
    """Let output that is closed swallow everything, and any text be written in any encoding."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def _guarded(arguments: list[str]) -> int:
    try:
        return _dispatched(arguments)
    except HftError as error:
        text = str(error).replace("mode='python'", "--mode python")
        return _said(arguments, text, error.exit_code)
    except KeyboardInterrupt:
        return _said(arguments, "interrupted", STOPPED)
    except BrokenPipeError:
        _discard_output()
        return STOPPED
    except SystemExit:  # how the printing libraries end when the reader has gone away
        _discard_output()
        return STOPPED
    except OSError as error:
        return _said(arguments, _system_sentence(error), MISUSE)
    except MemoryError:
        return _said(arguments, "there is not enough memory for this; give it less data", MISUSE)
    except Exception as error:  # noqa: BLE001  the outermost door: a bug still ends in one sentence
        return _bug(arguments, error)


def _dispatched(arguments: list[str]) -> int:
    import typer

    from hftsim.cli.app import app

    usage_error: Any = typer.BadParameter.__base__
    try:
        code = typer.main.get_command(app).main(
            arguments, prog_name="hftsim", standalone_mode=False
        )
    except usage_error as error:
        return _misused(arguments, error)
    except typer.Abort:
        return STOPPED
    if code == STOPPED:
        raise Interrupted("interrupted")
    return code if isinstance(code, int) else 0


def _misused(arguments: list[str], error: Any) -> int:
    """Say what is wrong with the arguments; a bare group name shows its help instead."""
    if type(error).__name__ == "NoArgsIsHelpError":
        sys.stderr.write(error.format_message().rstrip() + "\n")
        return MISUSE
    option = getattr(error, "option_name", None)
    named = getattr(error, "possibilities", None) is not None
    text = str(error.message if named else error.format_message()).rstrip(".")
    text = text.replace(". Did you mean", "; did you mean")
    if named and option and (near := _nearest(option, error.ctx)):
        text += f"; did you mean {near!r}?"
    path = error.ctx.command_path if error.ctx is not None else "hftsim"
    end = "" if text.endswith("?") else "."
    return _said(arguments, f"{text[:1].lower()}{text[1:]}{end} See {path} --help", MISUSE)


def _nearest(option: str, context: Any) -> str | None:
    """Return the option of the command that is written most like `option`, if any is like it."""
    import difflib

    known = [name for p in context.command.params for name in p.opts] if context else []
    return next(iter(difflib.get_close_matches(option, known, 1, 0.7)), None)


def _said(arguments: list[str], sentence: str, code: int) -> int:
    """Put one sentence on standard error, and one object on standard output where asked for."""
    one_line = " ".join(sentence.split())
    if _is_debugging(arguments):
        _show_traceback()
    with contextlib.suppress(BrokenPipeError):
        sys.stderr.write(f"hftsim: {one_line}\n")
    if "--json" in arguments:
        emit_error(one_line, code)
    return code


def _bug(arguments: list[str], error: Exception) -> int:
    shown = any(a == "--verbose" or a.startswith("-v") for a in arguments)
    if shown and not _is_debugging(arguments):
        _show_traceback()
    advice = "the traceback is above" if shown else "run with -v for the traceback"
    what = f"{type(error).__name__}: {error}".rstrip(": ")
    return _said(arguments, f"{what}; this is a bug in hftsim: {advice}", BUG)


def _show_traceback() -> None:
    import traceback

    traceback.print_exc()


def _is_debugging(arguments: list[str]) -> bool:
    pairs = itertools.pairwise(arguments)
    return any(a in _DEBUG_FLAGS for a in arguments) or ("--log-level", "debug") in pairs


def _system_sentence(error: OSError) -> str:
    """Say what the operating system refused, in one sentence."""
    where = f"{error.filename}: " if error.filename else ""
    what = error.strerror or str(error) or type(error).__name__
    if error.errno in _NO_ROOM:
        return f"{where}{what}; free some space or write elsewhere with --out"
    if error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
        return f"{where}{what}; choose a place that you may read and write"
    return f"{where}{what}"


@contextlib.contextmanager
def _terminate_like_ctrl_c() -> Iterator[None]:
    """Let SIGTERM end the work as cleanly as Ctrl-C does."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(_number: int, _frame: object) -> NoReturn:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _flushed(code: int) -> int:
    """Flush standard output; a reader that has gone away is no error."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        _discard_output()
    return code


def _discard_output() -> None:
    """Point standard output at nothing, so that the interpreter's last flush is quiet."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


__all__ = ["BUG", "FOUND_DIFFERENCES", "MISUSE", "STOPPED", "main"]
