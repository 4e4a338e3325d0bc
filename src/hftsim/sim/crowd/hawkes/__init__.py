"""Hawkes processes fitted by maximum likelihood."""

import dataclasses

import numpy as np

from hftsim.core.errors import ConfigError
from hftsim.native.layout import address_of

_SMALLEST = 1e-10


@dataclasses.dataclass(frozen=True)
class HawkesFit:
    """A fitted Hawkes process; the kernel is that of `HawkesFlow`.

    Parameters
    ----------
    base : rates per second, shape (kinds,).
    excite : events that one event leads to, shape (kernels, kinds, kinds).
    decays : per second, shape (kernels,).
    log_likelihood : of the events, in natural units.
    converged : whether the search ended at a maximum.
    """

    base: np.ndarray
    excite: np.ndarray
    decays: np.ndarray
    log_likelihood: float
    converged: bool


def log_likelihood(
    times: np.ndarray,
    marks: np.ndarray,
    end: float,
    base: np.ndarray,
    excite: np.ndarray,
    decays: np.ndarray,
) -> tuple[float, np.ndarray]:
    """Return the log-likelihood of events in [0, end] and its gradient by base, then excite.

    Parameters
    ----------
    times : seconds, not decreasing, shape (n,).
    marks : components from 0 on, shape (n,).
    """
    from hftsim.native.cache import word_kernel
    from hftsim.sim.crowd.hawkes._kernels import log_likelihood as kernel

    kinds, kernels = len(base), len(decays)
    all_times = np.append(np.asarray(times, float), end)
    marks = np.ascontiguousarray(marks, np.int64)
    decays = np.ascontiguousarray(decays, float)
    values = np.concatenate([np.asarray(base, float), np.asarray(excite, float).ravel()])
    out = np.zeros(1 + len(values) + kernels * kinds)
    code = word_kernel(kernel)(
        address_of(all_times),
        address_of(marks),
        len(marks),
        kinds,
        kernels,
        address_of(decays),
        address_of(values),
        address_of(out),
    )
    if code:
        return -np.inf, np.zeros(len(values))
    return float(out[0]), out[1 : 1 + len(values)].copy()


def fit_hawkes(
    times: np.ndarray, marks: np.ndarray, kinds: int, decays: np.ndarray, end: float | None = None
) -> HawkesFit:
    """Return the Hawkes process with these decays that makes the events likeliest.

    With the decays given the likelihood is concave, so what the search (L-BFGS-B, analytic gradient)
    finds is the maximum.

    Parameters
    ----------
    times : seconds from the start of the observation, not decreasing, shape (n,).
    marks : components from 0 to `kinds` - 1, shape (n,).
    decays : per second, shape (kernels,), above 0.
    end : of the observation; default: the last event.

    Raises ConfigError where events are out of order, or fewer than two.
    """
    from scipy.optimize import minimize

    times, marks = np.asarray(times, float), np.asarray(marks, np.int64)
    decays = np.asarray(decays, float)
    last = float(times[-1]) if end is None and len(times) else float(end or 0.0)
    if len(times) < 2 or (np.diff(times) < 0).any() or times[0] < 0 or last <= 0:
        raise ConfigError("a Hawkes fit needs two or more events in order of time, from 0 on")
    if len(marks) != len(times) or marks.min() < 0 or marks.max() >= kinds:
        raise ConfigError(f"each event needs a component from 0 to {kinds - 1}")
    size = kinds + len(decays) * kinds * kinds
    counts = np.bincount(marks, minlength=kinds)
    start = np.concatenate(
        [
            np.maximum(counts / last / 2, _SMALLEST),
            np.full(size - kinds, 0.25 / kinds / len(decays)),
        ]
    )
    scale = 1.0 / len(times)

    def minus(values: np.ndarray) -> tuple[float, np.ndarray]:
        excite = values[kinds:].reshape(len(decays), kinds, kinds)
        found, slope = log_likelihood(times, marks, last, values[:kinds], excite, decays)
        return -found * scale, -slope * scale

    found = minimize(
        minus,
        start,
        jac=True,
        method="L-BFGS-B",
        bounds=[(_SMALLEST, None)] * kinds + [(0.0, None)] * (size - kinds),
        options={"maxiter": 300, "ftol": 1e-10, "gtol": 1e-7},
    )
    excite = found.x[kinds:].reshape(len(decays), kinds, kinds)
    whole, _ = log_likelihood(times, marks, last, found.x[:kinds], excite, decays)
    return HawkesFit(found.x[:kinds], excite, decays, whole, bool(found.success))
