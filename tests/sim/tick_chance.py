"""Random recorded markets, settings and scripts for the duel."""

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from tick_duel import Action, Case
from tick_words import ASK, BID, LAST, MACHINE, VENUE, K, Row, Settings

from hftsim.core import Instrument
from hftsim.risk import RiskLimits
from hftsim.sim.fees import FeeSchedule
from hftsim.sim.latency import LatencyModel
from hftsim.sim.queue import QUEUE_MODELS, QueueModel

MS = 1_000_000
MIDNIGHT = 1_700_006_400_000_000_000
GAPS = (0, 0, 1, 1000, MS, MS, 5 * MS, 40 * MS, 200 * MS, 1500 * MS)
NO_LIMITS = RiskLimits(
    max_position_pct=None, max_exposure_pct=None, max_leverage=None, stop_loss_pct=None,
    max_drawdown_pct=None,
)  # fmt: skip
HANDLERS = ("on_book", "on_trade", "on_fill", "on_wake")


class Dice(Protocol):
    """What is needed of `random.Random`, so that Hypothesis can play it too."""

    def randint(self, a: int, b: int) -> int: ...
    def random(self) -> float: ...
    def choice(self, options: Sequence[Any]) -> Any: ...


def random_case(dice: Dice, packets: int = 60) -> Case:
    count = dice.choice([1, 1, 1, 2, 3])
    levels = [dice.choice(["l1", "l2", "l2", "l3"]) for _ in range(count)]
    begin = MIDNIGHT - dice.choice([10**9, 5 * 10**9, 3600 * 10**9])
    rows = [random_rows(dice, level, begin, packets) for level in levels]
    if dice.random() < 0.15:
        rows = [without_trades(series) for series in rows]
    if dice.random() < 0.4:
        rows = [with_funding(dice, series) for series in rows]
    settings = random_settings(dice, begin)
    script = [
        [random_action(dice, count) for _ in range(dice.choice([0, 0, 1, 1, 2, 3]))]
        for _ in range(dice.randint(1, 40))
    ]
    inverse = dice.random() < 0.2
    instruments = [random_instrument(dice, k, inverse) for k in range(count)]
    chunk_rows = dice.choice([None, None, 1, 2, 7])
    return Case(rows, levels, instruments, settings, script, chunk_rows)


def random_instrument(dice: Dice, k: int, inverse: bool = False) -> Instrument:
    linear = ("AAAUSDT", "BBBUSDT", "CCCUSDT")
    kinds = ["perpetual"] if inverse else ["spot", "perpetual", "perpetual", "perpetual"]
    return Instrument(
        symbol=("AAAUSDPERP", "AAAUSD240927", "AAAUSD241227")[k] if inverse else linear[k],
        kind=dice.choice(kinds),
        inverse=inverse,
        tick_size=dice.choice(["1", "0.5", "0.01"]),
        lot_size=dice.choice(["1", "0.1", "0.001"]),
        multiplier=dice.choice([100, 10_000] if inverse else [1, 1, 10]),
        min_qty=dice.choice([0, 0, "0.2"]),
        min_notional=dice.choice([0, 0, 5]),
        maker_fee=dice.choice([0.0, 0.001, -0.0005]),
        taker_fee=dice.choice([0.0, 0.001, 0.01]),
        venue=dice.choice(["", "X"]),
        max_qty=dice.choice([None] * 5 + [10]),
        max_orders=dice.choice([None] * 5 + [1, 3]),
        price_band=dice.choice([None] * 5 + [0.01, 0.02]),
        max_order_rate=dice.choice([None] * 6 + [2, 5]),
    )


# -- rows ----------------------------------------------------------------------------------------


