"""The house rules that a machine can check: small files and functions, rooms with a purpose."""

import ast
from pathlib import Path

import pytest

SOURCES = sorted((Path(__file__).parent.parent / "src" / "hftsim").rglob("*.py"))
LINES_PER_FILE, LINES_PER_FUNCTION, PARAMETERS = 400, 40, 8
VAGUE = {"utils", "helpers", "common", "misc", "tools"}


def functions(tree):
    return (n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef))


def code_lines(function):
    """Count the lines of a function's body without its docstring."""
    body = function.body[1:] if ast.get_docstring(function) is not None else function.body
    return function.end_lineno - body[0].lineno + 1 if body else 0


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(p.parents[2])))
def test_files_and_functions_stay_small(path):
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= LINES_PER_FILE
    limit = 2 * LINES_PER_FUNCTION if path.name == "_kernels.py" else LINES_PER_FUNCTION
    long = [
        f"{f.name}: {code_lines(f)}" for f in functions(ast.parse(text)) if code_lines(f) > limit
    ]
    assert not long


def test_no_room_without_a_purpose():
    assert not [p for p in SOURCES if p.stem in VAGUE or p.parent.name in VAGUE]


def test_nothing_is_left_for_later_and_nothing_unsafe_is_loaded():
    marks = ("TODO", "FIXME", "import pickle", "torch.load(", "yaml.load(")
    assert not [(p.name, m) for p in SOURCES for m in marks if m in p.read_text(encoding="utf-8")]
