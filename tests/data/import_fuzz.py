"""Damaged files of every format into a store: `python import_fuzz.py FOLDER FIRST_SEED COUNT`.

Prints, as JSON, how many were imported and how many refused; anything else ends the program.
"""

import json
import random
import shutil
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
from lobster_files import PlainMarket
from test_ticks_databento import EVENTS, metadata
from test_ticks_hftbacktest import LEVELS, array
from test_ticks_itch import NINE_THIRTY, Encoder
from venue_feeds import kraken_feed, recording_lines, started

from hftsim.core.errors import InputError
from hftsim.data.ticks import ImportSettings, ReadingOptions, TickStore, import_ticks

ODD = (b"-1", b"0", b"", b"x", b"1e400", b"nan", b"9" * 40, b"0.0000000001", b"2147483648", b'"')


def lobster(folder: Path, seed: int) -> Path:
    messages, _ = PlainMarket(seed).run(120).write(folder, 5)
    return messages


def itch(folder: Path, seed: int) -> Path:
    dice, made = random.Random(seed), Encoder()
    for k in range(40):
        made.add(
            NINE_THIRTY + k, k + 1, dice.choice("BS"), dice.randint(1, 99), 1_000_000 + k * 100
        )
        if k % 3 == 0:
            made.execute(NINE_THIRTY + k, k + 1, 1)
        elif k % 3 == 1:
            made.replace(NINE_THIRTY + k, k + 1, 1000 + k, 5, 1_000_000)
        elif k % 2:
            made.delete(NINE_THIRTY + k, k)
    return made.write(folder)


def databento(folder: Path, seed: int) -> Path:
    path = folder / "a.dbn"
    path.write_bytes(metadata(1 + seed % 3, [("AAPL", 5)]) + b"".join(EVENTS))
    return path


def hftbacktest(folder: Path, seed: int) -> Path:
    path = folder / "feed.npz"
    (np.savez_compressed if seed % 2 else np.savez)(path, data=array(LEVELS * 3))
    return path


def binance(folder: Path, seed: int) -> Path:
    feed = started(seed)
    for _ in range(20):
        feed.window()
    path = folder / "c.txt"
    path.write_text(feed.text())
    return path


def cryptofeed(folder: Path, seed: int) -> Path:
    feed = kraken_feed(seed, updates=20, version=1 + seed % 2)
    path = folder / "r.jsonl"
    path.write_text(recording_lines("KRAKEN", [("ws.1", ns, text) for ns, text in feed.messages]))
    return path


def csv(folder: Path, seed: int) -> Path:
    dice, time = random.Random(seed), 1_723_075_200_000_000_000
    lines = ["time,recv_time,type,side,price,qty"]
    for _ in range(60):
        time += dice.choice([0, 1, 10**6])
        kind, side = dice.choice(["update", "trade"]), dice.choice(["bid", "ask"])
        price = 100 + dice.randint(-9, 9) / 10
        lines.append(f"{time},{time + 5},{kind},{side},{price},{dice.randint(1, 9)}")
    path = folder / "a.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


FORMATS: tuple[Callable[[Path, int], Path], ...] = (
    lobster, itch, databento, hftbacktest, binance, cryptofeed, csv,
)  # fmt: skip


def damage(dice: random.Random, raw: bytes) -> bytes:
    """Flip, cut, repeat, swap or replace some of the bytes; text also by what numbers are not."""
    made = bytearray(raw)
    for _ in range(dice.choice([1, 1, 1, 3])):
        at, how = dice.randrange(len(made)), dice.choice([0, 0, 0, 1, 2, 3, 4, 4, 5])
        span = dice.randrange(1, 60)
        if how == 0:
            made[at] ^= 1 << dice.randrange(8)
        elif how == 1:
            made[at : at + span] = made[at : at + span][::-1]
        elif how == 2:
            made[at:at] = made[at : at + span]
        elif how == 3:
            del made[at : at + span]
        elif how == 4:
            words = made.split(b",")
            words[dice.randrange(len(words))] = bytearray(dice.choice(ODD))
            made = bytearray(b",".join(words))
        else:
            made = made[: max(at, 1)]
        if not made:
            break
    return bytes(made)


def play(folder: Path, seed: int) -> str:
    """Import one damaged file; what is stored must be what the report says, to the row."""
    dice, make = random.Random(seed), FORMATS[seed % len(FORMATS)]
    place = folder / str(seed)
    place.mkdir(parents=True)
    path = make(place, seed)
    path.write_bytes(damage(dice, path.read_bytes()))
    symbols = {"hftbacktest": "SIM", "itch": "AAPL", "binance": "BTCUSDT", "csv": "BTCUSDT"}
    try:
        report = import_ticks(
            [path],
            place / "S",
            format=make.__name__,
            options=ReadingOptions(symbol=symbols.get(make.__name__)),
            settings=ImportSettings(fix_clock=True, fix_order=True),
        )
    except InputError as error:
        told = str(error)
        if path.name not in told:
            return told
        left = [p for p in place.rglob("*") if p != path and p.suffix in (".arrow", ".tmp")]
        return f"{make.__name__} left {left}" if left else "refused"
    rows = sum(chunk.rows for chunk in TickStore(place / "S").open().chunks())
    assert rows == report.rows == sum(report.counts.values()), (seed, report)
    shutil.rmtree(place)
    return "imported"


if __name__ == "__main__":
    where, first, count = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    print(json.dumps(Counter(play(where, seed) for seed in range(first, first + count))))
