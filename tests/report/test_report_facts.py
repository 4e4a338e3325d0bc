"""The picture of stylised facts: one market, two, and what is missing said in words."""

import matplotlib.image
import numpy as np

from hftsim.analytics.stylised_curves import fact_curves
from hftsim.analytics.stylised_facts import OrderFlow
from hftsim.report import TradingVisualizer


def curves(n=4000, *, trades=True, sides=True, far=1):
    rng = np.random.default_rng(n)
    bid = 50_000 + np.cumsum(rng.choice([-1, 0, 1], n))
    signs = np.repeat(rng.choice([-1, 1], n // 8 + 1), 8)[:n]
    return fact_curves(
        OrderFlow(
            ts=np.cumsum(rng.exponential(1e8, n)).astype(np.int64),
            sign=signs,
            is_trade=(np.arange(n) % 3 == 0) & trades,
            bid=bid * sides,
            ask=bid + far * rng.integers(1, 5, n),
            profile=np.arange(1.0, 21.0) ** (2 if far > 1 else 0.5) * sides,
        )
    )


def words(figure):
    artists = figure.findobj(lambda artist: hasattr(artist, "get_text"))
    return " | ".join(artist.get_text() for artist in artists)


def test_two_markets_stand_in_every_panel(tmp_path):
    path = tmp_path / "facts.png"
    two = {"real": curves(), "crowd": curves(3000, far=20)}
    figure = TradingVisualizer().plot_stylised_facts(two, "Facts of X", path)
    assert matplotlib.image.imread(path).std() > 0.02
    assert len(figure.axes) == 6
    for axes in figure.axes:
        colors = {line.get_color() for line in axes.lines}
        assert {"#0072b2", "#d55e00"} <= colors
        assert axes.get_xlabel()
        assert axes.get_ylabel()
    text = words(figure)
    for said in ("Facts of X", "real: mean 2.5", "crowd: mean", "excess kurtosis", "(lots)"):
        assert said in text
    assert "mathdefault" not in text
    assert "SIMULATED" not in text


def test_one_market_alone_lies_under_its_name(tmp_path):
    figure = TradingVisualizer(tmp_path, simulated=True).plot_stylised_facts({"a": curves()})
    assert [p.name for p in tmp_path.iterdir()] == ["stylised_facts.png"]
    assert "SIMULATED DATA" in words(figure)


def test_missing_data_is_said_by_the_panel():
    text = words(TradingVisualizer().plot_stylised_facts({"a": curves(trades=False)}))
    assert "no trades" in text
    text = words(TradingVisualizer().plot_stylised_facts({"a": curves(sides=False)}))
    for said in ("no moment with two sides", "no depth seen", "too few returns"):
        assert said in text
    both = {"a": curves(), "b": curves(3000, trades=False)}
    text = words(TradingVisualizer().plot_stylised_facts(both))
    assert "b: no trades" in text
