"""The logs of a run keep every record, in memory and in a file, and give their memory back."""

import os
from pathlib import Path

import numpy as np
import pytest

from hftsim.core.errors import InputError
from hftsim.native.layout import FILL
from hftsim.sim.ticks import logs
from hftsim.sim.ticks.logs import GrowingLog


def resident():
    with Path("/proc/self/statm").open(encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def filled(log, rows, piece):
    """Append rows as a market does, and read some of the first ones again."""
    for start in range(0, rows, piece):
        log.make_room(start, piece)
        stop = min(start + piece, rows)
        log.rows["order_id"][start:stop] = np.arange(start, stop)
        log.rows["fee"][start:stop] = 0.5
        log.give_back(stop)
        assert log.rows["order_id"][start // 2] == start // 2


@pytest.mark.parametrize("in_a_file", [True, False])
def test_every_record_is_kept(monkeypatch, in_a_file):
    monkeypatch.setattr(logs, "_CAN_MAP", in_a_file)
    monkeypatch.setattr(logs, "_ROWS_IN_MEMORY", 1000)
    monkeypatch.setattr(logs, "_STEP", 5000)
    monkeypatch.setattr(logs, "_LEAST_GIVEN_BACK", 1 << 14)
    log = GrowingLog(FILL)
    filled(log, 60_000, 700)
    np.testing.assert_array_equal(log.rows["order_id"][:60_000], np.arange(60_000))
    assert (log.rows["fee"][:60_000] == 0.5).all()
    assert not log.rows["order_id"][60_000:].any()


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs /proc")
def test_a_long_log_takes_no_more_memory_than_a_short_one():
    log = GrowingLog(FILL)
    filled(log, 600_000, 1 << 16)
    before = resident()
    filled(log, 3_000_000, 1 << 16)
    assert resident() - before < 60 << 20  # 365 MB were written
    assert log.rows["order_id"][2_999_999] == 2_999_999


def test_a_full_disk_is_an_error_that_says_where(monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    log = GrowingLog(FILL)
    with pytest.raises(InputError, match=r"No space left on device.*TMPDIR"):
        log.make_room(len(log.rows), 1)
