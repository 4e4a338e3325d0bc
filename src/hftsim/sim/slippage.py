"""What a taker pays beyond the reference price."""

import dataclasses
from typing import Self

from hftsim.core.errors import ConfigError


@dataclasses.dataclass(frozen=True, kw_only=True)
class SlippageModel:
    """Slippage of a taker's fill, as a fraction of the reference price; the parts add up.

    ``fraction + volatility * sigma + impact * sigma * sqrt(qty / average volume)``, plus
    ``half_spread_ticks`` ticks. sigma is the standard deviation of the log returns of the last 60
    bars before the fill, the average volume is over the last 20 bars before it: both use the past
    only. The square-root law of impact is that of Almgren, Thum, Hauptmann and Li (2005) and
    Bouchaud (2010); with bar sigma and bar volume it has the same value as with daily ones.

    Parameters
    ----------
    fraction : fixed part; 0.0005 is 5 basis points.
    half_spread_ticks : half the bid-ask spread, in ticks.
    volatility : multiples of sigma.
    impact : multiples of sigma at a quantity of one bar's average volume.
    """

    fraction: float = 0.0005
    half_spread_ticks: float = 0.0
    volatility: float = 0.0
    impact: float = 0.0

    def __post_init__(self) -> None:
        """Refuse negative parts."""
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if not 0 <= value < float("inf"):
                raise ConfigError(f"slippage {field.name} must be 0 or more, not {value}")

    @classmethod
    def none(cls) -> Self:
        """Return no slippage at all."""
        return cls(fraction=0.0)

    @classmethod
    def fixed(cls, fraction: float) -> Self:
        """Return a fixed fraction of the price."""
        return cls(fraction=fraction)

    @classmethod
    def spread(cls, half_spread_ticks: float) -> Self:
        """Return half the spread, in ticks."""
        return cls(fraction=0.0, half_spread_ticks=half_spread_ticks)

    @classmethod
    def volatility_scaled(cls, multiple: float) -> Self:
        """Return a multiple of the recent volatility."""
        return cls(fraction=0.0, volatility=multiple)

    @classmethod
    def square_root(cls, impact: float) -> Self:
        """Return square-root impact of the order's size."""
        return cls(fraction=0.0, impact=impact)
