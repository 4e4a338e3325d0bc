"""Random markets and requests, played in the real bar market and in its plain twin, then compared."""

import dataclasses
import datetime
import math
import zoneinfo
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import pandas as pd
from bar_orders import CONDITIONAL, LIMITS, Bar, Settings
from bar_reference import Market

from hftsim.backtest import BacktestConfig
from hftsim.core import Fill, Instrument, Side
from hftsim.core.bars import with_source
from hftsim.core.enums import FillReason, OrderStatus, OrderType, RejectReason, TimeInForce
from hftsim.engine import drive
from hftsim.portfolio import Portfolio
from hftsim.portfolio.round_trips import round_trips
from hftsim.risk import RiskLimits
from hftsim.sim.bars import BarMarket
from hftsim.sim.slippage import SlippageModel
from hftsim.strategies import Strategy

HOUR = 3_600_000_000_000
BAR_FIELDS = ("start", "open", "high", "low", "close", "volume")

Call = tuple[str, dict[str, Any]]
Script = Sequence[Sequence[Call]]


class Dice(Protocol):
    """What is needed of `random.Random`, so that Hypothesis can play it too."""

    def randint(self, a: int, b: int) -> int: ...
    def random(self) -> float: ...
    def choice(self, options: Sequence[Any]) -> Any: ...


@dataclasses.dataclass
class Case:
    """One duel: the bars and rules of each instrument, the settings, the requests of each step."""

    bars: list[list[Bar]]
    instruments: list[Instrument]
    config: BacktestConfig
    script: Script
    interval: int = HOUR
    zones: tuple[str, ...] = ("UTC", "UTC", "UTC")

    def frames(self) -> dict[str, pd.DataFrame]:
        return {
            rules.symbol: frame_of(series, self.interval, zone)
            for rules, series, zone in zip(self.instruments, self.bars, self.zones, strict=False)
        }


def frame_of(series: Sequence[Bar], interval: int = HOUR, zone: str = "UTC") -> pd.DataFrame:
    rows = [[getattr(bar, name) for name in BAR_FIELDS] for bar in series]
    frame = pd.DataFrame(rows, columns=list(BAR_FIELDS)).set_index("start")
    frame.index = pd.DatetimeIndex(pd.to_datetime(frame.index, unit="ns", utc=True), name="ts_open")
    return with_source(frame.astype(float), interval_ns=interval, timezone=zone)


def scripted(script: Script) -> Strategy:
    """Return a strategy that plays `script`, step by step."""

    class Scripted(Strategy):
        def on_bar(self, ctx: Any) -> None:
            for name, arguments in script[ctx.step] if ctx.step < len(script) else ():
                getattr(ctx, name)(**arguments)

    return Scripted()


def play(case: Case) -> BarMarket:
    """Run the real market."""
    frames = case.frames()
    columns = [np.zeros((len(frame), 0)) for frame in frames.values()]
    instruments = [case.config.with_fees(i) for i in case.instruments]
    market = BarMarket(frames, instruments, columns, (), case.config.market_settings())
    drive(scripted(case.script), market, "python")
    return market


def play_twin(case: Case) -> Market:
    """Run the plain twin."""
    config = case.config
    settings = Settings(
        capital=config.initial_capital,
        limits=config.limits,
        slippage=config.slippage,
        max_volume_share=config.max_volume_share,
        intrabar=config.intrabar,
    )
    instruments = [config.with_fees(i) for i in case.instruments]
    market = Market(case.bars, instruments, settings, case.interval)

    def decide(market: Market, step: int) -> None:
        for name, arguments in case.script[step] if step < len(case.script) else ():
            getattr(market, name)(**arguments)

    market.run(decide)
    return market


# -- comparing -----------------------------------------------------------------------------------

