"""`Portfolio` by hand, and against an account kept in rational numbers."""

import dataclasses
import math
import subprocess
import sys
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hftsim.core import (
    ConfigError,
    Fill,
    InputError,
    Instrument,
    InstrumentError,
    InstrumentKind,
    Side,
    UnknownNameError,
)
from hftsim.portfolio import Portfolio, Position

BTC = Instrument(symbol="BTCUSDT", tick_size="0.01", lot_size="0.001")
ETH = Instrument(
    symbol="ETHUSDT", kind="perpetual", tick_size="0.05", lot_size="0.01", multiplier=10
)
MINI = Instrument(symbol="MESZ5", kind="future", tick_size="0.25", lot_size="0.5", multiplier=2)


@dataclasses.dataclass
class TwinPosition:
    """The textbook, in rational numbers: average cost, profit booked when a part is closed."""

    instrument: Instrument
    qty: Fraction = Fraction(0)
    average: Fraction = Fraction(0)
    realised: Fraction = Fraction(0)
    fees: Fraction = Fraction(0)
    cash: Fraction = Fraction(0)
    turnover: Fraction = Fraction(0)

    def trade(self, side: int, ticks: int, lots: int, fee: float) -> None:
        price = ticks * Fraction(self.instrument.tick_size)
        qty = side * lots * Fraction(self.instrument.lot_size)
        multiplier = Fraction(self.instrument.multiplier)
        self.cash -= qty * price * multiplier + Fraction(fee)
        self.fees += Fraction(fee)
        self.turnover += abs(qty) * price * multiplier
        opposite = self.qty * qty < 0
        if opposite:
            direction = 1 if self.qty > 0 else -1
            closed = min(abs(qty), abs(self.qty))
            self.realised += direction * closed * (price - self.average) * multiplier
            reopened = abs(qty) - closed
            self.qty += qty
            if reopened:
                self.average = price
            elif self.qty == 0:
                self.average = Fraction(0)
        else:
            cost = abs(self.qty) * self.average + abs(qty) * price
            self.qty += qty
            self.average = cost / abs(self.qty)

    def unrealised(self, mark: Fraction) -> Fraction:
        return self.qty * (mark - self.average) * Fraction(self.instrument.multiplier)

    def value(self, mark: Fraction) -> Fraction:
        return self.qty * mark * Fraction(self.instrument.multiplier)


def fill(instrument: Instrument, side: int, ticks: int, lots: int, fee: float = 0.0) -> Fill:
    return Fill(
        ts_event=0,
        symbol=instrument.symbol,
        order_id=1,
        side=Side(side),
        last_price=ticks,
        last_qty=lots,
        fee=fee,
    )


sides = st.sampled_from((1, -1))
trades = st.lists(
    st.tuples(
        st.integers(0, 2),
        sides,
        st.integers(1, 10_000_000),
        st.integers(1, 1000),
        st.floats(-50, 50),
    ),
    max_size=60,
)
marks = st.lists(st.integers(1, 10_000_000), min_size=3, max_size=3)


@given(trades, marks)
def test_every_figure_equals_its_rational_twin_within_a_billionth_of_turnover(
    rows: list[tuple[int, int, int, int, float]], mark_ticks: list[int]
) -> None:
    instruments = (BTC, ETH, MINI)
    portfolio = Portfolio(10_000, instruments)
    twins = [TwinPosition(i) for i in instruments]
    for k, side, ticks, lots, fee in rows:
        portfolio.apply_fill(fill(instruments[k], side, ticks, lots, fee))
        twins[k].trade(side, ticks, lots, fee)
    exact_marks = []
    for instrument, ticks in zip(instruments, mark_ticks, strict=True):
        portfolio.update_market_price(instrument.symbol, instrument.price(ticks))
        exact_marks.append(ticks * Fraction(instrument.tick_size))
    pairs = list(zip(twins, exact_marks, strict=True))
    value = sum(t.value(m) for t, m in pairs)
    cash = 10_000 + sum(t.cash for t in twins)
    realised = sum(t.realised for t in twins)
    unrealised = sum(t.unrealised(m) for t, m in pairs)
    fees = sum(t.fees for t in twins)
    assert cash + value == 10_000 + realised + unrealised - fees

    scale = 10_000 + sum(t.turnover + abs(t.value(m)) for t, m in pairs)
    near = pytest.approx
    tolerance = float(scale) * 1e-9
    pnl = portfolio.pnl()
    assert portfolio.cash == near(float(cash), abs=tolerance)
    assert portfolio.total_value == near(float(cash + value), abs=tolerance)
    assert pnl["realised"] == near(float(realised), abs=tolerance)
    assert pnl["unrealised"] == near(float(unrealised), abs=tolerance)
    assert pnl["fees"] == near(float(fees), abs=tolerance)
    assert pnl["total"] == near(portfolio.total_value - 10_000, abs=tolerance)
    assert portfolio.gross_exposure == near(
        float(sum(abs(t.value(m)) for t, m in pairs)), abs=tolerance
    )
    for twin in twins:
        position = portfolio.position(twin.instrument.symbol)
        assert position.lots * Fraction(twin.instrument.lot_size) == twin.qty
        if twin.qty:
            assert position.avg_price == near(float(twin.average), rel=1e-9)
        else:
            assert math.isnan(position.avg_price)


