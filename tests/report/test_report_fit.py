"""Whatever the names and numbers, what is written on a picture lies on the picture."""

import numpy as np
import pandas as pd
import pytest

from hftsim.report import TradingVisualizer

LONG = "AVeryLongStrategyNameThatSomebodyHonestlyChose on 1000000MOGUSDT_PERPETUAL_250328"
SYMBOLS = ("1000000MOGUSDTPERPETUAL250328", "ETHUSDT")


def frame(bars):
    index = pd.date_range("2024-01-01", periods=bars, freq="min", tz="UTC", name="ts_open")
    close = 100 + np.cumsum(np.random.default_rng(1).normal(0, 0.1, bars))
    prices = dict.fromkeys(("open", "high", "low", "close"), close)
    return pd.DataFrame({**prices, "volume": 1.0}, index=index)


def trades_of(bars, number, symbol):
    entry = bars.index[np.linspace(0, len(bars) - 9, number).astype(int)]
    return pd.DataFrame(
        {
            "symbol": symbol,
            "side": np.where(np.arange(number) % 2, "long", "short"),
            "entry_time": entry,
            "exit_time": entry + pd.Timedelta("5min"),
            "entry_price": 100.0,
            "exit_price": 101.0,
            "pnl": np.where(np.arange(number) % 3, 1.0, -1.0),
        }
    )


def signals_of(bars, number, symbol):
    times = bars.index[np.linspace(0, len(bars) - 9, number).astype(int)]
    action = np.where(np.arange(number) % 2, "BUY", "SELL")
    return pd.DataFrame({"symbol": symbol, "time": times, "action": action})


def outside(figure):
    """Return the texts that do not lie on the figure as a whole."""
    figure.draw_without_rendering()
    wide, high = figure.get_size_inches() * figure.dpi
    found = []
    for artist in figure.findobj(lambda a: hasattr(a, "get_text") and a.get_visible()):
        box = artist.get_window_extent()
        if artist.get_text() and not (
            box.x0 >= 0 and box.x1 <= wide and box.y0 >= 0 and box.y1 <= high
        ):
            found.append(artist.get_text())
    return found


@pytest.mark.parametrize("number", [40, 700])
@pytest.mark.parametrize("simulated", [False, True])
def test_signals_of_two_long_symbols_fit(number, simulated):
    bars = {symbol: frame(5_000) for symbol in SYMBOLS}
    trades = pd.concat([trades_of(bars[s], number, s) for s in SYMBOLS])
    signals = pd.concat([signals_of(bars[s], number, s) for s in SYMBOLS])
    drawn = TradingVisualizer(simulated=simulated).plot_signals(bars, signals, trades, LONG)
    assert outside(drawn) == []
    named = [axes.get_legend().get_texts()[0].get_text() for axes in drawn.axes]
    assert named == [f"{symbol} close" for symbol in SYMBOLS]


@pytest.mark.parametrize("title", [LONG, f"{LONG}, {LONG}, {LONG}"])
def test_a_long_title_is_made_smaller_then_shorter(title):
    equity = pd.Series(np.linspace(1e5, 9e4, 5_000), frame(5_000).index)
    trades = trades_of(frame(5_000), 700, "ETHUSDT")
    drawn = TradingVisualizer(simulated=True).plot_equity_curve(equity, trades, title)
    assert outside(drawn) == []
    head = drawn.get_suptitle()
    assert (head == title) == (title == LONG)
    assert head.startswith("AVeryLongStrategy")
    assert head.endswith("250328")


def test_the_strip_of_trades_lies_below_the_lines():
    bars = frame(5_000)
    equity = pd.Series(np.linspace(1e5, 9e4, 5_000), bars.index)
    drawn = TradingVisualizer().plot_equity_curve(equity, trades_of(bars, 700, "ETHUSDT"))
    low, high = drawn.axes[0].get_ylim()
    assert low + 0.06 * (high - low) < 9e4
