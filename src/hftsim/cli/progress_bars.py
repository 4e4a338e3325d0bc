"""Progress for people: bars on a terminal, rare log lines elsewhere, nothing when quiet."""

import logging
import sys
import time
from typing import Any

from hftsim.core.progress import Progress, no_progress

_LOG = logging.getLogger(__name__)
_SECONDS_BETWEEN_LINES = 15.0


class ProgressBars:
    """Hands out `Progress` callables, one per piece of work, and shows them together.

    Parameters
    ----------
    quiet : show nothing.
    """

    def __init__(self, *, quiet: bool = False) -> None:
        self._quiet = quiet
        self._display: Any = None

    def of(self, title: str) -> Progress:
        """Return a callable that shows how far the work called `title` is."""
        if self._quiet:
            return no_progress
        if sys.stderr.isatty():
            return _Bar(self, title)
        return _Lines(title)

    def close(self) -> None:
        """Take the bars off the terminal; lines printed before stay."""
        if self._display is not None:
            self._display.stop()
            self._display = None

    def display(self) -> Any:
        """Return the running rich display, starting it on first use."""
        if self._display is None:
            from rich.console import Console
            from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn
            from rich.progress import Progress as RichProgress
            from rich.table import Column

            note = Column(no_wrap=True, overflow="ellipsis", ratio=1)
            self._display = RichProgress(
                TextColumn("{task.description}"),
                BarColumn(),
                TaskProgressColumn(),
                TimeRemainingColumn(),
                TextColumn("{task.fields[note]}", markup=False, table_column=note),
                console=Console(stderr=True),
                transient=True,
                expand=True,
            )
            self._display.start()
        return self._display


class _Bar:
    """One bar of a display."""

    def __init__(self, bars: ProgressBars, title: str) -> None:
        self._bars, self._title = bars, title
        self._display: Any = None
        self._task: Any = None

    def __call__(self, done: int, total: int | None, note: str = "") -> None:
        display = self._bars.display()
        if display is not self._display:
            self._display = display
            self._task = display.add_task(self._title, total=total, note=note)
        display.update(self._task, completed=done, total=total, note=note)


class _Lines:
    """Log lines: at most one in fifteen seconds, and one when the work is done."""

    def __init__(self, title: str) -> None:
        self._title = title
        self._last = time.monotonic()

    def __call__(self, done: int, total: int | None, note: str = "") -> None:
        now = time.monotonic()
        if done != total and now - self._last < _SECONDS_BETWEEN_LINES:
            return
        self._last = now
        far = f"{done:,} of {total:,}" if total is not None else f"{done:,}"
        _LOG.info("%s: %s%s", self._title, far, f" ({note})" if note else "")
