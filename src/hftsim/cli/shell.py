"""One invocation: where it speaks, what it shows, which folder it fills."""

import contextlib
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hftsim.cli import answers, logs
from hftsim.cli.options import CommonOptions
from hftsim.cli.progress_bars import ProgressBars
from hftsim.core.clock import Clock, LiveClock
from hftsim.core.errors import InputError
from hftsim.core.progress import Progress

if TYPE_CHECKING:
    from rich.console import Console

_LOG = logging.getLogger(__name__)
_NS = 1_000_000_000


class Shell:
    """What a command needs of the world around it.

    Parameters
    ----------
    common : how the user wants it to speak.
    clock : names the default run folder.
    """

    def __init__(self, common: CommonOptions, clock: Clock | None = None) -> None:
        self.as_json = common.as_json
        self.quiet = common.quiet
        self._clock = clock or LiveClock()
        self._bars = ProgressBars(quiet=common.quiet)
        logs.start_logging(verbose=common.verbose, quiet=common.quiet, level=common.log_level)

    def __enter__(self) -> "Shell":
        """Begin."""
        return self

    def __exit__(self, *_: object) -> None:
        """Take down progress bars and log handlers, however the command ended."""
        self._bars.close()
        logs.stop_logging()

    def progress(self, title: str) -> Progress:
        """Return a callable that shows how far one piece of work is."""
        return self._bars.of(title)

    def now_ns(self) -> int:
        """Return nanoseconds since 1970-01-01 UTC."""
        return self._clock.now_ns()

    def answer(self, answer: Any, show: Callable[["Console"], None]) -> None:
        """Print the answer: as JSON where asked for, and for people by `show`.

        People read it on standard output, or on standard error when that belongs to the JSON
        object; with ``--quiet`` they read nothing.
        """
        self._bars.close()
        if self.as_json:
            answers.emit_json(answer)
        if not self.quiet:
            from rich.console import Console

            console = Console(stderr=self.as_json, highlight=False)
            with contextlib.suppress(BrokenPipeError, SystemExit):  # how rich ends a closed pipe
                show(console)

    def default_out(self, command: str) -> Path:
        """Return ``runs/<time>-<command>``, or with a number at its end where that exists."""
        moment = datetime.fromtimestamp(self.now_ns() // _NS, tz=UTC)
        stem = Path("runs") / f"{moment:%Y%m%d-%H%M%S}-{command}"
        numbered = (stem.with_name(f"{stem.name}-{n}") for n in range(2, 1000))
        return next((p for p in (stem, *numbered) if not p.exists()), stem)

    @contextlib.contextmanager
    def run_folder(
        self, out: Path | None, command: str, reads: Iterable[Path] = ()
    ) -> Iterator[tuple[Path, Path]]:
        """Yield (the folder to fill, the folder it becomes); its `run.log` gets every log line.

        Raises InputError where `out` is neither new, nor empty, nor an earlier run, and where it
        holds what is read: `reads` would be lost with the earlier run.
        """
        from hftsim.report import atomic_run_folder

        target = (out or self.default_out(command)).absolute()
        for path in reads:
            if path.resolve().is_relative_to(target.resolve()):
                raise InputError(
                    f"{path} lies in the folder that --out {out} would replace; name another --out"
                )
        with atomic_run_folder(target) as folder, logs.logging_to(folder / "run.log"):
            _LOG.info("%s into %s", command, target)
            yield folder, target


def rounded(value: Any, digits: int = 2, unit: str = "") -> str:
    """Return a figure as people read it; ``-`` where it is undefined."""
    figure = answers.plain(value)
    if figure is None:
        return "-"
    if isinstance(figure, bool) or not isinstance(figure, (int, float)):
        return str(figure)
    return (f"{figure:,}" if isinstance(figure, int) else f"{figure:,.{digits}f}") + unit


def table_of(title: str, rows: Mapping[str, str]) -> Any:
    """Return a heading and a table of two columns: what, and its value."""
    from rich import box
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE, show_header=False)
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    for name, value in rows.items():
        table.add_row(Text(name), Text(value))
    return Group(Text(title, style="bold"), table)
