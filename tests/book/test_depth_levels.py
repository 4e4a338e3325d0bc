"""The compiled levels under whole messages, against dictionaries."""

import random

import numpy as np
import pytest
from depth_reference import ReferenceLevels
from hypothesis import given, settings
from hypothesis import strategies as st

from hftsim.book.levels import PriceLevels
from hftsim.core.errors import DataError

FAR = [0, 1, -1, 200_000, -200_000, 10**6, -(10**9), 10**15, (1 << 60) - 1]
levels = st.lists(
    st.tuples(
        st.one_of(st.integers(-40, 40), st.sampled_from(FAR)),
        st.one_of(st.just(0), st.integers(1, 1 << 61)),
    ),
    max_size=8,
)


def same(book, reference):
    assert book.counts.tolist() == [len(reference.sides[s]) for s in (1, -1)]
    for side in (1, -1):
        assert book.best(side, 1000) == reference.best(side, 1000)
        assert book.best(side, 2) == reference.best(side, 2)
    top = book.top()
    assert bool(top.crossed) == reference.crossed
    if not reference.crossed:
        expected = [x for s in (1, -1) for x in (reference.best(s, 1) or [(0, 0)])[0]]
        assert list(top[:4]) == expected


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(levels, levels, st.sampled_from([None, 0, 1, 3])), max_size=12))
def test_messages_make_the_levels_of_a_dictionary(messages):
    book, reference = PriceLevels(), ReferenceLevels()
    for bids, asks, most in messages:
        pairs = np.array([*bids, *asks], np.int64).reshape(-1, 2)
        book.apply(pairs, len(bids))
        reference.apply(bids, asks)
        if most is not None:
            assert sorted(book.keep_best(most)) == sorted(reference.keep_best(most))
        same(book, reference)
    book.clear()
    reference.clear()
    same(book, reference)


def test_a_long_walk_over_many_windows_loses_nothing():
    rng, book, reference = random.Random(5), PriceLevels(), ReferenceLevels()
    middle = 0
    for step in range(3000):
        middle += rng.choice([-1, 1]) * rng.choice([1, 10, 1000, 50_000])
        changes = {
            side: [
                (middle - side * rng.randrange(1, 5000), rng.choice([0, 5, 9])) for _ in range(4)
            ]
            for side in (1, -1)
        }
        pairs = np.array(changes[1] + changes[-1], np.int64)
        book.apply(pairs, 4)
        reference.apply(changes[1], changes[-1])
        if step % 100 == 0:
            same(book, reference)
    assert sum(len(side) for side in reference.sides.values()) > 5000
    same(book, reference)


@pytest.mark.parametrize("level", [(5, -1), (1 << 60, 1), (-(1 << 60), 1)])
def test_levels_that_cannot_be_are_refused(level):
    with pytest.raises(DataError, match="cannot hold"):
        PriceLevels().apply(np.array([level], np.int64), 1)