FILL_NAMES = ("ts_event", "order_id", "instrument", "side", "price", "qty", "is_maker", "reason")
ORDER_NAMES = (
    "id", "instrument", "side", "type", "tif", "price", "trigger", "qty", "filled", "reduce_only",
    "origin", "status", "reason", "ts_sent", "ts_done",
)  # fmt: skip


def rows_of(log: np.ndarray, names: Sequence[str]) -> list[tuple[Any, ...]]:
    return list(zip(*(log[name].tolist() for name in names), strict=True))


def words(row: tuple[Any, ...], names: Sequence[str]) -> str:
    """Return a row readable: enum members as words."""
    kinds: dict[str, Any] = {
        "status": OrderStatus,
        "type": OrderType,
        "tif": TimeInForce,
        "side": Side,
    }
    kinds["reason"] = RejectReason if "status" in names else FillReason
    told = []
    for name, value in zip(names, row, strict=True):
        try:
            told.append(f"{name}={kinds[name](value).name if name in kinds else value}")
        except ValueError:
            told.append(f"{name}={value}")
    return " ".join(told)


def require_same(what: str, real: Sequence[Any], twin: Sequence[Any], names: Sequence[str]) -> None:
    for k in range(max(len(real), len(twin))):
        told = [words(rows[k], names) if k < len(rows) else "-" for rows in (real, twin)]
        same = k < min(len(real), len(twin)) and real[k] == twin[k]
        assert same, f"{what} {k}\n  real {told[0]}\n  twin {told[1]}"


def compare(case: Case) -> tuple[BarMarket, Market]:
    """Play both and demand the same; then check the account against itself."""
    real, twin = play(case), play_twin(case)
    fills = real.fills[: int(real.context["fill_count"][0])]
    orders = real.orders[: int(real.context["order_count"][0])]
    require_same("fill", rows_of(fills, FILL_NAMES), [t.row for t in twin.trades], FILL_NAMES)
    require_same("order", rows_of(orders, ORDER_NAMES), [o.row for o in twin.orders], ORDER_NAMES)
    assert np.allclose(fills["fee"], [t.fee for t in twin.trades], rtol=1e-12, atol=0.0)
    assert real.positions.tolist() == twin.positions
    scale = max(case.config.initial_capital, *(abs(e) for e in twin.equity))
    assert np.allclose(real.equity, twin.equity, rtol=1e-9, atol=1e-12 * scale)
    refused = sum(o.status == OrderStatus.REJECTED for o in twin.orders)
    assert int(real.context["refused"][0]) == refused
    assert int(real.context["halted"][0]) == int(twin.risk.halted)
    if twin.risk.halted:
        assert int(real.context["halted_at"][0]) == twin.risk.breakers.halted_at
    check_account(case, real)
    return real, twin


def check_account(case: Case, market: BarMarket) -> None:
    """Replay the fills through `Portfolio`; equity, cash and profits must add up from them alone."""
    fills = market.fills[: int(market.context["fill_count"][0])]
    instruments = market.instruments
    book = Portfolio(case.config.initial_capital, instruments)
    for f in fills:
        book.apply_fill(
            Fill(
                ts_event=int(f["ts_event"]), symbol=instruments[int(f["instrument"])].symbol,
                order_id=int(f["order_id"]), side=Side(int(f["side"])), last_price=int(f["price"]),
                last_qty=int(f["qty"]), fee=float(f["fee"]), reason=FillReason(int(f["reason"])),
            )
        )  # fmt: skip
    money = 1e-11 * (
        case.config.initial_capital + float(np.abs(fills["fee"]).sum()) + traded(fills, market)
    )
    near = {"rel": 1e-9, "abs": money}
    close = market.instrument_records["close"].tolist()
    for k, rules in enumerate(instruments):
        record, holding = market.instrument_records[k], book.position(rules.symbol)
        assert int(record["position"]) == holding.lots
        if holding.lots:
            assert float(record["avg_price"]) == approx(holding.avg_price, near)
        assert float(record["realised"]) == approx(holding.realised_pnl, near)
        if not math.isnan(holding.market_price):
            book.update_market_price(rules.symbol, close[k])
    assert float(market.context["cash"][0]) == approx(book.cash, near)
    assert float(market.context["fees"][0]) == approx(book.fees, near)
    assert float(market.equity[-1]) == approx(book.total_value, near)
    columns = {
        "time": fills["ts_event"],
        **{n: fills[n] for n in ("instrument", "side", "price", "qty", "fee", "reason")},
    }
    trips = round_trips(columns, instruments, close)
    earned = float(market.equity[-1]) - case.config.initial_capital
    assert math.fsum(trips["pnl"]) == approx(earned, near)
    assert math.fsum(trips["fees"]) == approx(book.fees, near)
    check_orders(market)
    check_prices(case, fills, instruments)


