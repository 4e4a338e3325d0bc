"""Whether any feature of the catalogue sees the future, shown on the user's own data."""

from typing import TYPE_CHECKING, Any

import numpy as np

from hftsim.core.errors import InputError
from hftsim.core.progress import Progress, no_progress

if TYPE_CHECKING:
    import pandas as pd

_CUTS = (0.5, 0.75, 0.9)
_MOST_ROWS = 20_000


def find_leaks(bars: "pd.DataFrame", progress: Progress = no_progress) -> dict[str, Any]:
    """Compute every feature on the whole and on shortened data, and compare bit by bit.

    A feature that gives a row another value once the rows after it are cut off has seen them. At
    most the first 20,000 rows are used.

    Returns
    -------
    ``features`` (how many were looked at), ``rows``, and ``failed``: a list of feature, row and
    both values of the first difference.

    Raises
    ------
    InputError : too few rows to compare every feature, naming the number needed.
    """
    from hftsim.features import FEATURES, FeatureEngineer

    bars = bars.iloc[:_MOST_ROWS]
    engineer = FeatureEngineer()
    names = engineer.names_for(bars)
    warmup = max(FEATURES[name].warmup for name in names)
    needed = int((warmup + 1) / _CUTS[0])
    if len(bars) < needed:
        raise InputError(
            f"{len(bars)} rows are too few to look for leaks: at least {needed} are needed, so that "
            f"every feature has a value (warm-up {warmup}) in the first half of them"
        )
    whole = engineer.create_all_features(bars)[names].to_numpy()
    failed: dict[str, dict[str, Any]] = {}
    for done, share in enumerate(_CUTS):
        progress(done, len(_CUTS))
        rows = max(2, int(len(bars) * share))
        part = engineer.create_all_features(bars.iloc[:rows])[names].to_numpy()
        for column, name in enumerate(names):
            difference = _first_difference(whole[:rows, column], part[:, column])
            if difference is not None:
                failed.setdefault(name, {"feature": name, "cut_at": rows, **difference})
    progress(len(_CUTS), len(_CUTS))
    return {"features": len(names), "rows": len(bars), "failed": list(failed.values())}


def _first_difference(whole: np.ndarray, part: np.ndarray) -> dict[str, Any] | None:
    differs = ~((whole == part) | (np.isnan(whole) & np.isnan(part)))
    if not differs.any():
        return None
    row = int(np.argmax(differs))
    return {"row": row, "whole": float(whole[row]), "cut": float(part[row])}
