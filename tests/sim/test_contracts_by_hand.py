"""Rules of docs/models/contracts.md worked out by hand; each is also played by the twin."""

from typing import Any

import pytest
from tick_duel import Case, compare
from tick_words import ASK, BID, LAST, MACHINE, VENUE, K, Row, Settings

from hftsim.core import Instrument
from hftsim.core.enums import FillReason, OrderStatus, RejectReason, TimeInForce
from hftsim.risk import RiskLimits
from hftsim.sim.latency import LatencyModel

MS = 1_000_000
T0 = 1_700_000_000_000_000_000
PERP = Instrument(
    symbol="AAAUSDT", kind="perpetual", tick_size=1, lot_size=1, maker_fee=0, taker_fee=0
)
COIN = PERP.replace(symbol="BTCUSD_PERP", inverse=True, multiplier=100)
FREE = RiskLimits(
    max_position_pct=None, max_exposure_pct=None, max_leverage=None, stop_loss_pct=None,
    max_drawdown_pct=None,
)  # fmt: skip
PERCENT = 1_000_000
"""Of a rate in 1e-8."""


def at(ms: float, kind: K, side: int, price: int, qty: int) -> Row:
    time = T0 + round(ms * MS)
    flags = VENUE if kind == K.FUNDING else LAST | VENUE | MACHINE
    return Row(time, time, kind, side, price, qty, flags=flags)


def quotes(ms: float, bid: int, ask: int, qty: int = 2000) -> list[Row]:
    """Replace the book by one level of each side."""
    gone = at(ms, K.CLEAR, 0, 0, 0)
    gone.flags = VENUE | MACHINE
    first = at(ms, K.DEPTH, BID, bid, qty)
    first.flags = VENUE | MACHINE
    return [gone, first, at(ms, K.DEPTH, ASK, ask, qty)]


def funding(ms: float, rate: int, price: int = 0) -> Row:
    return at(ms, K.FUNDING, 0, price, rate)


def market(qty: int, k: int = 0) -> tuple[Any, ...]:
    return "send", {"side": 1 if qty > 0 else -1, "qty": abs(qty), "instrument": k}


def limit(qty: int, price: int, k: int = 0) -> tuple[Any, ...]:
    side = 1 if qty > 0 else -1
    return "send", {"side": side, "qty": abs(qty), "type": 2, "price": price, "instrument": k}


def play(
    rows: list[Row] | list[list[Row]],
    script: dict[int, list[Any]],
    *rules: Instrument,
    end: int = 2000,
    chunk_rows: int | None = None,
    **more: Any,
) -> Any:
    """Play calls (number of the 100 ms wake-up, from 1); both markets agree."""
    series = rows if isinstance(rows[0], list) else [rows]
    series = [[*each, at(end, K.STATUS, 0, 0, 1)] for each in series]
    given = {
        "capital": 1e6, "limits": FREE, "latency": LatencyModel.constant("10ms"),
        "handlers": frozenset({"on_wake"}), "wake_every": 100 * MS,
    } | more  # fmt: skip
    calls = [script.get(k, []) for k in range(1, 200)]
    levels = ["l2"] * len(series)
    case = Case(series, levels, list(rules or (PERP,)), Settings(**given), calls, chunk_rows)
    return compare(case)[0]


def fills(run: Any) -> list[tuple[float, int, int, str]]:
    log = run.fills[: int(run.context["fill_count"][0])]
    return [
        (
            (int(f["ts_event"]) - T0) / MS,
            int(f["side"] * f["qty"]),
            int(f["price"]),
            FillReason(int(f["reason"])).name.lower(),
        )
        for f in log
    ]


def ends(run: Any) -> list[str]:
    log = run.orders[: int(run.context["order_count"][0])]
    told = [(OrderStatus(int(o["status"])), RejectReason(int(o["reason"]))) for o in log]
    return [f"{s.name} {r.name}".lower().removesuffix(" none") for s, r in told]


def paid(run: Any) -> list[float]:
    return run.payments["paid"][: int(run.run["payment_count"][0])].tolist()


def cash(run: Any) -> float:
    return float(run.context["cash"][0])


