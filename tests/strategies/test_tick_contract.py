"""Every strategy for ticks: the same compiled and interpreted, and clear about wrong use."""

import pytest
from strategy_feeds import PERPETUAL, SPOT, Feed, fills_of, random_feeds, run, trace

from hftsim import Backtester
from hftsim.core.errors import StrategyError
from hftsim.strategies import STRATEGIES, QuoteModel, load_strategy
from hftsim.strategies.base import handlers_of

PAIRS = ("statistical-arbitrage", "cross-exchange-arbitrage")
CASES = [
    ("market-making", {}),
    ("market-making", {"model": "avellaneda-stoikov", "warm_up": "5"}),
    ("market-making", {"model": "glft", "warm_up": "5", "max_age": "2"}),
    ("market-making", {"half_spread": "2", "skew": "5", "hard_limit": "300"}),
    ("liquidity-taking", {"cost_multiple": "0", "threshold": "0.3", "warm_up": "5"}),
    ("grid", {"spacing": "3"}),
    ("grid", {"spacing": "1", "levels": "200", "recentre_levels": "0"}),
    ("grid", {"spacing": "2", "levels": "3", "recentre_levels": "1"}),
    ("statistical-arbitrage", {"lookback": "30"}),
    ("statistical-arbitrage", {"lookback": "20", "hedge": "kalman", "entry_z": "1"}),
    ("cross-exchange-arbitrage", {"min_profit_bps": "2"}),
]


@pytest.mark.parametrize(("name", "parameters"), CASES)
def test_native_and_python_agree_to_the_last_bit(name, parameters):
    feeds = random_feeds(5, 2 if name in PAIRS else 1, apart=3.0)
    traces = []
    for mode in ("native", "python"):
        strategy = load_strategy(name, parameters)
        market = run(strategy, feeds, mode, equity_every="100ms")
        assert len(fills_of(market)) > 10
        traces.append(trace(strategy, market))
    assert traces[0] == traces[1]


@pytest.mark.parametrize("name", ["market-making", "liquidity-taking"])
def test_several_instruments_trade_on_one_account(name):
    feeds = random_feeds(6, 3, steps=1000)
    wanted = {} if name == "market-making" else {"cost_multiple": 0.0, "threshold": 0.3}
    traces = []
    for mode in ("native", "python"):
        strategy = load_strategy(name, wanted)
        market = run(strategy, feeds, mode)
        assert set(fills_of(market)["instrument"]) == {0, 1, 2}
        traces.append(trace(strategy, market))
    assert traces[0] == traces[1]


@pytest.mark.parametrize(("name", "parameters"), CASES)
def test_a_backtest_with_its_usual_limits_has_one_hash(name, parameters):
    feeds = random_feeds(5, 2 if name in PAIRS else 1, apart=3.0)
    ticks = {feed.instrument.symbol: feed.ticks() for feed in feeds}
    results = [
        Backtester(load_strategy(name, parameters), mode=mode).run(ticks)
        for mode in ("native", "python")
    ]
    assert results[0].run_hash == results[1].run_hash
    assert results[0].fills_hash == results[1].fills_hash
    assert results[0].summary["fills"] > 0


@pytest.mark.parametrize("mode", ["native", "python"])
@pytest.mark.parametrize(
    ("name", "count", "told"),
    [
        ("statistical-arbitrage", 1, "trades a pair: give two instruments, --data A=PATH"),
        ("statistical-arbitrage", 3, "trades a pair: give two instruments"),
        ("cross-exchange-arbitrage", 1, "needs one asset on two venues: give two instruments"),
        ("grid", 2, "a grid lies in one instrument"),
    ],
)
def test_another_number_of_instruments_is_refused_in_a_sentence(name, count, told, mode):
    feeds = random_feeds(1, count, steps=40)
    with pytest.raises(StrategyError, match=told):
        run(load_strategy(name), feeds, mode)


def test_arbitrage_that_cannot_sell_on_either_venue_says_what_to_do():
    feeds = random_feeds(1, 2, steps=40, instrument=SPOT)
    with pytest.raises(StrategyError, match="allow short selling"):
        run(load_strategy("cross-exchange-arbitrage"), feeds)