@given(
    st.lists(
        st.tuples(
            st.sampled_from((0, 1, 2, 4, 8, -1, -2, -4, -8)),
            st.integers(1, 10_000),
            st.integers(-256, 256),
        ),
        max_size=20,
    ),
    st.integers(1, 10_000),
)
def test_the_identity_is_exact_where_binary_fractions_suffice(
    rows: list[tuple[int, int, int]], mark: int
) -> None:
    portfolio = Portfolio(1024, MINI)
    twin = TwinPosition(MINI)
    for target, ticks, fee in rows:
        change = target - portfolio.position("MESZ5").lots
        if change:
            side = 1 if change > 0 else -1
            portfolio.apply_fill(fill(MINI, side, ticks, abs(change), fee / 64))
            twin.trade(side, ticks, abs(change), fee / 64)
    portfolio.update_market_price("MESZ5", mark * 0.25)
    pnl, position = portfolio.pnl(), portfolio.position("MESZ5")
    exact = Fraction(mark, 4)
    assert Fraction(portfolio.cash) == 1024 + twin.cash
    assert Fraction(pnl["realised"]) == twin.realised
    assert Fraction(pnl["unrealised"]) == twin.unrealised(exact)
    assert Fraction(position.value) == twin.value(exact)
    assert Fraction(pnl["fees"]) == twin.fees
    assert portfolio.cash + position.value == 1024 + pnl["total"]


@given(st.lists(st.tuples(sides, st.integers(1, 10**12), st.integers(1, 10**9)), min_size=1))
def test_a_flat_account_has_forgotten_every_rounding(rows: list[tuple[int, int, int]]) -> None:
    portfolio = Portfolio(1000, BTC)
    flow = 0
    for side, ticks, lots in rows:
        portfolio.apply_fill(fill(BTC, side, ticks, lots))
        flow -= side * ticks * lots
    held = portfolio.position("BTCUSDT").lots
    if held:
        portfolio.apply_fill(fill(BTC, -1 if held > 0 else 1, 77, abs(held)))
        flow += held * 77
    assert portfolio.pnl()["realised"] == flow / 100_000
    assert portfolio.pnl()["unrealised"] == 0.0


def test_a_position_bought_in_two_parts_costs_their_mean() -> None:
    portfolio = Portfolio(10_000, BTC)
    portfolio.execute_trade("BTCUSDT", "buy", 0.1, 20_000, fee=2)
    portfolio.execute_trade("BTCUSDT", "buy", 0.3, 22_000, fee=6.6)
    portfolio.update_market_price("BTCUSDT", 23_000)
    assert portfolio.position("BTCUSDT") == Position(
        symbol="BTCUSDT",
        lots=400,
        qty=0.4,
        avg_price=21_500.0,
        market_price=23_000.0,
        value=9_200.0,
        realised_pnl=0.0,
        unrealised_pnl=600.0,
        fees=8.6,
    )
    assert portfolio.cash == pytest.approx(10_000 - 2_000 - 6_600 - 8.6, abs=1e-9)
    assert portfolio.total_value == pytest.approx(10_591.4)


def test_a_partial_close_books_profit_and_keeps_the_average() -> None:
    portfolio = Portfolio(10_000, BTC)
    portfolio.execute_trade("BTCUSDT", "buy", "0.3", 20_000)
    portfolio.execute_trade("BTCUSDT", "sell", "0.1", 21_000)
    position = portfolio.position("BTCUSDT")
    assert (position.qty, position.avg_price, position.realised_pnl) == (0.2, 20_000.0, 100.0)


def test_selling_more_than_is_held_closes_and_reopens_at_the_new_price() -> None:
    portfolio = Portfolio(10_000, ETH)
    portfolio.execute_trade("ETHUSDT", "buy", 1, 2_000)
    portfolio.execute_trade("ETHUSDT", "sell", 3, 2_100)
    portfolio.update_market_price("ETHUSDT", 2_050)
    position = portfolio.position("ETHUSDT")
    assert (position.qty, position.avg_price) == (-2.0, 2_100.0)
    assert position.realised_pnl == 1_000.0  # 1 x 100 x multiplier 10
    assert position.unrealised_pnl == 1_000.0  # 2 x 50 x 10
    assert position.value == -41_000.0
    assert portfolio.total_value == 12_000.0


def test_a_rebate_is_income() -> None:
    portfolio = Portfolio(1_000, BTC)
    portfolio.execute_trade("BTCUSDT", "buy", 0.01, 20_000, fee=-0.5)
    assert portfolio.pnl() == {"realised": 0.0, "unrealised": 0.0, "fees": -0.5, "total": 0.5}


