"""Spans of time as people write them."""

import re

_UNITS_NS = {
    "ns": 1,
    "us": 10**3,
    "ms": 10**6,
    "s": 10**9,
    "min": 60 * 10**9,
    "m": 60 * 10**9,
    "h": 3600 * 10**9,
    "d": 86_400 * 10**9,
}
_LONGEST_NS = 1 << 62


def duration_ns(text: str) -> int:
    """Return ``"100ms"`` and the like in nanoseconds; units ns, us, ms, s, min or m, h, d.

    Raises ValueError, which says how to write it, for anything else.
    """
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*(ns|us|ms|s|min|m|h|d)\s*", str(text))
    ns = round(float(found[1]) * _UNITS_NS[found[2]]) if found else -1
    if not 0 <= ns < _LONGEST_NS:
        raise ValueError(f'{text!r} is no span of time: write one such as "100ms", "5s" or "5min"')
    return ns