@pytest.mark.parametrize(
    "name", ["market-making", "liquidity-taking", "grid", "statistical-arbitrage"]
)
def test_on_spot_nothing_is_sold_short(name):
    feeds = random_feeds(3, 2 if name in PAIRS else 1, instrument=SPOT)
    wanted = {"liquidity-taking": {"cost_multiple": 0.0, "threshold": 0.3}, "grid": {"spacing": 3}}
    market = run(load_strategy(name, wanted.get(name)), feeds)
    fills = fills_of(market)
    for k in range(len(feeds)):
        own = fills[fills["instrument"] == k]
        assert ((own["side"] * own["qty"]).cumsum() >= 0).all()


@pytest.mark.parametrize(
    ("name", "wrong", "told"),
    [
        ("market-making", {"half_spread": -1.0}, "are 0 or more"),
        ("market-making", {"qty": -1}, "quantities are lots"),
        ("market-making", {"qty": 10, "inventory_limit": 5}, "above the inventory limit"),
        ("market-making", {"requote_ticks": 0}, "requote_ticks are 1 or more"),
        ("market-making", {"order_share": 1.5}, "order_share"),
        ("market-making", {"model": "glft", "risk_aversion": 0.0}, "risk_aversion must be"),
        ("market-making", {"model": "gltf"}, r"QuoteModel \(fixed, avellaneda-stoikov, glft\)"),
        ("liquidity-taking", {"threshold": 0.0}, "threshold above 0"),
        ("liquidity-taking", {"max_share": 2.0}, "max_share"),
        ("liquidity-taking", {"horizon": 60.0}, "0.1 to 6.4 seconds"),
        ("liquidity-taking", {"holding": 0.0}, "above 0"),
        ("liquidity-taking", {"pause": -1.0}, "0 or more"),
        ("grid", {"levels": 501}, "levels is 1 to 500"),
        ("grid", {"spacing_bps": 0.0}, "spacing"),
        ("grid", {"inventory_limit": -1}, "0 or more"),
        ("grid", {"qty": 10, "inventory_limit": 5}, "above the inventory limit"),
        ("statistical-arbitrage", {"lookback": 5}, "lookback is 10 to 1024"),
        ("statistical-arbitrage", {"exit_z": 2.0}, "exit_z < entry_z < stop_z"),
        ("statistical-arbitrage", {"max_position": 0.0}, "max_position is above 0"),
        ("statistical-arbitrage", {"min_correlation": 1.0}, "min_correlation"),
        ("statistical-arbitrage", {"kalman_step": 0.0}, "variances"),
        ("cross-exchange-arbitrage", {"max_share": 0.0}, "max_share"),
        ("cross-exchange-arbitrage", {"rate": 0.0}, "rate"),
        ("cross-exchange-arbitrage", {"exit_bps": -6.0}, "together lose money"),
    ],
)
def test_wrong_parameters_are_refused_in_a_sentence(name, wrong, told):
    with pytest.raises(StrategyError, match=told):
        load_strategy(name, wrong)


def test_a_model_may_be_written_as_on_the_command_line():
    for text in ("avellaneda-stoikov", "AVELLANEDA_STOIKOV", "1"):
        strategy = load_strategy("market-making", {"model": text})
        assert strategy.model == QuoteModel.AVELLANEDA_STOIKOV


def test_state_does_not_show_among_the_parameters():
    expected = {
        "levels": 10, "spacing": 0, "spacing_bps": 5.0, "qty": 0, "inventory_limit": 0,
        "recentre_levels": 1,
    }  # fmt: skip
    assert load_strategy("grid").parameters == expected
    assert "order_ids" not in load_strategy("market-making").parameters
    arbitrage = load_strategy("statistical-arbitrage").parameters
    assert {"z", "want", "slope"}.isdisjoint(arbitrage)
    assert (arbitrage["entry_z"], arbitrage["exit_z"], arbitrage["lookback"]) == (2.0, 0.5, 100)


def test_every_strategy_decides_on_bars_or_on_ticks():
    for cls in STRATEGIES.values():
        assert {"on_bar", "on_wake", "on_book"} & set(handlers_of(cls))


def test_a_book_without_two_sides_is_left_alone():
    feed = Feed(PERPETUAL).quote(0, 100, 101, bid_qty=0).quote(5000, 100, 101, bid_qty=0)
    for name in ("market-making", "liquidity-taking", "grid"):
        assert run(load_strategy(name), [feed]).context["order_count"][0] == 0
