"""What `import hftsim` offers, and what it costs."""

import importlib
import subprocess
import sys

import pytest

import hftsim

HEAVY = ("numpy", "pandas", "polars", "pyarrow", "scipy", "numba", "torch", "sklearn", "talib")
HEAVY += ("matplotlib", "plotly", "httpx", "typer", "rich", "pydantic", "yaml")


def test_all_names_are_those_of_the_lazy_table() -> None:
    lazy = {name for names in hftsim._HOME.values() for name in names}
    assert set(hftsim.__all__) == lazy | {"__version__"}
    assert len(hftsim.__all__) == len(set(hftsim.__all__))


@pytest.mark.parametrize("room", list(hftsim._HOME))
def test_every_name_comes_from_its_room(room: str) -> None:
    module = importlib.import_module(f"hftsim.{room}")
    for name in hftsim._HOME[room]:
        assert getattr(hftsim, name) is getattr(module, name)
        assert name in module.__all__ if hasattr(module, "__all__") else True


def test_the_names_are_things_and_not_modules() -> None:
    modules = [n for n in hftsim.__all__ if isinstance(getattr(hftsim, n), type(sys))]
    assert modules == []


def test_dir_lists_every_name() -> None:
    assert set(hftsim.__all__) <= set(dir(hftsim))


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        _ = hftsim.Nothing  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "room", ["", *(f".{name}" for name in sorted(hftsim._HOME) if "." not in name)]
)
def test_an_import_loads_nothing_heavy(room: str) -> None:
    allowed = {".strategies": {"numpy"}, ".analytics": {"numpy"}}.get(room, set())
    code = (
        f"import sys, hftsim{room}\n"
        f"heavy = [m for m in {HEAVY!r} if m in sys.modules]\n"
        "print(' '.join(heavy))"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(ended.stdout.split()) <= allowed