def halt(run: Any) -> str:
    return RejectReason(int(run.context["halted"][0])).name.lower()


# -- inverse -------------------------------------------------------------------------------------


def test_100_contracts_of_100_usd_from_50_000_to_55_000() -> None:
    """0.2 BTC become 0.1818...: 0.01818... BTC are won; each way costs 0.05 % of the coins."""
    rows = [*quotes(0, 49_990, 50_000), *quotes(250, 55_000, 55_010)]
    rules = COIN.replace(taker_fee=0.0005)
    run = play(rows, {1: [market(100)], 3: [market(-100)]}, rules, capital=1.0)
    assert [f[1:3] for f in fills(run)] == [(100, 50_000), (-100, 55_000)]
    assert run.fills["fee"][:2].tolist() == pytest.approx([0.0001, 0.0005 * 10_000 / 55_000])
    won = 10_000 * (1 / 50_000 - 1 / 55_000)
    assert won == pytest.approx(0.018181818181818, rel=1e-12)
    assert cash(run) == pytest.approx(1.0 + won - 0.0001 - 5 / 55_000, rel=1e-14)
    assert run.instrument_records["realised"][0] == pytest.approx(won, rel=1e-12)


def test_a_short_gains_what_a_long_loses() -> None:
    rows = [*quotes(0, 50_000, 50_010), *quotes(250, 39_990, 40_000)]
    run = play(rows, {1: [market(-50)], 3: [market(50)]}, COIN, capital=1.0)
    assert cash(run) == pytest.approx(1.0 + 5000 * (1 / 40_000 - 1 / 50_000), rel=1e-14)


def test_equity_is_counted_in_coins_at_the_mid_price() -> None:
    rows = [*quotes(0, 49_990, 50_000), *quotes(250, 39_990, 40_010)]
    run = play(rows, {1: [market(100)]}, COIN, capital=1.0)
    assert run.equity[-1] == pytest.approx(1.0 + 0.2 - 10_000 / 40_000, rel=1e-14)


def test_leverage_is_of_coins() -> None:
    """Of 1 BTC at 50,000, leverage 1 buys 500 contracts of 100 USD."""
    limits = RiskLimits(
        max_position_pct=None, max_exposure_pct=None, stop_loss_pct=None, max_drawdown_pct=None
    )
    script = {1: [limit(501, 50_000), limit(500, 50_000)]}
    run = play([*quotes(0, 49_990, 50_000)], script, COIN, capital=1.0, limits=limits)
    assert ends(run) == ["rejected max_leverage", "filled"]


# -- funding -------------------------------------------------------------------------------------


