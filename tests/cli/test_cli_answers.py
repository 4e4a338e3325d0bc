"""JSON that every reader can read."""

import json
import math
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd

from hftsim.cli.answers import plain, with_reasons
from hftsim.core.enums import InstrumentKind, Side


@dataclass
class Box:
    """A value of some type."""

    held: object


def test_foreign_types_become_json_types():
    found = plain(
        {
            "whole": np.int64(3),
            "real": np.float32(0.5),
            "nan": np.float64("nan"),
            "infinite": math.inf,
            "flag": np.bool_(True),
            "array": np.array([1.0, np.nan]),
            "time": pd.Timestamp("2024-10-01", tz="UTC"),
            "no_time": pd.NaT,
            "path": Path("a") / "b",
            "kind": InstrumentKind.SPOT,
            "side": Side.SELL,
            "tick": Decimal("0.01"),
            "box": Box(held=(1, 2)),
            "set": {"b", "a"},
            3: None,
        }
    )
    assert found == {
        "whole": 3,
        "real": 0.5,
        "nan": None,
        "infinite": None,
        "flag": True,
        "array": [1.0, None],
        "time": "2024-10-01T00:00:00+00:00",
        "no_time": None,
        "path": "a/b",
        "kind": "spot",
        "side": -1,
        "tick": 0.01,
        "box": {"held": [1, 2]},
        "set": ["a", "b"],
        "3": None,
    }
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert type(found["whole"]) is int
    assert found["flag"] is True


def test_every_undefined_figure_has_a_reason():
    answer = with_reasons(
        {"sharpe_ratio": math.nan, "win_rate": math.inf, "fills": 0, "halted_at": None},
        {"sharpe_ratio": "no variation", "calmar_ratio": "no drawdown", "fills": "not undefined"},
    )
    assert answer["reasons"] == {
        "sharpe_ratio": "no variation",
        "win_rate": "not defined here",
        "halted_at": "does not apply here",
    }
