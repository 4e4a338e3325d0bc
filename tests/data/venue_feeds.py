"""Made-up venues: a true book that changes at random, and what Binance or Kraken would send of it.

Nothing here uses the code under test: books are dictionaries, checksums are made from strings.
"""

import datetime as dt
import gzip
import json
import random
import zlib

START_NS = 1_700_000_000_000_000_000


class TrueBook:
    """Levels of both sides in ticks and lots, never crossed, drifting."""

    def __init__(self, rng, levels=40):
        self.rng, self.mid = rng, 10_000
        self.sides = {
            1: {self.mid - k: rng.randrange(1, 500) for k in range(1, levels)},
            -1: {self.mid + k: rng.randrange(1, 500) for k in range(1, levels)},
        }

    def change(self):
        """Change one level, and return all [(side, price, qty)] that this takes."""
        self.mid += self.rng.choice((-1, 0, 0, 0, 1))
        side = self.rng.choice((1, -1))
        price = self.mid - side * self.rng.randrange(1, 30)
        qty = self.rng.choice((0, self.rng.randrange(1, 500), self.rng.randrange(1, 500)))
        crossed = [p for p in self.sides[-side] if (p - price) * side <= 0]
        if qty == 0 and len(self.sides[side]) < 3:
            qty = 1
        changes = [(-side, p, 0) for p in crossed] + [(side, price, qty)]
        for s, p, q in changes:
            if q:
                self.sides[s][p] = q
            else:
                self.sides[s].pop(p, None)
        for s in (1, -1):
            if not self.sides[s]:
                refill = (s, self.mid - s * 50, 5)
                self.sides[s][refill[1]] = 5
                changes.append(refill)
        return changes

    def best(self):
        bid, ask = max(self.sides[1]), min(self.sides[-1])
        return bid, self.sides[1][bid], ask, self.sides[-1][ask]

    def sorted(self, side):
        return sorted(self.sides[side].items(), key=lambda level: -side * level[0])