def check_prices(case: Case, fills: np.ndarray, instruments: Sequence[Instrument]) -> None:
    """No fill is at a price that its bar did not have, slippage aside, and no maker does better."""
    starts = [{bar.start: bar for bar in series} for series in case.bars]
    for f in fills:
        ts, side, tick = (
            int(f["ts_event"]),
            int(f["side"]),
            float(instruments[int(f["instrument"])].tick_size),
        )
        at_open = ts in starts[int(f["instrument"])]
        bar = starts[int(f["instrument"])][ts if at_open else ts + 1 - case.interval]
        price = int(f["price"]) * tick
        reference = price - side * float(f["slippage"])
        if not at_open:
            assert bar.low - 1e-6 * tick <= reference <= bar.high + 1e-6 * tick
        elif f["is_maker"]:
            assert side * (price - bar.open) >= -1e-6 * tick
        else:
            assert reference == approx(bar.open, {"rel": 1e-9})


def traded(fills: np.ndarray, market: BarMarket) -> float:
    total = 0.0
    for fill in fills:
        rules = market.instruments[int(fill["instrument"])]
        face, price = float(rules.lot_size * rules.multiplier), rules.price(int(fill["price"]))
        total += float(fill["qty"]) * (face / price if rules.inverse else face * price)
    return total


def approx(value: float, near: dict[str, float]) -> Any:
    import pytest

    return pytest.approx(value, **near)


def check_orders(market: BarMarket) -> None:
    """What holds of any run, whatever the twin says."""
    orders = market.orders[: int(market.context["order_count"][0])]
    fills = market.fills[: int(market.context["fill_count"][0])]
    filled = np.zeros(len(orders) + 1, dtype=np.int64)
    np.add.at(filled, fills["order_id"], fills["qty"])
    assert (filled[1:] == orders["filled"]).all()
    assert (orders["filled"] <= orders["qty"])[orders["status"] != OrderStatus.REJECTED].all()
    assert (orders["status"] > OrderStatus.PARTIALLY_FILLED).all()
    whole = (orders["filled"] == orders["qty"]) & (orders["status"] != OrderStatus.REJECTED)
    assert (whole == (orders["status"] == OrderStatus.FILLED)).all()
    fok = orders["tif"] == TimeInForce.FOK
    assert (whole | (orders["filled"] == 0))[fok].all()
    sent = orders["ts_sent"][fills["order_id"] - 1]
    protective = orders["origin"][fills["order_id"] - 1] != 0
    assert ((fills["ts_event"] >= sent) | protective).all()
    limits = np.isin(
        orders["type"], [OrderType.LIMIT, OrderType.STOP_LIMIT, OrderType.TAKE_PROFIT_LIMIT]
    )
    bound = orders["price"][fills["order_id"] - 1]
    kept = (bound - fills["price"]) * fills["side"] >= 0
    assert kept[limits[fills["order_id"] - 1]].all()
    for k, may_short in enumerate(market.instrument_records["may_short"]):
        assert may_short or (market.positions[:, k] >= 0).all()


