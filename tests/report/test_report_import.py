"""Importing the room costs nothing that is not used."""

import subprocess
import sys

import pytest

HEAVY = ("matplotlib", "plotly", "jinja2", "polars", "pyarrow", "pandas", "numpy")


def modules_after(code):
    check = f"import sys; {code}; print(*[m for m in {HEAVY} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    return done.stdout.split()


def test_the_room_loads_nothing_heavy():
    assert modules_after("import hftsim.report") == []


def test_a_run_folder_needs_nothing_heavy():
    assert modules_after("from hftsim.report import atomic_run_folder") == []


def test_the_verdict_draws_no_pictures():
    loaded = modules_after("from hftsim.report import verdict")
    assert not {"matplotlib", "plotly", "jinja2"} & set(loaded)


def test_an_unknown_name_is_an_attribute_error():
    import hftsim.report

    with pytest.raises(AttributeError, match="no attribute 'plot'"):
        hftsim.report.plot  # noqa: B018
    assert set(hftsim.report.__all__) <= set(dir(hftsim.report))
