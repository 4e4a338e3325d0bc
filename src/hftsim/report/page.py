"""`write_report`: one HTML file that holds everything and asks the network for nothing.

The page carries plotly.js from the installed wheel, its own style and a little plain JavaScript.
A content security policy in the file allows exactly these scripts, by their hashes, and no request
to anywhere, so neither a name with markup in it nor anything else can load or run code.
"""

import base64
import hashlib
import json
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any

import pandas as pd

from hftsim.core.version import __version__
from hftsim.report import page_charts, page_facts, page_model, page_tables
from hftsim.report.plain_values import plain_value
from hftsim.report.plotly_parts import Chart
from hftsim.report.run_folder import replace_file
from hftsim.report.shape import RunResult, bars_of, currency_of, title_of
from hftsim.report.words import count, utc, verdict


def write_report(result: RunResult, path: str | Path, *, bars: Any = None) -> Path:
    """Write a run as one self-contained HTML page, about 5 MB (plotly.js is most of it).

    Parameters
    ----------
    result : a finished run; see `hftsim.report.shape.RunResult`.
    path : the file; it appears as a whole or not at all.
    bars : the bar frame the run was made on, or one per symbol, for the price charts; None takes
        those the result carries.

    Raises
    ------
    InputError : the disk is full, or the result holds what cannot be written.
    """
    target = Path(path)
    html = render_report(result, bars=bars)
    target.parent.mkdir(parents=True, exist_ok=True)
    replace_file(target, html.encode("utf-8", "backslashreplace"))
    return target


def render_report(result: RunResult, *, bars: Any = None) -> str:
    """Return the page as text; see `write_report`."""
    import jinja2
    import markupsafe

    frames = bars_of(result, bars)
    charts = page_charts.charts(result, frames)
    tables = page_tables.tables(result)
    scripts = {"plotly_js": _plotly_js(), "page_js": _text("report.js")}
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("hftsim.report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html").render(
        **_content(result, frames),
        tables=tables,
        charts={name: chart.caption for name, chart in charts.items()},
        policy=_policy(*scripts.values()),
        style=markupsafe.Markup(_text("report.css")),
        data=markupsafe.Markup(_data_block(charts, tables)),
        **{name: markupsafe.Markup(text) for name, text in scripts.items()},
    )


def _content(result: RunResult, frames: dict[str, pd.DataFrame]) -> dict[str, Any]:
    summary, equity = result.summary, result.equity_curve
    span = [utc(t, seconds=False) for t in (equity.index[0], equity.index[-1])]
    return {
        "title": title_of(result),
        "subtitle": f"{span[0]} to {span[1]} UTC, {_length(summary, len(equity))}",
        "simulated": bool(summary.get("simulated")),
        "verdict": verdict(summary),
        "cards": page_facts.cards(result, currency_of(result)),
        "warnings": page_facts.warnings(result, frames),
        "tested": page_facts.tested(result),
        "assumptions": page_facts.assumptions(result),
        "months": page_tables.months(equity),
        "metric_groups": page_tables.metric_groups(result.metrics, currency_of(result)),
        "refusals": page_tables.refusals_by_reason(result.refusals),
        "fill_reasons": page_tables.fills_by_reason(result.fills, currency_of(result)),
        "model": page_model.model_section(result.model_report),
        "provenance": json.dumps(plain_value(result.provenance), indent=2, ensure_ascii=False),
        "run_hash": str(summary.get("run_hash", "")),
        "version": __version__,
    }


def _data_block(charts: dict[str, Chart], tables: dict[str, page_tables.Table]) -> str:
    block = {
        "charts": {n: {"data": c.traces, "layout": c.layout} for n, c in charts.items()},
        "tables": {n: {"columns": t.columns, "rows": t.rows} for n, t in tables.items()},
    }
    text = json.dumps(plain_value(block), separators=(",", ":"), allow_nan=False)
    for sign in "<>&":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text


def _policy(*scripts: str) -> str:
    hashes = " ".join(
        f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
        for text in scripts
    )
    return (
        f"default-src 'none'; script-src {hashes}; style-src 'unsafe-inline'; "
        "img-src data: blob:; font-src data:; base-uri 'none'; form-action 'none'"
    )


def _plotly_js() -> str:
    from plotly.offline import get_plotlyjs

    return str(get_plotlyjs()).replace("\r\n", "\n").replace("</script", "<\\/script")


def _text(name: str) -> str:
    return resources.files("hftsim.report").joinpath("templates", name).read_text(encoding="utf-8")


def _length(summary: Mapping[str, Any], points: int) -> str:
    if "rows" in summary:
        return count(summary["rows"], "row") + " of ticks"
    return count(summary.get("bars", points), "bar")
