"""The README: its example prints what it says, its picture and its commands exist."""

import re
from pathlib import Path

import pytest
from markdown_blocks import WIDTH, check_page

from hftsim.cli.app import app

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"
LARGEST_PICTURE = 150_000


def commands() -> set[str]:
    groups = {group.name for group in app.registered_groups}
    return groups | {command.name for command in app.registered_commands}


def test_the_example_prints_what_the_readme_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", WIDTH)
    assert check_page(README) >= 1


def test_the_example_is_fifteen_lines_long() -> None:
    code = re.search(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    assert code
    assert sum(bool(line.strip()) for line in code[1].splitlines()) <= 15


def test_every_command_is_named_and_every_named_command_exists() -> None:
    named = set(re.findall(r"`hftsim ([a-z-]+)", README.read_text(encoding="utf-8")))
    assert named <= commands()
    assert commands() - named <= {"bench"}


def test_the_rooms_are_those_of_the_package() -> None:
    text = README.read_text(encoding="utf-8")
    table = text[text.index("## The rooms") : text.index("## What is not there")]
    rooms = re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)
    packages = {p.parent.name for p in (ROOT / "src" / "hftsim").glob("*/__init__.py")}
    assert set(rooms) == packages
    order = re.search(
        r"^    (core  .*)$", (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8"), re.M
    )
    assert order
    assert rooms == order[1].split()


def test_pictures_are_small() -> None:
    pictures = list((ROOT / "docs" / "images").glob("*.png"))
    assert pictures
    assert all(p.stat().st_size < LARGEST_PICTURE for p in pictures)
