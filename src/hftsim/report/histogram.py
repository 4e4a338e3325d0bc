"""Histogram edges that show the bulk, and the normal curve beside them."""

import math

import numpy as np

from hftsim.report.series import Floats


def bar_edges(values: Floats, bins: int = 60) -> tuple[Floats, int]:
    """Return histogram edges over the bulk of `values`, and how many lie outside of them.

    The range leaves out the farthest 0.1 % on either side only where they would squeeze the rest.
    """
    low, high = float(values.min()), float(values.max())
    inner = np.quantile(values, [0.001, 0.999])
    if high - low > 3 * (inner[1] - inner[0]) > 0:
        low, high = float(inner[0]), float(inner[1])
    if math.isclose(low, high, rel_tol=1e-9, abs_tol=1e-300):
        pad = abs(low) * 0.05 or 1.0
        low, high = low - pad, high + pad
    if low < 0 < high:
        step = (high - low) / bins
        edges = np.arange(math.floor(low / step), math.ceil(high / step) + 1, dtype=np.float64)
        edges *= step
    else:
        edges = np.linspace(low, high, bins + 1, dtype=np.float64)
    outside = int(np.count_nonzero((values < edges[0]) | (values > edges[-1])))
    return np.asarray(edges, dtype=np.float64), outside


def normal_shares(values: Floats, edges: Floats, points: int = 300) -> tuple[Floats, Floats]:
    """Return a normal curve of the same mean and spread: x, and percent of values per bin.

    Both are empty where the values do not spread.
    """
    mean, spread = float(values.mean()), float(values.std(ddof=1)) if len(values) > 1 else 0.0
    if spread <= 0:
        return np.array([]), np.array([])
    x = np.linspace(edges[0], edges[-1], points)
    density = np.exp(-0.5 * ((x - mean) / spread) ** 2) / (spread * math.sqrt(2 * math.pi))
    return x, 100 * density * float(edges[1] - edges[0])


def shares_of(values: Floats, edges: Floats) -> Floats:
    """Return the percent of values in each bin."""
    counts, _ = np.histogram(values, edges)
    return np.asarray(100.0 * counts / max(len(values), 1), dtype=np.float64)
