"""Coin-margined contracts in the plain account, worked out by hand.

P&L of a long of q contracts from a to b is ``q * multiplier * (1/a - 1/b)`` coins (Binance, COIN-M
futures: how profit and loss are calculated).
"""

from fractions import Fraction

import pytest

from hftsim.core import Instrument, InstrumentError
from hftsim.portfolio import Portfolio
from hftsim.risk import RiskLimits, RiskManager

COIN = Instrument(
    symbol="BTCUSD_PERP",
    kind="perpetual",
    inverse=True,
    multiplier=100,
    tick_size="0.1",
    lot_size=1,
)


def test_a_contract_settles_in_its_base() -> None:
    assert (COIN.base, COIN.quote, COIN.settle) == ("BTC", "USD", "BTC")
    delivery = COIN.replace(symbol="ETHUSD_240927", kind="future")
    assert (delivery.base, delivery.settle) == ("ETH", "ETH")
    linear = Instrument(symbol="BTCUSDT_240927", kind="future")
    assert (linear.base, linear.settle) == ("BTC", "USDT")


def test_only_a_contract_can_be_inverse() -> None:
    with pytest.raises(InstrumentError, match="only a perpetual or a future can be inverse"):
        Instrument(symbol="BTCUSD", inverse=True)


def test_a_long_of_100_contracts_from_50_000_to_55_000() -> None:
    """100 contracts are 10,000 USD: 0.2 BTC at 50,000, 0.1818... at 55,000; the difference is won."""
    account = Portfolio(1.0, COIN)
    account.execute_trade("BTCUSD_PERP", "buy", 100, 50_000, fee=0.2 * 0.0005)
    assert account.cash == pytest.approx(1.0 + 0.2 - 0.0001, rel=1e-15)
    account.update_market_price("BTCUSD_PERP", 55_000)
    position = account.position("BTCUSD_PERP")
    assert position.value == pytest.approx(10_000 / 55_000, rel=1e-15)
    assert position.unrealised_pnl == pytest.approx(0.2 - 10_000 / 55_000, rel=1e-14)
    assert position.unrealised_pnl == pytest.approx(0.018181818181818, rel=1e-12)
    assert account.total_value == pytest.approx(1.0 - 0.0001 + 0.018181818181818, rel=1e-14)
    assert account.gross_exposure == account.net_exposure == position.value
    account.execute_trade("BTCUSD_PERP", "sell", 100, 55_000)
    assert account.pnl()["realised"] == pytest.approx(0.018181818181818, rel=1e-12)
    trade = account.trades()[0]
    assert trade["gross_pnl"] == pytest.approx(0.018181818181818, rel=1e-12)
    assert trade["return_pct"] == pytest.approx(100 * (0.018181818181818 - 0.0001) / 0.2, rel=1e-11)


def test_a_short_of_100_contracts_from_50_000_to_55_000_loses_as_much() -> None:
    account = Portfolio(1.0, COIN)
    account.execute_trade("BTCUSD_PERP", "sell", 100, 50_000)
    account.update_market_price("BTCUSD_PERP", 55_000)
    assert account.total_value == pytest.approx(1.0 - 0.018181818181818, rel=1e-12)
    assert account.net_exposure == -account.gross_exposure


def test_the_average_price_is_the_harmonic_one() -> None:
    """100 at 40,000 and 300 at 60,000 hold 0.25 + 0.5 BTC for 40,000 USD: 53,333.33 each."""
    account = Portfolio(10.0, COIN)
    account.execute_trade("BTCUSD_PERP", "buy", 100, 40_000)
    account.execute_trade("BTCUSD_PERP", "buy", 300, 60_000)
    assert account.position("BTCUSD_PERP").avg_price == pytest.approx(40_000 / 0.75, rel=1e-14)
    account.execute_trade("BTCUSD_PERP", "sell", 200, 50_000)
    assert account.position("BTCUSD_PERP").avg_price == pytest.approx(40_000 / 0.75, rel=1e-14)
    assert account.pnl()["realised"] == pytest.approx(20_000 * (0.75 / 40_000 - 1 / 50_000))


def test_many_fills_round_once() -> None:
    account, exact = Portfolio(10.0, COIN), Fraction(10)
    for k in range(500):
        side, price = (1, 50_000 + 7 * k) if k % 3 else (-1, 49_000 + 11 * k)
        account.execute_trade("BTCUSD_PERP", "buy" if side > 0 else "sell", 3, price)
        exact += side * Fraction(300, price)
    assert account.cash == float(exact)


def test_limits_are_fractions_of_coins() -> None:
    """1 BTC at 50,000 is 500 contracts: 30 % of it 150."""
    account = Portfolio(1.0, COIN)
    manager = RiskManager(RiskLimits())
    from hftsim.core import NewOrder, Side

    def refused(qty: int) -> str:
        request = NewOrder(symbol="BTCUSDPERP", side=Side.BUY, qty=qty)
        found = manager.check_order(request, account, 50_000.0, COIN)
        return found.reason.name if found else ""

    assert [refused(150), refused(151)] == ["", "MAX_POSITION"]


def test_two_currencies_need_two_accounts() -> None:
    with pytest.raises(
        InstrumentError, match="one account adds up one currency, but BTCUSDPERP in"
    ):
        Portfolio(1.0, [COIN, Instrument(symbol="BTCUSDT", kind="perpetual")])


def test_funding_leaves_cash() -> None:
    account = Portfolio(1.0, COIN)
    account.pay_funding("BTCUSD_PERP", 0.25)
    account.pay_funding("BTCUSD_PERP", -0.05)
    assert account.cash == account.total_value == 0.8
    assert account.pnl() == {
        "realised": 0.0, "unrealised": 0.0, "fees": 0.0, "funding": 0.2, "total": -0.2,
    }  # fmt: skip
