"""`RiskManager.check_order` rule by rule, and against the rules stated once more, by brute force."""

import dataclasses
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from hftsim.core import Fill, InputError, Instrument, NewOrder, RejectReason, Side, UnknownNameError
from hftsim.portfolio import Portfolio
from hftsim.risk import RiskLimits, RiskManager

SPOT = Instrument(symbol="BTCUSDT", tick_size="0.25", lot_size="0.5")
PERP = Instrument(
    symbol="ETHUSDT", kind="perpetual", tick_size="0.5", lot_size="0.25", multiplier=2
)


def account(spot_lots: int = 0, perp_lots: int = 0, capital: float = 1024.0) -> Portfolio:
    """Return an account that bought and sold at 4 and 8 apiece."""
    portfolio = Portfolio(capital, [SPOT, PERP])
    for instrument, lots in ((SPOT, spot_lots), (PERP, perp_lots)):
        if lots:
            portfolio.apply_fill(
                Fill(
                    ts_event=0,
                    symbol=instrument.symbol,
                    order_id=0,
                    side=Side.BUY if lots > 0 else Side.SELL,
                    last_price=16,
                    last_qty=abs(lots),
                )
            )
    return portfolio


def order(instrument: Instrument, side: Side, qty: int, *, reduce_only: bool = False) -> NewOrder:
    return NewOrder(symbol=instrument.symbol, side=side, qty=qty, reduce_only=reduce_only)


def reason(
    manager: RiskManager,
    portfolio: Portfolio,
    request: NewOrder,
    instrument: Instrument,
    price: float = 4.0,
    open_qty: int = 0,
) -> RejectReason:
    refused = manager.check_order(request, portfolio, price, instrument, open_qty=open_qty)
    if refused is None:
        return RejectReason.NONE
    assert refused.request is request
    assert refused.detail
    return refused.reason


BUY, SELL = Side.BUY, Side.SELL
R = RejectReason
OFF = RiskLimits.off()
FREE = dataclasses.replace(OFF, max_leverage=None)


@pytest.mark.parametrize(
    ("limits", "lots", "side", "qty", "expected"),
    [
        (RiskLimits(), 0, BUY, 153, R.NONE),  # 153 * 2 = 306 <= 30 % of 1024 = 307.2
        (RiskLimits(), 0, BUY, 154, R.MAX_POSITION),
        (dataclasses.replace(OFF, max_exposure_pct=0.5), 0, BUY, 256, R.NONE),
        (dataclasses.replace(OFF, max_exposure_pct=0.5), 0, BUY, 257, R.MAX_EXPOSURE),
        (OFF, 0, BUY, 512, R.NONE),
        (OFF, 0, BUY, 513, R.MAX_LEVERAGE),
        (FREE, 0, BUY, 10**9, R.NONE),
        (OFF, 0, SELL, 1, R.NO_SHORT_SELLING),
        (OFF, 10, SELL, 10, R.NONE),
        (OFF, 10, SELL, 11, R.NO_SHORT_SELLING),
        (dataclasses.replace(OFF, allow_short=True), 10, SELL, 11, R.NONE),
        (dataclasses.replace(OFF, max_order_value=20), 0, BUY, 10, R.NONE),
        (dataclasses.replace(OFF, max_order_value=20), 0, BUY, 11, R.MAX_ORDER_VALUE),
        (OFF, 0, BUY, 0, R.BAD_QTY),
        (OFF, 0, BUY, -5, R.BAD_QTY),
    ],
)
def test_each_limit_allows_what_is_on_it_and_refuses_what_is_beyond(
    limits: RiskLimits, lots: int, side: Side, qty: int, expected: RejectReason
) -> None:
    assert reason(RiskManager(limits), account(lots), order(SPOT, side, qty), SPOT) is expected


def test_exposure_adds_longs_and_shorts_of_all_instruments() -> None:
    manager = RiskManager(dataclasses.replace(OFF, max_exposure_pct=0.5))
    portfolio = account(perp_lots=-100)  # 100 * 0.25 * 2 * 8 = 400 of 1024
    assert reason(manager, portfolio, order(SPOT, BUY, 56), SPOT) is R.NONE
    assert reason(manager, portfolio, order(SPOT, BUY, 57), SPOT) is R.MAX_EXPOSURE


def test_exposure_counts_the_orders_own_position_once() -> None:
    manager = RiskManager(dataclasses.replace(OFF, max_exposure_pct=0.5))
    portfolio = account(spot_lots=200)
    assert reason(manager, portfolio, order(SPOT, BUY, 56), SPOT) is R.NONE
    assert reason(manager, portfolio, order(SPOT, BUY, 57), SPOT) is R.MAX_EXPOSURE


