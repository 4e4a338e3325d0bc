"""The bitmap against a sorted list."""

import bisect
import functools

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
    words_at,
)
from hftsim.native.cache import word_kernel

EDGES = [0, 1, 63, 64, 4095, 4096, POSITIONS // 2, POSITIONS - 65, POSITIONS - 64, POSITIONS - 1]
ADD, DROP, PUT_IN, PUT_OUT, ABOVE, BELOW = range(6)


def work(address, what, position):
    words = words_at(address, WORDS)
    if what == ABOVE:
        return next_above(words, position)
    if what == BELOW:
        return next_below(words, position)
    if what == ADD:
        set_bit(words, position)
    elif what == DROP:
        clear_bit(words, position)
    else:
        put_bit(words, position, what == PUT_IN)
    return 0


positions = st.one_of(st.sampled_from(EDGES), st.integers(0, POSITIONS - 1))


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.booleans(), positions), max_size=60), positions)
def test_neighbours_are_those_of_a_sorted_list(changes, probe):
    words, kept = np.zeros(WORDS, np.uint64), set()
    do = functools.partial(word_kernel(work), words.ctypes.data)
    for adds, foreseen, position in changes:
        do((ADD if adds else DROP) if foreseen else (PUT_IN if adds else PUT_OUT), position)
        if adds:
            kept.add(position)
        else:
            kept.discard(position)
    ordered = sorted(kept)
    for at in {probe, *EDGES, -1, POSITIONS, *(p for _, _, p in changes)}:
        above, below = bisect.bisect_right(ordered, at), bisect.bisect_left(ordered, at)
        assert do(ABOVE, at) == (ordered[above] if above < len(ordered) else NOWHERE)
        assert do(BELOW, at) == (ordered[below - 1] if below else NOWHERE)
    for position in ordered:
        do(DROP, position)
    assert not words.any()
