"""docs/names.md: every name of ours that it promises exists, with the parameters it shows."""

import importlib
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import hftsim
from hftsim import Backtester, BacktestResult, SmaCrossStrategy, create_sample_bars
from hftsim.cli.app import app

PAGE = Path(__file__).resolve().parents[2] / "docs" / "names.md"
_NAME = re.compile(r"(?P<path>[A-Za-z_]\w*(?:\.\w+)*)(?:\((?P<parameters>[\w=, ]*)\))?")
_KEY = re.compile(r'(?P<table>\w+)\["(?P<key>\w+)"\]')


def spans() -> Iterator[tuple[str, str]]:
    """Yield (document's name, code span of ours) from every row of the tables."""
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 4 and re.fullmatch(r"\d{3}(, \d{3})*", cells[0]):
            for span in re.findall(r"`([^`]+)`", cells[2]):
                yield cells[1], span


SPANS = sorted({span for _, span in spans()})
KEYS = [span for span in SPANS if _KEY.fullmatch(span)]
COMMANDS = [span for span in SPANS if span.startswith("hftsim ")]
CODE = [
    span
    for span in SPANS
    if span not in KEYS + COMMANDS and (span[0].isupper() or "." in span or "(" in span)
]


@pytest.fixture(scope="module")
def result() -> BacktestResult:
    return Backtester(SmaCrossStrategy()).run(create_sample_bars(1500, seed=7))


def found(path: str) -> Any:
    """Return what a dotted name stands for: `Name.part` of hftsim, or `hftsim.room.Name.part`."""
    parts = path.split(".")
    thing: Any = hftsim
    if parts[0] == "hftsim":
        thing, parts = importlib.import_module(".".join(parts[:2])), parts[2:]
    for part in parts:
        fields = getattr(thing, "__dataclass_fields__", {})
        if not isinstance(thing, type) and hasattr(thing, "__all__"):
            assert part in thing.__all__, f"{path}: {part} is not public"
        thing = fields[part] if part in fields else getattr(thing, part)
    return thing


@pytest.mark.parametrize("span", CODE)
def test_a_name_exists_with_its_parameters(span: str) -> None:
    if span.startswith("model."):
        return
    shown = _NAME.fullmatch(span)
    assert shown, f"{span} is not written as a name"
    thing = found(shown["path"])
    wanted = [p.strip().rstrip("=") for p in (shown["parameters"] or "").split(",") if p.strip()]
    if wanted:
        known = inspect.signature(thing).parameters
        assert set(wanted) - {"model"} <= set(known), f"{span}: it has {', '.join(known)}"


@pytest.mark.parametrize("span", KEYS)
def test_a_key_is_in_every_result(span: str, result: BacktestResult) -> None:
    shown = _KEY.fullmatch(span)
    assert shown
    assert shown["key"] in getattr(result, shown["table"])


@pytest.mark.parametrize("span", COMMANDS)
def test_a_command_exists_with_its_options(span: str) -> None:
    import typer

    name, *arguments = span.split()[1:]
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    assert name in commands
    options = {option for parameter in commands[name].params for option in parameter.opts}
    assert {a for a in arguments if a.startswith("--")} <= options


def test_the_page_names_much() -> None:
    assert len(SPANS) > 100
    assert len({document for document, _ in spans()}) > 60