def test_until_the_market_speaks_the_first_fill_is_the_price() -> None:
    portfolio = Portfolio(1_000, BTC)
    assert math.isnan(portfolio.position("BTCUSDT").market_price)
    portfolio.execute_trade("BTCUSDT", Side.BUY, 0.01, 20_000)
    portfolio.execute_trade("BTCUSDT", Side.BUY, 0.01, 21_000)
    assert portfolio.position("BTCUSDT").market_price == 20_000.0
    portfolio.update_market_price("BTCUSDT", 20_500.005)
    assert portfolio.position("BTCUSDT").market_price == 20_500.005


def test_prices_have_no_spurious_digits() -> None:
    portfolio = Portfolio(1_000, Instrument(symbol="DOGEUSDT", tick_size="0.00001", lot_size="1"))
    portfolio.execute_trade("DOGEUSDT", "buy", 3, "0.35003")
    assert portfolio.position("DOGEUSDT").avg_price == 0.35003
    assert portfolio.cash == 1_000 - 1.05009


def test_the_documents_example_runs_with_our_names() -> None:
    portfolio = Portfolio(initial_capital=100_000)
    portfolio.execute_trade(symbol="BTC/USDT", side="buy", qty=0.5, price=90_000.0, fee=45.0)
    portfolio.update_market_price("BTCUSDT", 91_000.0)
    assert portfolio.position("btc-usdt").qty == 0.5
    assert portfolio.total_value == 100_455.0
    assert portfolio.pnl() == {
        "realised": 0.0,
        "unrealised": 500.0,
        "fees": 45.0,
        "total": 455.0,
    }
    assert len(portfolio.fills) == 1
    assert portfolio.instruments["BTCUSDT"].rules_source == "default"


def test_asking_for_a_position_that_never_traded_changes_nothing() -> None:
    portfolio = Portfolio()
    assert portfolio.position("ETHUSDT").lots == 0
    assert portfolio.position("ETHUSDT").value == 0.0
    assert portfolio.positions == {}
    assert portfolio.trades() == []


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"price": 20_000.005}, InstrumentError, "off the grid"),
        ({"qty": 0.0005}, InstrumentError, "off the grid"),
        ({"qty": 0}, InstrumentError, "above 0"),
        ({"qty": -1}, InstrumentError, "above 0"),
        ({"price": -1}, InstrumentError, "not above 0"),
        ({"side": "bye"}, UnknownNameError, "did you mean 'buy'"),
        ({"symbol": "BTCUSD"}, UnknownNameError, "did you mean 'BTCUSDT'"),
        ({"fee": math.nan}, InputError, "fee nan"),
    ],
)
def test_what_cannot_be_a_trade_is_refused_and_books_nothing(
    change: dict[str, object], error: type[Exception], words: str
) -> None:
    portfolio = Portfolio(1_000, BTC)
    order = {"symbol": "BTCUSDT", "side": "buy", "qty": 0.001, "price": 20_000} | change
    with pytest.raises(error, match=words):
        portfolio.execute_trade(**order)  # type: ignore[arg-type]
    assert portfolio.fills == []
    assert portfolio.total_value == 1_000


def test_a_future_may_trade_below_zero() -> None:
    oil = Instrument(symbol="CLK20", kind=InstrumentKind.FUTURE, lot_size=1, multiplier=1000)
    portfolio = Portfolio(100_000, oil)
    portfolio.execute_trade("CLK20", "buy", 1, "-37.63")
    portfolio.execute_trade("CLK20", "sell", 1, "-13.10")
    assert portfolio.pnl()["realised"] == 24_530.0


def test_values_in_two_currencies_are_never_added() -> None:
    with pytest.raises(InstrumentError, match="ETHBTC in BTC"):
        Portfolio(1_000, [BTC, Instrument(symbol="ETHBTC")])
    account = Portfolio(1_000)
    account.execute_trade("BTCUSDT", "buy", 0.01, 20_000)
    with pytest.raises(InstrumentError, match="ETHBTC in BTC"):
        account.update_market_price("ETHBTC", 0.05)
    Portfolio(1_000, [BTC, Instrument(symbol="GBTC", kind="equity")])


@pytest.mark.parametrize("capital", [0, -1, math.nan, math.inf])
def test_capital_must_be_a_positive_number(capital: float) -> None:
    with pytest.raises(ConfigError, match="initial_capital"):
        Portfolio(capital)


def test_one_symbol_given_twice_is_refused() -> None:
    with pytest.raises(InstrumentError, match="twice"):
        Portfolio(1_000, [BTC, BTC])


def test_a_market_price_must_be_finite() -> None:
    with pytest.raises(InputError, match="market price nan"):
        Portfolio(1_000, BTC).update_market_price("BTCUSDT", math.nan)


def test_the_room_loads_no_numpy() -> None:
    code = "import sys, hftsim.portfolio, hftsim.risk; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
