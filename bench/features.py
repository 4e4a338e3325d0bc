"""All indicators over one million bars and all features over 100,000, beside the package `ta`."""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # one core, for the peer too

from typing import Any

from _bars import random_bars
from _report import load, measure, peer, ratio, tell, versions

from hftsim import DataPreprocessor, FeatureEngineer

MANY, SOME = 1_000_000, 100_000


def main() -> None:
    """Time us, then the peer, and print both."""
    preprocessor, engineer = DataPreprocessor(), FeatureEngineer()
    many, some = random_bars(MANY), random_bars(SOME)
    count = len(engineer.names_for(some))
    cases: dict[str, Any] = {
        "indicators_1m": timed(lambda: preprocessor.add_technical_indicators(many), 7),
        "indicators_100k": timed(lambda: preprocessor.add_technical_indicators(some), 7),
        "features_100k": timed(lambda: engineer.create_all_features(some), 5),
        "features_1m": timed(lambda: engineer.create_all_features(many), 1),
        "ta_100k": peer("_peer_features.py", SOME),
    }
    cases["indicators_1m"]["columns"] = len(preprocessor.indicator_names)
    cases["features_100k"]["columns"] = cases["features_1m"]["columns"] = count
    theirs = cases["ta_100k"]
    ours = cases["indicators_100k"]["cpu_s"]
    peer_s = theirs["cpu_s"] if theirs else None
    columns = theirs["columns"] if theirs else "those"
    tell(
        name="features",
        ours=ours,
        unit="s",
        peer=peer_s,
        peer_name="ta",
        ratio=ratio(peer_s, ours),
        workload=(
            f"{len(preprocessor.indicator_names)} indicators, checked and joined to the frame, over "
            f"{SOME:,} random one-minute bars (seed 3), CPU seconds on one core; ta makes {columns} of "
            "them, all it has but its very slow parabolic SAR. Also in cases: "
            f"the indicators over {MANY:,} bars, and {count} features"
        ),
        cases=cases,
        versions=versions("TA-Lib", "numba", "pandas"),
    )


def timed(work: Any, times: int) -> dict[str, Any]:
    """Return the best timing with the machine's load."""
    return {**measure(work, times), "load": load()}


if __name__ == "__main__":
    main()
