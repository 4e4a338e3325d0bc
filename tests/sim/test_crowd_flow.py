"""Crowds: what comes out is a market, the same for the same seed, and in the rates asked for."""

import subprocess
import sys
from collections import Counter

import numpy as np
import pytest

from hftsim.core.errors import ConfigError, InputError, UnknownNameError
from hftsim.core.events import EventFlag, EventKind
from hftsim.sim.crowd import (
    Crowd,
    CrowdSettings,
    Distribution,
    HawkesFlow,
    MarketMakers,
    NoiseTraders,
    PoissonFlow,
    QueueReactiveFlow,
    named_crowd,
)

ADD, DELETE, EXECUTE = EventKind.ADD, EventKind.DELETE, EventKind.EXECUTE
FLOWS = ("poisson", "hawkes", "queue-reactive")


class PlainBook:
    """Follows rows by order with dicts and lists, and objects to what no venue would publish."""

    def __init__(self):
        self.orders, self.queues, self.added, self.left = {}, {}, 0, 0

    def apply(self, kind, side, price, qty, priority):
        queue = self.queues.setdefault((side, price), [])
        if kind == ADD:
            assert priority not in self.orders
            assert priority == len(self.orders) + self.left + 1
            self.orders[priority] = [side, price, qty]
            queue.append(priority)
            self.added += qty
            return
        order = self.orders[priority]
        assert order[:2] == [side, price]
        if kind == EXECUTE:
            assert price == self.best(side)
            assert queue[0] == priority
        else:
            assert kind == DELETE
            assert qty == order[2]
        order[2] -= qty
        assert order[2] >= 0
        if order[2] == 0:
            queue.remove(priority)
            del self.orders[priority]
            self.left += 1
            if not queue:
                del self.queues[(side, price)]

    def best(self, side):
        prices = [p for s, p in self.queues if s == side and self.queues[(s, p)]]
        return max(prices, key=lambda p: side * p) if prices else None

    def levels(self):
        found = Counter()
        for side, price, qty in self.orders.values():
            found[(side, price)] += qty
        return dict(found)


def rows_of(columns):
    names = ("kind", "side", "price", "qty", "priority", "flags")
    return zip(*(columns[name].tolist() for name in names), strict=True)


@pytest.mark.parametrize("flow", FLOWS)
@pytest.mark.parametrize("agents", ["none", "all"])
def test_rows_by_order_are_a_book_with_price_time_priority(flow, agents):
    crowd = Crowd(named_crowd(flow, agents), seed=3)
    columns = crowd.columns(6_000)
    book = PlainBook()
    for kind, side, price, qty, priority, flags in rows_of(columns):
        book.apply(kind, side, price, qty, priority)
        if flags & EventFlag.LAST and None not in (book.best(1), book.best(-1)):
            assert book.best(1) < book.best(-1)
    out = columns["qty"][columns["kind"] != ADD].sum()
    assert book.added == out + sum(book.levels().values())
    assert (np.diff(columns["ts_event"]) >= 0).all()
    assert len(columns["kind"]) == 6_000
    assert crowd.counts["fills"] > 20


def test_what_rests_at_the_end_is_what_the_matching_engine_holds():
    from hftsim.book.matching.state import live_rows

    crowd = Crowd(named_crowd("hawkes", "all"), seed=8)
    crowd.columns(5_000)
    crowd._rest = None
    book = PlainBook()
    again = Crowd(named_crowd("hawkes", "all"), seed=8)
    for row in rows_of(again.columns(5_000 + extra_rows(again))):
        book.apply(*row[:5])
    held = Counter()
    for row in live_rows(crowd.memory.book):
        held[(int(row[2]), int(row[6]))] += int(row[8])
    assert dict(held) == book.levels()
    live = crowd.memory.orders[crowd.memory.orders["id"] > 0]
    assert live["leaves"].sum() == sum(held.values())


def extra_rows(crowd):
    """Return how many rows the packet goes on behind row 5,000."""
    probe = Crowd(named_crowd("hawkes", "all"), seed=8)
    probe.columns(5_000)
    return 0 if probe._rest is None else len(probe._rest["kind"])


