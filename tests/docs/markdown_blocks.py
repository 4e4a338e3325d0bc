"""Runs the examples of a Markdown page and compares what they print with what the page says.

A page's blocks run in order, in one folder and one Python namespace:

- ``python`` blocks are executed; a ``text`` block right after one is its output;
- ``console`` blocks hold ``$ hftsim ...`` lines, each with its output below;
- a comment line before a block changes that: ``<!-- file: NAME -->`` writes the block to a file
  instead of running it, ``<!-- not run: why -->`` leaves it out, ``<!-- numbers vary -->`` compares
  the words of its output only (trained models differ between types of CPU).

A line ``...`` of a page stands for any lines. Blocks of other kinds are for reading only.

After a change of the program, ``python tests/docs/markdown_blocks.py README.md docs/*/*.md`` writes
the output of today into the pages; read the difference before you keep it.
"""

import contextlib
import difflib
import io
import itertools
import os
import re
import shlex
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hftsim.cli import main as hftsim

WIDTH = "88"
_FENCE = re.compile(r"^```(\w*)\s*$")
_COMMENT = re.compile(r"^<!-- (file|not run|numbers vary):? ?(.*?) ?-->$")
_NUMBER = re.compile(r"[-+]?\d[\d,.]*(e[-+]?\d+)?|\bnan\b")


@dataclass
class Block:
    """A fenced block: where its lines stand in the page, and the comment before it."""

    kind: str
    first: int
    last: int
    mark: str = ""
    argument: str = ""


@dataclass
class Piece:
    """Something that prints: its output is expected on lines first to last (exclusive)."""

    run: Callable[[], str]
    first: int
    last: int
    words_only: bool


def blocks_of(lines: list[str]) -> Iterator[Block]:
    """Yield the fenced blocks of a page."""
    opened: Block | None = None
    mark = ("", "")
    for number, line in enumerate(lines):
        fence = _FENCE.match(line)
        if opened is None and fence:
            opened = Block(fence[1], number + 1, number + 1, *mark)
        elif opened is not None and fence and not fence[1]:
            opened.last = number
            yield opened
            opened, mark = None, ("", "")
        elif opened is None and line.strip():
            comment = _COMMENT.match(line)
            mark = (comment[1], comment[2]) if comment else ("", "")
    assert opened is None, f"the block at line {opened.first} does not end" if opened else ""


def pieces_of(lines: list[str]) -> Iterator[Piece]:
    """Yield what a page runs, in order; running a piece returns what it printed."""
    namespace: dict[str, Any] = {"__name__": "page"}
    blocks = list(blocks_of(lines))
    for block, after in itertools.zip_longest(blocks, blocks[1:]):
        text = "\n".join(lines[block.first : block.last]) + "\n"
        if block.mark == "file":
            yield Piece(_writing(text, block.argument), 0, 0, words_only=False)
        elif block.kind == "python" and block.mark != "not run":
            code = compile("\n" * block.first + text, "page", "exec")
            run = _executing(code, namespace)
            if after is not None and _is_output(lines, block, after):
                vary = after.mark == "numbers vary"
                yield Piece(run, after.first, after.last, words_only=vary)
            else:
                yield Piece(run, 0, 0, words_only=False)
        elif block.kind == "console" and block.mark != "not run":
            yield from _commands(lines, block)


def _is_output(lines: list[str], block: Block, after: Block) -> bool:
    if after.kind != "text" or after.mark == "file":
        return False
    between = lines[block.last + 1 : after.first - 1]
    return not any(line.strip() and not _COMMENT.match(line) for line in between)


def _commands(lines: list[str], block: Block) -> Iterator[Piece]:
    starts = [n for n in range(block.first, block.last) if lines[n].startswith("$ ")]
    for start, end in zip(starts, [*starts[1:], block.last], strict=True):
        words = shlex.split(lines[start][2:])
        assert words[0] == "hftsim", f"line {start + 1}: only hftsim can be run, not {words[0]}"
        yield Piece(_command(words[1:]), start + 1, end, words_only=block.mark == "numbers vary")


def _writing(text: str, name: str) -> Callable[[], str]:
    def write() -> str:
        Path(name).write_text(text, encoding="utf-8")
        return ""

    return write


def _executing(code: Any, namespace: dict[str, Any]) -> Callable[[], str]:
    def execute() -> str:
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(code, namespace)
        return printed.getvalue()

    return execute


def _command(arguments: list[str]) -> Callable[[], str]:
    def execute() -> str:
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            hftsim(arguments)
        return (out.getvalue() + err.getvalue()).replace(f"{Path.cwd()}{os.sep}", "")

    return execute


def tidy(text: str) -> list[str]:
    """Return the lines without spaces at their ends, and without empty lines at both ends."""
    lines = [line.rstrip() for line in text.splitlines()]
    while lines and not lines[0]:
        lines.pop(0)
    while lines and not lines[-1]:
        lines.pop()
    return lines


def matches(expected: list[str], printed: list[str]) -> bool:
    """Whether the lines are the same; an expected ``...`` stands for any number of lines."""
    parts = [re.escape(line) + "\n" if line != "..." else r"(?:.*\n)*?" for line in expected]
    return re.fullmatch("".join(parts), "".join(line + "\n" for line in printed)) is not None


def masked(lines: list[str]) -> list[str]:
    """Return the lines with every number, and the space around it, made one sign."""
    return [re.sub(r"\s*#\s*", " # ", _NUMBER.sub("#", line)).strip() for line in lines]


def check_page(page: Path) -> int:
    """Run a page in the current folder; fail with a diff where it prints something else.

    Returns how many outputs were compared.
    """
    lines = page.read_text(encoding="utf-8").splitlines()
    compared = 0
    for piece in pieces_of(lines):
        printed, expected = tidy(piece.run()), tidy("\n".join(lines[piece.first : piece.last]))
        if piece.last == 0:
            continue
        if piece.words_only:
            printed, expected = masked(printed), masked(expected)
        diff = "\n".join(difflib.unified_diff(expected, printed, "page", "printed", lineterm=""))
        assert matches(expected, printed), f"{page.name}, line {piece.first}:\n{diff}"
        compared += 1
    return compared


def refresh(page: Path) -> None:
    """Write what the page's examples print today into it; outputs with ``...`` stay if they match."""
    lines = page.read_text(encoding="utf-8").splitlines()
    changes: list[tuple[int, int, list[str]]] = []
    for piece in pieces_of(lines):
        printed, expected = tidy(piece.run()), tidy("\n".join(lines[piece.first : piece.last]))
        if piece.last and not matches(expected, printed):
            changes.append((piece.first, piece.last, printed))
    for first, last, printed in reversed(changes):
        lines[first:last] = printed
    page.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    os.environ["COLUMNS"] = WIDTH
    sys.path.insert(0, "")
    for named in [Path(argument).resolve() for argument in sys.argv[1:]]:
        with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
            refresh(named)
