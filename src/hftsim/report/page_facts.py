"""The page's words: headline cards, what was tested, and what must be warned about."""

import enum
import math
from collections.abc import Mapping
from typing import Any

import pandas as pd

from hftsim.core.bars import gap_count, source_of
from hftsim.report.plain_values import plain_value
from hftsim.report.shape import RunResult, is_on_ticks, reasons_of
from hftsim.report.words import (
    SHORT,
    count,
    exact_percent,
    gross_return_pct,
    halts,
    is_number,
    is_short,
    money,
    number,
    percent,
    plain,
)

_BAR_RULES = (
    "Decisions are made at a bar's close and seen by the market from the next bar on.",
    "Market orders fill at the next bar's open, limit orders where a later bar touches them; no "
    "order fills in the bar that caused it.",
    "Fees and slippage are part of every fill; buy and hold pays one entry fee.",
)
_TICK_RULES = (
    "Decisions are made when market data and reports arrive; an order is at the venue one latency "
    "later, and what becomes of it is known another one later.",
    "Resting orders fill by their place in the queue, taking ones from the levels that the book "
    "shows; the fills tell why.",
    "Fees are part of every fill; buy and hold pays one entry fee. Equity is at mid prices.",
)


def cards(result: RunResult, currency: str) -> list[dict[str, str]]:
    """Return the headline figures: label, value, a line below, and whether good or bad."""
    s = result.summary
    reasons = reasons_of(result.metrics)
    net, held = s.get("total_return_pct"), s.get("buy_and_hold_return_pct")
    fees, capital = s.get("total_fees"), s.get("initial_capital")
    gross = gross_return_pct(s)
    share = 100 * float(fees) / float(capital) if is_number(fees) and capital else math.nan  # type: ignore[arg-type]
    open_trades = int(result.trades["is_open"].sum()) if len(result.trades) else 0
    return [
        _card("Return after fees", exact_percent(net, signed=True),
              f"before fees {exact_percent(gross, signed=True)}", _tone(net)),
        _card("Buy and hold", percent(held, signed=True), "same capital, one entry fee", ""),
        _card("Final value", money(s.get("final_value"), currency),
              f"from {money(capital, currency)}", ""),
        _card("Deepest drawdown", exact_percent(s.get("max_drawdown_pct")),
              "below an earlier peak", ""),
        _sharpe_card(result, reasons.get("sharpe_ratio")),
        _card("Trades", number(s.get("trades"), 0),
              f"closed; {open_trades} open at the end" if open_trades else "closed round trips", ""),
        _card("Won", percent(s.get("win_rate"), 1), reasons.get("win_rate", "of closed trades"), ""),
        _card("Fees paid", money(fees, currency),
              f"{exact_percent(share)} of the capital" if is_number(share) else "", ""),
    ]  # fmt: skip


def _sharpe_card(result: RunResult, reason: str | None) -> dict[str, str]:
    """Return the card of the Sharpe ratio; less than a day of ticks says nothing of a year."""
    words = "annualised" if is_on_ticks(result) else "annualised, from bar returns"
    times = result.equity_curve.index
    if is_short(times[0], times[-1], on_ticks=is_on_ticks(result)):
        return _card("Sharpe ratio", "-", f"{SHORT}; summary.json has it", "")
    return _card("Sharpe ratio", number(result.summary.get("sharpe_ratio")), reason or words, "")


def _card(label: str, value: str, below: str, tone: str) -> dict[str, str]:
    return {"label": label, "value": value, "below": below, "tone": tone}


def _tone(value: object) -> str:
    if not is_number(value) or not value:
        return ""
    return "good" if float(value) > 0 else "bad"  # type: ignore[arg-type]


def tested(result: RunResult) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return what was tested as groups of (what, value) rows, from provenance and settings."""
    told = dict(plain_value(result.provenance))
    known = told.pop("strategy", None)
    strategy = dict(known) if isinstance(known, Mapping) else {}
    strategy.pop("parameters", None)
    strategy |= {"name": result.strategy_name, **_parameters(result)}
    strategy |= {k: told.pop(k) for k in ("seed", "mode") if k in told}
    for name in ("parameters", "assumptions", "warnings", "model"):
        told.pop(name, None)
    settings = told.pop("config", None) or plain_value(result.config)
    if isinstance(settings, Mapping):
        unused = getattr(getattr(result, "run", None), "config_of_other_data", ())
        settings = {k: _as_entry(k, v) for k, v in settings.items() if k not in unused}
    groups = [("Strategy", _rows(strategy))]
    for name in ("data", "instrument", "instruments"):
        groups += _group(name.capitalize(), told.pop(name, None))
    groups += _group("Costs and execution", settings, limits=True)
    versions = _group("Versions", told.pop("versions", None))
    groups += _group("Other", told)
    return [(name, rows) for name, rows in groups + versions if rows]


def _parameters(result: RunResult) -> dict[str, Any]:
    """Return the strategy's parameters; members of an enum by the names that a user gives."""
    kinds = getattr(getattr(result, "strategy", None), "__fields__", {})
    return {
        name: kinds[name](value).name.lower().replace("_", "-")
        if isinstance(kinds.get(name), enum.EnumMeta)
        else plain_value(value)
        for name, value in result.parameters.items()
    }