def random_rows(dice: Dice, level: str, begin: int, packets: int) -> list[Row]:
    """Return packets of rows whose receive times never go back."""
    make = {"l1": quote_rows, "l2": depth_rows, "l3": order_rows}[level]
    state: dict[str, Any] = {"orders": {}, "next": 1, "at": 100, "level": level}
    delay = dice.choice([0, 0, MS, 3 * MS])
    time, received, rows = begin, begin, list[Row]()
    for _ in range(packets):
        made = make(dice, state)
        if not made:
            continue
        time += dice.choice(GAPS)
        received = max(time + delay + dice.choice([0, 0, 1, MS, 30 * MS]), received)
        for row in made:
            row.ts_event, row.ts_recv, row.flags = time, received, VENUE | MACHINE
        made[-1].flags |= LAST
        rows += made
        if dice.random() < 0.3:
            state["at"] = min(max(state["at"] + dice.choice([-1, 1]), 90), 110)
    return rows or random_rows(dice, level, begin, packets + 5)


def without_trades(series: list[Row]) -> list[Row]:
    """Return what is left without trades, each row a packet of its own."""
    kept = [r for r in series if r.kind not in (K.TRADE, K.EXECUTE)]
    for each in kept:
        each.flags |= LAST
    return kept or series


def with_funding(dice: Dice, rows: list[Row]) -> list[Row]:
    """Return the rows with some of funding between packets."""
    made = list[Row]()
    for each in rows:
        made.append(each)
        if each.flags & LAST and dice.random() < 0.1:
            rate, price = dice.choice([100_000, -250_000, 3_000_000]), dice.choice([0, 0, 101])
            made.append(Row(each.ts_event, each.ts_recv, K.FUNDING, 0, price, rate, 0, 1, VENUE))
    return made


def row(kind: K, side: int, price: int, qty: int, priority: int = 0) -> Row:
    return Row(0, 0, kind, side, price, qty, priority, max(priority, 1))


def trade(dice: Dice, at: int) -> Row:
    side = dice.choice([BID, ASK, BID, ASK, 0])
    return row(K.TRADE, side, at + dice.randint(-3, 3), dice.randint(1, 12))


def rare(dice: Dice, level: str) -> Row:
    if dice.random() < 0.5:
        return row(K.STATUS, 0, 0, dice.choice([0, 1, 1, 1]))
    if level == "l2" and dice.random() < 0.6:
        return row(K.CLEAR_TO, dice.choice([BID, ASK]), dice.randint(98, 102), 0)
    return row(K.CLEAR, dice.choice([BID, ASK, 0]), 0, 0)


def quote_rows(dice: Dice, state: dict[str, Any]) -> list[Row]:
    if dice.random() < 0.35:
        return [trade(dice, state["at"])]
    if dice.random() < 0.03:
        return [rare(dice, "l1")]
    wide = dice.choice([1, 1, 2])
    sizes = [
        dice.choice([0, 1, 3, 5, 9]) if dice.random() < 0.1 else dice.randint(1, 9) for _ in "ab"
    ]
    quotes = [
        row(K.QUOTE, BID, state["at"] - wide, sizes[0]),
        row(K.QUOTE, ASK, state["at"] + dice.choice([0, 1, 2]), sizes[1]),
    ]
    return quotes if dice.random() < 0.7 else [dice.choice(quotes)]


def depth_rows(dice: Dice, state: dict[str, Any]) -> list[Row]:
    made = []
    for _ in range(dice.choice([1, 1, 2, 4])):
        if dice.random() < 0.3:
            made.append(trade(dice, state["at"]))
        elif dice.random() < 0.03:
            made.append(rare(dice, "l2"))
        else:
            side = dice.choice([BID, ASK])
            away = dice.choice([1, 1, 2, 3, 4]) if dice.random() < 0.93 else -1
            qty = dice.choice([0, 1, 2, 5, 8, 13, 20])
            far = dice.choice([0] * 40 + [300_000])
            made.append(
                row(K.DEPTH, side, state["at"] - side * (away + far) + 300_000 * (far > 0), qty)
            )
    return made


