"""Damaged files of orders through `hftsim match`: `python match_fuzz.py FOLDER FIRST_SEED COUNT`.

Prints, as JSON, how many ran and how many were refused; anything else ends the program.
"""

import contextlib
import io
import json
import random
import sys
from collections import Counter
from pathlib import Path

import pandas as pd

from hftsim.cli import main

NAMES = ["seq", "op", "order_id", "side", "type", "tif", "price", "qty", "owner", "display_qty"]
LARGE = [0, -1, 1, (1 << 31) - 1, 1 << 31, 1 << 53, (1 << 63) - 1, -(1 << 63)]
WIDE = [0, -1, (1 << 63) - 1, -(1 << 63), 1 << 60]
"""What large icebergs show: in small slices they would trade for years."""
ODD = [
    "",
    "x",
    "nan",
    "1e400",
    "1.5",
    "-0",
    "9" * 25,
    "NEW",
    "sell",
    "GTX",
    "\u0660",
    '"',
    "\n",
    ",",
]


def order(dice: random.Random, seq: int) -> list[object]:
    """Return a message; numbers are small, or as large as they can be."""
    wild = dice.random() < 0.1
    kind = dice.choice(["limit", "limit", "limit", "market"])
    return [
        seq,
        dice.choice(["new", "new", "new", "cancel", "replace"]),
        dice.choice(LARGE) if wild else dice.randint(1, 40),
        dice.choice(["buy", "sell"]),
        kind,
        dice.choice(["GTC", "GTC", "IOC", "FOK", "GTX"]),
        "" if kind == "market" else dice.choice(LARGE) if wild else dice.randint(95, 105),
        dice.choice(LARGE) if wild else dice.randint(1, 20),
        dice.choice([0, 0, 1, 2]),
        dice.choice(WIDE) if wild else dice.choice([0, 0, 3]),
    ]


def damaged(dice: random.Random, raw: bytes) -> bytes:
    """Return the file with a bit flipped, a word replaced, a piece cut out, or its end cut off."""
    made, how = bytearray(raw), dice.randrange(4)
    at = dice.randrange(len(made))
    if how == 0:
        made[at] ^= 1 << dice.randrange(8)
    elif how == 1:
        words = made.split(b",")
        words[dice.randrange(len(words))] = bytearray(dice.choice(ODD).encode())
        made = bytearray(b",".join(words))
    elif how == 2:
        del made[at : at + dice.randrange(1, 50)]
    else:
        del made[at:]
    return bytes(made)


def play(folder: Path, seed: int) -> str:
    """Match one file; every message has a report, and lots are neither made nor lost."""
    dice = random.Random(seed)
    rows = [order(dice, k + 1) for k in range(150)]
    as_parquet = seed % 4 == 0
    path = folder / ("orders.parquet" if as_parquet else "orders.csv")
    out = folder / "reports.csv"
    out.unlink(missing_ok=True)
    frame = pd.DataFrame(rows, columns=NAMES)
    if as_parquet:
        frame["price"] = pd.to_numeric(frame["price"], errors="coerce").astype(float)
        frame.to_parquet(path)
    else:
        frame.to_csv(path, index=False)
    if seed % 3:
        path.write_bytes(damaged(dice, path.read_bytes()))
    said, complaint = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(complaint):
        code = main(["match", str(path), "--out", str(out), "--json", "-q"])
    if code == 2:
        assert path.name in complaint.getvalue(), (seed, complaint.getvalue())
        assert complaint.getvalue().count("\n") == 1, (seed, complaint.getvalue())
        assert not out.exists(), seed
        return "refused"
    assert code == 0, (seed, code, complaint.getvalue())
    counts, reports = json.loads(said.getvalue()), pd.read_csv(out)
    assert len(reports) == counts["reports"] >= counts["messages"], seed
    fills = reports[reports["report"] == "fill"]
    assert len(fills) == 2 * counts["fills"], seed
    assert sum(fills["qty"].tolist()) == 2 * counts["volume"], seed
    assert (fills["qty"] > 0).all(), seed
    assert (fills["leaves_qty"] >= 0).all(), seed
    return "ran"


if __name__ == "__main__":
    where, first, count = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    print(json.dumps(Counter(play(where, seed) for seed in range(first, first + count))))
