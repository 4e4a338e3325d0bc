"""Walk-forward: train on a stretch, trade the next one, roll on.

Each fold trains a fresh model on `train` bars and trades the `test` bars after them. Labels that
would look into the test part are left out of training.

    python examples/walk_forward.py [FILE SYMBOL]
"""

import sys

from hftsim import WalkForwardResult, create_sample_bars, read_bars, walk_forward

COLUMNS = ["fold", "test_start", "macro_f1", "majority_macro_f1", "total_return_pct", "trades"]


def main(
    path: str | None = None, symbol: str | None = None, *, rows: int = 6000
) -> WalkForwardResult:
    """Roll through the bars; print one line for each fold."""
    bars = read_bars(path, symbol=symbol) if path else create_sample_bars(rows, seed=7)
    result = walk_forward(
        bars,
        strategy="ml",
        strategy_params={"entry_threshold": 0.2},
        model="logistic",  # or "lstm", which takes longer
        train=len(bars) // 2,
        test=len(bars) // 8,
    )
    print(result.table[COLUMNS].to_string(index=False, float_format="{:.3f}".format))
    print(f"All test parts joined up: {result.total_return_pct:.2f} %")
    return result


if __name__ == "__main__":
    main(*sys.argv[1:3])
