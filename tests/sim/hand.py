"""Short notation for markets worked out by hand; each is played by the kernel and by the twin."""

import dataclasses
import itertools
from typing import Any

from bar_orders import Bar
from duel import HOUR, Call, Case, compare, day_of

from hftsim.backtest import BacktestConfig
from hftsim.core import Instrument
from hftsim.core.enums import FillReason, OrderStatus, OrderType, RejectReason, TimeInForce
from hftsim.risk import RiskLimits
from hftsim.sim.bars import BarMarket
from hftsim.sim.slippage import SlippageModel

BUY, SELL = 1, -1
MARKET, LIMIT, STOP, STOP_LIMIT, TAKE_PROFIT, TAKE_PROFIT_LIMIT = map(int, list(OrderType)[:6])
GTC, IOC, FOK, GTX, DAY = (int(t) for t in list(TimeInForce)[:5])
PERP = Instrument(
    symbol="AAAUSDT", kind="perpetual", tick_size=1, lot_size=1, maker_fee=0, taker_fee=0
)
SPOT = PERP.replace(kind="spot")
OTHER = PERP.replace(symbol="BBBUSDT")
RICH = 1_000_000.0


def bars_of(*rows: Any, at: int = 0, step: int = HOUR, zone: str = "UTC") -> list[Bar]:
    """Return bars from (open, high, low, close[, volume]) or one flat price; None is a gap."""
    series = []
    for k, row in enumerate(rows):
        if row is None:
            continue
        values = (row,) * 4 if isinstance(row, int | float) else tuple(row)
        start = at + k * step
        prices = [float(v) for v in (*values, 1000.0)[:5]]
        series.append(Bar(start, *prices, day_of(start, zone)))
    return series


def send(side: int, qty: int, type: int = MARKET, **more: Any) -> Call:
    return "send", {"side": side, "qty": qty, "type": type, **more}


def buy(qty: int, price: int | None = None, **more: Any) -> Call:
    """Return a market order, or with a price a limit order."""
    return send(BUY, qty, **more) if price is None else send(BUY, qty, LIMIT, price=price, **more)


def sell(qty: int, price: int | None = None, **more: Any) -> Call:
    return send(SELL, qty, **more) if price is None else send(SELL, qty, LIMIT, price=price, **more)


def target(weight: float, instrument: int = 0) -> Call:
    return "target", {"weight": weight, "instrument": instrument}


@dataclasses.dataclass
class Played:
    """What happened, in plain values."""

    market: BarMarket

    @property
    def fills(self) -> list[tuple[int, int, int, str]]:
        """(bar, signed lots, ticks, reason) of every fill; the bar counts hours."""
        log = self.market.fills[: int(self.market.context["fill_count"][0])]
        return [
            (
                int(f["ts_event"]) // self.market.interval,
                int(f["side"]) * int(f["qty"]),
                int(f["price"]),
                FillReason(int(f["reason"])).name.lower(),
            )
            for f in log
        ]

    @property
    def log(self) -> Any:
        """The fills' records."""
        return self.market.fills[: int(self.market.context["fill_count"][0])]

    @property
    def orders(self) -> Any:
        return self.market.orders[: int(self.market.context["order_count"][0])]

    @property
    def ends(self) -> list[str]:
        """How each order ended: its status, and the reason where there is one."""
        told = []
        for order in self.orders:
            status, reason = OrderStatus(int(order["status"])), RejectReason(int(order["reason"]))
            told.append(status.name.lower() + (f" {reason.name.lower()}" if reason else ""))
        return told

    @property
    def triggers(self) -> list[int]:
        return self.orders["trigger"].tolist()

    @property
    def held(self) -> list[int]:
        """The first instrument's position after each step."""
        return self.market.positions[:, 0].tolist()

    @property
    def equity(self) -> list[float]:
        return self.market.equity.tolist()


def play(
    bars: list[Bar] | list[list[Bar]],
    script: dict[int, list[Call]],
    *instruments: Instrument,
    limits: RiskLimits | None = None,
    zones: tuple[str, ...] = ("UTC", "UTC", "UTC"),
    **config: Any,
) -> Played:
    """Play requests (step -> calls) in both markets; without `limits` only money counts."""
    series = [bars] if bars and isinstance(bars[0], Bar) else bars
    given = {
        "initial_capital": RICH,
        "slippage": SlippageModel.none(),
        "max_volume_share": 0.0,
        "use_risk_manager": limits is not None,
        "risk_limits": limits or RiskLimits.off(),
        **config,
    }
    steps = len({bar.start for one in series for bar in one})
    calls = [script.get(step, []) for step in range(steps)]
    first = series[0]  # type: ignore[index]
    interval = min([b.start - a.start for a, b in itertools.pairwise(first)] or [HOUR])
    case = Case(
        series, list(instruments) or [PERP], BacktestConfig(**given), calls, interval, zones
    )  # type: ignore[arg-type]
    return Played(compare(case)[0])