def test_an_account_worth_nothing_takes_no_risk_even_without_limits() -> None:
    portfolio = account(perp_lots=256)
    portfolio.update_market_price("ETHUSDT", 0.0)
    assert portfolio.total_value == 0.0
    assert reason(RiskManager(FREE), portfolio, order(SPOT, BUY, 1), SPOT) is R.ACCOUNT_WIPED_OUT


def test_an_order_that_only_reduces_passes_even_when_halted() -> None:
    manager = RiskManager(RiskLimits())
    manager.update_equity(0, 1024.0)
    assert manager.update_equity(1, 0.0) is R.ACCOUNT_WIPED_OUT
    portfolio = account(spot_lots=100)
    assert reason(manager, portfolio, order(SPOT, SELL, 100), SPOT) is R.NONE
    assert reason(manager, portfolio, order(SPOT, SELL, 100), SPOT, math.nan) is R.NONE
    assert reason(manager, portfolio, order(SPOT, SELL, 101), SPOT) is R.ACCOUNT_WIPED_OUT
    assert reason(manager, portfolio, order(SPOT, BUY, 1), SPOT) is R.ACCOUNT_WIPED_OUT


def test_reduce_only_needs_something_to_reduce() -> None:
    manager = RiskManager(RiskLimits())
    sell = order(PERP, SELL, 500, reduce_only=True)
    assert reason(manager, account(), sell, PERP) is R.NOTHING_TO_REDUCE
    assert reason(manager, account(perp_lots=-1), sell, PERP) is R.NOTHING_TO_REDUCE
    assert reason(manager, account(perp_lots=1), sell, PERP) is R.NONE


def test_live_orders_on_the_same_side_are_taken_to_fill_first() -> None:
    manager = RiskManager(OFF)
    portfolio = account(spot_lots=10)
    assert reason(manager, portfolio, order(SPOT, SELL, 5), SPOT, open_qty=5) is R.NONE
    assert reason(manager, portfolio, order(SPOT, SELL, 5), SPOT, open_qty=6) is R.NO_SHORT_SELLING
    assert reason(manager, portfolio, order(SPOT, BUY, 500), SPOT, open_qty=3) is R.MAX_LEVERAGE


def test_breakers_refuse_with_their_own_reason() -> None:
    manager = RiskManager(RiskLimits(max_daily_loss_pct=0.05))
    manager.update_equity(0, 100.0, "mon")
    manager.update_equity(1, 95.0, "mon")
    assert reason(manager, account(), order(SPOT, BUY, 1), SPOT) is R.DAILY_LOSS
    manager.update_equity(2, 95.0, "tue")
    assert manager.halted is R.NONE
    assert reason(manager, account(), order(SPOT, BUY, 1), SPOT) is R.NONE
    manager.update_equity(3, 85.0, "tue")
    assert reason(manager, account(), order(SPOT, BUY, 1), SPOT) is R.DRAWDOWN_BREAKER


@pytest.mark.parametrize("price", [math.nan, math.inf, 0.0, -1.0])
def test_without_a_price_there_is_no_market(price: float) -> None:
    assert reason(RiskManager(FREE), account(), order(PERP, BUY, 1), PERP, price) is R.NO_MARKET


def test_an_order_for_another_instrument_is_refused() -> None:
    manager = RiskManager(OFF)
    assert reason(manager, account(), order(SPOT, BUY, 1), PERP) is R.BAD_INSTRUMENT
    coarse = SPOT.replace(lot_size=1)
    assert reason(manager, account(), order(SPOT, BUY, 1), coarse) is R.BAD_INSTRUMENT


def test_a_refusal_says_how_far_it_went() -> None:
    refused = RiskManager().check_order(order(SPOT, BUY, 200), account(), 4.0, SPOT)
    assert refused is not None
    assert refused.detail == "BTCUSDT position of 400.00 would exceed 307.20"


shares = st.sampled_from([None, 0.125, 0.25, 0.5, 1.0])


