"""Every shipped strategy: the same fills compiled and interpreted, and no look into the future."""

import dataclasses

import numpy as np
import pytest

from hftsim import BacktestConfig, Backtester, Instrument, create_sample_bars
from hftsim.core import StrategyError
from hftsim.strategies import STRATEGIES, MLStrategy, MomentumStrategy, load_strategy
from hftsim.strategies.base import handlers_of

PERPETUAL = Instrument(
    symbol="SIMUSDT", kind="perpetual", tick_size="0.01", lot_size="0.001", taker_fee=0.0002
)
ON_BARS = [name for name, cls in STRATEGIES.items() if "on_bar" in handlers_of(cls)]
LOOSE = BacktestConfig(
    risk_limits=dataclasses.replace(BacktestConfig().risk_limits, max_drawdown_pct=None)
)


@pytest.fixture(scope="module")
def bars():
    made = create_sample_bars(3000, seed=11)
    signal = np.random.default_rng(1).uniform(-1, 1, len(made))
    return made.assign(signal=signal)


@pytest.mark.parametrize("kind", ["spot", "perpetual"])
@pytest.mark.parametrize("name", ON_BARS)
def test_native_and_python_agree_to_the_last_bit(bars, name, kind):
    rules = PERPETUAL.replace(kind=kind)
    results = [
        Backtester(load_strategy(name), LOOSE, mode=mode).run(bars, instrument=rules)
        for mode in ("native", "python")
    ]
    assert results[0].summary["fills"] > 10
    assert results[0].fills_hash == results[1].fills_hash
    assert results[0].run_hash == results[1].run_hash
    assert results[0].signals.equals(results[1].signals)


@pytest.mark.parametrize("name", ON_BARS)
def test_several_instruments_are_traded_on_one_account(bars, name):
    other = create_sample_bars(3000, seed=12, symbol="OTHERUSDT").assign(signal=bars["signal"])
    data = {"SIMUSDT": bars, "OTHERUSDT": other.iloc[500:]}
    rules = {symbol: PERPETUAL.replace(symbol=symbol) for symbol in data}
    results = [
        Backtester(load_strategy(name), LOOSE, mode=mode).run(data, instrument=rules)
        for mode in ("native", "python")
    ]
    assert results[0].run_hash == results[1].run_hash
    assert set(results[0].fills["symbol"]) == set(data)


@pytest.mark.parametrize("name", ON_BARS)
def test_columns_do_not_look_ahead(bars, name):
    strategy = load_strategy(name)
    whole = {n: np.asarray(v) for n, v in strategy.columns(bars).items()}
    for end in (60, 500, 1701):
        part = strategy.columns(bars.iloc[:end])
        for column, values in part.items():
            np.testing.assert_array_equal(np.asarray(values), whole[column][:end])


@pytest.mark.parametrize("name", ["momentum", "mean-reversion", "ml"])
def test_generate_signal_says_what_the_run_recorded(bars, name):
    strategy = load_strategy(name)
    signals = Backtester(strategy, LOOSE).run(bars, instrument=PERPETUAL).signals
    entries = signals[signals["confidence"] < 1.0] if name == "mean-reversion" else signals
    for _, row in entries.head(5).iterrows():
        at = int(np.flatnonzero(bars.index == row["time"] - np.timedelta64(1, "m"))[0])
        told = strategy.generate_signal(bars, at)
        assert told["action"] == row["action"]
        assert told["confidence"] == pytest.approx(row["confidence"])
        assert told["reasoning"] == row["reasoning"]


def test_momentum_votes_by_hand():
    strategy = MomentumStrategy()
    # momentum 0.0004 of a threshold of 0.0005 votes 0.8 with weight 0.3, volume confirms with 0.2,
    # and without a model the weights sum to 0.5: 0.44 / 0.5
    assert strategy.score(0.0004, 1.3, np.nan) == pytest.approx(0.88)
    # volume too small: 0.3 * 0.8 / 0.5
    assert strategy.score(0.0004, 1.1, np.nan) == pytest.approx(0.48)
    # a model with P(up)-P(down) = -0.4 votes in full with weight 0.5: 0.3 + 0.2 - 0.5
    assert strategy.score(0.01, 2.0, -0.4) == pytest.approx(0.0)
    # at half its threshold of 0.1 it votes by half: 0.3 + 0.2 + 0.5 * 0.5
    assert strategy.score(0.01, 2.0, 0.05) == pytest.approx(0.75)


def test_without_a_model_the_reasoning_says_so(bars):
    told = MomentumStrategy().generate_signal(bars.drop(columns="signal"), 100)
    assert "no model: its weight goes to momentum and volume" in told["reasoning"]
    assert MomentumStrategy().generate_signal(bars, 3)["action"] == "HOLD"


def test_a_row_outside_the_data_is_refused(bars):
    with pytest.raises(Exception, match="row 99999 is not in the data"):
        MomentumStrategy().generate_signal(bars, 99_999)


@pytest.mark.parametrize(
    ("name", "wrong", "said"),
    [
        ("momentum", {"momentum_window": 0}, "windows are bars"),
        ("momentum", {"momentum_threshold": 0.0}, "thresholds"),
        ("momentum", {"ml_weight": -1.0}, "weights"),
        ("momentum", {"momentum_weight": 0.0, "volume_weight": 0.0}, "needs a weight"),
        ("mean-reversion", {"window": 1}, "2 bars or more"),
        ("mean-reversion", {"exit_z": 3.0}, "exit_z < entry_z"),
        ("sma-cross", {"fast": 50}, "fast < slow"),
        ("ml", {"entry_threshold": 0.0}, "above 0"),
        ("ml", {"exit_threshold": 0.5}, "exit_threshold <= entry_threshold"),
        ("sma-cross", {"fats": 5}, "did you mean 'fast'"),
    ],
)
def test_wrong_parameters_are_refused(name, wrong, said):
    with pytest.raises(StrategyError, match=said):
        load_strategy(name, wrong)


def test_the_ml_strategy_leaves_when_its_time_is_up_or_the_signal_turns():
    strategy = MLStrategy(entry_threshold=0.5, exit_threshold=0.1, holding_bars=3)
    assert not strategy.must_leave(10, 0.0, 2)
    assert strategy.must_leave(10, -0.2, 2)
    assert strategy.must_leave(-10, 0.2, 2)
    assert strategy.must_leave(10, 0.9, 0)


@pytest.mark.parametrize("mode", ["native", "python"])
@pytest.mark.parametrize("name", ["sma-cross", "ml"])
def test_more_instruments_than_a_strategy_has_state_for_end_in_a_sentence(name, mode):
    data = {f"S{k:02}USDT": create_sample_bars(60, seed=k) for k in range(65)}
    with pytest.raises(StrategyError, match="ValueError: this strategy trades at most 64 instru"):
        Backtester(load_strategy(name), mode=mode).run(data)
