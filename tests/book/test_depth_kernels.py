"""The compiled book by price against a plain dictionary."""

import functools

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import types

from hftsim.book.bitmap._kernels import POSITIONS
from hftsim.book.depth._kernels import (
    DEPTH,
    NO_LEVEL,
    NO_ROOM,
    best_ask,
    best_bid,
    clear_to,
    depth_at,
    is_crossed,
    level_qty,
    levels_of,
    set_level,
    side_index,
)
from hftsim.book.depth.memory import DepthMemory
from hftsim.native.cache import kernel

I8 = types.int64


def put(address, side, price, qty):
    return set_level(depth_at(address), side_index(side), price * side, qty)


def remove_to(address, side, price):
    clear_to(depth_at(address), side_index(side), price * side)
    return 0


def tops(address, which):
    book = depth_at(address)
    return best_bid(book) if which == 0 else best_ask(book) if which == 1 else int(is_crossed(book))


def at(address, side, price):
    return level_qty(depth_at(address), side_index(side), price * side)


@functools.cache
def compiled_call(function, count):
    return kernel(function, I8(*[I8] * count))


class Book:
    def __init__(self):
        self.record = np.zeros(1, DEPTH)
        self.memory = DepthMemory(self.record)
        self.address = self.record.ctypes.data

    def set(self, side, price, qty):
        while (found := compiled_call(put, 4)(self.address, side, price, qty)) == NO_ROOM:
            self.memory.grow()
        return found

    def levels(self, index, most=10_000):
        out = np.zeros(2 * most, np.int64)
        n = compiled_call(levels_of, 4)(self.address, index, out.ctypes.data, most)
        return [tuple(row) for row in out[: 2 * n].reshape(-1, 2).tolist()]


class Plain:
    """Levels by price; a newer crossing side hides what it crosses until it is gone."""

    def __init__(self):
        self.sides = {1: {}, -1: {}}
        self.best = {1: None, -1: None}
        self.hides = False

    def _next(self, side, below=None):
        keys = [p * side for p in self.sides[side]]
        keys = [k for k in keys if below is None or k < below]
        return max(keys, default=None)

    def set(self, side, price, qty):
        key, levels = price * side, self.sides[side]
        previous = levels.pop(price, 0)
        if qty > 0:
            levels[price] = qty
            if self.best[side] is None or key > self.best[side]:
                self.best[side] = key
                other = self.best[-side]
                if other is not None and key + other >= 0:
                    self.best[-side] = self._next(-side, -key)
                    self.hides = True
        elif previous:
            self._removed(side, key == self.best[side], key)
        return previous

    def _removed(self, side, was_best, key):
        if was_best:
            self.best[side] = self._next(side, key)
        if self.hides:
            other = self.best[side]
            self.best[-side] = self._next(-side, None if other is None else -other)
            self.hides = self.is_crossed
            if not self.hides:
                self.best = {s: self._next(s) for s in (1, -1)}

    def clear_to(self, side, price):
        key = price * side
        kept = {p: q for p, q in self.sides[side].items() if p * side < key}
        self.sides[side] = kept
        self._removed(side, self.best[side] is not None and self.best[side] >= key, key)

    def visible(self, side):
        rows = sorted(((p * side, p, q) for p, q in self.sides[side].items()), reverse=True)
        return [(p, q) for k, p, q in rows if self.best[side] is not None and k <= self.best[side]]

    @property
    def is_crossed(self):
        bids, asks = self.sides[1], self.sides[-1]
        return bool(bids and asks and max(bids) >= min(asks))


near = st.integers(-30, 30)
far = st.sampled_from([-(1 << 59), -POSITIONS, -POSITIONS // 2, 1 << 19, (1 << 59) - 1, 300_000])
change = st.one_of(
    st.tuples(st.just("set"), st.sampled_from([1, -1]), near, st.integers(0, 3)),
    st.tuples(st.just("set"), st.sampled_from([1, -1]), far, st.integers(0, 3)),
    st.tuples(st.just("clear"), st.sampled_from([1, -1]), st.one_of(near, far), st.just(0)),
)


@settings(max_examples=200, deadline=None)
@given(st.lists(change, max_size=80), st.sampled_from([0, 61_000_000, -5]))
def test_the_book_is_that_of_a_dictionary(changes, middle):
    book, plain = Book(), Plain()
    for what, side, offset, qty in changes:
        price = middle + offset
        if what == "set":
            assert book.set(side, price, qty) == plain.set(side, price, qty)
        else:
            compiled_call(remove_to, 3)(book.address, side, price)
            plain.clear_to(side, price)
        for index, s in ((0, 1), (1, -1)):
            best = plain.best[s]
            expected = NO_LEVEL if best is None else best
            assert compiled_call(tops, 2)(book.address, index) * s == expected
            assert book.levels(index) == plain.visible(s)
        assert compiled_call(tops, 2)(book.address, 2) == plain.is_crossed
        assert compiled_call(at, 3)(book.address, side, price) == plain.sides[side].get(price, 0)


def test_the_window_follows_a_market_that_drifts_away_and_loses_nothing():
    rng = np.random.default_rng(5)
    book, plain = Book(), Plain()
    middle = 1_000_000
    for k in range(40_000):
        if k % 10 == 0:
            middle += int(rng.integers(0, 600))
        side = 1 if rng.random() < 0.5 else -1
        price = middle - side * int(rng.integers(1, 50))
        qty = int(rng.integers(0, 4))
        assert book.set(side, price, qty) == plain.set(side, price, qty)
    assert plain.best[1] is not None
    assert book.levels(0, 60_000) == plain.visible(1)
    assert book.levels(1, 60_000) == plain.visible(-1)
    assert abs(int(book.memory.tops[2]) + POSITIONS // 2 - middle) < POSITIONS


def test_far_levels_beyond_the_room_are_refused_until_it_grows():
    book = Book()
    assert book.set(1, 0, 1) == 0
    for k in range(3000):
        assert book.set(1, -10_000_000 - 5 * k, 7) == 0
    assert not book.memory.is_full
    assert len(book.levels(0)) == 3001
