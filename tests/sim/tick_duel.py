"""One script, played in the compiled tick market and in its plain twin, then compared."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
from tick_reference import Market
from tick_words import LIMITED, Row, S, Settings, worth

from hftsim.core import Instrument
from hftsim.core.events import EVENT_DTYPE
from hftsim.data.ticks import Ticks
from hftsim.engine import drive
from hftsim.sim.ticks import ReplayMarket, ReplaySettings
from hftsim.strategies import Strategy, every

MOST_CALLS = 300
"""Later calls send nothing: without latency, answers to fills would never end."""
Action = tuple[Any, ...]
SEEN = (
    "ready", "fresh", "best_bid", "best_ask", "bid_qty", "ask_qty", "mid", "close", "last_price",
    "position", "maker_fee", "taker_fee",
)  # fmt: skip
FILL_NAMES = (
    "ts_event", "order_id", "instrument", "side", "price", "qty", "is_maker", "reason", "waited",
    "ts_recv", "position", "step",
)  # fmt: skip
FIGURES = (
    "fee", "slippage", "queue_entry", "queue_fill", "markout_100ms", "markout_1s", "markout_10s",
)  # fmt: skip
ORDER_NAMES = (
    "id", "instrument", "side", "type", "tif", "price", "trigger", "qty", "filled", "reduce_only",
    "origin", "status", "reason", "ts_sent", "ts_done", "triggered",
)  # fmt: skip


@dataclasses.dataclass
class Case:
    """One duel: rows, level and rules of each instrument, settings, and what to do at each call."""

    rows: list[list[Row]]
    levels: list[str]
    instruments: list[Instrument]
    settings: Settings
    script: Sequence[Sequence[Action]]
    chunk_rows: int | None = None

    def ticks(self) -> dict[str, Ticks]:
        return {
            rules.symbol: ticks_of(rules, rows, level)
            for rules, rows, level in zip(self.instruments, self.rows, self.levels, strict=True)
        }


def ticks_of(rules: Instrument, rows: Sequence[Row], level: str) -> Ticks:
    names = [n for n in (*EVENT_DTYPE.names, "priority") if hasattr(Row, n) or n != "priority"]
    if level != "l3":
        names = [n for n in names if n not in ("order_id", "priority")]
    types = {n: EVENT_DTYPE[n] for n in EVENT_DTYPE.names} | {"priority": np.dtype("i8")}
    columns = {n: np.array([getattr(row, n) for row in rows], types[n]) for n in names}
    return Ticks.from_columns(rules, columns, level=level)


class Script:
    """What is done at each call, and what was seen there; the same code for both markets."""

    def __init__(self, script: Sequence[Sequence[Action]], count: int) -> None:
        self.script, self.count, self.calls = script, count, 0
        self.seen: list[tuple[Any, ...]] = []
        self.money: list[tuple[float, float]] = []

    def call(self, ctx: Any, event: str, what: tuple[Any, ...], open_ids: list[int]) -> None:
        views = [ctx.instrument(k) for k in range(self.count)]
        shown = tuple(tuple(getattr(view, name) for name in SEEN) for view in views)
        self.seen.append((event, ctx.now, what, shown, tuple(open_ids), int(ctx.refused)))
        tired = self.calls >= MOST_CALLS or not self.script
        actions = () if tired else self.script[self.calls % len(self.script)]
        self.calls += 1
        for action in actions:
            self.act(ctx, views, action, open_ids)

    def act(self, ctx: Any, views: list[Any], action: Action, open_ids: list[int]) -> None:
        name, *rest = action
        if name == "limit":
            side, away, qty, tif, k, reduce_only = rest
            price = (views[k].best_bid if side > 0 else views[k].best_ask) or 100
            ctx.send(side, qty, 2, price + away, 0, tif, k, reduce_only)
        elif name == "stop":
            kind, side, away, beyond, qty, tif, k, reduce_only = rest
            trigger = (views[k].best_bid or 100) + away
            price = trigger + beyond if kind in LIMITED else 0
            ctx.send(side, qty, kind, price, trigger, tif, k, reduce_only)
        elif name == "cancel":
            ctx.cancel(open_ids[rest[0] % len(open_ids)] if open_ids else rest[0])
        elif name == "replace":
            which, away, qty = rest
            if open_ids:
                order_id = open_ids[which % len(open_ids)]
                ctx.replace(order_id, self.price_of(ctx, order_id) + away, qty)
        elif name == "cancel_all":
            ctx.cancel_all()
        elif name == "target":
            ctx.target(*rest)
        else:
            ctx.send(**rest[0])

    def price_of(self, ctx: Any, order_id: int) -> int:
        raise NotImplementedError


class RealScript(Script):
    def price_of(self, ctx: Any, order_id: int) -> int:
        return next(o.price for o in ctx.orders() if o.id == order_id) or 100

    def at(self, ctx: Any, event: str, what: tuple[Any, ...] = ()) -> None:
        self.money.append((ctx.cash, ctx.equity))
        self.call(ctx, event, what, [o.id for o in ctx.orders()])


class TwinScript(Script):
    def price_of(self, ctx: Any, order_id: int) -> int:
        return ctx.log[order_id - 1].price or 100

    def at(self, machine: Any, event: str, what: Any) -> None:
        told = what.row if event == "on_fill" else tuple(what or ())
        self.money.append((machine.portfolio.cash, machine.equity))
        self.call(machine, event, told, [o.id for o in machine.open_orders])


def scripted(script: RealScript, settings: Settings) -> Strategy:
    def on_book(self: Any, ctx: Any) -> None:
        script.at(ctx, "on_book")

    def on_wake(self: Any, ctx: Any) -> None:
        script.at(ctx, "on_wake")

    def on_fill(self: Any, ctx: Any, fill: Any) -> None:
        script.at(ctx, "on_fill", tuple(getattr(fill, n) for n in FILL_NAMES))

    def on_trade(self: Any, ctx: Any, trade: Any) -> None:
        names = ("ts_event", "ts_recv", "instrument", "side", "price", "qty")
        script.at(ctx, "on_trade", tuple(getattr(trade, n) for n in names))

    known = {f.__name__: f for f in (on_book, on_wake, on_fill, on_trade)}
    body: dict[str, Any] = {n: f for n, f in known.items() if n in settings.handlers}
    if settings.wake_every:
        body["wake"] = every(f"{settings.wake_every // 1000}us")
    return type("Scripted", (Strategy,), body)()


def replay_settings(case: Case) -> ReplaySettings:
    from hftsim.backtest import BacktestConfig

    given = case.settings
    config = BacktestConfig(
        initial_capital=given.capital,
        risk_limits=given.limits,
        latency=given.latency,
        queue=given.queue,
        partial_fills=given.partial_fills,
        trade_through=given.trade_through,
        fees=given.fees,
        liquidity_half_life=given.liquidity_half_life,
        maintenance_margin=given.maintenance_margin,
        liquidation_fee=given.liquidation_fee,
        equity_every=f"{given.equity_every // 1000}us",
        chunk_rows=case.chunk_rows,
        seed=given.seed,
    )
    return config.replay_settings()


def play(case: Case) -> tuple[ReplayMarket, RealScript]:
    settings = replay_settings(case)
    charged = case.settings.fees.charged if case.settings.fees else lambda rules: rules
    market = ReplayMarket(case.ticks(), [charged(rules) for rules in case.instruments], settings)
    script = RealScript(case.script, len(case.rows))
    drive(scripted(script, case.settings), market, "python")
    return market, script


def play_twin(case: Case) -> tuple[Market, TwinScript]:
    script = TwinScript(case.script, len(case.rows))
    market = Market(case.rows, case.levels, case.instruments, case.settings, script.at)
    market.run()
    return market, script


# -- comparing -----------------------------------------------------------------------------------


def rows_of(log: np.ndarray, names: Sequence[str]) -> list[tuple[Any, ...]]:
    return list(zip(*(log[name].tolist() for name in names), strict=True))


def by_venue(fills: np.ndarray, count: int) -> np.ndarray:
    """Return fills venue by venue, each in its own order: between venues there is none."""
    return np.concatenate([fills[fills["instrument"] == k] for k in range(count)])


def require_same(what: str, real: Sequence[Any], twin: Sequence[Any], names: Sequence[str]) -> None:
    for k in range(max(len(real), len(twin))):
        told = [
            dict(zip(names, rows[k], strict=False)) if k < len(rows) else "-"
            for rows in (real, twin)
        ]
        same = k < min(len(real), len(twin)) and real[k] == twin[k]
        assert same, f"{what} {k}\n  real {told[0]}\n  twin {told[1]}"


def require_near(what: str, real: Any, twin: Any, scale: float) -> None:
    real, twin = np.asarray(real, float), np.asarray(twin, float)
    assert real.shape == twin.shape, f"{what}: {real.shape} {twin.shape}"
    near = np.isclose(real, twin, rtol=1e-9, atol=1e-10 * scale, equal_nan=True)
    where = tuple(np.argwhere(~near)[0]) if not near.all() else ()
    assert near.all(), f"{what} at {where}: real {real[where]} twin {twin[where]}"


def compare(case: Case) -> tuple[ReplayMarket, Market]:
    """Play both and demand the same."""
    (real, saw), (twin, twin_saw) = play(case), play_twin(case)
    count = len(case.rows)
    require_same(
        "call", saw.seen, twin_saw.seen, ("event", "now", "what", "views", "open", "refused")
    )
    fills = by_venue(real.fills[: int(real.context["fill_count"][0])], count)
    require_same("fill", rows_of(fills, FILL_NAMES), [t.row for t in twin.trades], FILL_NAMES)
    require_near("figures", rows_of(fills, FIGURES), [t.figures for t in twin.trades], 1.0)
    orders = real.orders[: int(real.context["order_count"][0])]
    log = [o.row for o in twin.machine.log]
    require_same("order", rows_of(orders, ORDER_NAMES), log, ORDER_NAMES)
    scale = case.settings.capital
    require_near("money", saw.money, twin_saw.money, scale)
    assert real.sample_times.tolist() == [time for time, _, _ in twin.samples]
    require_near("equity", real.equity, [equity for _, equity, _ in twin.samples], scale)
    require_near("marks", real.marks, [marks for _, _, marks in twin.samples], 1.0)
    compare_ends(real, twin)
    return real, twin


def compare_ends(real: ReplayMarket, twin: Market) -> None:
    assert int(real.run["settled"][0]) == twin.settled
    assert int(real.run["unsent"][0]) == twin.unsent
    assert bool(real.run["liquidated"][0]) == twin.margin.liquidated
    compare_funding(real, twin)
    assert int(real.context["decisions"][0]) == twin.decisions
    assert int(real.context["refused"][0]) == twin.machine.refused
    assert int(real.context["halted"][0]) == int(twin.machine.risk.halted)
    assert int(real.feeds["not_canceled"].sum()) == twin.machine.not_canceled
    assert int(real.feeds["not_replaced"].sum()) == twin.machine.not_replaced
    assert int(real.context["last_refusal"][0]) == int(twin.machine.last_refusal)
    assert real.feeds["unknown_rows"].tolist() == [v.unknown for v in twin.venues]
    assert real.positions[-1].tolist() == [view.position for view in twin.machine.views]
    refused = sum(o.status == S.REJECTED for o in twin.machine.log)
    assert refused == twin.machine.refused
    if twin.machine.risk.halted:
        assert int(real.context["halted_at"][0]) == twin.machine.risk.breakers.halted_at
    if real.fee_tiers is not None:
        assert real.fee_tiers.tier == twin.tariff.tier(twin.end)
        paid = [twin.tariff.paid[tier] for tier in range(len(real.fee_tiers.paid))]
        require_near("fees by tier", real.fee_tiers.paid, paid, 1.0)
    account = twin.machine.portfolio
    require_near("cash", real.context["cash"], [account.cash], account.initial_capital)
    require_near("fees", real.context["fees"], [account.fees], account.initial_capital)
    check_account(real)


def compare_funding(real: ReplayMarket, twin: Market) -> None:
    assert int(real.run["unpriced_funding"][0]) == sum(v.unpriced for v in twin.venues)
    payments = real.payments[: int(real.run["payment_count"][0])]
    payments = by_venue(payments, len(real.symbols))
    names = ("ts_event", "instrument", "rate", "position")
    told = [p for venue in twin.venues for p in venue.payments]
    require_same("funding", rows_of(payments, names), [(*p[:3], p[4]) for p in told], names)
    figures = [(p[3], p[5]) for p in told]
    require_near("paid", rows_of(payments, ("price", "paid")), figures or np.zeros(0), 1.0)
    paid = real.instrument_records["funding"].sum()
    scale = twin.machine.portfolio.initial_capital
    require_near("funding", paid, twin.machine.portfolio.funding, scale)


def check_account(market: ReplayMarket) -> None:
    """What holds of any run, whatever the twin says."""
    orders = market.orders[: int(market.context["order_count"][0])]
    fills = market.fills[: int(market.context["fill_count"][0])]
    filled = np.zeros(len(orders) + 1, np.int64)
    np.add.at(filled, fills["order_id"], fills["qty"])
    assert (filled[1:] == orders["filled"]).all()
    assert (orders["status"] > S.PARTIALLY_FILLED).all()
    paid = 0.0
    for fill in fills:
        rules = market.instruments[fill["instrument"]]
        value = worth(rules, int(fill["qty"]), rules.price(int(fill["price"])))
        paid += fill["side"] * (-value if rules.inverse else value)
    payments = market.payments[: int(market.run["payment_count"][0])]
    cash = market.settings.capital - paid - fills["fee"].sum() - payments["paid"].sum()
    assert np.isclose(market.context["cash"][0], cash, rtol=1e-9, atol=1e-6)
    held = np.zeros(len(market.symbols), np.int64)
    np.add.at(held, fills["instrument"], fills["side"] * fills["qty"])
    assert held.tolist() == market.instrument_records["position"].tolist()
