"""Where one unbroken run of bars ends and the next begins."""

import numpy as np
import numpy.typing as npt

from hftsim.core.errors import DataError

IntArray = npt.NDArray[np.int64]


def contiguous_runs(times_ns: IntArray, interval_ns: int) -> IntArray:
    """Return the number, from 0, of the unbroken run each bar belongs to.

    A new run begins wherever two rows lie more than one interval apart: at a gap, overnight, over
    a weekend. Windows and labels stay within one run.

    Parameters
    ----------
    times_ns : start times, nanoseconds UTC, increasing, shape (rows,).
    interval_ns : the bar interval in nanoseconds.

    Returns
    -------
    int64 array, shape (rows,): the number of the run each row belongs to.

    Raises
    ------
    DataError : the interval is not positive.
    """
    if interval_ns <= 0:
        raise DataError(f"the bar interval must be above 0 ns, not {interval_ns}")
    runs = np.zeros(len(times_ns), dtype=np.int64)
    np.cumsum(np.diff(times_ns) > interval_ns, out=runs[1:])
    return runs
