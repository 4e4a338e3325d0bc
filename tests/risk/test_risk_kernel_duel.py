"""The compiled account, limits and breakers against their plain twins, on random accounts."""

import dataclasses
import math
import random
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from numba import njit

from hftsim.core import Fill, Instrument, NewOrder, RejectReason, Side
from hftsim.native.compiled import context_at, instrument_row
from hftsim.native.layout import CONTEXT, INSTRUMENT, LIMITS, address_of, fill_record
from hftsim.native.records import ENGINE_OPTIONS
from hftsim.portfolio import Portfolio
from hftsim.portfolio import _kernels as book
from hftsim.risk import Breakers, RiskLimits, RiskManager
from hftsim.risk import _kernels as limits_kernels

INSTRUMENTS = [
    Instrument(symbol="AAAUSDT", tick_size="0.25", lot_size="0.5"),
    Instrument(symbol="BBBUSDT", kind="perpetual", tick_size="0.5", lot_size="0.25", multiplier=2),
    Instrument(symbol="CCCUSDT", kind="perpetual", tick_size="0.01", lot_size="0.001"),
]


@njit(**ENGINE_OPTIONS)
def kernel_check(address: int, k: int, side: int, qty: int, price: float) -> int:
    ctx = context_at(address)
    own = instrument_row(ctx.instruments_at, k, ctx.instruments)
    return limits_kernels.check_order(ctx, own, side, qty, price)


@njit(**ENGINE_OPTIONS)
def kernel_fill(address: int, k: int, side: int, qty: int, price: int, fee: float) -> None:
    ctx = context_at(address)
    own = instrument_row(ctx.instruments_at, k, ctx.instruments)
    book.apply_fill(ctx, own, side, qty, price, fee)


@njit(**ENGINE_OPTIONS)
def kernel_mark(address: int) -> None:
    book.mark_to_market(context_at(address))


@njit(**ENGINE_OPTIONS)
def kernel_exposure(address: int, without: int) -> tuple[float, float]:
    ctx = context_at(address)
    return book.gross_exposure(ctx, without), book.net_exposure(ctx, without)


@njit(**ENGINE_OPTIONS)
def kernel_breakers(address: int, session: int, equity_before: float) -> bool:
    return limits_kernels.update_breakers(context_at(address), session, equity_before)


class Account:
    """One account twice: as records for the kernels, and as `Portfolio` and `RiskManager`."""

    def __init__(self, capital: float, limits: RiskLimits) -> None:
        self.plain = Portfolio(capital, INSTRUMENTS)
        self.manager = RiskManager(limits)
        self.context = np.zeros(1, CONTEXT)
        self.records = np.zeros(len(INSTRUMENTS), INSTRUMENT)
        self.limits = limit_record(limits)
        for k, rules in enumerate(INSTRUMENTS):
            values = {
                "index": k,
                "tick_size": float(rules.tick_size),
                "lot_size": float(rules.lot_size),
                "tick_value": rules.tick_value,
                "may_short": limits.allows_short(rules.kind),
            }
            fill_record(self.records, values, k)
        start = {"capital": capital, "cash": capital, "equity": capital, "peak": capital}
        fill_record(
            self.context,
            {
                **start,
                "instruments": len(INSTRUMENTS),
                "session": np.iinfo(np.int64).min,
                "instruments_at": address_of(self.records),
                "limits_at": address_of(self.limits),
            },
        )
        self.at = address_of(self.context)
        self.before = capital

    def fill(self, k: int, side: int, qty: int, price: int, fee: float) -> None:
        fill = Fill(
            ts_event=0, symbol=INSTRUMENTS[k].symbol, order_id=0, side=Side(side),
            last_price=price, last_qty=qty, fee=fee,
        )  # fmt: skip
        self.plain.apply_fill(fill)
        kernel_fill(self.at, k, side, qty, price, fee)

    def mark(self, k: int, price: float) -> None:
        self.plain.update_market_price(INSTRUMENTS[k].symbol, price)
        self.records["close"][k] = price
        kernel_mark(self.at)

    def update(self, ts: int, session: int) -> bool:
        """Move both breakers; returns what the kernel says."""
        self.manager.update_equity(ts, self.plain.total_value, session)
        kernel_mark(self.at)
        self.context["now"] = ts
        before, self.before = self.before, float(self.context["equity"][0])
        return bool(kernel_breakers(self.at, session, before))


