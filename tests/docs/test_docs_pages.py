"""Every page of the documentation: its examples print what it says, its links lead somewhere."""

import re
from pathlib import Path

import pytest
import yaml
from generated_tables import TABLES, tables_of, with_tables
from markdown_blocks import WIDTH, blocks_of, check_page

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
OTHERS = [
    ROOT / name for name in ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md")
]
_LINK = re.compile(r"\]\(([^)\s]+)\)")


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def runs_something(page: Path) -> bool:
    lines = page.read_text(encoding="utf-8").splitlines()
    return any(block.kind in ("python", "console") for block in blocks_of(lines))


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as Markdown makes them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    plain = (re.sub(r"[^\w\- ]", "", heading.replace("`", "").lower()) for heading in headings)
    return {re.sub(r"[ -]+", "-", heading).strip("-") for heading in plain}


@pytest.mark.parametrize("page", [p for p in PAGES if runs_something(p)], ids=name_of)
def test_the_examples_of_a_page_print_what_it_says(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("COLUMNS", WIDTH)
    assert check_page(page) >= 1


@pytest.mark.parametrize("page", [*PAGES, *OTHERS], ids=name_of)
def test_the_links_of_a_page_lead_somewhere(page: Path) -> None:
    for target in _LINK.findall(page.read_text(encoding="utf-8")):
        file, _, anchor = target.partition("#")
        found = (page.parent / file).resolve() if file else page
        assert found.exists(), f"{page.name}: {target}"
        if anchor:
            assert anchor in anchors(found), f"{page.name}: {target}"
        if page in PAGES:
            assert found.is_relative_to(DOCS), f"{page.name}: {target} is not part of the site"


def test_the_site_has_every_page_and_no_other() -> None:
    settings = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))
    listed = re.findall(r"[\w/-]+\.md", yaml.safe_dump(settings["nav"]))
    assert sorted(listed) == sorted(page.relative_to(DOCS).as_posix() for page in PAGES)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_generated_tables_are_those_of_the_code(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert text == with_tables(text), "run tests/docs/generated_tables.py on this page"


def test_every_generated_table_is_shown_somewhere() -> None:
    shown = {name for page in PAGES for name, _ in tables_of(page.read_text(encoding="utf-8"))}
    assert shown == set(TABLES)


def test_every_name_that_the_page_gives_ctx_and_fill_exists() -> None:
    from hftsim.native.context import CONTEXT_NAMES, FILL_NAMES

    text = (DOCS / "tutorials" / "own-strategy.md").read_text(encoding="utf-8")
    offered = set(re.findall(r"`ctx\.(\w+)", text))
    assert offered <= CONTEXT_NAMES
    assert CONTEXT_NAMES - offered <= {
        *("decisions", "fill_count", "fresh", "halted_at", "order", "order_count", "peak", "ready"),
        *("session", "session_start_equity", "signal_count", "orders"),
    }
    fill = re.search(r"`fill` has (.*)", text)
    assert fill
    assert set(re.findall(r"`(\w+)`", fill[1])) <= FILL_NAMES


def test_the_architecture_fits_on_a_page() -> None:
    assert len((ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8").splitlines()) <= 100


@pytest.mark.parametrize("page", sorted((DOCS / "decisions").glob("*.md")), ids=name_of)
def test_a_decision_has_context_decision_and_consequences(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert text.startswith(f"# {int(page.name[:4])}. ")
    assert [text.count(f"**{part}.**") for part in ("Context", "Decision", "Consequences")] == [
        1
    ] * 3


def test_the_architecture_names_files_that_exist() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    package = ROOT / "src" / "hftsim"
    for path in re.findall(r"`([a-z_]+/[\w/]+(?:\.py|/))`", text):
        assert (package / path).exists() or (ROOT / path).exists(), path
