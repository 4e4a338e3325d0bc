"""The bitmap against a sorted list."""

import bisect

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from hftsim.book.bitmap._kernels import (
    NOWHERE,
    POSITIONS,
    WORDS,
    clear_bit,
    next_above,
    next_below,
    put_bit,
    set_bit,
)

EDGES = [0, 1, 63, 64, 4095, 4096, POSITIONS // 2, POSITIONS - 65, POSITIONS - 64, POSITIONS - 1]
positions = st.one_of(st.sampled_from(EDGES), st.integers(0, POSITIONS - 1))


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.booleans(), positions), max_size=60), positions)
def test_neighbours_are_those_of_a_sorted_list(changes, probe):
    words, kept = np.zeros(WORDS, np.uint64), set()
    for adds, foreseen, position in changes:
        if not foreseen:
            put_bit(words, position, adds)
        elif adds:
            set_bit(words, position)
        else:
            clear_bit(words, position)
        if adds:
            kept.add(position)
        else:
            kept.discard(position)
    ordered = sorted(kept)
    for at in {probe, *EDGES, -1, POSITIONS, *(p for _, _, p in changes)}:
        above, below = bisect.bisect_right(ordered, at), bisect.bisect_left(ordered, at)
        assert next_above(words, at) == (ordered[above] if above < len(ordered) else NOWHERE)
        assert next_below(words, at) == (ordered[below - 1] if below else NOWHERE)
    for position in ordered:
        clear_bit(words, position)
    assert not words.any()