@pytest.mark.parametrize("flow", FLOWS)
def test_levels_and_trades_agree_with_rows_by_order(flow):
    by_order = Crowd(named_crowd(flow, "all"), seed=5)
    whole = by_order.columns(4_000)
    end = int(whole["ts_event"][-1])
    by_level = Crowd(named_crowd(flow, "all"), seed=5, kind="l2").columns(4_000)
    trades = Crowd(named_crowd(flow, "all"), seed=5, kind="trades").columns(100)
    book, shown = PlainBook(), {}
    for row in rows_of({k: v[whole["ts_event"] < end] for k, v in whole.items()}):
        book.apply(*row[:5])
    kept = by_level["ts_event"] < end
    assert by_level["ts_event"][-1] >= end or kept.all()
    for kind, side, price, qty in zip(
        *(by_level[n][kept].tolist() for n in ("kind", "side", "price", "qty")), strict=True
    ):
        if kind == EventKind.DEPTH:
            shown[(side, price)] = qty
    if by_level["ts_event"][-1] >= end:
        assert {k: v for k, v in shown.items() if v} == book.levels()
    executed = whole["kind"] == EXECUTE
    printed = by_level["kind"] == EventKind.TRADE
    n = min(int(executed.sum()), int(printed.sum())) - 2
    for name, sign in (("ts_event", 1), ("price", 1), ("qty", 1), ("side", -1)):
        expected = whole[name][executed][:n] * sign
        assert np.array_equal(by_level[name][printed][:n], expected)
        assert np.array_equal(trades[name][: min(n, 100)], expected[:100])


def test_the_same_seed_gives_the_same_rows_in_another_process_and_in_pieces():
    script = (
        "from hftsim.sim.crowd import Crowd, named_crowd;"
        "print(Crowd(named_crowd('hawkes', 'all'), seed=11).ticks(3000).sha256)"
    )
    made = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    ticks = Crowd(named_crowd("hawkes", "all"), seed=11).ticks(3_000)
    assert made.stdout.strip() == ticks.sha256
    assert Crowd(named_crowd("hawkes", "all"), seed=12).ticks(3_000).sha256 != ticks.sha256
    pieces = Crowd(named_crowd("hawkes", "all"), seed=11)
    whole = Crowd(named_crowd("hawkes", "all"), seed=11).columns(3_000)
    parts = [pieces.columns(n) for n in (1, 7, 992, 2_000)]
    for name in ("ts_event", "price", "qty", "kind", "side", "priority"):
        assert np.array_equal(np.concatenate([p[name] for p in parts]), whole[name])


def test_ticks_say_that_they_are_simulated_and_pass_the_checks():
    for kind, level in (("l3", "l3"), ("l2", "l2"), ("trades", "l2")):
        ticks = Crowd(seed=1, kind=kind, start="2024-03-05").ticks(500)
        assert ticks.metadata["simulated"] is True
        assert (ticks.level, ticks.rows) == (level, 500)
        assert sum(chunk.rows for chunk in ticks.chunks(97)) == 500
        assert ticks.start >= 1_709_596_800_000_000_000


def test_poisson_rates_are_those_asked_for():
    flow = PoissonFlow(market_rate=2.0, limit_rate=30.0, cancel_rate=0.5)
    settings = CrowdSettings(flow=flow, distances=Distribution((1, 2, 3), (1, 1, 2)))
    crowd = Crowd(settings, seed=2)
    columns = crowd.columns(60_000)
    seconds = (columns["ts_event"][-1] - columns["ts_event"][0]) / 1e9
    normal = columns["flags"] & EventFlag.SNAPSHOT == 0
    adds = int(((columns["kind"] == ADD) & normal).sum())
    assert adds / seconds == pytest.approx(60.0, rel=0.03)
    waits = np.diff(np.unique(columns["ts_event"])) / 1e9
    assert waits.std() / waits.mean() == pytest.approx(1.0, abs=0.03)
    sizes = columns["qty"][(columns["kind"] == ADD) & normal]
    assert sizes.mean() == pytest.approx(settings.limit_sizes.mean, rel=0.03)


