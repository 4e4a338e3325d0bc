"""Short streams for Hypothesis: few ids, prices and quantities, so that everything meets everything."""

from hypothesis import strategies as st
from order_streams import PRICES, QUANTITIES

from hftsim.core.enums import MessageOp as Op
from hftsim.core.enums import OrderFlag as Flag
from hftsim.core.enums import OrderType as Type
from hftsim.core.enums import TimeInForce as Tif


def small(features, *, messages=40):
    """Return a strategy of short streams in which everything collides."""
    return st.lists(any_message(frozenset(features)), max_size=messages)


def any_message(features):
    new = st.fixed_dictionaries(
        {
            "order_id": near(features, 1, 9),
            "side": st.sampled_from((1, -1)),
            "qty": quantities(features),
            "price": prices(features),
        },
        optional=optional_columns(features),
    ).map(coherent)
    ids = near(features, 1, 10)
    cancel = st.fixed_dictionaries({"op": st.just(Op.CANCEL), "order_id": ids})
    replace = st.fixed_dictionaries(
        {
            "op": st.just(Op.REPLACE),
            "order_id": ids,
            "price": prices(features),
            "qty": st.integers(1, 9),
        }
    )
    choices = [new, new, new, cancel, replace]
    if "broken" in features:
        choices.append(replace.map(lambda m: m | {"has_price": False}))
        choices.append(replace.map(lambda m: m | {"qty": -m["qty"] + 1}))
    controls = controls_of(features)
    return st.one_of(*choices, st.sampled_from(controls)) if controls else st.one_of(*choices)


def prices(features):
    return near(features, -2, 3)


def near(features, low, high):
    """Return integers of a small range, and the ends of int64 where streams go there."""
    few = st.integers(low, high)
    return few | st.sampled_from(PRICES) if "extremes" in features else few


def quantities(features):
    few = st.integers(1, 9)
    endless = features & {"iceberg", "auctions", "self_trade"} or "extremes" not in features
    return few if endless else few | st.sampled_from(QUANTITIES)


def optional_columns(features):
    types, tifs, flags = [Type.LIMIT], [Tif.GTC], [0]
    named_types = {
        "market": (Type.MARKET,),
        "market_to_limit": (Type.MARKET_TO_LIMIT,),
        "stops": (Type.STOP, Type.STOP_LIMIT),
        "trailing": (Type.TRAILING_STOP, Type.TRAILING_STOP_LIMIT),
        "pegged": (Type.PEGGED,),
    }
    named_tifs = {
        "ioc": (Tif.IOC,),
        "fok": (Tif.FOK,),
        "gtx": (Tif.GTX,),
        "good_till": (Tif.GTD,),
        "day": (Tif.DAY,),
        "auctions": (Tif.AT_OPEN, Tif.AT_CLOSE),
    }
    named_flags = {
        "hidden": (Flag.HIDDEN,),
        "slide": (Flag.SLIDE,),
        "self_trade": (Flag.CANCEL_OLDEST, Flag.CANCEL_BOTH, Flag.DECREMENT),
        "trailing": (Flag.TRIGGER_GIVEN,),
    }
    for name in sorted(features):
        types += named_types.get(name, ())
        tifs += named_tifs.get(name, ())
        flags += named_flags.get(name, ())
    columns = {
        "type": st.sampled_from(types),
        "tif": st.sampled_from(tifs),
        "flags": st.lists(st.sampled_from(flags), max_size=2, unique=True).map(sum),
    }
    if "owners" in features:
        columns["owner"] = near(features, 0, 2)
    if "iceberg" in features:
        columns["display_qty"] = st.integers(-1, 5)
    if "min_qty" in features:
        columns["min_qty"] = near(features, -1, 10)
    if features & {"stops", "trailing"}:
        columns["trigger"] = near(features, -2, 3)
    if features & {"trailing", "pegged"}:
        columns["offset"] = near(features, -1, 3)
    if "pegged" in features:
        columns["peg"] = st.sampled_from((Flag.PEG_PRIMARY, Flag.PEG_MARKET, Flag.PEG_MIDPOINT))
        columns["has_price"] = st.booleans()
    if "good_till" in features:
        columns["ts_event"] = st.integers(0, 30)
        columns["expires"] = near(features, 0, 30)
    return columns


def coherent(message):
    """Make the peg, drawn as a column of its own, part of the flags; mostly where it belongs."""
    peg = message.pop("peg", Flag.PEG_PRIMARY)
    if message.get("type") == Type.PEGGED:
        message["flags"] = message.get("flags", 0) | peg
    return message


def controls_of(features):
    controls = []
    if "broken" in features:
        controls += [{"op": 77, "order_id": 1}, {"order_id": 0, "side": 1, "qty": 1}]
        controls += [{"order_id": 1, "side": 2, "qty": 1}, {"order_id": 1, "side": 1, "type": 99}]
        controls += [{"order_id": 1, "side": 1, "qty": 1, "tif": 99}, {"op": 2, "order_id": -1}]
    if "mass" in features:
        controls += [{"op": Op.MASS_CANCEL, "side": s} for s in (-1, 0, 1)]
        controls += [{"op": Op.MASS_CANCEL, "owner": 1}, {"op": Op.MASS_CANCEL, "side": 5}]
    if "kill" in features:
        controls += [{"op": op, "owner": o} for op in (Op.KILL, Op.REVIVE) for o in (0, 1)]
    if "collar" in features:
        controls += [{"op": Op.COLLAR, "price": -1, "trigger": 2}]
        controls += [{"op": Op.COLLAR, "has_price": False}, {"op": Op.COLLAR, "price": 1}]
        controls += [{"op": Op.COLLAR, "price": 1, "trigger": 1}]
    if "halts" in features:
        controls += [{"op": Op.HALT}, {"op": Op.RESUME}]
    if "auctions" in features:
        controls += [{"op": Op.AUCTION, "qty": kind} for kind in (0, 1, 2, 9)]
        controls += [{"op": Op.UNCROSS, "has_price": False}, {"op": Op.UNCROSS, "price": 1}] * 3
    if "day" in features or "good_till" in features:
        controls += [{"op": Op.END_OF_DAY}, {"op": Op.TIME, "ts_event": 12}]
    return controls
