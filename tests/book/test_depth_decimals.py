"""Decimal texts as whole steps of a grid, against Python's Decimal."""

import contextlib
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hftsim.book.decimals import DecimalGrids, MisfitError, PlacesSeen
from hftsim.core.errors import InstrumentError

MOST = 1 << 60
UNITS = ["1", "0.1", "0.01", "0.00001", "1e-8", "0.5", "0.25", "2.5", "5", "25", "100", "1e3"]


@st.composite
def decimal_texts(draw):
    """Draw numbers in the ways in which venues and Python write them."""
    whole = draw(st.integers(0, 10**9))
    text = draw(st.sampled_from(["", "-", "000"])) + str(whole)
    if draw(st.booleans()):
        text += "." + draw(st.text("0123456789", min_size=1, max_size=9))
        text += "0" * draw(st.sampled_from([0, 3, 12]))
    if draw(st.integers(0, 3)) == 0:
        text += draw(st.sampled_from("eE")) + draw(st.sampled_from(["", "+", "-"]))
        text += str(draw(st.integers(0, 9)))
    return text


def steps_or_none(text, unit):
    steps = Decimal(text) / Decimal(unit)
    return int(steps) if steps == steps.to_integral_value() else None


def digits_of(text):
    return len(Decimal(text).normalize().as_tuple().digits)


@settings(max_examples=500, deadline=None)
@given(
    st.lists(decimal_texts(), min_size=1, max_size=6),
    st.sampled_from(UNITS),
    st.sampled_from(UNITS),
)
def test_steps_are_those_of_decimal(texts, price_unit, qty_unit):
    texts = texts + texts[:1] * (len(texts) % 2)
    units = (price_unit, qty_unit)
    expected = [steps_or_none(t, units[i % 2]) for i, t in enumerate(texts)]
    grids = DecimalGrids([Decimal(unit) for unit in units])
    hard = [i for i, t in enumerate(texts) if digits_of(t) > 18]
    wrong = [i for i, e in enumerate(expected) if e is None or abs(e) > MOST or i in hard]
    # What is too large before it is divided by the step is refused, too: either may happen.
    large = [i for i, t in enumerate(texts) if abs(Decimal(t)) > Decimal(MOST) / 10**12]
    if wrong or large:
        with contextlib.suppress(MisfitError):
            assert grids.steps(texts).reshape(-1).tolist() == expected
            assert not wrong
    if wrong:
        with pytest.raises(MisfitError) as caught:
            grids.steps(texts)
        assert caught.value.index in wrong + large
    elif not large:
        assert grids.steps(texts).reshape(-1).tolist() == expected


@settings(max_examples=300, deadline=None)
@given(st.lists(decimal_texts(), min_size=2, max_size=8).filter(lambda t: len(t) % 2 == 0))
def test_the_unit_is_the_largest_power_of_ten_up_to_one(texts):
    if any(digits_of(text) > 18 for text in texts):
        return
    seen = PlacesSeen()
    seen.add(texts)
    for column, unit in enumerate(seen.units):
        numbers = [Decimal(text) for text in texts[column::2]]
        places = [max(0, -int(n.normalize().as_tuple().exponent)) for n in numbers if n]
        assert unit == Decimal(1).scaleb(-max(places, default=0))


@pytest.mark.parametrize(
    ("texts", "index", "told"),
    [
        (["1", "x"], 1, "'x' is not a number"),
        (["", "1"], 0, "'' is not a number"),
        (["1", ""], 1, "'' is not a number"),
        (["1", "2\n3"], 1, "is not a number"),
        (["1\n", "2"], 0, "is not a number"),
        ([".", "1"], 0, "is not a number"),
        (["1.2.3", "1"], 0, "is not a number"),
        (["1e", "1"], 0, "is not a number"),
        (["NaN", "1"], 0, "is not a number"),
        ([" 1", "1"], 0, "is not a number"),
        (["\u0661", "1"], 0, "is not a number"),
        (["0.001", "1"], 0, "'0.001' is off the grid of 0.01"),
        (["1", "1", "1", "0.00000001"], 3, "off the grid of 0.00001"),
        (["1234567890123456789", "1"], 0, "too large"),
        (["1e400", "1"], 0, "too large"),
        (["1e99999999999999999999", "1"], 0, "too large"),
        (["1e-99999999999999999999", "1"], 0, "off the grid"),
        ([None, "1"], 0, "'None' is not a number"),
    ],
)
def test_what_is_no_number_on_the_grid_is_told(texts, index, told):
    grids = DecimalGrids([Decimal("0.01"), Decimal("0.00001")])
    with pytest.raises(MisfitError, match=told) as caught:
        grids.steps(texts)
    assert caught.value.index == index


def test_zeros_cost_no_digits_and_numbers_are_taken_as_they_print():
    grids = DecimalGrids([Decimal("0.01"), Decimal("0.00001")])
    found = grids.steps(["0" * 40 + "7." + "0" * 40, "0e5", 50000, 1.5, 1e-05 * 1000, Decimal("2")])
    assert found.tolist() == [[700, 0], [5_000_000, 150_000], [1, 200_000]]
    assert grids.steps([]).shape == (0, 2)
    assert found.dtype == np.int64


@pytest.mark.parametrize("unit", ["0", "-1"])
def test_a_grid_has_a_step(unit):
    with pytest.raises(InstrumentError, match="must be above 0"):
        DecimalGrids([Decimal(unit)])
