"""How long work tells how far it is, without knowing who listens."""

from typing import Protocol


class Progress(Protocol):
    """Something that shows progress: a bar on a terminal, a line in a log, nothing."""

    def __call__(self, done: int, total: int | None, note: str = "") -> None:
        """Tell that `done` of `total` units are finished (`total` is None where unknown)."""
        ...


def no_progress(done: int, total: int | None, note: str = "") -> None:
    """Show nothing."""
