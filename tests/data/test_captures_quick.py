"""Lines read without decoding their JSON say what their decoded JSON says."""

import random

import pytest

from hftsim.data.captures.binance_messages import BinanceParser, MessageKind
from hftsim.data.captures.binance_quick import quick_message
from hftsim.data.captures.lines import stamped_json

QUOTES = {
    "spot": '{"u":50,"s":"BTCUSDT","b":"61837.63000000","B":"3.78826000","a":"61837.64","A":"1"}',
    "usdm": '{"e":"bookTicker","u":51,"s":"BTCUSDT","b":"61800.20","B":"2.507","a":"61800.30",'
    '"A":"2.510","T":1723161256313,"E":1723161256314}',
    "coinm": '{"u":10,"e":"bookTicker","s":"BTCUSD_PERP","ps":"BTCUSD","b":"61804.7","B":"35",'
    '"a":"61804.8","A":"1645","T":1723161257465,"E":1723161257476}',
}
TRADES = {
    "spot": '{"e":"trade","E":1723161255343,"s":"BTCUSDT","t":3,"p":"61837.63","q":"0.02",'
    '"T":1723161255342,"m":true,"M":true}',
    "usdm": '{"e":"trade","E":1723161256322,"T":1723161256321,"s":"BTCUSDT","t":5,"p":"61800.30",'
    '"q":"0.006","X":"MARKET","m":false}',
    "coinm": '{"e":"trade","E":1723161257687,"T":1723161257679,"s":"BTCUSD_PERP","t":8,'
    '"p":"61804.8","q":"4","X":"MARKET","m":true}',
}


def lines():
    for kind, messages in (("bookTicker", QUOTES), ("trade", TRADES)):
        for market, text in messages.items():
            symbol = "btcusd_perp" if market == "coinm" else "btcusdt"
            wrapped = f'{{"stream":"{symbol}@{kind}","data":{text}}}'
            for body in (text, wrapped, wrapped + "\r"):
                yield kind, market, f"1723161254087891268 {body}"


def slow_message(parser, row, line):
    return parser.parse(row, *stamped_json("file", row, line))


@pytest.mark.parametrize(("kind", "market", "line"), list(lines()))
def test_the_usual_layouts_are_read_quickly_and_alike(kind, market, line):
    quick, slow = BinanceParser(), BinanceParser()
    found = quick_message(quick, 7, line)
    assert found == slow_message(slow, 7, line)
    assert found.kind is (MessageKind.QUOTE if kind == "bookTicker" else MessageKind.TRADE)
    assert list(quick.markets.values()) == list(slow.markets.values()) == [market]
    assert quick.counts == slow.counts == {}


@pytest.mark.parametrize("seed", range(30))
def test_no_damaged_line_is_read_otherwise(seed):
    rng, usual = random.Random(seed), [line for _, _, line in lines()]
    for _ in range(200):
        data = list(rng.choice(usual))
        for _ in range(rng.randrange(1, 4)):
            at = rng.randrange(len(data))
            what = rng.randrange(3)
            if what == 0:
                data[at] = rng.choice('0123456789.-e"{}:,abTE_ ')
            elif what == 1:
                del data[at : at + rng.randrange(1, 30)]
            else:
                data[at:at] = rng.choices('0123456789."{}', k=rng.randrange(1, 5))
            data = data or ["x"]
        line = "".join(data)
        found = quick_message(BinanceParser(), 1, line)
        if found is not None:
            assert found == slow_message(BinanceParser(), 1, line)


@pytest.mark.parametrize(
    "line",
    [
        '1723161254087891268 {"e":"trade","E":1,"T":1,"s":"A","t":5,"p":"1","q":"1","X":"NA","m":true}',
        '1723161254087891268 {"stream":"x@bookTicker","data":' + QUOTES["spot"],
        "1723161254087891268 " + QUOTES["spot"] + "}",
        "9723161254087891268 " + QUOTES["spot"],
        "1723161254087891268  " + QUOTES["spot"],
    ],
)
def test_other_lines_are_left_to_the_parser(line):
    assert quick_message(BinanceParser(), 1, line) is None