def test_hawkes_rates_are_those_of_theory():
    excite = np.zeros((1, 6, 6))
    excite[0, 0, 0], excite[0, 2, 0], excite[0, 2, 2] = 0.5, 0.3, 0.4
    base = np.array([1.0, 1.0, 10.0, 16.0, 0.0, 0.0])
    flow = HawkesFlow(base=base, excite=excite, decays=np.array([20.0]), cancel_rate=0.3)
    assert flow.mean_rates[:4] == pytest.approx([2.0, 1.0, 10.6 / 0.6, 16.0])
    assert flow.branching_ratio == pytest.approx(0.5)
    columns = Crowd(CrowdSettings(flow=flow), seed=4).columns(80_000)
    seconds = (columns["ts_event"][-1] - columns["ts_event"][0]) / 1e9
    added = (columns["kind"] == ADD) & (columns["flags"] & EventFlag.SNAPSHOT == 0)
    bids = int((added & (columns["side"] == 1)).sum()) / seconds
    asks = int((added & (columns["side"] == -1)).sum()) / seconds
    assert bids == pytest.approx(10.6 / 0.6, rel=0.05)
    assert asks == pytest.approx(16.0, rel=0.05)


def test_queue_reactive_queues_settle_where_their_rates_balance():
    # Nothing but the nearest queues, in at 4 and out at 1 per order: on average 4 orders stand there.
    lengths = 40
    limit = np.full((1, lengths), 4.0)
    cancel = np.arange(lengths, dtype=float)[None]
    flow = QueueReactiveFlow(limit=limit, cancel=cancel, market=np.zeros(lengths), theta=0.0)
    ones = Distribution((1,))
    settings = CrowdSettings(flow=flow, limit_sizes=ones, opening_levels=1, opening_orders=4)
    columns = Crowd(settings, seed=9, kind="l2").columns(60_000)
    for side in (1, -1):
        own = columns["side"] == side
        waits = np.diff(columns["ts_event"][own])
        assert np.average(columns["qty"][own][:-1], weights=waits) == pytest.approx(4.0, rel=0.05)


def test_agents_keep_their_limits_and_what_one_sells_another_buys():
    settings = CrowdSettings(
        flow=PoissonFlow(market_rate=0.0, limit_rate=0.0, cancel_rate=0.0),
        agents=(
            MarketMakers(count=4, rate=5.0, qty=6, max_position=9),
            NoiseTraders(count=6, rate=2.0, qty=4, max_position=7),
        ),
        opening_levels=1,
        opening_orders=1,
    )
    crowd = Crowd(settings, seed=6)
    columns = crowd.columns(5_000)
    positions = crowd.memory.agents["position"]
    assert np.abs(positions[:4]).max() <= 9
    assert np.abs(positions[4:]).max() <= 7
    opening = columns["qty"][:2]
    assert abs(positions.sum()) <= opening.sum()
    assert crowd.counts["fills"] > 100


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: HawkesFlow(base=np.ones(6), excite=np.eye(6)[None], decays=[1.0]), "branching"),
        (lambda: HawkesFlow(base=np.ones(5), excite=np.zeros((0, 6, 6)), decays=[]), "shape"),
        (lambda: PoissonFlow(limit_rate=-1.0), "limit_rate"),
        (lambda: Distribution(()), "at least one value"),
        (lambda: Distribution((1, 0)), "above 0"),
        (lambda: Distribution((1, 2), (0.0, 0.0)), "above 0"),
        (lambda: CrowdSettings(first_price=5), "first_price"),
        (lambda: NoiseTraders(qty=0), "qty"),
    ],
)
def test_settings_that_cannot_be_are_refused(make, said):
    with pytest.raises(ConfigError, match=said):
        make()


def test_doors_refuse_what_they_do_not_know():
    with pytest.raises(InputError, match="kind 'l4'"):
        Crowd(kind="l4")
    with pytest.raises(UnknownNameError, match="hawkes"):
        named_crowd("hawks")
    with pytest.raises(UnknownNameError, match="makers"):
        named_crowd("poisson", "maker")
    silent = PoissonFlow(market_rate=0.0, limit_rate=0.0, cancel_rate=0.0)
    crowd = Crowd(CrowdSettings(flow=silent))
    with pytest.raises(InputError, match="silent"):
        crowd.columns(1_000)


def test_a_distribution_is_cut_into_equal_steps():
    table = Distribution((3, 8), (1, 3)).table()
    assert len(table) == 4096
    assert (table == 3).sum() == 1024
    sample = np.repeat([1, 5, 9], [10, 20, 10])
    assert Distribution.of(sample).mean == pytest.approx(sample.mean(), abs=0.01)
