"""`hftsim warmup`: compiles ahead what a first run would compile."""

import time
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from hftsim.cli.groups import takes_groups
from hftsim.cli.options import CommonOptions
from hftsim.cli.shell import Shell, table_of

if TYPE_CHECKING:
    from hftsim.data.ticks import Ticks

_ROWS = 300


@takes_groups
def warmup(*, common: CommonOptions) -> None:
    """Compile all kernels and built-in strategies once; later runs take them from the cache."""
    with Shell(common) as shell:
        began = time.perf_counter()
        compiled = _compile_all(shell)
        seconds = time.perf_counter() - began
        answer = {"compiled": compiled, "seconds": round(seconds, 3), "cache": _cache()}
        rows = {"compiled": ", ".join(compiled), "took": f"{seconds:.1f} s", "cache": _cache()}
        shell.answer(answer, lambda console: console.print(table_of("warmup", rows)))


def _compile_all(shell: Shell) -> list[str]:
    """Run everything that is compiled over a few simulated bars and ticks."""
    from hftsim.backtest import Backtester
    from hftsim.data import create_sample_bars
    from hftsim.features import FeatureEngineer
    from hftsim.sim.crowd import Crowd, named_crowd
    from hftsim.strategies import STRATEGIES, find_strategy, load_strategy

    progress = shell.progress("compile")
    bars = create_sample_bars(_ROWS, seed=0)
    one, two = _few_ticks("AAAUSDT"), _few_ticks("BBBUSDT")
    pair = {"AAAUSDT": one, "BBBUSDT": two}
    steps = ["features", "matching", "crowd", *STRATEGIES]
    for done, name in enumerate(steps):
        progress(done, len(steps), name)
        if name == "features":
            FeatureEngineer().create_all_features(bars)
        elif name == "matching":
            _match_a_few()
        elif name == "crowd":
            Crowd(named_crowd(), one.instrument, seed=0).columns(10)
        elif hasattr(find_strategy(name), "on_bar"):
            _touch(Backtester(load_strategy(name), mode="native").run(bars.assign(signal=0.0)))
        else:
            ticks = pair if "arbitrage" in name else {"AAAUSDT": one}
            given = ticks["AAAUSDT"] if name == "grid" else ticks
            _touch(Backtester(load_strategy(name), mode="native").run(given))
    progress(len(steps), len(steps))
    return steps


def _few_ticks(symbol: str) -> "Ticks":
    """Return a book of two levels that trades a little."""
    import numpy as np

    from hftsim.core.enums import InstrumentKind
    from hftsim.core.events import EventKind
    from hftsim.core.instrument import Instrument
    from hftsim.data.ticks import Ticks

    rows = np.arange(_ROWS)
    side = np.where(rows % 2 == 0, 1, -1)
    return Ticks.from_columns(
        Instrument(
            symbol=symbol,
            kind=InstrumentKind.PERPETUAL,
            tick_size=Decimal("0.1"),
            lot_size=Decimal("0.001"),
        ),
        {
            "ts_event": 10**18 + rows * 10**8,
            "kind": np.where(rows % 10 == 9, int(EventKind.TRADE), int(EventKind.DEPTH)),
            "side": side,
            "price": 1000 - side * (rows % 3),
            "qty": 1000 + rows % 7,
            "flags": np.ones(_ROWS, np.int64),
        },
    )


def _match_a_few() -> None:
    """Rest an order and take it."""
    import numpy as np

    from hftsim.book import OrderBook

    columns = {"op": [1, 1], "order_id": [1, 2], "side": [1, -1], "type": [2, 2], "tif": [0, 0]}
    OrderBook().process(
        {n: np.array(v) for n, v in {**columns, "price": [5, 5], "qty": [1, 1]}.items()}
    )


def _touch(result: Any) -> None:
    """Make the tables and figures, which have kernels of their own."""
    _ = result.trades, result.metrics, result.summary


def _cache() -> str:
    from hftsim.native.cache import cache_folder

    return str(cache_folder())
