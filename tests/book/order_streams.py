"""Streams of messages for duels between books: seeded markets whose price drifts.

A stream is a dict of equally long columns. Which order types and which nuisances occur is said by
names, so that two books can be compared feature by feature.
"""

import dataclasses

import numpy as np

from hftsim.core.enums import MessageOp as Op
from hftsim.core.enums import OrderFlag as Flag
from hftsim.core.enums import OrderType as Type
from hftsim.core.enums import TimeInForce as Tif

COLUMN_TYPES = {
    "op": "u1",
    "order_id": "i8",
    "side": "i1",
    "type": "u1",
    "tif": "u1",
    "price": "i8",
    "has_price": "?",
    "qty": "i8",
    "owner": "i8",
    "display_qty": "i8",
    "trigger": "i8",
    "offset": "i8",
    "min_qty": "i8",
    "expires": "i8",
    "ts_event": "i8",
    "flags": "i8",
}
DEFAULTS = {"op": 1, "type": Type.LIMIT, "has_price": True}

CORE = frozenset({"market", "ioc", "fok", "gtx", "iceberg", "owners", "broken"})
"""What `hftsim match` reads: rules 1 to 9; `broken` are messages to refuse."""

EXTREMES = frozenset({"extremes"})
"""Prices and quantities at the ends of int64."""

MORE = frozenset(
    {
        "hidden",
        "min_qty",
        "market_to_limit",
        "self_trade",
        "slide",
        "stops",
        "trailing",
        "pegged",
        "good_till",
        "day",
        "mass",
        "kill",
        "collar",
        "halts",
        "auctions",
    }
)
"""What the library has beyond the core."""

ALL = CORE | MORE

PRICES = (0, -1, 1, 2**62, -(2**62), 2**63 - 1, -(2**63), 2**62 + 1, -(2**62) - 1)
QUANTITIES = (2**31, 2**32 + 1, 2**62, 2**63 - 1)


def columns_of(messages):
    """Return messages, each a dict of the columns that are not at their default, as columns."""
    return {
        name: np.array([m.get(name, DEFAULTS.get(name, 0)) for m in messages], dtype=dtype)
        for name, dtype in COLUMN_TYPES.items()
    }


def messages_of(columns):
    """Return columns as dicts without what is at its default: the readable form of a stream."""
    names = list(columns)
    rows = zip(*(np.asarray(columns[name]).tolist() for name in names), strict=True)
    return [
        {k: v for k, v in zip(names, row, strict=True) if v != DEFAULTS.get(k, 0)} for row in rows
    ]


def piece(columns, start, stop):
    """Return messages `start` to `stop` of a stream."""
    return {name: column[start:stop] for name, column in columns.items()}