@settings(max_examples=500)
@given(
    limits=st.builds(
        RiskLimits,
        max_position_pct=shares,
        max_exposure_pct=shares,
        max_leverage=st.sampled_from([None, 1.0, 2.0]),
        max_order_value=st.sampled_from([None, 64.0, 256.0]),
        allow_short=st.sampled_from([None, True, False]),
        max_daily_loss_pct=st.sampled_from([None, 0.25]),
        max_drawdown_pct=st.sampled_from([None, 0.5]),
    ),
    held=st.tuples(st.integers(-40, 40), st.integers(-40, 40)),
    marks=st.tuples(st.integers(1, 32), st.integers(1, 32)),
    past=st.lists(st.sampled_from([1024.0, 900.0, 700.0, 400.0, 0.0]), max_size=3),
    spot=st.booleans(),
    side=st.sampled_from(list(Side)),
    qty=st.integers(-1, 200),
    price_ticks=st.integers(0, 32),
    open_qty=st.integers(0, 20),
    reduce_only=st.booleans(),
)
def test_every_verdict_equals_the_rules_stated_in_rational_numbers(
    limits: RiskLimits,
    held: tuple[int, int],
    marks: tuple[int, int],
    past: list[float],
    spot: bool,
    side: Side,
    qty: int,
    price_ticks: int,
    open_qty: int,
    reduce_only: bool,
) -> None:
    portfolio = account(*held)
    manager = RiskManager(limits)
    for i, equity in enumerate(past):
        manager.update_equity(i, equity)
    units = (Fraction(1, 2), Fraction(1, 2))  # lot size times multiplier of SPOT, of PERP
    ticks = (Fraction(1, 4), Fraction(1, 2))
    for instrument, tick, mark in zip((SPOT, PERP), ticks, marks, strict=True):
        portfolio.update_market_price(instrument.symbol, float(tick * mark))
    k = 0 if spot else 1
    instrument = (SPOT, PERP)[k]
    price = ticks[k] * price_ticks

    values = [n * u * t * m for n, u, t, m in zip(held, units, ticks, marks, strict=True)]
    paid = sum(n * u * t * 16 for n, u, t in zip(held, units, ticks, strict=True))
    equity = 1024 - paid + sum(values)
    after = held[k] + side * (open_qty + qty)
    reached = held[k] + side * open_qty
    worth = abs(after) * units[k] * price
    gross = worth + abs(values[1 - k])
    only_reduces = (reached > 0 > side and after >= 0) or (reached < 0 < side and after <= 0)
    shorts = limits.allow_short if limits.allow_short is not None else not spot

    def beyond(amount: Fraction, share: float | None) -> bool:
        return share is not None and amount > Fraction(share) * equity

    broken = {
        R.NO_MARKET: price <= 0,
        R.ACCOUNT_WIPED_OUT: equity <= 0 or 0.0 in past,
        R.DRAWDOWN_BREAKER: limits.max_drawdown_pct is not None
        and any(min(past[i:]) <= past[i] / 2 for i in range(len(past))),
        R.DAILY_LOSS: limits.max_daily_loss_pct is not None
        and any(e <= past[0] * 0.75 for e in past),
        R.NO_SHORT_SELLING: after < 0 and not shorts,
        R.MAX_ORDER_VALUE: limits.max_order_value is not None
        and qty * units[k] * price > limits.max_order_value,
        R.MAX_POSITION: beyond(worth, limits.max_position_pct),
        R.MAX_EXPOSURE: beyond(gross, limits.max_exposure_pct),
        R.MAX_LEVERAGE: beyond(gross, limits.max_leverage),
    }
    if qty <= 0:
        expected = R.BAD_QTY
    elif reduce_only:
        expected = R.NONE if held[k] * side < 0 else R.NOTHING_TO_REDUCE
    elif only_reduces:
        expected = R.NONE
    else:
        expected = next((r for r, is_broken in broken.items() if is_broken), R.NONE)
    request = order(instrument, side, qty, reduce_only=reduce_only)
    assert reason(manager, portfolio, request, instrument, float(price), open_qty) is expected


@given(
    st.integers(-100, 100),
    st.sampled_from(list(Side)),
    st.integers(1, 300),
    st.floats(0.01, 1e6),
)
def test_whatever_passes_leaves_the_account_within_its_limits(
    lots: int, side: Side, qty: int, price: float
) -> None:
    manager = RiskManager(RiskLimits(max_position_pct=0.5, max_exposure_pct=0.75))
    portfolio = account(perp_lots=lots)
    assume(portfolio.total_value > 0)
    if manager.check_order(order(PERP, side, qty), portfolio, price, PERP) is None:
        after = lots + side * qty
        reduced = abs(after) < abs(lots) and after * lots >= 0
        assert reduced or abs(after) * price * 0.5 <= 0.5 * 1024 * (1 + 1e-9)


