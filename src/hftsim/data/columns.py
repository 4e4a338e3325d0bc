"""Which column of a file is which: header synonyms, headerless shapes, the user's own mapping."""

import dataclasses
import re
from collections.abc import Mapping, Sequence

from hftsim.core.bars import OPTIONAL_BAR_COLUMNS
from hftsim.core.errors import DataError, UnknownNameError
from hftsim.data.numbers import looks_like_number
from hftsim.data.times import looks_like_time

PRICES = ("open", "high", "low", "close")
BAR_FIELDS = (*PRICES, "volume", *OPTIONAL_BAR_COLUMNS)
BOOK_FIELDS = ("bid_price", "ask_price", "bid_qty", "ask_qty")
TRADE_FIELDS = ("price", "qty", "side", "is_buyer_maker")
OUR_FIELDS = ("time", "date", "close_time", "symbol", *BAR_FIELDS, *BOOK_FIELDS, *TRADE_FIELDS)

BINANCE_COLUMNS = (
    *("time", "open", "high", "low", "close", "volume", "close_time"),
    *("notional", "trade_count", "taker_buy_volume", "taker_buy_notional", "ignore"),
)
_BINANCE_TRADES = ("id", "price", "qty", "notional", "time", "is_buyer_maker", "ignore")
_BINANCE_AGG_TRADES = ("id", "price", "qty", "first", "last", "time", "is_buyer_maker", "ignore")

_UTC_NAMES = (
    "gmt_time",
    "utc_time",
    "time_utc",
    "timestamp_utc",
    "datetime_utc",
    "date_utc",
    "utc",
)
SYNONYMS: dict[str, tuple[str, ...]] = {
    "time": (
        *("ts_open", "open_time", "opentime", "kline_open_time", "candle_begin_time", "start_time"),
        *("time_period_start", "timestamp", "timestamp_ms", "ts", "ts_event", "unix"),
        *("unix_timestamp", "unix_time", "epoch", "transact_time", "trade_time", "event_time"),
        *("datetime", "date_time", *_UTC_NAMES, "time", "local_time", "date", "day", "start"),
        *("bar_time", "t", "index", "index_level_0", ""),
    ),
    "close_time": ("close_time", "closetime", "ts_close", "end_time", "candle_end_time", "end"),
    "open": ("open", "o", "open_price", "opening_price", "price_open", "openprice", "1_open"),
    "high": ("high", "h", "high_price", "highest", "price_high", "highprice", "max", "2_high"),
    "low": ("low", "l", "low_price", "lowest", "price_low", "lowprice", "min", "3_low"),
    "close": ("close", "c", "close_price", "closing_price", "price_close", "closeprice", "4_close"),
    "volume": (
        *("volume", "vol", "v", "base_volume", "volume_base", "volumefrom", "base_asset_volume"),
        *("volume_traded", "total_volume", "5_volume"),
    ),
    "notional": (
        *("notional", "quote_volume", "quote_asset_volume", "volume_quote", "volumeto", "turnover"),
        *("quotevolume", "quote_qty"),
    ),
    "trade_count": (
        *("trade_count", "trades", "count", "number_of_trades", "num_trades", "tradecount"),
        *("trades_count", "n_trades"),
    ),
    "taker_buy_volume": (
        *("taker_buy_volume", "taker_buy_base", "taker_buy_base_volume"),
        *("taker_buy_base_asset_volume", "taker_base_vol", "taker_buy_qty"),
    ),
    "taker_buy_notional": (
        *("taker_buy_notional", "taker_buy_quote", "taker_buy_quote_volume"),
        *("taker_buy_quote_asset_volume", "taker_quote_vol"),
    ),
    "symbol": ("symbol", "ticker", "pair", "instrument", "tic"),
    "price": ("price", "last_price", "trade_price", "p"),
    "qty": ("qty", "quantity", "size", "last_qty", "trade_qty", "q", "amount", "volume", "vol"),
    "side": ("side", "aggressor", "aggressor_side", "taker_side", "direction"),
    "is_buyer_maker": ("is_buyer_maker", "isbuyermaker", "buyer_maker", "m"),
}
_BOOK = {
    "price": ("price", "px"),
    "qty": ("size", "qty", "quantity", "volume", "vol", "amount", "sz"),
}
_QUOTE_CODES = ("usdt", "usdc", "busd", "fdusd", "usd", "eur", "gbp", "jpy", "quote")


@dataclasses.dataclass(frozen=True)
class Layout:
    """What a file holds, and where.

    Parameters
    ----------
    kind : ``bars``, ``book`` or ``trades``.
    where : our field to column position; ``date`` and ``time`` may be two columns.
    utc_by_name : whether the time column's name says UTC.
    notes : what was decided, in words.
    warnings : what a careful reader should know.
    """

    kind: str
    where: dict[str, int]
    utc_by_name: bool = False
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def plain_name(name: str) -> str:
    """Return a header's name as synonyms spell it: lower case, words joined by underscores."""
    return re.sub(r"[^0-9a-z]+", "_", name.strip().lower()).strip("_") or (
        "" if not name.strip("_ ") else name
    )


