"""Errors, clocks, requests and reports."""

import pytest

from hftsim import core
from hftsim.core import (
    DataError,
    ExecType,
    ExecutionReport,
    Fill,
    HftError,
    LiveClock,
    MissingExtraError,
    NewOrder,
    OrderStatus,
    Refused,
    RejectReason,
    Side,
    SimClock,
    UnknownNameError,
    VenueError,
)


def test_every_error_is_in_the_tree_and_has_an_exit_code():
    for name in core.__all__:
        thing = getattr(core, name)
        if isinstance(thing, type) and issubclass(thing, Exception):
            assert issubclass(thing, HftError)
            assert thing.exit_code in (1, 2, 4, 130)


def test_a_data_error_names_file_row_and_field():
    error = DataError("'abc' is not a number", path="bars.csv", row=7, field="close")
    assert str(error) == "bars.csv, row 7, column 'close': 'abc' is not a number"
    assert (error.path, error.row, error.field) == ("bars.csv", 7, "close")


def test_a_near_miss_is_suggested():
    error = UnknownNameError("strategy", "momentun", ["momentum", "ml"])
    assert str(error) == "unknown strategy 'momentun'; did you mean 'momentum'?"


def test_without_a_near_miss_the_known_names_are_listed():
    assert str(UnknownNameError("model", "zzz", ["b", "a"])) == "unknown model 'zzz'; known: a, b"
    assert str(UnknownNameError("model", "zzz", [])) == "unknown model 'zzz'; none is known"


def test_a_missing_extra_says_how_to_install_it():
    assert "pip install 'hftsim[ml]'" in str(MissingExtraError("torch", "ml"))


def test_a_venue_error_keeps_status_and_code():
    error = VenueError("Invalid symbol.", status=400, code=-1121)
    assert (error.status, error.code, error.exit_code) == (400, -1121, 4)


def test_a_simulated_clock_never_goes_back():
    clock = SimClock(5)
    clock.advance_to(9)
    assert clock.now_ns() == 9
    with pytest.raises(ValueError, match="cannot go back to 8"):
        clock.advance_to(8)


def test_the_live_clock_does_not_run_backwards():
    clock = LiveClock()
    assert clock.now_ns() <= clock.now_ns()


def test_words_are_values():
    request = NewOrder(symbol="BTCUSDT", side=Side.BUY, qty=3)
    refused = Refused(request=request, reason=RejectReason.MAX_POSITION)
    fill = Fill(ts_event=1, symbol="BTCUSDT", order_id=1, side=Side.BUY, last_price=10, last_qty=3)
    report = ExecutionReport(
        ts_event=1,
        symbol="BTCUSDT",
        order_id=1,
        exec_type=ExecType.TRADE,
        status=OrderStatus.FILLED,
        side=Side.BUY,
        qty=3,
        leaves_qty=0,
        fill=fill,
    )
    assert refused == Refused(request=request, reason=RejectReason.MAX_POSITION)
    assert report.fill is fill
    with pytest.raises(AttributeError):
        request.qty = 4