def _as_entry(name: str, value: Any) -> Any:
    """Return a setting; of the latency, the times that are not given are told as what they are."""
    if name != "latency" or not isinstance(value, Mapping) or value.get("model") == "recorded":
        return value
    return {
        k: "as entry" if v is None and k in ("response", "cancel", "replace") else v
        for k, v in value.items()
    }


def assumptions(result: RunResult) -> list[str]:
    """Return how orders were executed, in sentences: the run's own, or those of its kind of data."""
    own = result.provenance.get("assumptions")
    if isinstance(own, str):
        return [own]
    if isinstance(own, Mapping):
        return [f"{key}: {value}" for key, value in own.items()]
    usual = _TICK_RULES if is_on_ticks(result) else _BAR_RULES
    return [str(sentence) for sentence in own or usual]


def _group(
    name: str, value: Any, *, limits: bool = False
) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return a group, and those of the mappings in it; `limits` reads ``_pct`` as fractions."""
    if not value:
        return []
    if isinstance(value, list) and all(isinstance(v, Mapping) for v in value):
        return [group for v in value for group in _group(_titled(name, v), v, limits=limits)]
    if not isinstance(value, Mapping):
        return [(name, [("", _shown(value))])]
    inner = {k: v for k, v in value.items() if isinstance(v, Mapping) and v}
    own = {
        k: v
        for k, v in value.items()
        if k not in inner and v not in ("", [], {}) and not (limits and v is None)
    }
    if str(own.get("symbol", "")) and name.endswith(str(own.get("symbol"))):
        del own["symbol"]
    groups = [(name, _rows(own, limits=limits))]
    for key, members in inner.items():
        title = str(key).replace("_", " ")
        groups.append((title[:1].upper() + title[1:], _rows(members, limits=limits)))
    return groups


def _titled(name: str, value: Mapping[str, Any]) -> str:
    return f"{name.removesuffix('s')}: {value['symbol']}" if "symbol" in value else name


def _rows(value: Mapping[str, Any], *, limits: bool = False) -> list[tuple[str, str]]:
    rows = []
    for key, given in value.items():
        name, shown = str(key), _shown(given)
        if name == "interval_ns" and is_number(given):
            name, shown = "interval", f"{given / 1e9:g} s"
        elif limits and name.endswith("_pct"):
            name = name.removesuffix("_pct")
            shown = f"{100 * given:g} %" if is_number(given) else shown
        rows.append((name.replace("_", " "), shown))
    return rows


def _shown(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return plain(value)
    if isinstance(value, list):
        return ", ".join(_shown(v) for v in value) or "none"
    if isinstance(value, Mapping):
        return ", ".join(f"{str(k).replace('_', ' ')} {_shown(v)}" for k, v in value.items())
    return str(value)


def warnings(result: RunResult, bars: Mapping[str, pd.DataFrame]) -> list[str]:
    """Return everything a reader must know before believing the figures."""
    s = result.summary
    said = [str(w) for w in (*(getattr(result, "warnings", None) or ()),
                             *(result.provenance.get("warnings") or ()))]  # fmt: skip
    said += halts(s)
    if getattr(result, "error", ""):
        said.append(f"The run ended early: {result.error}")  # type: ignore[attr-defined]
    said += _data_warnings(result, bars)
    said += _trading_warnings(result)
    return list(dict.fromkeys(w[:1].upper() + w[1:] for w in said))


def _data_warnings(result: RunResult, bars: Mapping[str, pd.DataFrame]) -> list[str]:
    said = []
    entries = result.provenance.get("data") or []
    entries = [entries] if isinstance(entries, Mapping) else list(entries)
    known = {str(e.get("symbol", "")): e for e in entries if isinstance(e, Mapping)}
    for symbol, frame in bars.items():
        if symbol not in known and len(frame) > 1 and "" not in known:
            known[symbol] = {**source_of(frame), "gaps": gap_count(frame)}
    for symbol, entry in known.items():
        name = f"{symbol}: " if symbol else ""
        if entry.get("gaps"):
            said.append(f"{name}{count(entry['gaps'], 'gap')} in the bars; nothing was filled in.")
        said += [f"{name}{sentence}" for sentence in entry.get("warnings") or ()]
        repaired = {k: v for k, v in (entry.get("repairs") or {}).items() if v}
        if repaired:
            parts = ", ".join(f"{str(k).replace('_', ' ')} {v:,}" for k, v in repaired.items())
            said.append(f"{name}rows were repaired as asked: {parts}.")
    if s := result.summary.get("fills_across_gaps"):
        said.append(f"{count(s, 'fill')} happened in the first bar after a gap.")
    return said


def _trading_warnings(result: RunResult) -> list[str]:
    s, said = result.summary, []
    trades = result.trades
    open_trades = int(trades["is_open"].sum()) if len(trades) else 0
    if open_trades:
        said.append(
            f"{count(open_trades, 'position')} still open at the end, valued at the last "
            f"{'mid price' if is_on_ticks(result) else 'close'}."
        )
    if not s.get("fills"):
        said.append("No order was filled.")
    rules = str(plain_value(result.provenance))
    if "smallest step seen" in rules:
        said.append(
            "Tick and lot size are the smallest steps seen in the data, not the venue's own rules."
        )
    gross, net = gross_return_pct(s), s.get("total_return_pct")
    if is_number(gross) and is_number(net) and gross > 0 >= float(net):  # type: ignore[arg-type]
        said.append("The strategy earned money before fees and lost it to fees.")
    return said
