"""Simulated bars that behave like a market's, always labelled as simulated.

What they show, and where the models are from:

- volatility clusters on several time scales: stochastic volatility (Taylor, "Modelling Financial
  Time Series", 1986, chapter 3) with one component per horizon (Corsi, "A Simple Approximate
  Long-Memory Model of Realized Volatility", Journal of Financial Econometrics 7, 2009);
- fat tails: Student-t innovations (Bollerslev, Review of Economics and Statistics 69, 1987);
- highs and lows: the exact law of a Brownian bridge's extremes (Glasserman, "Monte Carlo Methods
  in Financial Engineering", 2003, section 6.4);
- volume is U-shaped over the day (Wood, McInish, Ord, Journal of Finance 40, 1985) and moves with
  volatility, as both follow the flow of news (Clark, Econometrica 41, 1973).
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import numpy as np
import pandas as pd

from hftsim.core.bars import with_source
from hftsim.core.errors import InputError
from hftsim.core.instrument import exact_decimal, normalize_symbol
from hftsim.data.intervals import DAY_NS, MINUTE_NS, format_interval, parse_interval

_YEAR_NS = 365 * DAY_NS
_HALF_LIVES_NS = (30 * MINUTE_NS, DAY_NS, 10 * DAY_NS)
_LOG_VARIANCE_SD = 1.0
_T_DEGREES = 5.0
_VOLATILITY_SWING, _VOLUME_SWING = 0.3, 0.5


@dataclass(frozen=True, kw_only=True)
class SampleMarket:
    """The market that is simulated.

    Parameters
    ----------
    first_price : in quote currency.
    annual_volatility : standard deviation of a year's log return; 0.6 is 60 %.
    daily_volume, mean_trade_qty : in base units.
    tick_size, lot_size : the grids that prices and volumes lie on.
    """

    first_price: float = 50_000.0
    annual_volatility: float = 0.6
    daily_volume: float = 20_000.0
    mean_trade_qty: float = 0.03
    tick_size: str | Decimal = "0.01"
    lot_size: str | Decimal = "0.00001"

    def __post_init__(self) -> None:
        """Refuse what cannot be."""
        for name in ("first_price", "annual_volatility", "daily_volume", "mean_trade_qty"):
            if not 0 < getattr(self, name) < np.inf:
                raise InputError(f"{name} must be above 0, not {getattr(self, name)}")
        for name in ("tick_size", "lot_size"):
            if exact_decimal(getattr(self, name), name) <= 0:
                raise InputError(f"{name} must be above 0, not {getattr(self, name)}")


def create_sample_bars(
    rows: int,
    *,
    seed: int,
    symbol: str = "SIMUSDT",
    interval: str = "1m",
    start: str | datetime | pd.Timestamp = "2024-01-01",
    market: SampleMarket | None = None,
) -> pd.DataFrame:
    """Return simulated bars with a market's stylised facts; the same seed gives the same bars.

    Parameters
    ----------
    rows : how many bars, without gaps.
    seed : of the random numbers.
    symbol, interval : as anywhere.
    start : start of the first bar; UTC where no zone is given.
    market : price level, volatility, volumes and grids; see `SampleMarket`.

    Returns
    -------
    A bar frame with all optional columns; ``source["simulated"]`` is True. Open is the close
    before; the log price is drawn back to its start with a half-life of a year.
    """
    interval_ns = parse_interval(interval)
    times = _times(rows, interval_ns, start)
    market = market or SampleMarket()
    rng = np.random.default_rng(seed)
    log_variance = _log_variance(rng, rows, interval_ns)
    swing = _daily_swing(times, interval_ns)
    shocks = rng.standard_t(_T_DEGREES, rows) / np.sqrt(_T_DEGREES / (_T_DEGREES - 2))
    scale = market.annual_volatility * np.sqrt(interval_ns / _YEAR_NS)
    sizes = scale * np.exp(log_variance / 2) * (1 + _VOLATILITY_SWING * swing)
    columns = _prices(rng, sizes, shocks, interval_ns, market)
    activity = np.exp(log_variance / 2) * (1 + _VOLUME_SWING * swing) * (0.4 + 0.75 * abs(shocks))
    columns |= _volumes(rng, activity, shocks, interval_ns, market)
    price = (columns["open"] + columns["high"] + columns["low"] + columns["close"]) / 4
    columns["notional"] = columns["volume"] * price
    columns["taker_buy_notional"] = columns["taker_buy_volume"] * price
    index = pd.DatetimeIndex(times.astype("datetime64[ns]"), name="ts_open").tz_localize("UTC")
    bars = pd.DataFrame({name: columns[name] for name in _ORDER}, index=index)
    return with_source(
        bars,
        symbol=normalize_symbol(symbol),
        venue="simulated",
        origin=f"create_sample_bars(rows={rows}, seed={seed}, interval={interval!r})",
        dialect="simulated",
        timezone="UTC",
        stamp="open",
        interval_ns=interval_ns,
        simulated=True,
        repairs={},
        gaps=0,
    )


_ORDER = (
    *("open", "high", "low", "close", "volume"),
    *("notional", "trade_count", "taker_buy_volume", "taker_buy_notional"),
)


def _times(rows: int, interval_ns: int, start: str | datetime | pd.Timestamp) -> np.ndarray:
    if rows < 1:
        raise InputError(f"rows must be at least 1, not {rows}")
    try:
        first = pd.Timestamp(start)
    except ValueError:
        raise InputError(f"start {start!r} is no time; write it like 2024-01-01") from None
    first = first.tz_localize("UTC") if first.tz is None else first.tz_convert("UTC")
    start_ns = int(first.as_unit("ns").value)
    if start_ns + rows * interval_ns >= 2**63:
        raise InputError(
            f"{rows} bars of {format_interval(interval_ns)} from {start} go beyond the year 2262: "
            "ask for fewer"
        )
    return np.asarray(start_ns + np.arange(rows, dtype=np.int64) * interval_ns)


def _log_variance(rng: np.random.Generator, rows: int, interval_ns: int) -> np.ndarray:
    """Return log variances, shape (rows,), whose exponentials are 1 on average."""
    share = _LOG_VARIANCE_SD / np.sqrt(len(_HALF_LIVES_NS))
    total = np.zeros(rows)
    for half_life_ns in _HALF_LIVES_NS:
        total += share * _autoregression(rng, rows, 0.5 ** (interval_ns / half_life_ns))
    return np.asarray(total - _LOG_VARIANCE_SD**2 / 2)


def _autoregression(rng: np.random.Generator, rows: int, phi: float) -> np.ndarray:
    """Return an AR(1) series of unit variance, started in its steady state."""
    from scipy.signal import lfilter

    noise = rng.standard_normal(rows) * np.sqrt(1 - phi**2)
    before = np.array([phi * rng.standard_normal()])
    return np.asarray(lfilter([1.0], [1.0, -phi], noise, zi=before)[0])


def _daily_swing(times: np.ndarray, interval_ns: int) -> np.ndarray:
    """Return a U over each day: 1 at midnight UTC, -1 at noon; 0 for bars of a day or longer."""
    if interval_ns >= DAY_NS:
        return np.zeros(len(times))
    return np.asarray(np.cos(2 * np.pi * ((times % DAY_NS) + interval_ns / 2) / DAY_NS))


def _prices(
    rng: np.random.Generator,
    sizes: np.ndarray,
    shocks: np.ndarray,
    interval_ns: int,
    market: SampleMarket,
) -> dict[str, np.ndarray]:
    """Return open, high, low and close on the tick grid, each of shape (rows,)."""
    from scipy.signal import lfilter

    tick = exact_decimal(market.tick_size, "tick_size")
    pull = 0.5 ** (interval_ns / _YEAR_NS)
    log_close = lfilter([1.0], [1.0, -pull], sizes * shocks)
    log_open = np.concatenate([[0.0], log_close[:-1]])
    move = log_close - log_open
    draws = np.log(1.0 - rng.random((2, len(sizes))))
    up, down = np.sqrt(move**2 - 2 * sizes**2 * draws)
    first_tick = market.first_price / float(tick)

    def ticks(log_price: np.ndarray) -> np.ndarray:
        return np.asarray(np.maximum(np.rint(first_tick * np.exp(log_price)), 1.0))

    opens, closes = ticks(log_open), ticks(log_close)
    highs = np.maximum(ticks(log_open + (move + up) / 2), np.maximum(opens, closes))
    lows = np.minimum(ticks(log_open + (move - down) / 2), np.minimum(opens, closes))
    steps = {"open": opens, "high": highs, "low": lows, "close": closes}
    return {name: _on_grid(values, tick) for name, values in steps.items()}


def _volumes(
    rng: np.random.Generator,
    activity: np.ndarray,
    shocks: np.ndarray,
    interval_ns: int,
    market: SampleMarket,
) -> dict[str, np.ndarray]:
    """Return volume, trade_count and taker_buy_volume, each of shape (rows,)."""
    lot = exact_decimal(market.lot_size, "lot_size")
    rows = len(activity)
    mean = market.daily_volume * interval_ns / DAY_NS
    volume = mean * activity * np.exp(0.4 * rng.standard_normal(rows) - 0.08)
    lots = np.maximum(np.rint(volume / float(lot)), 1.0)
    trades = 1.0 + rng.poisson(np.minimum(volume / market.mean_trade_qty, 1e9))
    buying = 1 / (1 + np.exp(-(0.8 * shocks + 0.3 * rng.standard_normal(rows))))
    return {
        "volume": _on_grid(lots, lot),
        "trade_count": np.minimum(trades, lots),
        "taker_buy_volume": _on_grid(np.rint(buying * lots), lot),
    }


def _on_grid(steps: np.ndarray, step: Decimal) -> np.ndarray:
    """Return whole numbers of steps as the floats nearest to the exact products."""
    numerator, denominator = step.as_integer_ratio()
    return np.asarray(steps * numerator / denominator)