@dataclasses.dataclass
class Drifting:
    """A market whose price wanders: most orders join near it, many are cancelled or moved.

    `live` is how many orders are kept alive, about; ids of filled orders are cancelled and
    replaced like others, since the stream does not know what filled.
    """

    rng: np.random.Generator
    features: frozenset = CORE
    live: int = 150
    width: int = 6

    def __post_init__(self):
        self.prices = {}
        self.ids, self.next_id, self.mid, self.clock = [], 1, 1000, 0
        self.phase, self.killed = "continuous", False
        self.draws, self.at = self.rng.random(1 << 16), 0

    def chance(self, p):
        return self.draw() < p

    def draw(self):
        if self.at == len(self.draws):
            self.draws, self.at = self.rng.random(1 << 16), 0
        self.at += 1
        return self.draws[self.at - 1]

    def pick(self, items):
        return items[int(self.draw() * len(items))]

    def between(self, low, high):
        return low + int(self.draw() * (high - low + 1))

    def has(self, feature, p=1.0):
        return feature in self.features and self.chance(p)

    def stream(self, messages):
        return columns_of([self.message() for _ in range(messages)])

    def message(self):
        if self.chance(0.03):
            self.mid += self.pick((-1, 1, -1, 1, -3, 3))
        self.clock += self.between(0, 3)
        message = self.session() or self.order()
        if self.has("good_till") or self.has("day"):
            message["ts_event"] = self.clock - (50 if self.chance(0.05) else 0)
        return message

    # -- messages about orders ----------------------------------------------------------------

    def order(self):
        leaving = 0.3 + 0.25 * (len(self.ids) > self.live)
        if self.has("broken", 0.02):
            return self.broken()
        if self.ids and self.chance(leaving):
            at = self.some_id()
            self.ids[at], self.ids[-1] = self.ids[-1], self.ids[at]
            return {"op": Op.CANCEL, "order_id": self.ids.pop()}
        if self.ids and self.chance(0.25):
            return self.replace()
        return self.new()

    def some_id(self):
        """Return the place of an id, more often of a young one: the old ones are mostly dead."""
        return int((1 - self.draw() ** 3) * (len(self.ids) - 1))

    def replace(self):
        message = {"op": Op.REPLACE, "order_id": self.ids[self.some_id()], "qty": self.qty()}
        side = self.pick((1, -1))
        message |= {"price": self.price(side), "side": side}
        if self.chance(0.4):
            message["price"] = self.prices.get(message["order_id"], self.mid)
        if self.has("broken", 0.03):
            message |= self.pick(({"has_price": False}, {"qty": 0}, {"qty": -3}))
        return message

    def new(self):
        side = self.pick((1, -1))
        message = {"order_id": self.id(), "side": side, "qty": self.qty()}
        message |= self.type(side) | self.terms()
        if self.has("owners", 0.5):
            message["owner"] = self.pick((1, 1, 2, 3))
        if "auctions" not in self.features and self.has("extremes", 0.02):
            # An auction's volume is cut at 2**63 - 1 lots, so sums stay below it there. A slice of
            # a few lots of 2**62 would be filled for ever, so these show all or much.
            message["qty"] = self.pick(QUANTITIES)
            message["display_qty"] = self.pick((0, message["qty"] // 3))
        elif self.has("iceberg", 0.3):
            message["display_qty"] = self.pick((1, 1, 2, 3, 5, 100, -1))
        if self.has("hidden", 0.15):
            message["flags"] = message.get("flags", 0) | Flag.HIDDEN
        if self.has("self_trade", 0.4):
            mode = self.pick((Flag.CANCEL_OLDEST, Flag.CANCEL_BOTH, Flag.DECREMENT))
            message["flags"] = message.get("flags", 0) | mode
        if self.has("min_qty", 0.1):
            message["min_qty"] = self.between(1, 12)
        if message["qty"] < 2**31 and (message.get("tif") == Tif.FOK or "min_qty" in message):
            self.reach(message)
        if self.has("extremes", 0.03):
            message[self.pick(("trigger", "offset", "expires", "min_qty", "owner"))] = self.pick(
                PRICES
            )
        gone = message.get("type") == Type.MARKET or message.get("tif") in (Tif.IOC, Tif.FOK)
        if gone and self.ids and self.ids[-1] == message["order_id"] and self.chance(0.9):
            self.ids.pop()
        self.prices[message["order_id"]] = message.get("price", 0)
        return message

    def reach(self, message):
        """Let an order that wants much at once cross some levels, mostly."""
        if self.chance(0.8):
            message["price"] = self.mid + message["side"] * self.between(0, self.width)
            message["qty"] += self.between(0, 20)

    def id(self):
        if self.has("broken", 0.04) and self.next_id > 1:
            return self.between(1, self.next_id - 1)
        if self.has("extremes", 0.01):
            self.ids.append(self.pick((2**62, 2**63 - 1, 2**31, 2**32 + 5, 2**24)))
            return self.ids[-1]
        self.next_id += self.pick((1, 1, 1, 7))
        self.ids.append(self.next_id)
        return self.next_id

    def price(self, side):
        if self.has("extremes", 0.02):
            return self.pick(PRICES)
        depth = self.between(-2, 0) if self.chance(0.07) else self.between(1, self.width)
        far = self.between(50, 5000) if self.chance(0.02) else 0
        return self.mid - side * (depth + far)

    def qty(self):
        return self.between(1, 40) if self.chance(0.1) else self.between(1, 10)

    def type(self, side):
        price = {"price": self.price(side)}
        if self.has("market", 0.05):
            return {"type": Type.MARKET, "has_price": False}
        if self.has("market_to_limit", 0.05):
            return {"type": Type.MARKET_TO_LIMIT, "has_price": False}
        if self.has("stops", 0.1):
            trigger = self.mid + side * self.between(-3, 8)
            kind = self.pick((Type.STOP, Type.STOP_LIMIT))
            price["price"] = trigger + side * self.between(-4, 4)
            return price | {"type": kind, "trigger": trigger}
        if self.has("trailing", 0.1):
            kind = self.pick((Type.TRAILING_STOP, Type.TRAILING_STOP_LIMIT))
            message = price | {"type": kind, "offset": self.pick((1, 2, 3, 6, 1, 2, 3, 0))}
            if self.chance(0.5):
                message |= {"flags": Flag.TRIGGER_GIVEN, "trigger": self.mid + side * 5}
            return message
        if self.has("pegged", 0.08):
            peg = self.pick((Flag.PEG_PRIMARY, Flag.PEG_MARKET, Flag.PEG_MIDPOINT))
            capped = self.chance(0.4)
            message = {"type": Type.PEGGED, "flags": peg, "offset": self.between(-3, 1)}
            return message | (price if capped else {"has_price": False})
        return price

    def terms(self):
        names = ("ioc", "fok", "gtx", "good_till", "day")
        name = self.pick(names) if self.chance(0.35) else "gtc"
        if name not in self.features:
            return {}
        if name == "good_till":
            expires = (self.clock + self.between(0, 400)) // 25 * 25
            return {"tif": Tif.GTD, "expires": self.clock if self.chance(0.05) else expires}
        if name == "gtx" and self.has("slide", 0.4):
            return {"tif": Tif.GTX, "flags": Flag.SLIDE}
        return {"tif": {"ioc": Tif.IOC, "fok": Tif.FOK, "gtx": Tif.GTX, "day": Tif.DAY}[name]}

    def broken(self):
        new = {"order_id": self.next_id + 10**6, "side": 1, "price": self.mid, "qty": 1}
        return new | self.pick(
            (
                {"op": Op.CANCEL},
                {"op": Op.CANCEL, "order_id": -1},
                {"op": Op.REPLACE},
                {"op": 0},
                {"op": 77},
                {"order_id": 0},
                {"order_id": -5},
                {"side": 0},
                {"side": 3},
                {"type": 0},
                {"type": 5},
                {"tif": 9},
                {"qty": 0},
                {"qty": -(2**63)},
                {"has_price": False},
                {"type": Type.MARKET, "tif": Tif.GTX},
            )
        )

    # -- messages about the session -----------------------------------------------------------

    def session(self):
        if self.phase != "continuous" and self.chance(0.05):
            return self.end_phase()
        if self.killed and self.chance(0.1):
            self.killed = False
            return {"op": Op.REVIVE, "owner": self.pick((0, self.between(1, 3)))}
        if self.phase == "auction" and self.chance(0.5):
            return self.auction_order()
        if not self.chance(0.02):
            return None
        return self.control()

    def control(self):
        choices = [None]
        if "mass" in self.features:
            owner = {"owner": self.between(0, 3)}
            choices.append({"op": Op.MASS_CANCEL, "side": self.between(-1, 1)} | owner)
        if "kill" in self.features:
            self.killed = True
            choices.append({"op": Op.KILL, "owner": self.pick((0, 1, 2, 3))})
        if "collar" in self.features:
            lower, upper = self.mid - self.pick((0, 2, 9)), self.mid + self.pick((-1, 0, 2, 9))
            bounds = {"price": lower, "trigger": upper, "has_price": self.chance(0.4)}
            choices.append({"op": Op.COLLAR} | bounds)
        if "day" in self.features:
            choices += [{"op": Op.END_OF_DAY}, {"op": Op.TIME}]
        if "halts" in self.features:
            choices.append({"op": self.pick((Op.HALT, Op.HALT, Op.RESUME))})
        if "auctions" in self.features:
            choices += [{"op": self.pick((Op.AUCTION, Op.AUCTION, Op.UNCROSS)), "qty": 1}] * 2
        choice = self.pick(choices)
        if choice and choice["op"] in (Op.HALT, Op.AUCTION):
            self.phase = "auction" if choice["op"] == Op.AUCTION else "halted"
        if choice and choice["op"] == Op.AUCTION:
            choice["qty"] = self.pick((0, 1, 2, 2, 1, 3))
        return choice

    def end_phase(self):
        halted, self.phase = self.phase == "halted", "continuous"
        if not halted:
            return {"op": Op.UNCROSS, "price": self.mid, "has_price": self.chance(0.5)}
        if "auctions" in self.features and self.chance(0.5):
            self.phase = "auction"
            return {"op": Op.AUCTION, "qty": self.pick((0, 1, 2))}
        return {"op": Op.RESUME}

    def auction_order(self):
        message = self.new()
        for name in ("min_qty", "tif", "type", "flags", "has_price"):
            message.pop(name, None)
        # Few prices and quantities, so that several prices tie in volume and in imbalance.
        message["price"] = self.mid + self.between(-3, 3)
        message["qty"] = self.pick((1, 2, 2, 4))
        message["tif"] = self.pick((Tif.GTC, Tif.GTC, Tif.DAY, Tif.AT_OPEN, Tif.AT_CLOSE))
        if self.chance(0.15):
            message |= {"type": Type.MARKET}
        elif "hidden" in self.features and message["tif"] == Tif.GTC and self.chance(0.2):
            message["flags"] = Flag.HIDDEN
        return message


def drifting(seed, messages, features=CORE, *, live=150, width=6):
    """Return a seeded stream of a drifting market with the features that are named."""
    return Drifting(np.random.default_rng(seed), frozenset(features), live, width).stream(messages)
