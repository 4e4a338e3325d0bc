"""Two bar frames to one, with every disagreement between them counted."""

from dataclasses import dataclass

import numpy as np
import pandas as pd


@dataclass(frozen=True, kw_only=True)
class Overlap:
    """What two frames say of the same bars.

    Parameters
    ----------
    repeated : bars in both with the same values.
    revised : bars in both whose values differ.
    first : start, column, older and newer value of the first difference; None without one.
    """

    repeated: int = 0
    revised: int = 0
    first: tuple[pd.Timestamp, str, float, float] | None = None

    def sentence(self) -> str:
        """Return the first difference in words; empty without one."""
        if self.first is None:
            return ""
        at, column, old, new = self.first
        return f"{self.revised} revised, first at {at}: {column} {old:.12g} became {new:.12g}"


def merge_bars(
    older: pd.DataFrame, newer: pd.DataFrame, *, take_newer: bool
) -> tuple[pd.DataFrame, Overlap]:
    """Return all bars of both frames in order of time, and how the frames overlap.

    Parameters
    ----------
    older, newer : frames of the same columns; times unique within each.
    take_newer : which values stay where a bar is in both and differs.

    Attributes of the frames (``attrs``) are not carried over.
    """
    overlap = _compare(older, newer)
    if overlap.repeated + overlap.revised == 0:
        first, second = older, newer
    elif take_newer:
        first, second = older[~older.index.isin(newer.index)], newer
    else:
        first, second = older, newer[~newer.index.isin(older.index)]
    return _stacked([first, second]), overlap


def merge_pages(pages: list[pd.DataFrame]) -> tuple[pd.DataFrame, Overlap]:
    """Return all bars of one or more pages in order of time; where pages differ the later wins."""
    together = _stacked(pages)
    if together.index.is_unique:
        return together, Overlap()
    merged, repeated, revised, first = pages[0], 0, 0, None
    for page in pages[1:]:
        merged, overlap = merge_bars(merged, page, take_newer=True)
        repeated, revised = repeated + overlap.repeated, revised + overlap.revised
        first = first or overlap.first
    return merged, Overlap(repeated=repeated, revised=revised, first=first)


def _stacked(frames: list[pd.DataFrame]) -> pd.DataFrame:
    bare = [pd.DataFrame(frame, copy=False) for frame in frames if len(frame)]
    for frame in bare:
        frame.attrs = {}
    if not bare:
        return frames[0].iloc[:0].copy()
    together = pd.concat(bare) if len(bare) > 1 else bare[0].copy()
    return together if together.index.is_monotonic_increasing else together.sort_index()


def _compare(older: pd.DataFrame, newer: pd.DataFrame) -> Overlap:
    common = older.index.intersection(newer.index).sort_values()
    if not len(common):
        return Overlap()
    old = older.loc[common].to_numpy(np.float64)
    new = newer.loc[common, list(older.columns)].to_numpy(np.float64)
    differs = (old != new) & ~(np.isnan(old) & np.isnan(new))
    rows = differs.any(axis=1)
    first = None
    if rows.any():
        row = int(np.argmax(rows))
        column = int(np.argmax(differs[row]))
        name = str(older.columns[column])
        first = (common[row], name, float(old[row, column]), float(new[row, column]))
    revised = int(np.count_nonzero(rows))
    return Overlap(repeated=len(common) - revised, revised=revised, first=first)