@pytest.mark.parametrize("qty", [2, -2])
def test_a_long_pays_a_positive_rate_and_a_short_receives_it(qty: int) -> None:
    """1 % of 2 x the mid price 101; then -0.5 % of 2 x the mark price 110 that the row tells."""
    rows = [*quotes(0, 100, 102), funding(500, PERCENT), funding(700, -PERCENT // 2, 110)]
    run = play(rows, {1: [market(qty)]})
    assert paid(run) == pytest.approx([qty * 1.01, -qty * 0.55])
    price = 102 if qty > 0 else 100
    assert cash(run) == pytest.approx(1e6 - qty * price - qty * 1.01 + qty * 0.55, rel=1e-15)
    assert run.instrument_records["funding"][0] == pytest.approx(qty * 0.46)


def test_funding_of_an_inverse_contract_is_in_coins() -> None:
    """0.01 % of 100 x 100 USD at a mark price of 50,000: 0.00002 BTC."""
    rows = [*quotes(0, 49_990, 50_000), funding(500, PERCENT // 100, 50_000)]
    run = play(rows, {1: [market(100)]}, COIN, capital=1.0)
    assert paid(run) == pytest.approx([0.00002])
    assert cash(run) == pytest.approx(1.0 + 0.2 - 0.00002, rel=1e-14)


def test_the_position_at_the_venue_pays_and_the_account_knows_when_the_report_is_back() -> None:
    """Sold at 110 ms; funding at 110 comes before the order, and is known at 120, not before."""
    rows = [*quotes(0, 100, 102), funding(110, PERCENT), funding(115, PERCENT)]
    run = play(rows, {1: [market(-1)]}, equity_every=MS)
    assert paid(run) == pytest.approx([-1.01])
    assert (int(run.payments["ts_event"][0]), int(run.payments["ts_recv"][0])) == (
        T0 + 115 * MS,
        T0 + 125 * MS,
    )
    known = dict(zip((run.sample_times - T0) // MS, run.equity - 1e6, strict=True))
    assert (known[119], known[124], known[125]) == pytest.approx((0, -1, -1 + 1.01))


def test_without_any_price_nothing_is_paid_and_that_is_counted() -> None:
    gone = at(300, K.CLEAR, 0, 0, 0)
    rows = [*quotes(0, 100, 102), gone, funding(400, PERCENT), funding(500, PERCENT, 100)]
    run = play(rows, {1: [market(1)]})
    assert paid(run) == [1.0]
    assert int(run.run["unpriced_funding"][0]) == 1


def test_many_payments_find_room() -> None:
    rows = [*quotes(0, 100, 102), *(funding(200 + k, PERCENT) for k in range(300))]
    run = play(rows, {1: [market(1)]})
    assert len(paid(run)) == 300
    assert cash(run) == pytest.approx(1e6 - 102 - 303)


# -- liquidation ---------------------------------------------------------------------------------

LONG = {1: [market(10)], 2: [limit(1, 90)], 7: [market(1)]}
"""10 bought at 102 with 100: equity is 10 mid - 920, and 5 % of 10 mid needed: 96.84 liquidates."""
MARGIN: dict[str, Any] = {"capital": 100.0, "maintenance_margin": 0.05}


@pytest.mark.parametrize("chunk_rows", [None, 1, 2])
@pytest.mark.parametrize("handlers", [{"on_wake"}, {"on_wake", "on_fill", "on_book"}])
def test_an_account_that_falls_to_its_margin_is_closed_at_market(
    handlers: set[str], chunk_rows: int | None
) -> None:
    rows = [*quotes(0, 100, 102), *quotes(300, 96, 98), *quotes(450, 95, 98, 4),
            at(460, K.DEPTH, BID, 94, 9), *quotes(650, 94, 96)]  # fmt: skip
    script = LONG if handlers == {"on_wake"} else {3: LONG[1]}
    run = play(
        rows, script, **MARGIN, liquidation_fee=0.01, handlers=frozenset(handlers),
        chunk_rows=chunk_rows,
    )  # fmt: skip
    assert fills(run)[1:] == [
        (450.0, -4, 95, "liquidation"), (460.0, -4, 95, "liquidation"), (460.0, -2, 94, "liquidation"),
    ]  # fmt: skip
    assert halt(run) == "liquidated"
    assert int(run.context["halted_at"][0]) == T0 + 460 * MS
    fee = 0.01 * (8 * 95 + 2 * 94)
    assert cash(run) == pytest.approx(100 - 1020 + 8 * 95 + 2 * 94 - fee)
    if handlers == {"on_wake"}:
        told = ["filled", "canceled liquidated", "filled", "rejected liquidated"]
        assert ends(run) == told
        assert run.orders["origin"][:4].tolist() == [0, 0, 4, 0]


def test_nothing_is_closed_further_because_a_day_ends() -> None:
    """A DAY order wakes the venue at midnight, 6400 s after T0; the book is as it was."""
    dawn = 6_399_000
    rows = [*quotes(dawn, 100, 102), *quotes(dawn + 300, 95, 98, 4),
            at(dawn + 1300, K.DEPTH, BID, 94, 9)]  # fmt: skip
    resting = limit(1, 90)
    resting[1]["tif"] = TimeInForce.DAY
    run = play(rows, {1: [market(10), resting]}, **MARGIN, end=dawn + 2000)
    assert fills(run)[1:] == [
        (dawn + 300, -4, 95, "liquidation"), (dawn + 1300, -4, 95, "liquidation"),
        (dawn + 1300, -2, 94, "liquidation"),
    ]  # fmt: skip


def test_a_mid_price_above_the_margin_liquidates_nobody() -> None:
    """96.85 is out of reach of whole ticks: at mid 97 equity is 50, the margin 48.5."""
    rows = [*quotes(0, 100, 102), *quotes(300, 96, 98)]
    run = play(rows, {1: [market(10)]}, **MARGIN)
    assert halt(run) == "none"
    assert int(run.context["fill_count"][0]) == 1


def test_a_short_is_liquidated_above() -> None:
    """10 sold at 100 with 100: 1100 - 10 mid <= 0.5 mid from 104.77 on."""
    rows = [*quotes(0, 100, 102), *quotes(300, 103, 106), *quotes(450, 104, 106)]
    run = play(rows, {1: [market(-10)]}, **MARGIN)
    assert fills(run)[1:] == [(450.0, 10, 106, "liquidation")]


def test_a_coin_margined_long_is_liquidated_below_36_667() -> None:
    """1 BTC holds 1000 contracts from 50,000: 3 - 100,000 / p <= 0.1 * 100,000 / p at 36,666.67."""
    rows = [*quotes(0, 49_990, 50_000), *quotes(300, 36_660, 36_674), *quotes(450, 36_660, 36_673)]
    given: dict[str, Any] = {"capital": 1.0, "maintenance_margin": 0.1}
    run = play(rows, {1: [market(1000)]}, COIN, **given)
    assert fills(run)[1:] == [(450.0, -1000, 36_660, "liquidation")]
    assert cash(run) == pytest.approx(3 - 100_000 / 36_660, rel=1e-13)


def test_a_gap_leaves_a_debt_that_shows() -> None:
    rows = [*quotes(0, 100, 102), *quotes(300, 80, 82)]
    run = play(rows, {1: [market(10)]}, **MARGIN)
    assert cash(run) == run.equity[-1] == 100 - 1020 + 800


def test_funding_can_be_what_liquidates() -> None:
    """At mid 97 equity is 50 of 48.5; 0.2 % of 970 leaves 48.06."""
    rows = [*quotes(0, 100, 102), *quotes(300, 96, 98), funding(450, PERCENT // 5)]
    run = play(rows, {1: [market(10)]}, **MARGIN)
    assert fills(run)[1:] == [(450.0, -10, 96, "liquidation")]


def test_instruments_answer_for_each_other() -> None:
    """10 + 10 from 102 with 200: 10 (a + b) - 1840 <= 0.5 (a + b) when the mids sum to 193.68."""
    one = [*quotes(0, 100, 102), *quotes(300, 90, 92)]
    other = [*quotes(0, 100, 102), *quotes(300, 103, 105), *quotes(450, 101, 103)]
    rules = (PERP, PERP.replace(symbol="BBBUSDT", kind="future"))
    script = {1: [market(10), market(10, 1)]}
    given: dict[str, Any] = {"capital": 200.0, "maintenance_margin": 0.05}
    run = play([one, other], script, *rules, **given)
    assert sorted(fills(run)[2:]) == [
        (450.0, -10, 90, "liquidation"), (450.0, -10, 101, "liquidation"),
    ]  # fmt: skip


def test_spot_is_no_margin_but_counts_as_money() -> None:
    """1 of spot from 102: it is worth 101 at first, later 50; only the perpetual is closed."""
    perp = [*quotes(0, 100, 102), *quotes(300, 98, 100)]
    spot = [*quotes(0, 100, 102), *quotes(450, 49, 51)]
    rules = (PERP, PERP.replace(symbol="BBBUSDT", kind="spot"))
    run = play([perp, spot], {1: [market(10), market(1, 1)]}, *rules, **MARGIN)
    assert fills(run)[2:] == [(450.0, -10, 98, "liquidation")]


def test_a_halted_venue_closes_when_it_trades_again() -> None:
    rows = [*quotes(0, 100, 102), at(300, K.STATUS, 0, 0, 0), *quotes(310, 95, 97),
            at(600, K.STATUS, 0, 0, 1)]  # fmt: skip
    run = play(rows, LONG, **MARGIN)
    assert fills(run)[1:] == [(600.0, -10, 95, "liquidation")]
    assert int(run.context["halted_at"][0]) == T0 + 320 * MS