def limit_record(limits: RiskLimits) -> np.ndarray:
    record = np.full(1, np.nan, LIMITS)
    named = {
        "max_position": limits.max_position_pct,
        "max_exposure": limits.max_exposure_pct,
        "max_leverage": limits.max_leverage,
        "max_order_value": limits.max_order_value,
        "max_daily_loss": limits.max_daily_loss_pct,
        "max_drawdown": limits.max_drawdown_pct,
    }
    fill_record(record, {n: math.nan if v is None else v for n, v in named.items()})
    return record


def random_limits(dice: Any) -> RiskLimits:
    leverage = dice.choice([None, 1.0, 2.0, 4.0])
    return RiskLimits(
        max_position_pct=dice.choice([None, 0.25, 0.5, 1.0]),
        max_exposure_pct=dice.choice([None, 0.5, 1.0]),
        max_leverage=leverage,
        stop_loss_pct=None,
        max_daily_loss_pct=dice.choice([None, 0.0625, 0.25]),
        max_drawdown_pct=dice.choice([None, 0.125, 0.5]),
        max_order_value=dice.choice([None, 64.0, 512.0]),
        allow_short=dice.choice([None, True, False]),
    )


def random_fill(dice: Any, account: Account) -> None:
    k = dice.randint(0, 2)
    price = dice.randint(1, 40)
    fee = dice.choice([0.0, 0.125, -0.0625, 0.7])
    account.fill(k, dice.choice([1, -1]), dice.randint(1, 300), price, fee)


def require_same_account(account: Account) -> None:
    plain, context, records = account.plain, account.context, account.records
    turnover = sum(f.last_price * f.last_qty for f in plain.fills) + 1024.0
    near = {"rel": 1e-9, "abs": 1e-12 * turnover}
    assert float(context["cash"][0]) == pytest.approx(plain.cash, **near)
    assert float(context["fees"][0]) == pytest.approx(plain.fees, **near)
    assert float(context["equity"][0]) == pytest.approx(plain.total_value, **near)
    for k, rules in enumerate(INSTRUMENTS):
        position = plain.position(rules.symbol)
        assert int(records["position"][k]) == position.lots
        average = 0.0 if position.lots == 0 else position.avg_price
        assert float(records["avg_price"][k]) == pytest.approx(average, **near)
        assert float(records["realised"][k]) == pytest.approx(position.realised_pnl, **near)
        others = [p.value for symbol, p in plain.positions.items() if symbol != rules.symbol]
        gross, net = kernel_exposure(account.at, k)
        assert gross == pytest.approx(math.fsum(abs(v) for v in others), **near)
        assert net == pytest.approx(math.fsum(others), **near)


def check_both(account: Account, dice: Any) -> tuple[RejectReason, RejectReason]:
    k, side, qty = dice.randint(0, 2), dice.choice([1, -1]), dice.randint(1, 400)
    rules, working = INSTRUMENTS[k], dice.choice([0, 0, dice.randint(1, 200)])
    price = dice.randint(1, 40) * float(rules.tick_size)
    account.records["open_buy_qty" if side > 0 else "open_sell_qty"][k] = working
    account.records["open_sell_qty" if side > 0 else "open_buy_qty"][k] = dice.randint(0, 500)
    request = NewOrder(symbol=rules.symbol, side=Side(side), qty=qty)
    refused = account.manager.check_order(request, account.plain, price, rules, open_qty=working)
    account.context["halted"] = account.manager.halted
    compiled = RejectReason(kernel_check(account.at, k, side, qty, price))
    return RejectReason.NONE if refused is None else refused.reason, compiled


def duel(dice: Any, rounds: int) -> set[RejectReason]:
    """Trade at random, ask about orders at random; returns the answers that came up."""
    account = Account(1024.0, random_limits(dice))
    account.manager.update_equity(0, 1024.0, 0)
    kernel_breakers(account.at, 0, 1024.0)
    for k, rules in enumerate(INSTRUMENTS):
        account.mark(k, dice.randint(1, 40) * float(rules.tick_size))
    session, answers = 0, set()
    for ts in range(1, rounds):
        if dice.random() < 0.5:
            random_fill(dice, account)
        k = dice.randint(0, 2)
        account.mark(k, dice.randint(1, 160) / 4 * float(INSTRUMENTS[k].tick_size))
        require_same_account(account)
        session += dice.choice([0, 0, 0, 1])
        require_same_breakers(account, ts, session)
        plain, compiled = check_both(account, dice)
        assert compiled == plain
        answers.add(plain)
    return answers