def choose_layout(
    names: Sequence[str],
    *,
    given: Mapping[str, str | int] | None = None,
    kind: str | None = None,
) -> Layout:
    """Return the layout of a file with a header.

    Raises DataError for a missing column, two columns of one meaning and two possible kinds,
    UnknownNameError for a mapping of names that do not exist.
    """
    mapped = _mapped(names, given or {})
    where = _by_synonym(names, mapped)
    _add_book(names, where, mapped)
    _add_named_volumes(names, where)
    where = {field: at for field, at in where.items() if at >= 0 or field == "volume"}
    kind = _kind(where, names, kind, mapped)
    return _layout(kind, names, where)


def headerless_layout(
    sample: Sequence[Sequence[str]],
    width: int,
    *,
    given: Mapping[str, str | int] | None = None,
    kind: str | None = None,
) -> Layout:
    """Return the layout of a file without a header, by its width and its first rows."""
    if given:
        positions = [str(i + 1) for i in range(width)]
        mapped = _mapped(positions, given)
        return _layout(_kind(mapped, positions, kind, mapped), positions, mapped)
    row = next((r for r in sample if len(r) == width), None)
    names = _headerless_names(row, width) if row else None
    if names is None:
        raise DataError(
            f"has no header and {width} columns, which may mean anything: name them, for example "
            f"--columns time=1,open=2,high=3,low=4,close=5,volume=6"
        )
    where = {n: i for i, n in enumerate(names) if n in OUR_FIELDS}
    if names not in (_BINANCE_TRADES[:width], _BINANCE_AGG_TRADES[:width]):
        _require_kind("bars", kind)
        what = "Binance klines" if width == 12 else ", ".join(n for n in names if n != "ignore")
        return Layout("bars", where, notes=(f"columns taken as {what}",))
    _require_kind("trades", kind)
    where = {n: at for n, at in where.items() if n in ("time", *TRADE_FIELDS)}
    return Layout("trades", where, notes=("Binance trades",))


def _headerless_names(row: Sequence[str], width: int) -> tuple[str, ...] | None:
    words = [f.strip().lower() for f in row]
    for names in (_BINANCE_TRADES, _BINANCE_AGG_TRADES):
        at = names.index("is_buyer_maker")
        if at < width <= len(names) and words[at] in ("true", "false"):
            return names[:width]
    is_time = looks_like_time(row[0]) or looks_like_number(row[0])
    if width == 12 and is_time and all(looks_like_number(f) for f in row[1:]):
        return BINANCE_COLUMNS
    if width == 6 and is_time:
        return ("time", *PRICES, "volume")
    if width == 7 and looks_like_time(row[0]) and re.fullmatch(r"\d{1,2}:\d{2}(:\d{2})?", words[1]):
        return ("date", "time", *PRICES, "volume")
    return None


def _mapped(names: Sequence[str], given: Mapping[str, str | int]) -> dict[str, int]:
    where: dict[str, int] = {}
    lower = {n.lower(): i for i, n in reversed(list(enumerate(names)))}
    for ours, theirs in given.items():
        if ours not in OUR_FIELDS:
            raise UnknownNameError("column of ours", ours, OUR_FIELDS)
        text = str(theirs).strip()
        if ours == "volume" and text.lower() == "none" and "none" not in lower:
            where[ours] = -1
        elif text.lower() in lower:
            where[ours] = names.index(text) if text in names else lower[text.lower()]
        elif text.isdigit() and 1 <= int(text) <= len(names):
            where[ours] = int(text) - 1
        else:
            raise UnknownNameError("column", text, [n for n in names if n])
    return where


def _by_synonym(names: Sequence[str], mapped: Mapping[str, int]) -> dict[str, int]:
    plain = [plain_name(n) for n in names]
    where = dict(mapped)
    taken = set(mapped.values())
    for ours, synonyms in SYNONYMS.items():
        if ours in mapped:
            continue
        for synonym in synonyms:
            found = [i for i, n in enumerate(plain) if n == synonym and i not in taken]
            found = found if synonym else [i for i in found if i == 0]
            if len(found) > 1:
                raise DataError(
                    f"two columns mean {ours}: {names[found[0]]!r} and {names[found[1]]!r}; "
                    f"say which with --columns {ours}=NAME"
                )
            if found:
                where[ours] = found[0]
                break
    if {"date", "time"} <= set(plain) and "time" not in mapped:
        pair = plain.index("date"), plain.index("time")
        if where["time"] in pair:
            where["date"], where["time"] = pair
    return where


