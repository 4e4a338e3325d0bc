"""Fee tiers, taken liquidity, latency by load: worked out by hand; each is also played by the twin."""

import math
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_ticks_by_hand import BOOK, FOK, FREE, MS, PERP, T0, at, ends, fills, limit, play
from tick_duel import Case, compare, ticks_of
from tick_words import ASK, BID, LAST, MACHINE, K, Settings

from hftsim.backtest import BacktestConfig, Backtester
from hftsim.core import Instrument
from hftsim.core.errors import ConfigError, DataError
from hftsim.engine import drive
from hftsim.risk import RiskLimits
from hftsim.sim.crowd import CrowdMarket, CrowdSource
from hftsim.sim.fees import FeeSchedule
from hftsim.sim.latency import LatencyModel
from hftsim.sim.ticks import ReplaySettings
from hftsim.strategies import Strategy, every

HOUR = 3600_000
TIERS = ((0.0, 0.001, 0.002), (1000.0, -0.0005, 0.001))
UTC_DAYS: dict[str, Any] = {"wake_every": HOUR * MS, "equity_every": HOUR * MS}


def market_order(side: int, qty: int) -> tuple[str, dict[str, int]]:
    return "send", {"side": side, "qty": qty}


def fees_of(market: Any) -> list[float]:
    return [float(v) for v in market.fills["fee"][: int(market.context["fill_count"][0])]]


# -- fee tiers -----------------------------------------------------------------------------------


def test_the_tier_of_a_day_is_that_of_the_days_before() -> None:
    """The run starts 2023-11-14 22:13:20; calls come every hour, so from the second on it is the 15th.

    The 14th: 1020 and 102, still in the lowest tier. The 15th and 16th count them: 0.1 %. The 17th
    counts the 15th and 16th alone, 102 and 102: 0.2 % again.
    """
    schedule = FeeSchedule(tiers=TIERS, days=2)
    script = {1: [market_order(1, 10), market_order(1, 1)], 2: [market_order(1, 1)],
              26: [market_order(1, 1)], 50: [market_order(1, 1)]}  # fmt: skip
    market = play(BOOK, script, fees=schedule, end=72 * HOUR, **UTC_DAYS)
    assert fees_of(market) == pytest.approx([2.04, 0.204, 0.102, 0.102, 0.204], rel=1e-12)
    assert market.fee_tiers.tier == 0
    assert market.fee_tiers.paid == pytest.approx([2.448, 0.204], rel=1e-12)
    assert float(market.context["fees"][0]) == pytest.approx(2.652, rel=1e-12)


def test_the_volume_before_the_run_leaves_the_window_day_by_day() -> None:
    """1010 in 30 days are 33.67 a day: 976.33 count on the second day, with 102 traded 1078.33."""
    schedule = FeeSchedule(tiers=TIERS, volume_before=1010.0)
    for first, fees, tier in (([], [0.204], 0), ([market_order(1, 1)], [0.102, 0.102], 1)):
        script = {1: first, 2: [market_order(1, 1)]}
        market = play(BOOK, script, fees=schedule, end=3 * HOUR, **UTC_DAYS)
        assert fees_of(market) == pytest.approx(fees, rel=1e-12)
        assert market.fee_tiers.tier == tier


def test_a_negative_maker_fee_of_a_tier_is_paid_to_us() -> None:
    """5 lots bought at 100 as a maker: a rebate of 0.05 % of 500."""
    rows = [*BOOK, at(300, K.TRADE, ASK, 99, 5)]
    schedule = FeeSchedule(tiers=TIERS, volume_before=1e6)
    market = play(rows, {1: [limit(1, 100, 5)]}, fees=schedule)
    assert fees_of(market) == [-0.25]
    assert float(market.context["cash"][0]) == 1e6 - 500 + 0.25


MIDNIGHT = 6_400_000
"""Ms from T0 to midnight UTC."""


def test_a_day_is_over_on_all_venues_before_its_volume_counts() -> None:
    """The second instrument's 2000 at 100 ms before midnight count for the first one's 200 ms later.

    Both fill between two calls, where each venue runs in one stretch.
    """
    ends_with = at(2 * MIDNIGHT, K.STATUS, 0, 0, 1)
    first = [*BOOK, at(MIDNIGHT + 100, K.TRADE, ASK, 99, 5), ends_with]
    second = [*BOOK, at(MIDNIGHT - 100, K.TRADE, ASK, 99, 20), ends_with]
    other = PERP.replace(symbol="BBBUSDT")
    given = Settings(
        capital=1e6, limits=FREE, fees=FeeSchedule(tiers=TIERS), handlers=frozenset({"on_wake"}),
        **UTC_DAYS,
    )  # fmt: skip
    script = [[limit(1, 100, 5), limit(1, 100, 20, instrument=1)], [], [], []]
    market = compare(Case([first, second], ["l2", "l2"], [PERP, other], given, script))[0]
    assert sorted(fees_of(market)) == pytest.approx([-0.25, 2.0], rel=1e-12)


