"""A run's folder is there as a whole or not at all."""

import errno
import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from hftsim.core.errors import InputError
from hftsim.report import atomic_run_folder, is_run_folder, run_folder


def write_run(folder, text):
    (folder / "summary.json").write_text(json.dumps({"hftsim": "0.1.0", "text": text}))
    (folder / "part").mkdir()
    (folder / "part" / "trades.csv").write_text(text)


def text_of(folder):
    return json.loads((folder / "summary.json").read_text())["text"]


def fill(out, write, failure=None):
    with atomic_run_folder(out) as folder:
        write(folder)
        if failure is not None:
            raise failure


def test_a_new_folder_appears_only_at_the_end(tmp_path):
    out = tmp_path / "runs" / "one"
    with atomic_run_folder(out) as folder:
        write_run(folder, "first")
        assert not out.exists()
        assert folder.parent == out.parent
    assert text_of(out) == "first"
    assert [p.name for p in out.parent.iterdir()] == ["one"]


def test_the_folder_has_ordinary_rights(tmp_path):
    (tmp_path / "plain").mkdir()
    with atomic_run_folder(tmp_path / "run") as folder:
        write_run(folder, "x")
    assert (tmp_path / "run").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_an_empty_folder_is_taken(tmp_path):
    (tmp_path / "out").mkdir()
    with atomic_run_folder(tmp_path / "out") as folder:
        write_run(folder, "x")
    assert text_of(tmp_path / "out") == "x"


@pytest.mark.parametrize("exchange", [True, False])
def test_an_earlier_run_is_replaced_as_a_whole(tmp_path, monkeypatch, exchange):
    if not exchange:
        monkeypatch.setattr(run_folder, "_exchange", lambda _new, _old: False)
    out = tmp_path / "out"
    with atomic_run_folder(out) as folder:
        write_run(folder, "old")
        (folder / "leftover.png").write_text("old")
    with atomic_run_folder(out) as folder:
        write_run(folder, "new")
        assert text_of(out) == "old"
    assert text_of(out) == "new"
    assert not (out / "leftover.png").exists()
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize("content", ['{"other": 1}', "not json", "[1]"])
def test_a_folder_that_is_no_run_is_refused_and_left_alone(tmp_path, content):
    (tmp_path / "summary.json").write_text(content)
    with (
        pytest.raises(InputError, match="holds files that are no hftsim run"),
        atomic_run_folder(tmp_path),
    ):
        raise AssertionError("the block must not run")
    assert [p.name for p in tmp_path.iterdir()] == ["summary.json"]
    assert not is_run_folder(tmp_path)


def test_a_file_is_refused(tmp_path):
    (tmp_path / "out").write_text("x")
    with pytest.raises(InputError, match="is a file"), atomic_run_folder(tmp_path / "out"):
        pass


def test_the_current_folder_and_those_above_it_are_refused(tmp_path, monkeypatch):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    for out in (".", "..", tmp_path):
        with pytest.raises(InputError, match="current folder"), atomic_run_folder(out):
            pass


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("x")
    with (
        pytest.raises(InputError, match="choose another --out"),
        atomic_run_folder(tmp_path / "file" / "run"),
    ):
        pass


@pytest.mark.parametrize("failure", [ValueError("x"), KeyboardInterrupt(), SystemExit(1)])
def test_a_failure_leaves_nothing_and_keeps_the_old_run(tmp_path, failure):
    out = tmp_path / "out"
    with atomic_run_folder(out) as folder:
        write_run(folder, "old")
    with pytest.raises(type(failure)):
        fill(out, lambda folder: write_run(folder, "half"), failure)
    assert text_of(out) == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


def test_a_link_to_a_folder_keeps_being_one(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with atomic_run_folder(tmp_path / "link") as folder:
        write_run(folder, "x")
    assert (tmp_path / "link").is_symlink()
    assert text_of(tmp_path / "real") == "x"


def test_files_put_there_meanwhile_are_not_thrown_away(tmp_path):
    out = tmp_path / "out"

    def write(folder):
        write_run(folder, "x")
        out.mkdir()
        (out / "thesis.tex").write_text("years of work")

    with pytest.raises(InputError, match="no hftsim run"):
        fill(out, write)
    assert [p.name for p in out.iterdir()] == ["thesis.tex"]


def test_of_two_runs_at_once_the_later_stays_whole(tmp_path):
    out = tmp_path / "out"
    with atomic_run_folder(out) as late:
        write_run(late, "late")
        with atomic_run_folder(out) as early:
            write_run(early, "early")
            (early / "only-early.csv").write_text("")
        assert text_of(out) == "early"
    assert text_of(out) == "late"
    assert not (out / "only-early.csv").exists()


@pytest.mark.parametrize("exchange", [True, False])
def test_many_runs_at_once_never_mix(tmp_path, monkeypatch, exchange):
    if not exchange:
        monkeypatch.setattr(run_folder, "_exchange", lambda _new, _old: False)
    out = tmp_path / "out"
    failures: list[BaseException] = []

    def write_many(name):
        try:
            for turn in range(12):
                with atomic_run_folder(out) as folder:
                    write_run(folder, f"{name}-{turn}")
        except BaseException as error:  # noqa: BLE001
            failures.append(error)

    threads = [threading.Thread(target=write_many, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert text_of(out) == (out / "part" / "trades.csv").read_text()
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_one_sentence(tmp_path):
    def write(folder):
        (folder / "equity.csv").symlink_to("/dev/full")
        (folder / "equity.csv").write_text("x" * 100_000)

    with pytest.raises(InputError, match="No space left on device while writing; nothing was kept"):
        fill(tmp_path / "out", write)
    assert not list(tmp_path.iterdir())


def test_an_error_about_a_file_of_the_run_names_the_folder_the_caller_knows(tmp_path):
    def write(folder):
        raise InputError(f"{folder / 'report.html'}: no space")

    with pytest.raises(InputError) as caught:
        fill(tmp_path / "out", write)
    assert str(caught.value) == f"{tmp_path / 'out' / 'report.html'}: no space"


LIMITED = """
import resource, sys
from pathlib import Path
from hftsim.core.errors import InputError
from hftsim.report import atomic_run_folder
from hftsim.report.run_folder import replace_file
resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
out = Path(sys.argv[1])
try:
    with atomic_run_folder(out / "run") as folder:
        (folder / "small").write_text("x")
        (folder / "big").write_bytes(bytes(100_000))
except InputError as error:
    print(error)
try:
    replace_file(out / "file", bytes(100_000))
except InputError as error:
    print(error)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs RLIMIT_FSIZE")
def test_a_file_that_may_not_grow_leaves_the_old_ones_whole(tmp_path):
    with atomic_run_folder(tmp_path / "run") as folder:
        write_run(folder, "old")
    (tmp_path / "file").write_text("old")
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert done.stdout.count(f"{os.strerror(errno.EFBIG)} while writing; nothing was kept") == 2
    assert text_of(tmp_path / "run") == "old"
    assert (tmp_path / "file").read_text() == "old"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file", "run"]