def _add_book(names: Sequence[str], where: dict[str, int], mapped: Mapping[str, int]) -> None:
    """Find level 1 of wide book rows: the smallest index of ``bid_price_i`` and its like."""
    for side in ("bid", "ask"):
        for what, words in _BOOK.items():
            ours = f"{side}_{what}"
            word = f"(?:{'|'.join(words)})"
            pattern = rf"(?:best_)?{side}s?_?(?:{word}_?(?P<a>\d*)|(?P<b>\d+)_?{word})"
            levels: list[tuple[int, int]] = []
            for at, name in enumerate(names):
                match = re.fullmatch(pattern, plain_name(name))
                if match:
                    levels.append((int(match["a"] or match["b"] or 0), at))
            if levels and ours not in mapped:
                where[ours] = min(levels)[1]


def _add_named_volumes(names: Sequence[str], where: dict[str, int]) -> None:
    """Find ``Volume BTC`` and ``Volume USDT``: the second is the traded value."""
    found = {m[1]: i for i, n in enumerate(names) if (m := re.fullmatch(r"volume_([a-z0-9]+)", plain_name(n)))}  # fmt: skip
    quotes = [c for c in found if c in _QUOTE_CODES]
    bases = [c for c in found if c not in _QUOTE_CODES]
    if len(bases) == 1:
        where.setdefault("volume", found[bases[0]])
    if len(quotes) == 1:
        where.setdefault("notional", found[quotes[0]])


def _kind(
    where: Mapping[str, int],
    names: Sequence[str],
    asked: str | None,
    mapped: Mapping[str, int],
) -> str:
    asked = "bars" if asked == "binance" else asked
    sided = "side" in where or "is_buyer_maker" in where
    strict_qty = (
        plain_name(names[where["qty"]]) not in ("volume", "vol") if "qty" in where else False
    )
    full = {
        "bars": all(p in where for p in PRICES),
        "book": "bid_price" in where and "ask_price" in where,
        "trades": "price" in where and "qty" in where and (sided or strict_qty or "qty" in mapped),
    }
    possible = [k for k, whole in full.items() if whole]
    if asked in full:
        return str(asked)
    if len(possible) > 1:
        raise DataError(
            f"can be read as {' or as '.join(possible)}: say which with "
            f"{' or '.join(f'--format {k}' for k in possible)}"
        )
    if possible:
        return possible[0]
    if any(p in where for p in PRICES):
        return "bars"
    if "bid_price" in where or "ask_price" in where:
        return "book"
    return "trades" if "price" in where else "bars"


def _layout(kind: str, names: Sequence[str], where: dict[str, int]) -> Layout:
    needed = {
        "bars": ("time", *PRICES, "volume"),
        "book": ("time", "bid_price", "ask_price"),
        "trades": ("time", "price", "qty"),
    }[kind]
    used = {
        "bars": ("date", "symbol", *BAR_FIELDS),
        "book": ("date", "symbol", *BOOK_FIELDS),
        "trades": ("date", "symbol", *TRADE_FIELDS),
    }[kind]
    warnings: list[str] = []
    if "time" not in where and "close_time" in where:
        where = {**where, "time": where["close_time"]}
        warnings.append("only a close time was found: if it is the bars' end, say --stamp close")
    for field in needed:
        if field not in where:
            raise DataError(_missing_column(field, names))
    if kind == "bars" and any(plain_name(n) == "adj_close" for n in names):
        warnings.append("the column of adjusted closes is not used: prices are as traded")
    kept = {f: at for f, at in where.items() if f == "time" or f in used}
    left = [n for i, n in enumerate(names) if i not in kept.values() and n]
    notes = [
        f"time from {names[kept['time']]!r}" if "date" not in kept else "time from two columns"
    ]
    if left:
        notes.append(f"not used: {', '.join(left[:8])}{' ...' if len(left) > 8 else ''}")
    return Layout(
        kind,
        kept,
        utc_by_name=plain_name(names[kept["time"]]) in _UTC_NAMES,
        notes=tuple(notes),
        warnings=tuple(warnings),
    )


def _missing_column(field: str, names: Sequence[str]) -> str:
    found = ", ".join(n for n in names[:12] if n) + (", ..." if len(names) > 12 else "")
    sentence = f"has no column {field!r} (found: {found}); name it with --columns {field}=NAME"
    if field == "volume":
        sentence += ", or --columns volume=none where there is none"
    return sentence


def _require_kind(found: str, asked: str | None) -> None:
    if asked in ("bars", "book", "trades", "binance") and asked != found:
        if asked == "binance" and found == "bars":
            return
        raise DataError(f"looks like {found}, not {asked}: name its columns with --columns")
