"""What callers give the books: columns, ids and words of other types are told, never changed."""

import numpy as np
import pytest

from hftsim.book import MatchingEngine, OrderBook
from hftsim.core.errors import DataError, InputError

ONE = {"order_id": [1], "side": [1], "price": [100], "qty": [3]}
BIG = 1 << 63


@pytest.mark.parametrize(
    ("column", "values", "told"),
    [
        ("price", [100.5], "'price', row 0: 100.5 is not a whole number"),
        ("price", [np.nan], "'price', row 0: nan"),
        ("price", [None], "'price', row 0: None"),
        ("qty", np.array([BIG], np.uint64), f"'qty', row 0: {BIG}"),
        ("qty", [2 * BIG], f"'qty', row 0: {2 * BIG}"),
        ("qty", [float(BIG)], "'qty', row 0: 9.2"),
        ("owner", [0.5], "'owner', row 0: 0.5"),
        ("display_qty", np.array([BIG], np.uint64), f"'display_qty', row 0: {BIG}"),
        ("side", ["buy"], "'side', row 0: 'buy'"),
    ],
)
def test_columns_that_hold_no_whole_numbers_are_told(column, values, told):
    book = OrderBook("BTCUSDT")
    empty = book.state_hash()
    with pytest.raises(InputError, match=f"message column {told}"):
        book.process({**ONE, column: values})
    assert book.state_hash() == empty


@pytest.mark.parametrize("kind", [float, object, np.uint64, np.int8, np.float32])
def test_whole_numbers_of_any_type_are_taken(kind):
    reports = OrderBook("BTCUSDT").process({n: np.array(c, kind) for n, c in ONE.items()})
    assert reports[["price", "qty", "leaves_qty"]].tolist() == [(100, 3, 3)]


def test_an_engine_looks_at_all_columns_before_it_handles_one():
    engine = MatchingEngine(["AAA", "BBB"])
    empty, rows = engine.state_hash(), {"instrument": [0, 1], "order_id": [1, 1], "side": [1, 1]}
    with pytest.raises(InputError, match=r"'qty', row 1: 0\.5"):
        engine.process({**rows, "qty": [1, 0.5]})
    with pytest.raises(InputError, match="different lengths"):
        engine.process({**rows, "qty": [1]})
    with pytest.raises(InputError, match="'instrument', row 0: 'AAA'"):
        engine.process({**rows, "instrument": ["AAA", "BBB"]})
    assert engine.state_hash() == empty


def test_a_wrong_snapshot_changes_no_book_of_an_engine():
    engine, other = MatchingEngine(["AAA", "BBB"]), MatchingEngine(["AAA", "BBB"])
    engine.book("AAA").add_order("bid", 5, 3)
    empty = other.state_hash()
    with pytest.raises(DataError, match="snapshot"):
        other.restore({**engine.snapshot(), "BBB": b"junk"})
    assert other.state_hash() == empty


def test_ids_of_numpy_are_numbers():
    book = OrderBook("BTCUSDT")
    number = np.array([7])[0]
    assert book.add_order("bid", 5, 3, number).reports["order_id"].tolist() == [7]
    assert book.queue_position(number) == book.queue_position(7)
    assert book.cancel_order(7)
    with pytest.raises(InputError, match="must be text or a whole number above 0"):
        book.add_order("bid", 5, 3, 1.0)


def test_words_that_are_text_are_told():
    book = OrderBook("BTCUSDT")
    with pytest.raises(InputError, match="tif 'IOC' is no number"):
        book.add_order("bid", 5, 3, tif="IOC")
    with pytest.raises(InputError, match="side 'buy' is unknown; write 1"):
        book.price_impact("buy", 3)
    with pytest.raises(InputError, match="side 0 is unknown"):
        book.price_impact(0, 3)
