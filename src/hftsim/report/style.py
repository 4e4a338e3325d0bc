"""Colours and sizes of every picture and chart.

Colours are Okabe and Ito's set ("Color Universal Design", 2008), which people with any common
colour blindness tell apart; gain and loss, long and short also differ in shape or direction.
"""

import dataclasses

SERIES = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Style:
    """How pictures look.

    Parameters
    ----------
    width, height : of a single picture, in inches.
    dpi : dots per inch.
    font_size : of ordinary text, in points.
    points : at most about so many points of a line are drawn; extremes are always kept.
    max_markers : more trades or signals than this are drawn as a density strip.
    ink, muted, grid, line, benchmark, gain, loss, long, short, accent : colours.
    """

    width: float = 11.0
    height: float = 5.4
    dpi: int = 110
    font_size: float = 10.0
    points: int = 4000
    max_markers: int = 150
    ink: str = "#1f2933"
    muted: str = "#616e7c"
    grid: str = "#e4e7eb"
    line: str = "#0072b2"
    benchmark: str = "#8a94a0"
    gain: str = "#0072b2"
    loss: str = "#d55e00"
    long: str = "#009e73"
    short: str = "#d55e00"
    accent: str = "#e69f00"
