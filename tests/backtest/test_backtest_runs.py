"""A run and its result: identities, hashes, several instruments, errors that keep what was done."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from hftsim import BacktestConfig, Backtester, Instrument, RiskLimits, SlippageModel, Strategy
from hftsim.core import ConfigError, DataError, InputError, StrategyError
from hftsim.core.bars import with_source

FREE = BacktestConfig(
    initial_capital=10_000.0,
    position_size_pct=1.0,
    fee_rate=0.0,
    slippage=SlippageModel.none(),
    max_volume_share=0.0,
    use_risk_manager=False,
)
COIN = Instrument(symbol="ABCUSDT", tick_size="0.01", lot_size="0.001")


def bars_of(closes, start="2024-01-01", opens=None, minutes=None):
    closes = np.asarray(closes, dtype=float)
    opens = closes if opens is None else np.asarray(opens, dtype=float)
    steps = np.arange(len(closes)) if minutes is None else np.asarray(minutes)
    index = pd.Timestamp(start, tz="UTC") + pd.to_timedelta(steps, unit="min")
    return pd.DataFrame(
        {
            "open": opens,
            "high": np.maximum(opens, closes),
            "low": np.minimum(opens, closes),
            "close": closes,
            "volume": np.full(len(closes), 1000.0),
        },
        index=pd.DatetimeIndex(index, name="ts_open"),
    )


class BuyOnce(Strategy):
    """Buys a whole lot at the first bar and holds."""

    bought: bool = False

    def on_bar(self, ctx):
        if not self.bought:
            self.bought = True
            ctx.buy_market(ctx.lots(10.0))


class Alternate(Strategy):
    """In on even bars, out on odd ones."""

    n: int = 0

    def on_bar(self, ctx):
        self.n += 1
        ctx.target(0.5 if self.n % 2 else 0.0)


class Raises(Strategy):
    """Fails at the fifth bar."""

    n: int = 0

    def on_bar(self, ctx):
        self.n += 1
        ctx.target(0.5)
        if self.n == 5:
            raise ValueError("five is enough")


def test_a_purchase_fills_at_the_next_open_by_hand():
    bars = bars_of([100.0, 104.0, 110.0], opens=[99.0, 101.0, 105.0])
    result = Backtester(BuyOnce(), FREE).run(bars, instrument=COIN)
    fill = result.fills.iloc[0]
    assert (fill["price"], fill["qty"], fill["reason"]) == (101.0, 10.0, "open")
    assert fill["time"] == bars.index[1]
    # 10,000 - 10 * 101 + 10 * close
    assert result.equity_curve.tolist() == [10_000.0, 10_030.0, 10_090.0]
    assert result.positions["ABCUSDT"].tolist() == [0.0, 10.0, 10.0]
    assert result.summary["trades"] == 0
    assert result.summary["open_positions"] == 1
    assert result.summary["total_return_pct"] == pytest.approx(0.9)


def test_buy_and_hold_pays_the_second_open_and_one_fee():
    config = dataclasses.replace(FREE, fee_rate=0.001)
    bars = bars_of([100.0, 104.0, 110.0], opens=[99.0, 101.0, 105.0])
    result = Backtester(BuyOnce(), config).run(bars, instrument=COIN)
    units = 10_000.0 * 0.999 / 101.0
    assert result.benchmark.tolist() == pytest.approx([10_000.0, units * 104.0, units * 110.0])


def test_round_trips_add_up_to_the_account():
    rng = np.random.default_rng(5)
    bars = bars_of(np.round(100 * np.exp(np.cumsum(rng.normal(0, 1e-3, 400))), 2))
    config = dataclasses.replace(FREE, fee_rate=0.001, slippage=SlippageModel.fixed(0.0005))
    result = Backtester(Alternate(), config).run(bars, instrument=COIN)
    trades = result.trades
    assert len(trades) > 100
    assert trades["pnl"].sum() == pytest.approx(result.summary["total_pnl"])
    assert trades["fees"].sum() == pytest.approx(result.summary["total_fees"])
    assert result.summary["gross_pnl"] == pytest.approx(trades["gross_pnl"].sum())
    assert result.fills["fee"].sum() == pytest.approx(result.summary["total_fees"])


def test_a_run_is_reproducible_and_its_hash_covers_what_matters():
    rng = np.random.default_rng(5)
    bars = bars_of(np.round(100 * np.exp(np.cumsum(rng.normal(0, 1e-3, 200))), 2))

    def run(data=bars, config=FREE, rules=COIN, mode="native"):
        return Backtester(Alternate(), config, mode=mode).run(data, instrument=rules)

    first = run()
    assert run().run_hash == first.run_hash
    assert run(mode="python").run_hash == first.run_hash
    other_data = bars.assign(volume=bars["volume"] + 1.0)
    assert run(data=other_data).run_hash != first.run_hash
    assert run(data=other_data).fills_hash == first.fills_hash
    assert run(config=dataclasses.replace(FREE, seed=1)).run_hash != first.run_hash
    assert run(rules=COIN.replace(min_notional="1")).run_hash != first.run_hash


def test_the_same_strategy_object_runs_twice_alike():
    backtester = Backtester(Alternate(), FREE)
    bars = bars_of(np.linspace(100, 101, 50).round(2))
    hashes = {backtester.run(bars, instrument=COIN).run_hash for _ in range(2)}
    assert len(hashes) == 1


def test_two_instruments_share_one_account():
    class Both(Strategy):
        n: int = 0

        def on_bar(self, ctx):
            self.n += 1
            if self.n == 1:
                ctx.buy_market(ctx.lots(10.0))
            if self.n == 2 and ctx.instrument(1).fresh:
                ctx.buy_market(ctx.lots(5.0, 1), 1)

    first = bars_of([100.0, 101.0, 102.0, 103.0])
    second = bars_of([50.0, 51.0, 52.0], minutes=[1, 2, 3])
    result = Backtester(Both(), FREE, mode="python").run(
        {"ABCUSDT": first, "XYZ/USDT": second},
        instrument={"ABCUSDT": COIN, "XYZUSDT": COIN.replace(symbol="XYZUSDT")},
    )
    # ABC: 10 at 101 (second step); XYZ: seen at step two, filled at step three's open, 51
    assert result.fills["price"].tolist() == [101.0, 51.0]
    assert result.positions["XYZUSDT"].tolist() == [0.0, 0.0, 5.0, 5.0]
    assert result.equity_curve.iloc[-1] == pytest.approx(10_000 + 10 * (103 - 101) + 5 * (52 - 51))
    assert result.summary["symbol"] == "ABCUSDT,XYZUSDT"


def test_frames_of_different_intervals_are_refused():
    with pytest.raises(DataError, match="different intervals"):
        Backtester(BuyOnce(), FREE).run(
            {
                "AUSDT": bars_of([1.0, 2.0, 3.0]),
                "BUSDT": bars_of([1.0, 2.0, 3.0], minutes=[0, 5, 10]),
            }
        )


def test_one_instrument_twice_is_refused():
    bars = bars_of([1.0, 2.0])
    with pytest.raises(InputError, match="given twice"):
        Backtester(BuyOnce(), FREE).run({"ABC/USDT": bars, "ABCUSDT": bars})


def test_no_data_and_no_strategy_are_refused():
    with pytest.raises(InputError, match="no data"):
        Backtester(BuyOnce(), FREE).run({})
    with pytest.raises(StrategyError, match="is not a Strategy"):
        Backtester(BuyOnce)


@pytest.mark.parametrize("mode", ["native", "python"])
def test_a_strategy_that_raises_keeps_what_was_done(mode):
    bars = bars_of(np.linspace(100, 109, 10).round(2))
    with pytest.raises(StrategyError, match="five is enough") as caught:
        Backtester(Raises(), FREE, mode=mode).run(bars, instrument=COIN)
    partial = caught.value.result
    assert len(partial.equity_curve) == 5
    assert partial.summary["fills"] == 4
    assert "five is enough" in partial.error
    if mode == "python":
        assert "test_backtest_runs.py:" in str(caught.value)


def test_columns_that_do_not_fit_are_refused():
    class Short(BuyOnce):
        def columns(self, bars):
            return {"x": np.zeros(3)}

    class Spelt(BuyOnce):
        def columns(self, bars):
            return {"x y": np.zeros(len(bars))}

    bars = bars_of([1.0, 2.0, 3.0, 4.0])
    with pytest.raises(StrategyError, match=r"'x' has shape \(3,\), needed is \(4,\)"):
        Backtester(Short(), FREE).run(bars)
    with pytest.raises(StrategyError, match=r"ctx\.column\.NAME"):
        Backtester(Spelt(), FREE).run(bars)


def test_refusals_are_values_with_reasons():
    class TooMuch(Strategy):
        def on_bar(self, ctx):
            ctx.target(1.0)

    config = dataclasses.replace(FREE, use_risk_manager=True)
    result = Backtester(TooMuch(), config).run(bars_of([100.0] * 4), instrument=COIN)
    assert result.summary["refusals"] == 4
    assert set(result.refusals["reason"]) == {"max_position"}
    assert "mostly max_position (4)" in str(result)


def test_the_drawdown_breaker_halts_and_says_when():
    limits = RiskLimits(max_position_pct=1.0, max_drawdown_pct=0.1, stop_loss_pct=None)
    config = dataclasses.replace(FREE, use_risk_manager=True, risk_limits=limits)
    closes = [100.0, 100.0, 95.0, 85.0, 80.0, 80.0]
    result = Backtester(Alternate(), config).run(bars_of(closes), instrument=COIN)
    assert result.summary["halted"] is None or result.summary["halted_at"]

    class Hold(Strategy):
        def on_bar(self, ctx):
            if ctx.position == 0:
                ctx.target(1.0)

    result = Backtester(Hold(), config).run(bars_of(closes), instrument=COIN)
    assert result.summary["halted"] == "drawdown_breaker"
    assert result.summary["halted_at"].startswith("2024-01-01T00:04:00")
    assert result.fills["reason"].tolist() == ["open", "risk_halt"]
    assert set(result.refusals["reason"]) == {"drawdown_breaker"}


def test_a_fill_after_a_gap_is_counted():
    bars = bars_of([100.0, 101.0, 102.0], minutes=[0, 10, 11])
    bars = with_source(bars, interval_ns=60_000_000_000)
    result = Backtester(BuyOnce(), FREE).run(bars, instrument=COIN)
    assert result.summary["fills_across_gaps"] == 1


def test_dictionary_access_by_the_documents_names():
    result = Backtester(Alternate(), FREE).run(bars_of([100.0] * 6), instrument=COIN)
    assert result["num_signals"] == len(result.signals)
    assert result["trades_executed"] == len(result.fills)
    assert result["equity_curve"] is result.equity_curve
    stats = result["signal_stats"]
    assert stats["buy_signals"] + stats["sell_signals"] + stats["hold_signals"] == 6
    assert stats["buy_pct"] + stats["sell_pct"] + stats["hold_pct"] == pytest.approx(100.0)


def test_provenance_says_where_everything_came_from():
    bars = with_source(bars_of([100.0] * 4), origin="abc.csv", simulated=True)
    result = Backtester(BuyOnce(), FREE).run(bars, symbol="ABC-USDT", instrument=COIN)
    told = result.provenance
    assert told["data"][0]["origin"] == "abc.csv"
    assert told["instruments"][0]["tick_size"] == "0.01"
    assert told["strategy"]["name"] == "BuyOnce"
    assert told["config"]["risk_limits"]["max_position_pct"] == 0.3
    assert result.summary["simulated"] is True
    assert "(simulated data)" in str(result)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"initial_capital": 0}, "initial_capital"),
        ({"position_size_pct": 0}, "position_size_pct"),
        ({"max_volume_share": 2}, "max_volume_share"),
        ({"fee_rate": 5.0}, "fee_rate"),
        ({"intrabar": "olhc"}, "did you mean 'ohlc'"),
    ],
)
def test_settings_that_cannot_be_are_refused(wrong, said):
    with pytest.raises(InputError, match=said):
        BacktestConfig(**wrong)


def test_negative_slippage_is_refused():
    with pytest.raises(ConfigError, match="fraction must be 0 or more"):
        SlippageModel.fixed(-0.1)


def test_progress_is_told_from_start_to_end():
    told = []
    Backtester(BuyOnce(), FREE).run(
        bars_of([100.0] * 5), instrument=COIN, progress=lambda d, t, n="": told.append((d, t))
    )
    assert told[0] == (0, 5)
    assert told[-1] == (5, 5)


class Columns(Strategy):
    """Whose columns() does what a test wants."""

    make = staticmethod(lambda bars: {})

    def columns(self, bars):
        return type(self).make(bars)

    def on_bar(self, ctx):
        if ctx.step == 0:
            ctx.buy_market(ctx.lots(10.0))


def with_columns(make):
    return type("Own", (Columns,), {"make": staticmethod(make)})()


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda bars: {"a": bars["closes"]}, "Own.columns() raised KeyError: 'closes'"),
        (lambda bars: None, "Own.columns() must return name -> values, not NoneType"),
        (lambda bars: bars["close"], "Own.columns() must return name -> values, not Series"),
        (lambda bars: {"a": ["x"] * 4}, "Own.columns(): 'a' holds no numbers: could not convert"),
        (lambda bars: {"a": 3.0}, "Own.columns(): 'a' has shape (), needed is (4,)"),
        (lambda bars: {"class": bars["close"]}, "columns(): 'class' cannot be read as ctx.column."),
        (lambda bars: {"_a": bars["close"]}, "columns(): '_a' cannot be read as ctx.column.NAME"),
        (lambda bars: exit(3), "Own.columns() raised SystemExit: 3"),
    ],
)
def test_columns_that_raise_or_are_no_columns_are_told(make, told):
    with pytest.raises(StrategyError) as caught:
        Backtester(with_columns(make), FREE).run(bars_of([100.0] * 4), instrument=COIN)
    assert told in str(caught.value)
    if "raised" in told:
        assert str(caught.value).startswith(f"{__file__}:")


def test_columns_may_be_a_frame_and_cannot_change_the_bars():
    def make(bars):
        bars["close"] = 1.0
        bars["twice"] = 2.0 * bars["open"]
        return bars[["twice", "close"]]

    bars = bars_of([100.0, 101.0, 102.0, 103.0])
    result = Backtester(with_columns(make), FREE).run(bars, instrument=COIN)
    assert result.market.column_names == ("twice", "close")
    assert result.market.columns[0].tolist() == [[2 * p, 1.0] for p in bars["open"]]
    assert bars["close"].tolist() == [100.0, 101.0, 102.0, 103.0]
    assert result.fills["price"].tolist() == [101.0]


class Leaves(Strategy):
    def on_bar(self, ctx):
        raise SystemExit(3)


def test_a_strategy_that_exits_is_told_like_one_that_raises():
    with pytest.raises(StrategyError, match=r"Leaves raised SystemExit: 3 \(at 2024") as caught:
        Backtester(Leaves(), FREE, mode="python").run(bars_of([1.0] * 4), instrument=COIN)
    assert len(caught.value.result.equity_curve) == 1


class Odd(Strategy):
    """Asks for what cannot be."""

    def on_bar(self, ctx):
        if ctx.step == 0:
            ctx.buy_market(5, 7)
            ctx.sell(10, 5, 0, -1)
            ctx.send(7, 5)
            ctx.send(1, 5, 99)
            ctx.send(1, 5, 2, 10, 0, 77)
            ctx.target(0.5, 3)


@pytest.mark.parametrize("mode", ["native", "python"])
def test_every_refusal_has_a_row_whatever_was_asked(mode):
    result = Backtester(Odd(), FREE, mode=mode).run(bars_of([100.0] * 4), instrument=COIN)
    refusals = result.refusals
    assert result.summary["refusals"] == len(refusals) == result.summary["orders"] == 6
    assert refusals["symbol"].tolist() == [
        "instrument 7", "instrument -1", "ABCUSDT", "ABCUSDT", "ABCUSDT", "instrument 3",
    ]  # fmt: skip
    assert refusals["reason"].tolist() == [
        "bad_instrument", "bad_instrument", "bad_type", "bad_type", "bad_type", "bad_instrument",
    ]  # fmt: skip
    assert refusals["side"].tolist() == ["buy", "sell", "7", "buy", "buy", "buy"]
    assert refusals["type"].tolist() == ["market", "limit", "market", "99", "limit", "market"]
    assert result.orders["tif"].tolist() == ["gtc", "gtc", "gtc", "gtc", "77", "gtc"]
    assert refusals["qty"].isna().tolist() == [True, True, False, False, False, True]
    assert result.signals["symbol"].tolist() == refusals["symbol"].tolist()


class Explains(Strategy):
    def explain(self, action, row):
        return row["nothing"]

    def on_bar(self, ctx):
        if ctx.step == 0:
            ctx.record(1, 0.5)


def test_an_explanation_that_raises_loses_nothing_else():
    result = Backtester(Explains(), FREE).run(bars_of([100.0] * 4), instrument=COIN)
    line = Explains.explain.__code__.co_firstlineno + 1
    assert result.signals["reasoning"].tolist() == [
        f"explain() raised KeyError: 'nothing' ({__file__}:{line})"
    ]


class Sized(Strategy):
    qty: float = 10.0
    bought: bool = False

    def explain(self, action, row):
        return f"{self.qty:g}"

    def on_bar(self, ctx):
        if not self.bought:
            self.bought = True
            ctx.buy_market(ctx.lots(self.qty))
            ctx.record(1, 0.5)


def test_a_result_keeps_its_parameters_when_the_strategy_goes_on():
    bars, strategy = bars_of([100.0] * 4), Sized()
    first = Backtester(strategy, FREE).run(bars, instrument=COIN)
    strategy.qty = 20.0
    second = Backtester(strategy, FREE).run(bars, instrument=COIN)
    assert (first.parameters, second.parameters) == ({"qty": 10.0}, {"qty": 20.0})
    assert [r.fills["qty"].item() for r in (first, second)] == [10.0, 20.0]
    assert [r.signals["reasoning"].item() for r in (first, second)] == ["10", "20"]
    assert first.provenance["strategy"]["parameters"] == {"qty": 10.0}
    assert first.run_hash == Backtester(Sized(), FREE).run(bars, instrument=COIN).run_hash
    assert second.run_hash == Backtester(Sized(qty=20.0), FREE).run(bars, instrument=COIN).run_hash


def test_bars_that_overlap_are_refused():
    frame = bars_of(np.linspace(100, 101, 6), minutes=[0, 1, 2, 2.5, 3.5, 4.5])
    with pytest.raises(DataError, match=r"ABCUSDT: the bar at 2024-01-01 00:02:30\+00:00 begins"):
        Backtester(BuyOnce(), FREE).run(frame, instrument=COIN)