def require_same_breakers(account: Account, ts: int, session: int) -> None:
    breakers, context = account.manager.breakers, account.context
    halted, since = breakers.halted, breakers.halted_at
    tripped = account.update(ts, session)
    assert int(context["halted"][0]) == breakers.halted
    assert tripped == (
        bool(breakers.halted) and (breakers.halted, breakers.halted_at) != (halted, since)
    )
    if breakers.halted:
        assert int(context["halted_at"][0]) == breakers.halted_at
    near = {"rel": 1e-12, "abs": 1e-9}
    assert float(context["peak"][0]) == pytest.approx(breakers.peak, **near)
    assert float(context["session_start_equity"][0]) == pytest.approx(
        breakers.session_start, **near
    )


@given(dice=st.randoms(use_true_random=False))
@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])
def test_compiled_account_and_limits_answer_as_their_twins(dice: random.Random) -> None:
    duel(dice, 12)


def test_a_long_stream_meets_every_answer() -> None:
    answers = set()
    for seed in range(150):
        answers |= duel(random.Random(seed), 30)
    assert answers == {
        RejectReason.NONE,
        RejectReason.ACCOUNT_WIPED_OUT,
        RejectReason.DRAWDOWN_BREAKER,
        RejectReason.DAILY_LOSS,
        RejectReason.NO_SHORT_SELLING,
        RejectReason.MAX_ORDER_VALUE,
        RejectReason.MAX_POSITION,
        RejectReason.MAX_EXPOSURE,
        RejectReason.MAX_LEVERAGE,
    }


@pytest.mark.slow
def test_a_longer_stream_agrees() -> None:
    for seed in range(1000, 1800):
        duel(random.Random(seed), 40)


EQUITIES = st.integers(-64, 2048).map(float)


@given(path=st.lists(st.tuples(EQUITIES, st.sampled_from([0, 0, 0, 1])), max_size=40))
@example(path=[(1024.0, 0), (960.0, 0), (1000.0, 0), (1000.0, 1), (937.5, 0), (512.0, 1)])
@example(path=[(512.0, 0), (0.0, 0), (2000.0, 1)])
@settings(deadline=None, max_examples=150)
def test_breakers_trip_hold_and_release_alike(path: list[tuple[float, int]]) -> None:
    limits = dataclasses.replace(RiskLimits.off(), max_daily_loss_pct=0.0625, max_drawdown_pct=0.5)
    breakers, account = Breakers(limits), Account(1024.0, limits)
    breakers.update(0, 1024.0, 0)
    session, before = 0, 1024.0
    kernel_breakers(account.at, 0, 1024.0)
    for ts, (equity, change) in enumerate(path, start=1):
        session += change
        was = breakers.halted, breakers.halted_at
        breakers.update(ts, equity, session)
        fill_record(account.context, {"equity": equity, "now": ts})
        tripped = kernel_breakers(account.at, session, before)
        before = equity
        assert int(account.context["halted"][0]) == breakers.halted
        assert tripped == (bool(breakers.halted) and (breakers.halted, breakers.halted_at) != was)
        assert float(account.context["peak"][0]) == breakers.peak
        assert float(account.context["session_start_equity"][0]) == breakers.session_start
        if breakers.halted:
            assert int(account.context["halted_at"][0]) == breakers.halted_at


def test_values_beyond_64_bits_of_tick_lots_are_booked_right() -> None:
    """6 344 376 ticks of 10^13 lots are more than an int64 holds; the money is not."""
    account = Account(1024.0, RiskLimits.off())
    account.fill(2, 1, 10**13, 6_344_376, 0.0)
    account.mark(2, 63_443.76)
    require_same_account(account)
    assert float(account.context["cash"][0]) == pytest.approx(1024.0 - 63_443.76 * 1e10)
