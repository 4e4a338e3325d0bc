"""`hftsim warmup`: compiles ahead what a first run would compile."""

import time
from typing import Any

from hftsim.cli.groups import takes_groups
from hftsim.cli.options import CommonOptions
from hftsim.cli.shell import Shell, table_of

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
    """Run everything that is compiled over a few simulated bars."""
    from hftsim.backtest import Backtester
    from hftsim.data import create_sample_bars
    from hftsim.features import FeatureEngineer
    from hftsim.strategies import STRATEGIES, load_strategy

    progress = shell.progress("compile")
    bars = create_sample_bars(_ROWS, seed=0)
    steps = ["features", *STRATEGIES]
    for done, name in enumerate(steps):
        progress(done, len(steps), name)
        if name == "features":
            FeatureEngineer().create_all_features(bars)
            continue
        data = bars.assign(signal=0.0)
        result = Backtester(load_strategy(name), mode="native").run(data)
        _touch(result)
    progress(len(steps), len(steps))
    return steps


def _touch(result: Any) -> None:
    """Make the tables and figures, which have kernels of their own."""
    _ = result.trades, result.metrics, result.summary


def _cache() -> str:
    from hftsim.native.cache import cache_folder

    return str(cache_folder())