def test_a_strategy_sees_the_rates_of_its_own_day() -> None:
    """Filled 50 ms before midnight and told 40 ms before it, when the venue is done with the day."""
    rows = [*BOOK, at(MIDNIGHT - 50, K.TRADE, ASK, 99, 20)]
    seen: list[tuple[int, float]] = []

    class Watcher(Strategy):
        wake = every("1h")

        def on_wake(self, ctx: Any) -> None:
            if not seen:
                ctx.buy(100, 20)
            seen.append((ctx.now, ctx.instrument().maker_fee))

        def on_fill(self, ctx: Any, fill: Any) -> None:
            seen.append((ctx.now, ctx.instrument().maker_fee))

    rows.append(at(2 * MIDNIGHT, K.STATUS, 0, 0, 1))
    config = BacktestConfig(
        initial_capital=1e6, fees=FeeSchedule(tiers=TIERS), latency=LatencyModel(entry="60ms", response="10ms"),
        equity_every="1h", risk_limits=FREE,
    )  # fmt: skip
    data = {"AAAUSDT": ticks_of(PERP, rows, "l2")}
    Backtester(Watcher(), config, mode="python").run(data)
    hours = T0 + HOUR * MS, T0 + 2 * HOUR * MS, T0 + 3 * HOUR * MS
    told = T0 + (MIDNIGHT - 40) * MS
    assert seen == [(hours[0], 0.001), (told, 0.001), (hours[1], -0.0005), (hours[2], -0.0005)]


def test_in_a_crowd_a_day_turns_too() -> None:
    """20 s about midnight; what is traded before it is worth more than the second tier needs."""

    class Buyer(Strategy):
        wake = every("1s")

        def on_wake(self, ctx: Any) -> None:
            ctx.buy_market(1)

    source = CrowdSource(start="2024-01-01T23:59:50", duration="20s")
    schedule = FeeSchedule(tiers=((0.0, 0.001, 0.002), (1.0, -0.0005, 0.001)))
    market = CrowdMarket(source, ReplaySettings(capital=1e9, fees=schedule))
    drive(Buyer(), market, "python")
    fills = market.fills[: int(market.context["fill_count"][0])]
    rules = market.instruments[0]
    rates = fills["fee"] / (fills["price"] * fills["qty"] * rules.tick_value)
    second = fills["ts_event"] >= np.datetime64("2024-01-02", "ns").astype(np.int64)
    assert rates[~second] == pytest.approx(0.002, rel=1e-9)
    assert rates[second] == pytest.approx(0.001, rel=1e-9)
    assert 0 < second.sum() < len(fills)
    assert market.fee_tiers.tier == 1


