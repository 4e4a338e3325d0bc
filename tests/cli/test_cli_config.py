"""Configuration files: what they give, what wins, and what is said of mistakes."""

from typing import Any

import pytest

from hftsim.cli.config import given_pairs, load_config, validated
from hftsim.cli.options import (
    InstrumentOptions,
    ModelOptions,
    ReadingOptions,
    RunOptions,
    SourceOptions,
    TradingOptions,
)
from hftsim.cli.plan import gathered, mode_of, model_of, seed_of, strategy_of
from hftsim.core.errors import ConfigError, UnknownNameError

WHOLE = """\
seed: 7
mode: python
data:
  path: bars.csv
  symbol: BTCUSDT
  columns: {close: Last, open: First}
  sort: true
  tick_size: 0.01
strategy:
  name: momentum
  params:
    window: 20
    threshold: 1e-3
model: logistic
risk:
  stop_loss_pct: 0.02
backtest:
  initial_capital: 50_000
"""


@pytest.fixture
def written(tmp_path):
    def write(text: str):
        path = tmp_path / "run.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_a_file_gives_every_section(written):
    settings = gathered(RunOptions(config=written(WHOLE)))
    assert (seed_of(settings), mode_of(settings)) == (7, "python")
    assert strategy_of(settings) == ("momentum", {"window": 20, "threshold": 0.001})
    assert model_of(settings) == ("logistic", {})
    assert settings.data["columns"].value == {"close": "Last", "open": "First"}
    assert settings.risk["stop_loss_pct"].where.endswith("run.yaml, line 16")
    assert settings.backtest["initial_capital"].value == 50_000


def test_options_win_over_the_file(written):
    settings = gathered(
        RunOptions(config=written(WHOLE), seed=9),
        SourceOptions(data=["ETHUSDT=eth.csv"]),
        ReadingOptions(symbol="ETHUSDT", columns=["close=C"]),
        InstrumentOptions(tick_size="0.1"),
        TradingOptions(param=["window=30"], capital=1000.0, risk=["stop_loss_pct=0.05"]),
        ModelOptions(model="lstm", model_param=["epochs=3"], folds=2),
    )
    assert seed_of(settings) == 9
    assert settings.data["path"].value == ["ETHUSDT=eth.csv"]
    assert settings.data["symbol"].value == "ETHUSDT"
    assert settings.data["columns"].value == {"close": "C"}
    assert settings.data["sort"].value is True
    assert settings.data["tick_size"].value == "0.1"
    assert strategy_of(settings) == ("momentum", {"window": 30, "threshold": 0.001})
    assert model_of(settings) == ("lstm", {"epochs": 3})
    assert settings.learning["folds"].value == 2
    assert settings.backtest["initial_capital"].value == 1000.0
    assert settings.risk["stop_loss_pct"].value == 0.05


def test_another_strategy_does_not_inherit_parameters(written):
    settings = gathered(RunOptions(config=written(WHOLE)), TradingOptions(strategy="sma-cross"))
    assert strategy_of(settings) == ("sma-cross", {})


def test_a_strategy_file_is_found_beside_the_configuration(written, tmp_path):
    settings = gathered(RunOptions(config=written("strategy: mine.py:Mine\n")))
    assert strategy_of(settings)[0] == f"{tmp_path / 'mine'}.py:Mine"
    settings = gathered(RunOptions(), TradingOptions(strategy="mine.py"))
    assert strategy_of(settings)[0] == "mine.py"


LEVELS = "".join(f"  {b}: &{b} [{', '.join([f'*{a}'] * 9)}]\n" for a, b in ("ab", "bc", "cd", "de"))
BOMB = f"strategy:\n  a: &a [x]\n{LEVELS}"


def test_aliases_are_understood(written):
    settings = load_config(written("risk: &r {stop_loss_pct: 0.1}\nbacktest: *r\n"))
    assert settings.backtest["stop_loss_pct"].value == 0.1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("stratgy: momentum\n", "line 1: unknown section 'stratgy'; did you mean 'strategy'?"),
        (
            "seed: 1\nbacktst:\n  a: 1\n",
            "line 2: unknown section 'backtst'; did you mean 'backtest'?",
        ),
        ("seed: 1\nstrategy:\n  nme: x\n", "line 3: unknown key of strategy 'nme'"),
        ("backtest:\n  <<: {fee_rate: 0.1}\n", "line 2: a key must be a plain word, and <<"),
        ("? [a, b]\n: c\n", "line 1: a key must be a plain word"),
        ("strategy: &s\n  name: *s\n", "is nested too deep, or holds itself by an alias"),
        (f"data: {'[' * 3000}{']' * 3000}\n", "is nested too deep, or holds itself by an alias"),
        (BOMB, "holds more than 10,000 values"),
        ("data:\n  path: a\n  path: b\n", "line 3: path is written twice"),
        ("data: [1, 2]\n", "line 1: data must hold fields"),
        ("data:\n  path: [a\n", "not YAML"),
        ("data:\n\tpath: a\n", "line 2: not YAML"),
        ("- a\n- b\n", "must hold sections"),
        ("seed: !!python/object/apply:os.getcwd []\n", "line 1: seed: could not determine"),
    ],
)
def test_a_mistake_is_named_with_its_line(written, text, said):
    with pytest.raises(ConfigError) as caught:
        load_config(written(text))
    assert said in str(caught.value)
    assert "run.yaml" in str(caught.value)


def test_an_empty_file_says_nothing(written):
    assert load_config(written("")).data == {}


def test_a_file_that_is_not_text_is_refused(tmp_path):
    path = tmp_path / "run.yaml"
    path.write_bytes(b"\xff\xfe\x00s")
    with pytest.raises(ConfigError, match="not a text file"):
        load_config(path)


@pytest.mark.parametrize(
    ("text", "kind", "said"),
    [
        ("field=two", float, r"--set field=two: field: .*valid number.*'two'"),
        ("field=true", float, "field must be float, not True"),
        ("feld=1", float, "unknown backtest setting 'feld'; did you mean 'field'"),
    ],
)
def test_a_value_of_the_wrong_type_is_named_with_its_place(text, kind, said):
    with pytest.raises(ConfigError, match=said):
        validated(given_pairs([text], "--set"), {"field": kind}, "backtest setting")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("k=3", 3),
        ("k=-1.5", -1.5),
        ("k=1e-3", 0.001),
        ("k=true", True),
        ("k=None", None),
        ("k=a=b", "a=b"),
        ("k=[1, 2]", [1, 2]),
        ("k=", ""),
    ],
)
def test_pairs_read_numbers_and_words(text: str, value: Any):
    assert given_pairs([text], "--param")["k"].value == value


@pytest.mark.parametrize("texts", [["k"], ["=3"], ["k=1", "k=2"]])
def test_pairs_that_cannot_be_are_refused(texts):
    with pytest.raises(ConfigError, match="--param"):
        given_pairs(texts, "--param")


def test_an_unknown_mode_gets_a_suggestion(written):
    with pytest.raises(UnknownNameError, match="did you mean 'native'"):
        mode_of(gathered(RunOptions(), TradingOptions(mode="nativ")))


def test_a_seed_below_zero_is_refused(written):
    with pytest.raises(ConfigError, match="--seed: seed must be 0 or more"):
        seed_of(gathered(RunOptions(seed=-1)))
