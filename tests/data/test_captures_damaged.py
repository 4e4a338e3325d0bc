"""Captures with any damage: a sentence or a result, never anything else."""

import contextlib
import json
import random

import pytest
from venue_feeds import kraken_feed, recording_lines, started

from hftsim.core.errors import DataError
from hftsim.data.captures.binance import BinanceReader
from hftsim.data.captures.cryptofeed import CryptofeedReader
from hftsim.data.captures.verify import verify_binance, verify_kraken
from hftsim.data.ticks.importing import ReadingOptions

ODD = [None, 0, -1, 1.5, "", "x", "-0", "1e400", "\n", [], {}, [[]], [None], True, 10**40, "9" * 40]


def flipped(rng, text):
    """Return the text with some bytes changed, cut or repeated."""
    data = bytearray(text.encode())
    for _ in range(rng.randrange(1, 4)):
        at = rng.randrange(len(data))
        kind = rng.randrange(4)
        if kind == 0:
            data[at] ^= 1 << rng.randrange(8)
        elif kind == 1:
            del data[at : at + rng.randrange(1, 200)]
        elif kind == 2:
            data[at:at] = data[at : at + rng.randrange(1, 200)]
        else:
            data[at] = rng.choice(b'0123456789.-e"[]{},:\n ')
    return bytes(data)


def replaced(rng, content):
    """Return a message with one value, somewhere inside, replaced by something odd."""
    places = []

    def walk(part):
        keys = part.keys() if isinstance(part, dict) else range(len(part))
        for key in keys:
            places.append((part, key))
            if isinstance(part[key], dict | list):
                walk(part[key])

    walk(content)
    part, key = rng.choice(places)
    part[key] = rng.choice(ODD)
    return content


def survives(call):
    with contextlib.suppress(DataError):
        call()


def read_all(cls, path, symbol):
    reader = cls(path, ReadingOptions(symbol=symbol))
    for block in reader.blocks():
        assert (block["qty"] >= 0).all()
    reader.close()


MARKETS = [("spot", "BTCUSDT"), ("usdm", "BTCUSDT"), ("coinm", "BTCUSD_PERP")]


@pytest.mark.parametrize("seed", range(60))
def test_damaged_captures_of_binance(tmp_path, seed):
    rng = random.Random(seed)
    market, symbol = rng.choice(MARKETS)
    feed = started(seed, market, symbol)
    for _ in range(10):
        feed.window()
    if seed % 2:
        at = rng.randrange(len(feed.lines))
        ns, text = feed.lines[at]
        feed.lines[at] = (ns, json.dumps(replaced(rng, json.loads(text))))
        data = feed.text().encode()
    else:
        data = flipped(rng, feed.text())
    path = tmp_path / "c.txt"
    path.write_bytes(data)
    survives(lambda: read_all(BinanceReader, path, None))
    survives(lambda: verify_binance(path))


@pytest.mark.parametrize("seed", range(60))
def test_damaged_recordings_of_kraken(tmp_path, seed):
    rng = random.Random(seed)
    feed = kraken_feed(seed, updates=20, version=1 + seed % 2)
    if seed % 4 < 2:
        at = rng.randrange(len(feed.messages))
        ns, text = feed.messages[at]
        feed.messages[at] = (ns, json.dumps(replaced(rng, json.loads(text))))
    text = recording_lines("KRAKEN", [("ws.1", ns, text) for ns, text in feed.messages])
    path = tmp_path / "r.jsonl"
    path.write_bytes(text.encode() if seed % 4 < 2 else flipped(rng, text))
    survives(lambda: read_all(CryptofeedReader, path, None))
    survives(lambda: verify_kraken(path))


@pytest.mark.parametrize("seed", range(20))
def test_packed_captures_that_are_cut_off_or_flipped(tmp_path, seed):
    rng = random.Random(seed)
    feed = started(seed)
    for _ in range(200):
        feed.window()
    path = feed.write(tmp_path / "c.gz")
    data = bytearray(path.read_bytes())
    if seed % 2:
        data = data[: rng.randrange(1, len(data))]
    else:
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    path.write_bytes(data)
    survives(lambda: read_all(BinanceReader, path, None))
    survives(lambda: verify_binance(path))
