"""Figures as people read them: signs, percents, money, dates and the verdict on a run."""

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd

UNDEFINED = "undefined"
SHORT = "less than a day"
"""What is said in place of a figure a year, where `is_short`."""
FEW_TRADES = 30
_HALTS = {
    "daily_loss": "the daily loss limit (max_daily_loss_pct)",
    "drawdown_breaker": "the drawdown breaker (max_drawdown_pct)",
    "account_wiped_out": "the loss of all money",
    "liquidated": "a liquidation (equity fell to the maintenance margin)",
}


def is_number(value: object) -> bool:
    """Whether a value is a finite number (booleans are not)."""
    if isinstance(value, bool) or value is None:
        return False
    try:
        return math.isfinite(value)  # type: ignore[arg-type]
    except TypeError:
        return False


def number(value: object, digits: int = 2, *, signed: bool = False) -> str:
    """Return ``−1,234.50``; ``undefined`` for what is not a finite number."""
    if not is_number(value):
        return UNDEFINED
    amount = round(float(value), digits) + 0.0  # type: ignore[arg-type]
    sign = "−" if amount < 0 else "+" if signed and amount > 0 else ""
    return f"{sign}{abs(amount):,.{digits}f}"


def percent(value: object, digits: int = 2, *, signed: bool = False) -> str:
    """Return ``12.30 %`` for 12.3; ``undefined`` for what is not a finite number."""
    return f"{number(value, digits, signed=signed)} %" if is_number(value) else UNDEFINED


def money(value: object, currency: str = "", *, signed: bool = False) -> str:
    """Return ``1,234.50 USDT``; small amounts keep four significant digits."""
    if not is_number(value):
        return UNDEFINED
    size = abs(float(value))  # type: ignore[arg-type]
    digits = 2 if size >= 1 or size == 0 else min(10, 3 - math.floor(math.log10(size)))
    return f"{number(value, digits, signed=signed)} {currency}".rstrip()


def plain(value: object) -> str:
    """Return a price or quantity with up to eight significant digits, no trailing zeros."""
    if not is_number(value):
        return UNDEFINED
    amount = float(value)  # type: ignore[arg-type]
    size = abs(amount)
    digits = 0 if size == 0 else max(0, min(12, 7 - math.floor(math.log10(size))))
    text = number(amount, digits)
    return text.rstrip("0").rstrip(".") if "." in text else text


def count(value: object, one: str, many: str = "") -> str:
    """Return ``1 trade`` or ``1,234 trades``."""
    total = int(value) if is_number(value) else 0  # type: ignore[call-overload]
    return f"{total:,} {one if total == 1 else many or one + 's'}"


def utc(value: object, *, seconds: bool = True) -> str:
    """Return ``2024-10-01 03:00:00`` in UTC; an empty string for no time."""
    stamp = _stamp(value)
    if stamp is None:
        return ""
    if not seconds:
        return stamp.strftime("%Y-%m-%d %H:%M")
    return stamp.strftime("%Y-%m-%d %H:%M:%S") + (
        f".{stamp.microsecond:06d}" if stamp.microsecond else ""
    )


def _stamp(value: Any) -> pd.Timestamp | None:
    if value is None or value == "" or pd.isna(value):
        return None
    stamp = pd.Timestamp(value)
    return stamp.tz_localize("UTC") if stamp.tzinfo is None else stamp.tz_convert("UTC")


def is_short(start: object, end: object, *, on_ticks: bool) -> bool:
    """Whether a run is on ticks of less than a day, which say nothing of a year."""
    first, last = (_stamp(start), _stamp(end)) if on_ticks else (None, None)
    return first is not None and last is not None and last - first < pd.Timedelta(days=1)


def gross_return_pct(summary: Mapping[str, Any]) -> float:
    """Return the percent the run would have made with its fees given back; NaN if unknown."""
    start, end, fees = (summary.get(k) for k in ("initial_capital", "final_value", "total_fees"))
    if not (is_number(start) and is_number(end) and is_number(fees)) or not start:
        return math.nan
    return 100.0 * (float(end) + float(fees) - float(start)) / float(start)  # type: ignore[arg-type]


def verdict(summary: Mapping[str, Any]) -> str:
    """Return what came of a run in plain words and plain ASCII, costs and buy-and-hold beside it.

    Parameters
    ----------
    summary : a result's summary; missing and undefined figures are left out of the sentence.
    """
    held = summary.get("buy_and_hold_return_pct")
    parts = [_outcome(summary, held)]
    parts += halts(summary)
    trades = summary.get("trades")
    if is_number(trades) and 0 < int(trades) < FEW_TRADES:  # type: ignore[arg-type]
        parts.append(f"{count(trades, 'trade')}: too few to tell skill from luck.")
    owed = summary.get("owed")
    if is_number(owed) and owed:
        coin = str(summary.get("currency") or "")
        parts.append(f"The account ended below zero: it owes {money(owed, coin)}.")
    if summary.get("simulated"):
        parts.append("The data is simulated: this says nothing about a real market.")
    return " ".join(parts).replace("−", "-")


def halts(summary: Mapping[str, Any]) -> list[str]:
    """Return the sentence that says when, and by which breaker, trading was halted, if it was."""
    reason, folds = str(summary.get("halted") or ""), summary.get("halted_folds")
    if is_number(folds) and folds:
        return [f"Trading was halted in {count(folds, 'fold')}."]
    if not (reason or summary.get("halted_at")):
        return []
    why = f" by {_HALTS.get(reason, reason.replace('_', ' '))}" if reason else ""
    when = utc(summary.get("halted_at"), seconds=False)
    return [f"Trading was halted{f' at {when} UTC' if when else ''}{why}."]


def _outcome(summary: Mapping[str, Any], held: object) -> str:
    net = summary.get("total_return_pct")
    hold = f"buy and hold {exact_percent(held, signed=True)}" if is_number(held) else ""
    if not is_number(net):
        return "The result after fees is undefined." + (f" {hold.capitalize()}." if hold else "")
    if not summary.get("fills") and not summary.get("trades"):
        return "Never traded." + (f" {hold.capitalize()}." if hold else "")
    value = float(net)  # type: ignore[arg-type]
    verb = "Gained" if value > 0 else "Lost" if value < 0 else "Came out even"
    shown = f" {exact_percent(abs(value))}" if value else ""
    sentence = f"{verb}{shown} after fees"
    gross = gross_return_pct(summary)
    extra = [f"before fees {exact_percent(gross, signed=True)}"] if is_number(gross) else []
    extra += [hold] if hold else []
    sentence += f"; {'; '.join(extra)}." if extra else "."
    if value > 0 and is_number(held) and value < float(held):  # type: ignore[arg-type]
        sentence += " Holding would have earned more."
    return sentence


def exact_percent(value: Any, *, signed: bool = False) -> str:
    """Return a percent with two decimals, or as many as it takes to show its first digit."""
    if not is_number(value):
        return UNDEFINED
    size = abs(float(value))
    digits = 2 if size >= 0.005 or size < 1e-10 else -math.floor(math.log10(size))
    return percent(value, digits, signed=signed)
