"""What a stopped fetch had gathered, kept so that a later one goes on from there."""

import contextlib
import logging
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from hftsim.core.errors import DataError, InputError
from hftsim.data.barfile import read_bar_file, write_bar_file
from hftsim.data.paging import KlinePager, Span

_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class PartFile:
    """A file beside the cached bars that holds an unfinished fetch.

    Parameters
    ----------
    folder : where it lies; None keeps nothing.
    symbol, interval, base_url : of the fetch; another server's part is not gone on with.
    """

    folder: Path | None
    symbol: str
    interval: str
    base_url: str

    @property
    def path(self) -> Path | None:
        """The file, whether or not it is there; None where nothing is kept."""
        if self.folder is None:
            return None
        return self.folder / f"{self.symbol}_{self.interval}.part.parquet"

    def load(self) -> tuple[list[pd.DataFrame], list[Span]]:
        """Return the pages and spans kept, empty where there are none.

        A damaged part is left out with a warning: what it held is fetched again.
        """
        if self.path is None:
            return [], []
        try:
            bars, about = read_bar_file(self.path)
        except FileNotFoundError:
            return [], []
        except DataError as damage:
            _log.warning("%s; its bars are fetched again", damage)
            return [], []
        if about.get("base_url") != self.base_url:
            _log.warning("%s is of %s: not used", self.path, about.get("base_url"))
            return [], []
        return [bars], [(int(start), int(end)) for start, end in about["spans"]]

    def keep(self, pager: KlinePager) -> str:
        """Write what was gathered; return a sentence on what is done and what remains."""
        remaining = pager.expected - pager.gathered
        done = f"{pager.gathered} of {pager.expected} bars of {self.symbol} {self.interval} fetched"
        if self.path is None:
            return f"{done}; they are not kept (give resume_dir to keep them)"
        if not pager.spans:
            return f"{done}; nothing to keep"
        about = {"base_url": self.base_url, "spans": pager.spans}
        try:
            write_bar_file(self.path, pager.bars()[0], about)
        except InputError as error:
            return f"{done}; they could not be kept ({error})"
        return f"{done} and kept in {self.path}; the same call fetches the remaining {remaining}"

    def drop(self, wanted: Span) -> None:
        """Remove the file if all it holds lies in the times `wanted`; else it stays."""
        if self.path is None or not self.path.exists():
            return
        if all(wanted[0] <= start and end <= wanted[1] for start, end in self.load()[1]):
            with contextlib.suppress(OSError):
                self.path.unlink()