def order_rows(dice: Dice, state: dict[str, Any]) -> list[Row]:
    orders, chance = state["orders"], dice.random()
    if chance < 0.03:
        kind = dice.choice([K.REDUCE, K.DELETE, K.EXECUTE])
        return [row(kind, dice.choice([BID, ASK]), 100, 3)]
    if chance < 0.1:
        return [trade(dice, state["at"])]
    if chance < 0.12:
        return [row(K.STATUS, 0, 0, dice.choice([0, 1, 1]))]
    if chance < 0.35 and orders:
        return [leave(dice, orders, dice.choice(sorted(orders)))]
    if chance < 0.6 and orders:
        return execute(dice, orders)
    number, state["next"] = state["next"], state["next"] + 1
    side = dice.choice([BID, ASK])
    others = [p for s, p, _ in orders.values() if s == -side]
    price = state["at"] - side * dice.choice([0, 1, 1, 2, 3])
    if others and dice.random() < 0.95:
        price = min(price, min(others) - 1) if side == BID else max(price, max(others) + 1)
    orders[number] = (side, price, dice.randint(1, 9))
    return [row(K.ADD, *orders[number], number)]


def leave(dice: Dice, orders: dict[int, tuple[int, int, int]], number: int) -> Row:
    side, price, qty = orders.pop(number)
    if qty > 1 and dice.random() < 0.4:
        orders[number] = (side, price, qty - 1)
        return row(K.REDUCE, side, price, 1, number)
    return row(K.DELETE, side, price, qty, number)


def execute(dice: Dice, orders: dict[int, tuple[int, int, int]]) -> list[Row]:
    """Return the executions of one taker: best price first, then oldest."""
    side, room = dice.choice([BID, ASK]), dice.randint(1, 12)
    made = []
    mine = [n for n in orders if orders[n][0] == side]
    for number in sorted(mine, key=lambda n: (-orders[n][1] * side, n)):
        price, qty = orders[number][1:]
        taken = min(room, qty)
        if taken == 0:
            break
        room -= taken
        made.append(row(K.EXECUTE, side, price, taken, number))
        del orders[number]
        if taken < qty:
            orders[number] = (side, price, qty - taken)
    return made


# -- settings and scripts ------------------------------------------------------------------------


def random_settings(dice: Dice, begin: int) -> Settings:
    handlers = {name for name in HANDLERS if dice.random() < 0.5}
    if handlers <= {"on_fill"}:
        handlers.add("on_wake")
    partial_fills = dice.random() < 0.7
    half_lives = [None, None, "1ms", "300ms", "1000h"] if partial_fills else [None]
    margin = dice.choice([None, None, None, 0.01, 0.1, 0.3])
    return Settings(
        capital=dice.choice([30.0, 300.0] if margin else [1000.0, 10_000.0, 1_000_000.0]),
        limits=NO_LIMITS if margin else random_limits(dice),
        latency=random_latency(dice, begin),
        queue=QueueModel(name=dice.choice(QUEUE_MODELS), n=dice.choice([1.0, 2.0, 3.0, 0.5])),
        partial_fills=partial_fills,
        fees=random_fees(dice),
        liquidity_half_life=dice.choice(half_lives),
        trade_through=dice.random() < 0.8,
        maintenance_margin=margin,
        liquidation_fee=dice.choice([0.0, 0.0125]) if margin else 0.0,
        equity_every=dice.choice([250 * MS, 1000 * MS, 60_000 * MS]),
        wake_every=dice.choice([10 * MS, 100 * MS, 333 * MS]) if "on_wake" in handlers else 0,
        handlers=frozenset(handlers),
        seed=dice.randint(0, 1000),
    )


def random_fees(dice: Dice) -> FeeSchedule | None:
    if dice.random() < 0.5:
        return None
    tiers = [(0.0, 0.001, 0.002), (500.0, 0.0, 0.001), (5000.0, -0.0005, 0.0007)]
    return FeeSchedule(
        tiers=tuple(tiers[: dice.randint(1, 3)]),
        volume_before=dice.choice([0.0, 450.0, 6000.0]),
        days=dice.choice([1, 2, 30]),
        venue=dice.choice([None, None, "X"]),
    )