# -- chance --------------------------------------------------------------------------------------


def random_case(dice: Dice, steps: int = 40) -> Case:
    count = dice.choice([1, 1, 1, 2, 3])
    inverse = dice.random() < 0.2
    instruments = [random_instrument(dice, k, inverse) for k in range(count)]
    begin = dice.randint(0, 40) * HOUR
    zones = tuple(
        dice.choice(["UTC", "UTC", "UTC", "America/New_York", "Asia/Tokyo"]) for _ in "abc"
    )
    bars = [
        random_bars(dice, rules, begin, steps, zones[k], late=k)
        for k, rules in enumerate(instruments)
    ]
    config = random_config(dice)
    times = {bar.start for series in bars for bar in series}
    script = [
        [random_call(dice, instruments) for _ in range(dice.choice([0, 0, 1, 1, 2, 4]))]
        for _ in range(len(times))
    ]
    return Case(bars, instruments, config, script, zones=zones)


def random_instrument(dice: Dice, k: int, inverse: bool = False) -> Instrument:
    linear = ("AAAUSDT", "BBBUSDT", "CCCUSDT")
    return Instrument(
        symbol=("AAAUSDPERP", "AAAUSD240927", "AAAUSD241227")[k] if inverse else linear[k],
        kind=dice.choice(["perpetual"] if inverse else ["spot", "perpetual", "perpetual"]),
        inverse=inverse,
        tick_size=dice.choice(["1", "0.5", "0.01", "0.05"]),
        lot_size=dice.choice(["1", "0.1", "0.001"]),
        multiplier=dice.choice([100, 10_000] if inverse else [1, 1, 1, 10]),
        min_qty=dice.choice([0, 0, "2"]),
        min_notional=dice.choice([0, 0, 150]),
        maker_fee=dice.choice([0.0, 0.001, -0.0005, 0.01]),
        taker_fee=dice.choice([0.0, 0.001, 0.002, -0.001]),
        max_qty=dice.choice([None, None, None, None, 20]),
    )


def random_bars(
    dice: Dice, rules: Instrument, begin: int, steps: int, zone: str, *, late: int
) -> list[Bar]:
    """Return bars in a range of few ticks, so that levels are touched all the time."""
    tick = float(rules.tick_size)
    start = begin + (dice.randint(0, 10) if late else 0) * HOUR
    off_grid, wild = dice.random() < 0.4, dice.random() < 0.2
    at = dice.randint(95, 105)
    series = []
    for _ in range(steps):
        spread = 40 if wild and dice.random() < 0.1 else 3
        points = [max(2, at + dice.randint(-spread, spread)) for _ in range(3)]
        opened, closed = points[0], points[1]
        low, high = min(points), max(points)
        low = max(1, low - dice.choice([0, 0, 1, 3]))
        high += dice.choice([0, 0, 1, 3])
        prices = [float(p) for p in (opened, high, low, closed)]
        if off_grid and dice.random() < 0.5:
            prices = squeezed(dice, prices)
        volume = dice.choice([0.0, 1.0, 5.0, 10.0, 37.0, 100.0])
        values = [float(np.round(p * tick, 6)) for p in prices]
        series.append(Bar(start, *values, volume, day_of(start, zone)))
        start += HOUR * (1 if dice.random() < 0.9 else dice.randint(2, 30))
        at = min(max(closed, 80), 120)
    return series