def test_check_position_limit_gives_the_largest_quantity() -> None:
    manager = RiskManager()
    check = manager.check_position_limit("BTC/USDT", 0.5, 90_000.0, 100_000.0)
    assert check == {
        "symbol": "BTCUSDT",
        "allowed": False,
        "max_qty": pytest.approx(1 / 3),
        "value": 45_000.0,
        "max_value": 30_000.0,
    }
    assert manager.check_position_limit("BTCUSDT", check["max_qty"], 90_000.0, 100_000.0)["allowed"]
    assert RiskManager(OFF).check_position_limit("BTCUSDT", 9e9, 1.0, 1.0)["max_qty"] is None
    contract = manager.check_position_limit("ESZ5", -1, 5_000.0, 100_000.0, multiplier=50)
    assert (contract["allowed"], contract["value"]) == (False, 250_000.0)
    with pytest.raises(InputError, match="capital must be above 0"):
        manager.check_position_limit("BTCUSDT", 1, 1.0, 0.0)
    with pytest.raises(InputError, match="qty must be a finite"):
        manager.check_position_limit("BTCUSDT", math.nan, 1.0, 1.0)


@pytest.mark.parametrize(
    ("side", "price", "stop", "target"),
    [
        ("long", 88_200.0, True, False),  # the documents' example: 2 % below 90,000
        ("long", 88_200.01, False, False),
        ("long", 94_500.0, False, True),
        ("short", 91_800.0, True, False),
        ("short", 91_799.99, False, False),
        (Side.SELL, 85_500.0, False, True),
        ("buy", 88_000.0, True, False),
    ],
)
def test_stop_and_target_lie_on_their_own_sides(
    side: Side | str, price: float, stop: bool, target: bool
) -> None:
    manager = RiskManager(RiskLimits(stop_loss_pct=0.02, take_profit_pct=0.05))
    assert manager.check_stop_loss(90_000.0, price, side) is stop
    assert manager.check_take_profit(90_000.0, price, side) is target


def test_a_stop_that_is_off_never_triggers() -> None:
    assert not RiskManager(OFF).check_stop_loss(100.0, 1.0, "long")
    with pytest.raises(UnknownNameError, match="did you mean 'long'"):
        RiskManager().check_stop_loss(100.0, 1.0, "lng")
    with pytest.raises(InputError, match=r"entry price 0\.0"):
        RiskManager().check_stop_loss(0.0, 1.0, "long")


def test_risk_metrics_by_hand() -> None:
    manager = RiskManager(RiskLimits(max_drawdown_pct=0.9))
    portfolio = account(spot_lots=64, perp_lots=-32)  # 64 * 2 = 128 long, 32 * 4 = 128 short
    portfolio.update_market_price("BTCUSDT", 8.0)  # 256 long: equity 1152
    manager.update_equity(0, 1536.0)
    metrics = manager.risk_metrics(portfolio, np.array([-0.04, 0.01, 0.02, 0.03]))
    assert metrics["equity"] == 1152.0
    assert (metrics["gross_exposure"], metrics["net_exposure"]) == (384.0, 128.0)
    assert metrics["leverage"] == 384 / 1152
    assert metrics["concentration"] == 256 / 1152
    assert metrics["drawdown"] == 0.25
    assert metrics["session_loss"] == 0.25
    assert metrics["var"] == pytest.approx(0.0325)
    assert metrics["cvar"] == pytest.approx(0.04)
    assert (metrics["halted"], metrics["reasons"]) == (None, {})


def test_a_risk_metric_that_is_not_defined_says_why() -> None:
    portfolio = account(spot_lots=1000)
    portfolio.update_market_price("BTCUSDT", 0.0001)
    metrics = RiskManager().risk_metrics(portfolio)
    undefined = {name for name, value in metrics.items() if value != value}
    assert undefined == {"leverage", "concentration", "session_loss", "var", "cvar"}
    assert set(metrics["reasons"]) == undefined
    assert metrics["drawdown"] > 1
    short = RiskManager().risk_metrics(account(), [0.01])
    assert short["reasons"]["var"] == "fewer than 2 returns were given"
    halted = RiskManager()
    halted.update_equity(0, -1.0)
    assert halted.risk_metrics(account())["halted"] == "account_wiped_out"


def test_the_documents_var_call_works() -> None:
    returns = np.linspace(-0.1, 0.1, 201)
    assert RiskManager().calculate_var(returns, confidence=0.95) == pytest.approx(0.09)
    assert RiskManager(RiskLimits(var_confidence=0.99)).calculate_var(returns) == pytest.approx(
        0.098
    )