def random_latency(dice: Dice, begin: int) -> LatencyModel:
    chance = dice.random()
    if chance < 0.2:
        return LatencyModel.recorded(recorded(dice, begin))
    times = ["0ms", "1ms", "10ms", "50ms"]
    if chance > 0.8:
        per_row, window = dice.choice(["1ms", "10us", "5h"]), dice.choice(["1ns", "1ms", "2s"])
        return LatencyModel.load(
            dice.choice(times), dice.choice([None, *times]), per_row=per_row, window=window
        )
    if chance < 0.4:
        least = dice.choice(["0ms", "1ms"])
        return LatencyModel.log_normal(dice.choice(times[1:]), dice.choice(times[1:]), least=least)
    return LatencyModel(
        entry=dice.choice(times),
        response=dice.choice([None, *times]),
        cancel=dice.choice([None, *times]),
        replace=dice.choice([None, *times]),
        feed=dice.choice(["0ms", "0ms", "2ms"]),
    )


def recorded(dice: Dice, begin: int) -> np.ndarray:
    rows, sent, at = [], begin - 10 * MS, 0
    for _ in range(dice.randint(2, 12)):
        sent += dice.choice([0, MS, 100 * MS, 1000 * MS])
        at = max(sent + dice.choice([0, 1, MS, 20 * MS]), at)
        lost = bool(rows) and dice.random() < 0.25
        rows.append((sent, 0 if lost else at, at + dice.choice([0, MS, 30 * MS])))
    return np.array(rows)


def random_limits(dice: Dice) -> RiskLimits:
    if dice.random() < 0.5:
        return RiskLimits.off()
    return RiskLimits(
        max_position_pct=dice.choice([None, None, 0.8]),
        max_exposure_pct=dice.choice([None, None, 1.0]),
        max_leverage=dice.choice([None, 1.0, 5.0]),
        stop_loss_pct=dice.choice([None, 0.005, 0.02]),
        take_profit_pct=dice.choice([None, 0.005, 0.03]),
        max_daily_loss_pct=dice.choice([None, 0.002, 0.05]),
        max_drawdown_pct=dice.choice([None, 0.005, 0.2]),
        max_order_value=dice.choice([None, None, 2000.0]),
        allow_short=dice.choice([None, None, True, False]),
    )


def random_action(dice: Dice, count: int) -> Action:
    kind, k = dice.random(), dice.randint(0, count - 1)
    if kind < 0.12:
        return "cancel", dice.randint(0, 5)
    if kind < 0.26:
        return "replace", dice.randint(0, 5), dice.choice([0, 0, -1, 1, 3]), dice.randint(1, 12)
    if kind < 0.29:
        return ("cancel_all",)
    if kind < 0.33:
        return "target", dice.choice([0.0, 0.01, 0.5, -0.01, -0.5, 1.5]), k
    if kind < 0.42:
        qty, reduce_only = dice.randint(1, 15), dice.random() < 0.4
        return "send", {
            "side": dice.choice([1, -1]), "qty": qty, "instrument": k, "reduce_only": reduce_only,
        }  # fmt: skip
    if kind < 0.45:
        return "send", odd_order(dice, k)
    if kind < 0.6:
        return random_stop(dice, k)
    away = dice.choice([0, 0, -1, 1, -2, 2])
    tif = dice.choice([0, 0, 0, 1, 2, 3, 3, 4])
    return "limit", dice.choice([1, -1]), away, dice.randint(1, 12), tif, k, dice.random() < 0.15


def random_stop(dice: Dice, k: int) -> Action:
    kind, side = dice.randint(3, 6), dice.choice([1, -1])
    away, beyond = dice.choice([-3, -2, -1, 0, 1, 2, 3]), dice.choice([-2, -1, 0, 0, 1, 2])
    tif = dice.choice([0, 0, 0, 1, 2, 3, 4, 4])
    return "stop", kind, side, away, beyond, dice.randint(1, 12), tif, k, dice.random() < 0.3


def odd_order(dice: Dice, k: int) -> dict[str, Any]:
    order = {"side": 1, "qty": 3, "type": 2, "price": 100, "tif": 0, "instrument": k}
    odd = {
        "side": 0,
        "qty": 0,
        "type": dice.choice([0, 1, 3, 7, 9]),
        "price": 0,
        "trigger": 100,
        "tif": 8,
        "instrument": 7,
    }
    name = dice.choice(sorted(odd))
    return order | {name: odd[name]}