class BinanceFeed:
    """Messages of one instrument: depth at the end of each window, tickers and trades within."""

    def __init__(self, seed, market="spot", symbol="BTCUSDT", price_digits=2, qty_digits=3):
        self.rng = random.Random(seed)
        self.market, self.symbol = market, symbol
        self.price_digits, self.qty_digits = price_digits, qty_digits
        self.book = TrueBook(self.rng)
        self.update_id = self.rng.randrange(10**6, 10**7)
        self.last_sent = self.update_id
        self.now = START_NS
        self.lines = []
        self.late = []

    def price(self, ticks):
        return f"{ticks / 10**self.price_digits:.{self.price_digits}f}"

    def qty(self, lots):
        return f"{lots / 10**self.qty_digits:.{self.qty_digits}f}"

    def levels(self, items):
        return [[self.price(p), self.qty(q)] for p, q in items]

    def put(self, stream, data):
        name = f"{self.symbol.lower()}@{stream}"
        content = data if stream is None else {"stream": name, "data": data}
        self.lines.append((self.now + 5_000_000, json.dumps(content, separators=(",", ":"))))

    def stamps(self):
        ms = self.now // 1_000_000
        return {"E": ms} if self.market == "spot" else {"E": ms, "T": ms}

    def ticker(self):
        bid, bid_qty, ask, ask_qty = self.book.best()
        data = {"u": self.update_id, "s": self.symbol, "b": self.price(bid), "B": self.qty(bid_qty)}
        data |= {"a": self.price(ask), "A": self.qty(ask_qty)}
        if self.market != "spot":
            data |= {"e": "bookTicker", **self.stamps()}
        return data

    def trade(self):
        bid, _, ask, _ = self.book.best()
        maker = self.rng.random() < 0.5
        data = {"e": "trade", "s": self.symbol, "t": 1, "p": self.price(bid if maker else ask)}
        data |= {"q": self.qty(self.rng.randrange(1, 50)), "m": maker}
        data |= {"E": self.now // 1_000_000, "T": self.now // 1_000_000}
        data |= {"M": True} if self.market == "spot" else {"X": "MARKET"}
        self.put("trade", data)

    def snapshot(self):
        """Return the message of a REST snapshot of this moment; put it where it arrives."""
        data = {"lastUpdateId": self.update_id, "bids": [], "asks": []}
        if self.market != "spot":
            data |= self.stamps()
        if self.market == "coinm":
            data |= {"symbol": self.symbol, "pair": self.symbol.split("_")[0]}
        data["bids"] = self.levels(self.book.sorted(1))
        data["asks"] = self.levels(self.book.sorted(-1))
        return data

    def window(self, changes=5, at=None):
        """Send one depth message of several changes; `at(k)` is called before the k-th."""
        first, touched = self.update_id + 1, {}
        for k in range(changes):
            if at is not None:
                at(k)
            self.now += 20_000_000
            before = self.book.best()
            # Futures share their numbers with other instruments: some are skipped.
            self.update_id += 1 if self.market == "spot" else self.rng.randrange(1, 5)
            for side, price, qty in self.book.change():
                touched[side, price] = qty
            if self.book.best() != before:
                # Streams run beside each other: a ticker may come behind the depth message.
                if self.rng.random() < 0.5:
                    self.put("bookTicker", self.ticker())
                else:
                    self.late.append(self.ticker())
            if self.rng.random() < 0.3:
                self.trade()
        data = {"e": "depthUpdate", "s": self.symbol, **self.stamps()}
        data |= {"U": first, "u": self.update_id}
        if self.market != "spot":
            data["pu"] = self.last_sent
        if self.market == "coinm":
            data["ps"] = self.symbol.split("_")[0]
        for key, side in (("b", 1), ("a", -1)):
            data[key] = self.levels([(p, q) for (s, p), q in touched.items() if s == side])
        self.last_sent = self.update_id
        self.put("depth@100ms", data)
        self.flush()
        return data

    def flush(self):
        """Send the tickers that are late."""
        for data in self.late:
            self.put("bookTicker", data)
        self.late = []

    def text(self):
        return "".join(f"{ns} {text}\n" for ns, text in self.lines)

    def write(self, path):
        path.write_bytes(gzip.compress(self.text().encode()))
        return path


def started(seed, market="spot", symbol="BTCUSDT", late=2, **kwargs):
    """Return a feed whose snapshot is taken within the second window and arrives `late` after."""
    feed = BinanceFeed(seed, market, symbol, **kwargs)
    taken = []
    feed.window()
    feed.window(at=lambda k: taken.append(feed.snapshot()) if k == 2 else None)
    for _ in range(late):
        feed.window()
    feed.put(None, taken[0])
    return feed


class KrakenFeed:
    """Messages of Kraken's book, trade and spread channels for one pair, with true checksums."""

    def __init__(self, seed, pair="XBT/USD", depth=10, version=1, price_digits=1, qty_digits=8):
        self.rng = random.Random(seed)
        self.pair, self.depth, self.version = pair, depth, version
        self.price_digits, self.qty_digits = price_digits, qty_digits
        self.book = TrueBook(self.rng)
        self.seen = {1: {}, -1: {}}
        self.now = START_NS
        self.messages = []

    def price(self, ticks):
        return f"{ticks / 10**self.price_digits:.{self.price_digits}f}"

    def qty(self, lots):
        return f"{lots / 10**self.qty_digits:.{self.qty_digits}f}"

    def put(self, content):
        self.messages.append((self.now + 3_000_000, content))

    def seconds(self):
        return f"{self.now // 10**9}.{self.now % 10**9 // 1000:06d}"

    def iso(self):
        whole = dt.datetime.fromtimestamp(self.now // 10**9, dt.UTC)
        return f"{whole:%Y-%m-%dT%H:%M:%S}.{self.now % 10**9 // 1000:06d}Z"

    def checksum(self):
        def spelled(text):
            return text.replace(".", "").lstrip("0")

        parts = []
        for side in (-1, 1):
            for price, qty in sorted(self.seen[side].items(), key=lambda x: -side * x[0])[:10]:
                parts += [spelled(self.price(price)), spelled(self.qty(qty))]
        return zlib.crc32("".join(parts).encode())

    def cut(self):
        for side in (1, -1):
            for price in sorted(self.seen[side], key=lambda p: -side * p)[self.depth :]:
                del self.seen[side][price]

    def snapshot(self):
        for side in (1, -1):
            self.seen[side] = dict(self.book.sorted(side)[: self.depth])
        sides = {s: self.book.sorted(s)[: self.depth] for s in (1, -1)}
        if self.version == 1:
            content = {
                key: [[self.price(p), self.qty(q), self.seconds()] for p, q in sides[side]]
                for key, side in (("as", -1), ("bs", 1))
            }
            self.put(json.dumps([1, content, f"book-{self.depth}", self.pair]))
        else:
            self.put(self._v2("snapshot", sides))

    def update(self):
        """Send a change of the levels within the depth, as the venue does."""
        self.now += 50_000_000
        self.book.change()
        changes = {1: [], -1: []}
        for side in (1, -1):
            now = dict(self.book.sorted(side)[: self.depth])
            for price in [p for p in self.seen[side] if p not in self.book.sides[side]]:
                changes[side].append((price, 0))
                del self.seen[side][price]
            for price, qty in now.items():
                if self.seen[side].get(price) != qty:
                    changes[side].append((price, qty))
                    self.seen[side][price] = qty
        self.cut()
        if not changes[1] and not changes[-1]:
            return
        if self.version == 2:
            self.put(self._v2("update", changes))
            return
        parts = [
            {key: [[self.price(p), self.qty(q), self.seconds()] for p, q in changes[side]]}
            for key, side in (("a", -1), ("b", 1))
            if changes[side]
        ]
        parts[-1]["c"] = str(self.checksum())
        self.put(json.dumps([1, *parts, f"book-{self.depth}", self.pair]))

    def trade(self):
        side = self.rng.choice("bs")
        price, qty = self.price(self.book.mid), self.qty(self.rng.randrange(1, 10**9))
        if self.version == 1:
            trade = [price, qty, self.seconds(), side, "l", ""]
            self.put(json.dumps([2, [trade, trade], "trade", self.pair]))
        else:
            word = {"b": "buy", "s": "sell"}[side]
            data = f'{{"symbol":"{self.pair}","side":"{word}","price":{price},"qty":{qty},'
            data += f'"ord_type":"limit","trade_id":1,"timestamp":"{self.iso()}"}}'
            self.put(f'{{"channel":"trade","type":"update","data":[{data}]}}')

    def _v2(self, kind, sides):
        def levels(side):
            pairs = [(self.price(p), self.qty(q)) for p, q in sides[side]]
            return ",".join(f'{{"price":{price},"qty":{qty}}}' for price, qty in pairs)

        stamp = f',"timestamp":"{self.iso()}"' if kind == "update" else ""
        return (
            f'{{"channel":"book","type":"{kind}","data":[{{"symbol":"{self.pair}",'
            f'"bids":[{levels(1)}],"asks":[{levels(-1)}],"checksum":{self.checksum()}{stamp}}}]}}'
        )


def kraken_feed(seed, updates=60, **kwargs):
    """Return a feed with a snapshot, updates and trades."""
    feed = KrakenFeed(seed, **kwargs)
    feed.snapshot()
    for k in range(updates):
        feed.update()
        if k % 7 == 0:
            feed.trade()
    return feed


def recording_lines(exchange, received, http=()):
    """Return a recording of cryptofeed: (connection, ns, text) received and (ns, url, text)."""

    def seconds(ns):
        return f"{ns // 10**9}.{ns % 10**9:09d}".rstrip("0").rstrip(".")

    lines = [json.dumps({"t": "header", "format": 2, "exchange": exchange, "config": {}})]
    for ns, url, text in http:
        data = json.dumps(text)
        lines.append(f'{{"t":"http","conn":"H","ts":{seconds(ns)},"url":"{url}","data":{data}}}')
    for connection, ns, text in received:
        data = json.dumps(text)
        lines.append(f'{{"t":"recv","conn":"{connection}","ts":{seconds(ns)},"data":{data}}}')
    return "\n".join(lines) + "\n"