def test_a_schedule_of_another_venue_leaves_an_instruments_fees_alone() -> None:
    schedule = FeeSchedule(tiers=TIERS, venue="elsewhere")
    rules = Instrument(symbol="AAAUSDT", venue="here", maker_fee=0.003, taker_fee=0.004)
    assert schedule.charged(rules) == rules
    charged = FeeSchedule(tiers=TIERS, venue="here", volume_before=1000).charged(rules)
    assert (charged.maker_fee, charged.taker_fee) == (-0.0005, 0.001)


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"tiers": ()}, "begin with the tier from_volume 0"),
        ({"tiers": ((1.0, 0, 0),)}, "begin with the tier from_volume 0"),
        ({"tiers": ((0, 0, 0), (5, 0, 0), (5, 0, 0))}, "in order of from_volume"),
        ({"tiers": ((0, 0, 0), (math.nan, 0, 0))}, "in order of from_volume"),
        ({"tiers": ((0, 0.1),)}, "rows of from_volume, maker_fee, taker_fee"),
        ({"tiers": ((0, 0.1, 5),)}, "fees as fractions"),
        ({"tiers": TIERS, "volume_before": -1}, "volume_before is 0 or more"),
        ({"tiers": TIERS, "days": 0}, "days is from 1 to 366"),
    ],
)
def test_what_is_no_schedule_is_refused(fields: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        FeeSchedule(**fields)


def test_a_schedule_is_read_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "tiers.csv"
    file.write_text("from_volume,maker_fee,taker_fee\n0,0.001,0.002\n1000,-0.0005,0.001\n")
    assert FeeSchedule.read(file).tiers == TIERS
    file.write_text("from_volume,maker_fee,taker_fee\n0,0.001,a\n")
    with pytest.raises(DataError, match=r"row 2, column 'taker_fee': 'a' is no number"):
        FeeSchedule.read(file)
    file.write_text("from_volume,maker_fee,taker_fee\n0,0.001\n")
    with pytest.raises(DataError, match="row 2: has 2 fields instead of 3"):
        FeeSchedule.read(file)
    file.write_text("volume,maker,taker\n")
    with pytest.raises(DataError, match="first line must be from_volume,maker_fee,taker_fee"):
        FeeSchedule.read(file)
    with pytest.raises(DataError, match="cannot be read"):
        FeeSchedule.read(tmp_path / "missing.csv")


def test_fees_by_volume_and_flat_ones_cannot_both_be() -> None:
    schedule = FeeSchedule(tiers=TIERS)
    with pytest.raises(ConfigError, match="fees and taker_fee cannot both be"):
        BacktestConfig(fees=schedule, taker_fee=0.1)
    with pytest.raises(ConfigError, match="on ticks alone"):
        BacktestConfig(fees=schedule).market_settings()


# -- what own orders took ------------------------------------------------------------------------


def test_what_was_taken_comes_back_by_half_in_each_half_life() -> None:
    """10 lots at 102, half-life 1 s. At 110 ms 6 are taken; 100 ms later 5.6 of them are still gone.

    So 4 are left, which are taken: 9.6 gone. 1 s later that is 4.8: 5 are left.
    """
    script = {1: [market_order(1, 6)], 2: [market_order(1, 6)], 12: [market_order(1, 20)]}
    market = play(BOOK, script, liquidity_half_life="1s")
    assert [f[:3] for f in fills(market)] == [(110.0, 6, 102), (210.0, 4, 102), (1210.0, 5, 102)]
    assert ends(market) == ["filled", "expired ioc_remainder", "expired ioc_remainder"]
    twice = play(BOOK, script)
    assert [f[1] for f in fills(twice)] == [6, 6, 10]


FOREVER: dict[str, Any] = {"liquidity_half_life": "1000h"}


def test_a_walk_goes_past_what_is_taken() -> None:
    rows = [*BOOK, at(1, K.DEPTH, ASK, 103, 4)]
    script = {1: [market_order(1, 10)], 2: [market_order(1, 6)], 3: [market_order(-1, 6)]}
    market = play(rows, script, **FOREVER)
    assert [f[1:3] for f in fills(market)] == [(10, 102), (4, 103), (-6, 100)]


def test_lots_that_a_level_gains_are_not_taken() -> None:
    """6 of 10 are taken; the level rises to 13: 7 are left, so all 13 have been taken once."""
    rows = [*BOOK, at(150, K.DEPTH, ASK, 102, 13)]
    market = play(rows, {1: [market_order(1, 6)], 2: [market_order(1, 20)]}, **FOREVER)
    assert [f[1] for f in fills(market)] == [6, 7]


def test_no_more_is_taken_than_the_level_holds() -> None:
    """6 of 10 are taken; the level falls to 8: 2 are left. At 5 none would be; it rises to 9: 4 are."""
    buy = market_order(1, 20)
    falls, rises = at(150, K.DEPTH, ASK, 102, 8), at(350, K.DEPTH, ASK, 102, 9)
    market = play([*BOOK, falls], {1: [market_order(1, 6)], 2: [buy]}, **FOREVER)
    assert [f[1] for f in fills(market)] == [6, 2]
    rows = [*BOOK, at(250, K.DEPTH, ASK, 102, 5), rises]
    market = play(rows, {1: [market_order(1, 6)], 3: [buy], 4: [buy]}, **FOREVER)
    assert [f[:2] for f in fills(market)] == [(110.0, 6), (410.0, 4)]


@pytest.mark.parametrize("kind", [K.CLEAR, K.DEPTH, K.CLEAR_TO])
def test_a_level_that_was_gone_comes_back_whole(kind: K) -> None:
    rows = [*BOOK, at(150, kind, ASK, 102, 0), at(160, K.DEPTH, ASK, 102, 10)]
    market = play(rows, {1: [market_order(1, 10)], 2: [market_order(1, 20)]}, **FOREVER)
    assert [f[1] for f in fills(market)] == [10, 10]


def test_by_order_and_by_best_quotes_it_is_the_same() -> None:
    """9 lots, 6 taken, 2 more come: 5 are left."""
    rows = [
        at(0, K.ADD, BID, 100, 6, 1),
        at(0, K.ADD, ASK, 102, 9, 2),
        at(150, K.ADD, ASK, 102, 2, 3),
    ]
    script = {1: [market_order(1, 6)], 2: [market_order(1, 20)]}
    assert [f[1] for f in fills(play(rows, script, "l3", **FOREVER))] == [6, 5]
    rows = [
        at(0, K.QUOTE, BID, 100, 6),
        at(0, K.QUOTE, ASK, 102, 9),
        at(150, K.QUOTE, ASK, 102, 11),
    ]
    assert [f[1] for f in fills(play(rows, script, "l1", **FOREVER))] == [6, 5]


def test_fok_counts_what_is_left() -> None:
    script = {1: [market_order(1, 6)], 2: [limit(1, 102, 5, FOK), limit(1, 102, 4, FOK)]}
    market = play(BOOK, script, **FOREVER)
    assert ends(market) == ["filled", "expired fok_not_fillable", "filled"]


def test_what_filled_a_resting_order_is_taken_too() -> None:
    """5 lots come at 101 and meet our bid for 3; a buyer after it finds 2 of them."""
    rows = [*BOOK, at(150, K.DEPTH, ASK, 101, 5)]
    market = play(rows, {1: [limit(1, 101, 3)], 2: [limit(1, 101, 9)]}, **FOREVER)
    assert fills(market) == [(150.0, 3, 101, "book_cross"), (210.0, 2, 101, "taker_walk")]


def test_an_order_that_finds_a_taken_level_waits_there_for_new_lots() -> None:
    rows = [*BOOK, at(250, K.DEPTH, ASK, 102, 12)]
    market = play(rows, {1: [market_order(1, 10)], 2: [limit(1, 102, 5)]}, **FOREVER)
    assert fills(market) == [(110.0, 10, 102, "taker_walk"), (250.0, 2, 102, "book_cross")]


def test_of_very_many_levels_the_least_taken_is_forgotten_and_counted() -> None:
    rows = [*BOOK, *(at(1, K.DEPTH, ASK, 103 + k, 1) for k in range(300))]
    market = play(rows, {1: [market_order(1, 310)]}, **FOREVER)
    assert len(fills(market)) == 301
    assert market.feeds["taken_forgotten"].tolist() == [301 - 256]


@pytest.mark.parametrize("chunk_rows", [1, 3])
def test_costs_are_the_same_in_any_chunks(chunk_rows: int) -> None:
    rows = [*BOOK]
    rows += [at(40 * k, K.DEPTH, ASK, 102, 10 + k % 4) for k in range(1, 60)]
    script = {k: [limit(1, 102, 4), limit(-1, 100, 3)] for k in range(1, 20)}
    given: dict[str, Any] = {
        "liquidity_half_life": "50ms",
        "latency": LatencyModel.load("3ms", "1ms", per_row="5ms", window="90ms"),
        "fees": FeeSchedule(tiers=TIERS),
        "handlers": frozenset({"on_wake", "on_fill"}),
    }
    whole, cut = (play(rows, script, chunk_rows=n, **given) for n in (None, chunk_rows))
    used = int(whole.context["fill_count"][0])
    assert used > 30
    assert whole.fills[:used].tobytes() == cut.fills[:used].tobytes()


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"liquidity_half_life": "1"}, "liquidity_half_life: '1' is no span of time"),
        ({"liquidity_half_life": "0s"}, "liquidity_half_life must be above 0"),
        ({"liquidity_half_life": "1s", "partial_fills": False}, "needs partial_fills"),
    ],
)
def test_half_lives_that_make_no_sense_are_refused(fields: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        BacktestConfig(**fields)


# -- latency -------------------------------------------------------------------------------------


@pytest.mark.parametrize("chunk_rows", [None, 1, 2, 3])
def test_latency_by_load_counts_the_rows_of_the_window_before_sending(chunk_rows: int) -> None:
    """Sent at 100 ms: of the rows since 50 ms, 4 were before: 10 + 4 ms. Filled at 114: since 64 ms
    there were two, so the report takes 2 ms. A row that the machine alone counts is none.
    """
    rows = [*BOOK, at(49, K.DEPTH, BID, 99, 1), *(at(50, K.DEPTH, BID, 98, k) for k in (1, 2, 3)),
            at(60, K.DEPTH, BID, 97, 1, flags=MACHINE | LAST), at(99, K.DEPTH, BID, 99, 2),
            at(100, K.DEPTH, BID, 99, 3), at(114, K.DEPTH, BID, 99, 4)]  # fmt: skip
    latency = LatencyModel.load("10ms", "0ms", per_row="1ms", window="50ms")
    script = {1: [limit(1, 102, 1)]}
    market = play(rows, script, latency=latency, chunk_rows=chunk_rows)
    assert fills(market) == [(114.0, 1, 102, "taker_walk")]
    assert int(market.fills["ts_recv"][0]) == T0 + 116 * MS


def test_each_kind_of_request_has_its_own_time_and_the_load_comes_on_top() -> None:
    """Two rows at 195 ms: each request sent at 200 takes 2 ms more; and none overtakes another."""
    rows = [*BOOK, at(195, K.DEPTH, BID, 99, 1), at(195, K.DEPTH, BID, 99, 2)]
    latency = LatencyModel(
        entry="5ms", cancel="20ms", replace="10ms", response="1ms",
        model="load", per_row="1ms", window="10ms",
    )  # fmt: skip
    script = {1: [limit(1, 99, 1), limit(1, 98, 1)],
              2: [limit(1, 102, 1), ("replace", 1, 4, 1), ("cancel", 0)]}  # fmt: skip
    market = play(rows, script, latency=latency)
    assert fills(market) == [(207.0, 1, 102, "taker_walk"), (212.0, 1, 102, "taker_walk")]
    assert int(market.orders["ts_done"][0]) == T0 + 223 * MS


def test_log_normal_latency_is_that_of_its_generator() -> None:
    """splitmix64 from seed 0: e220a8397b1dcdaf, 6e789e6aa1b965f4; from 1: 910a2dec89025cc1,
    beeb8da1658eec67. As normal numbers -0.452758 and -0.028250: so 1 ms + 10 ms * exp(-0.226379)
    to the venue, and 1 ms + 20 ms for the acknowledgement, times exp(-0.014125).
    """
    latency = LatencyModel.log_normal("10ms", "20ms", sigma=0.5, least="1ms")
    market = play(BOOK, {1: [limit(1, 98, 1, 3), limit(-1, 98, 1, 3)]}, latency=latency)
    first = play(BOOK, {1: [limit(1, 102, 1)]}, latency=latency)
    assert int(first.fills["ts_event"][0]) == T0 + 100 * MS + 8_974_159
    assert ends(market)[1] == "rejected would_take"
    only = play(BOOK, {1: [limit(1, 102, 1, 3)]}, latency=latency)
    assert int(only.orders["ts_done"][0]) == T0 + 100 * MS + 8_974_159 + 20_719_488


def test_what_is_no_load_is_refused() -> None:
    with pytest.raises(ConfigError, match="latency window must be above 0"):
        LatencyModel.load("1ms", window="0ms")
    with pytest.raises(ConfigError, match="latency per_row: 'much' is no span of time"):
        LatencyModel.load("1ms", per_row="much")
    with pytest.raises(ConfigError, match="a crowd has none"):
        CrowdMarket(CrowdSource(duration="1s"), ReplaySettings(latency=LatencyModel.load("1ms")))


def test_settings_of_other_latency_models_are_not_told() -> None:
    told = BacktestConfig(risk_limits=RiskLimits.off()).to_dict()
    assert not {"per_row", "window"} & set(told["latency"])
    load = BacktestConfig(latency=LatencyModel.load("1ms"), liquidity_half_life="1s").to_dict()
    assert (load["latency"]["per_row"], load["liquidity_half_life"]) == ("1us", "1s")


@pytest.mark.parametrize("seed", range(12))
def test_no_lot_is_taken_twice(seed: int) -> None:
    """What takers and rows that meet our orders fill from a level is at most what ever came there."""
    dice = random.Random(seed)
    rows, came, holds = [*BOOK], {101: 0, 102: 10, 103: 0}, {101: 0, 102: 10, 103: 0}
    for k in range(1, 80):
        price, qty = dice.choice([101, 102, 103]), dice.randint(0, 12)
        rows.append(at(17 * k, K.DEPTH, ASK, price, qty))
        came[price] += max(qty - holds[price], 0)
        holds[price] = qty
    prices = [101, 102, 103]
    script = {k: [limit(1, dice.choice(prices), dice.randint(1, 9), dice.choice([0, 1, 1]))]
              for k in range(1, 20)}  # fmt: skip
    market = play(rows, script, **FOREVER)
    taken = dict.fromkeys(prices, 0)
    for _, qty, price, reason in fills(market):
        if reason == "taker_walk":
            taken[price] += qty
    assert sum(f[1] for f in fills(market)) <= sum(came.values())
    assert all(taken[price] <= came[price] for price in prices)