def day_of(start: int, zone: str) -> int:
    """Return the calendar day in a time zone, counted from 1970-01-01."""
    local = datetime.datetime.fromtimestamp(start // 10**9, tz=zoneinfo.ZoneInfo(zone))
    return local.date().toordinal() - datetime.date(1970, 1, 1).toordinal()


def squeezed(dice: Dice, prices: list[float]) -> list[float]:
    """Move prices between the ticks and keep low <= open, close <= high."""
    opened, high, low, closed = (p + dice.choice([0.0, 0.25, 0.5, 0.3]) for p in prices)
    if dice.random() < 0.3:
        opened = closed = high = low
    return [opened, max(opened, high, low, closed), min(opened, high, low, closed), closed]


def random_config(dice: Dice) -> BacktestConfig:
    slippage = SlippageModel(
        fraction=dice.choice([0.0, 0.0, 0.0005, 0.01]),
        half_spread_ticks=dice.choice([0.0, 0.0, 0.5, 1.0]),
        volatility=dice.choice([0.0, 0.0, 0.5]),
        impact=dice.choice([0.0, 0.0, 1.0]),
    )
    return BacktestConfig(
        initial_capital=dice.choice([1000.0, 10_000.0, 100_000.0]),
        slippage=slippage,
        max_volume_share=dice.choice([0.0, 0.0, 0.01, 0.1, 1.0]),
        intrabar=dice.choice(["worst", "ohlc"]),
        use_risk_manager=dice.random() < 0.7,
        risk_limits=random_limits(dice),
    )


def random_limits(dice: Dice) -> RiskLimits:
    leverage = dice.choice([None, 1.0, 2.0, 5.0])
    return RiskLimits(
        max_position_pct=dice.choice([None, None, None, 0.8]),
        max_exposure_pct=dice.choice([None, None, None, 1.0]),
        max_leverage=leverage,
        stop_loss_pct=dice.choice([None, 0.01, 0.02, 0.05]),
        take_profit_pct=dice.choice([None, 0.01, 0.03]),
        max_daily_loss_pct=dice.choice([None, None, 0.01, 0.05]),
        max_drawdown_pct=dice.choice([None, None, 0.02, 0.2]),
        max_order_value=dice.choice([None, None, None, 2000.0]),
        allow_short=dice.choice([None, None, True, False]),
    )


def random_call(dice: Dice, instruments: Sequence[Instrument]) -> Call:
    kind = dice.random()
    if kind < 0.02:
        return "cancel_all", {}
    if kind < 0.08:
        return "cancel", {"order_id": dice.randint(-1, 60)}
    k = dice.randint(0, len(instruments) - 1) if dice.random() < 0.98 else dice.choice([-1, 7])
    if kind < 0.15:
        weights = [0.0, 0.5, 1.0, -0.5, -1.0, 0.25, 1.7, 5.0, math.nan]
        return "target", {"weight": dice.choice(weights), "instrument": k}
    return "send", random_order(dice, instruments[k] if 0 <= k < len(instruments) else None, k)


def random_order(dice: Dice, rules: Instrument | None, k: int) -> dict[str, Any]:
    unit = float(rules.lot_size * rules.multiplier * rules.tick_size) if rules else 1.0
    if rules and rules.inverse:
        unit = float(rules.lot_size * rules.multiplier / rules.tick_size) / 100**2
    worth = dice.choice([100.0, 300.0, 300.0, 1000.0, 1000.0, 5000.0, 30_000.0])
    qty = max(1, round(worth / (100 * unit))) + dice.randint(0, 3)
    order: dict[str, Any] = {
        "side": dice.choice([1, -1]),
        "qty": qty,
        "type": dice.randint(1, 6),
        "price": dice.randint(94, 106),
        "trigger": dice.randint(94, 106),
        "tif": dice.choice([0, 0, 0, 0, 0, 0, 1, 2, 3, 4]),
        "instrument": k,
        "reduce_only": dice.random() < 0.15,
    }
    order["price"] *= order["type"] in LIMITS
    order["trigger"] *= order["type"] in CONDITIONAL
    if dice.random() < 0.03:
        bad = {
            "side": 0,
            "qty": dice.choice([0, -5]),
            "type": 9,
            "price": dice.choice([0, 100]),
            "trigger": dice.choice([-1, 100]),
            "tif": 8,
        }
        name = dice.choice(sorted(bad))
        order[name] = bad[name]
    return order
