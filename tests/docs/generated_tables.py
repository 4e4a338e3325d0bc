"""Tables of the documentation that are made from the code, so that they cannot say something else.

A page holds each between ``<!-- table: NAME -->`` and ``<!-- end -->``.
``python tests/docs/generated_tables.py docs/*/*.md`` writes them anew.
"""

import dataclasses
import inspect
import re
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

_MARKED = re.compile(r"<!-- table: ([\w ]+) -->\n(.*?)<!-- end -->", re.DOTALL)


def fields_table(cls: type) -> str:
    """Return one row for each constructor field: name, default, meaning from the docstring."""
    meanings = parameter_texts(cls)
    made = _factories(cls)
    rows = []
    for name, parameter in inspect.signature(cls).parameters.items():
        factory: Any = made.get(name, dataclasses.MISSING)
        is_made = factory is not dataclasses.MISSING
        default = f"{factory.__name__}()" if is_made else _default(parameter.default)
        rows.append((f"`{name}`", f"`{default}`", _cell(meanings[name])))
    return _table(("field", "default", "meaning"), rows)


def parameter_texts(cls: type) -> dict[str, str]:
    """Return what the Parameters section of a class docstring says of each name."""
    text = inspect.cleandoc(cls.__doc__ or "")
    section = re.search(r"Parameters\n-+\n(.*?)(\n\n\w+\n-+\n|\Z)", text, re.DOTALL)
    assert section, f"{cls.__name__} documents no parameters"
    found: dict[str, str] = {}
    for entry in re.findall(r"^(\w[\w, ]*) : (.*(?:\n    .*)*)", section[1], re.MULTILINE):
        for name in entry[0].split(", "):
            found[name] = " ".join(entry[1].split()).replace("``", "`")
    return found


def metrics_table() -> str:
    """Return every metric by group: name, unit, meaning, source."""
    from hftsim.analytics import GROUPS

    parts = []
    for group, metrics in GROUPS.items():
        rows = [(f"`{n}`", m.unit, _cell(m.meaning), _cell(m.source)) for n, m in metrics.items()]
        parts.append(f"### {group}\n\n{_table(('name', 'unit', 'meaning', 'source'), rows)}")
    return "\n".join(parts)


def indicators_table() -> str:
    """Return every indicator: name, formula, warm-up."""
    from hftsim.features import INDICATORS

    rows = [(f"`{i.name}`", _cell(i.formula), str(i.warmup)) for i in INDICATORS.values()]
    return _table(("column", "formula", "warm-up rows"), rows)


def families_table() -> str:
    """Return every family of features: how many, and their names."""
    from hftsim.features import FAMILIES, FEATURES

    rows = []
    for family in FAMILIES:
        names = [f"`{n}`" for n, feature in FEATURES.items() if feature.family == family]
        rows.append((family, str(len(names)), ", ".join(names)))
    return _table(("family", "features", "names"), rows)


DEFAULTS: tuple[tuple[str, str, str, str], ...] = (
    ("capital", "100000", "100000", "BacktestConfig.initial_capital"),
    ("fee", "0.001", "0.001", "Instrument.taker_fee"),
    ("slippage", "", "0.0005", "SlippageModel.fraction"),
    ("size of a position", "0.3", "0.1", "BacktestConfig.position_size_pct"),
    ("largest position", "0.3", "0.30", "RiskLimits.max_position_pct"),
    ("stop loss", "0.02", "0.02", "RiskLimits.stop_loss_pct"),
    ("largest drawdown", "0.15", "0.10", "RiskLimits.max_drawdown_pct"),
    ("confidence of VaR", "", "0.95", "RiskLimits.var_confidence"),
    ("confidence to trade", "", "0.6", "MomentumStrategy.confidence_threshold"),
    ("the model's threshold", "0.55 (of P)", "0.6 (of P)", "MomentumStrategy.ml_threshold"),
    ("momentum threshold", "0.0005", "0.02", "MomentumStrategy.momentum_threshold"),
    ("volume threshold", "1.2", "1.5", "MomentumStrategy.volume_threshold"),
    ("hidden units", "32", "128", "LSTMPredictor.hidden_size"),
    ("layers", "2", "2", "LSTMPredictor.num_layers"),
    ("dropout", "", "0.2", "LSTMPredictor.dropout"),
    ("learning rate", "", "0.001", "LSTMPredictor.learning_rate"),
    ("batch size", "32", "64", "LSTMPredictor.batch_size"),
    ("epochs", "15", "50", "LSTMPredictor.epochs"),
    ("validation part", "0.2", "0.2", "LSTMPredictor.validation_fraction"),
    ("look-back", "30", "", "LearningSettings.lookback"),
    ("horizon", "1", "1", "LearningSettings.horizon"),
)
"""Setting, document 000, document 001, and whose default of ours it is."""


def defaults_table() -> str:
    """Return what the documents name, and what we take."""
    import hftsim

    rows = []
    for setting, first, second, ours in DEFAULTS:
        cls, name = ours.split(".")
        default = inspect.signature(getattr(hftsim, cls)).parameters[name].default
        rows.append((setting, first, second, f"`{ours}` {_default(default)}"))
    return _table(("setting", "document 000", "document 001", "ours"), rows)


def fees_table() -> str:
    """Return the fees assumed for each kind of instrument."""
    from hftsim.data.instruments import DEFAULT_FEES

    rows = [
        (str(kind), *(f"{100 * rate:g} %" for rate in fees)) for kind, fees in DEFAULT_FEES.items()
    ]
    return _table(("kind", "maker", "taker"), rows)


def _settings(name: str) -> Callable[[], str]:
    def made() -> str:
        import hftsim

        return fields_table(getattr(hftsim, name))

    return made


TABLES: dict[str, Callable[[], str]] = {
    "defaults": defaults_table,
    "fees": fees_table,
    "metrics": metrics_table,
    "indicators": indicators_table,
    "families": families_table,
    **{
        name: _settings(name)
        for name in (
            "BacktestConfig",
            "FeeSchedule",
            "LSTMPredictor",
            "LatencyModel",
            "LearningSettings",
            "QueueModel",
            "RiskLimits",
            "SlippageModel",
        )
    },
}


def tables_of(page: str) -> list[tuple[str, str]]:
    """Return (name, text) of each marked table of a page."""
    return [(m[1], m[2]) for m in _MARKED.finditer(page)]


def with_tables(page: str) -> str:
    """Return the page with its tables made anew."""
    return _MARKED.sub(lambda m: f"<!-- table: {m[1]} -->\n\n{TABLES[m[1]]()}\n<!-- end -->", page)


def _table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    heads = list(heads)
    lines = [heads, ["---"] * len(heads), *(list(row) for row in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _factories(cls: type) -> dict[str, Any]:
    if not dataclasses.is_dataclass(cls):
        return {}
    return {f.name: f.default_factory for f in dataclasses.fields(cls)}


def _default(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    return str(value)


if __name__ == "__main__":
    for path in map(Path, sys.argv[1:]):
        before = path.read_text(encoding="utf-8")
        after = with_tables(before)
        if after != before:
            path.write_text(after, encoding="utf-8")
