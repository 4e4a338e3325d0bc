"""Importing the room is cheap, and its public names exist."""

import subprocess
import sys

import pytest

import hftsim.features
import hftsim.labels

HEAVY = ("numba", "pandas", "polars", "scipy", "sklearn", "talib", "torch")


@pytest.mark.parametrize("statement", ["import hftsim.features", "import hftsim.labels"])
def test_importing_loads_nothing_heavy(statement: str) -> None:
    code = f"import sys; {statement}; print([m for m in {HEAVY!r} if m in sys.modules])"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"


def test_the_catalogue_is_listed_without_compiling() -> None:
    code = (
        "import sys; from hftsim.features import FEATURES; "
        "print(len(FEATURES) > 90, 'numba' in sys.modules, 'talib' in sys.modules)"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.split() == ["True", "False", "False"]


def test_public_names_exist() -> None:
    for room in (hftsim.features, hftsim.labels):
        for name in room.__all__:
            assert getattr(room, name) is not None
    with pytest.raises(AttributeError, match="nothing"):
        hftsim.features.nothing  # noqa: B018
