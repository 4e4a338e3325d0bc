"""Exit codes, and one sentence for whatever goes wrong."""

import errno

import pytest

from hftsim import __version__
from hftsim.cli.options import CommonOptions
from hftsim.cli.shell import Shell
from hftsim.core.errors import DataError, Interrupted, NetworkError, VenueError


def test_version_is_printed(hftsim):
    ended = hftsim("--version")
    assert (ended.code, ended.out) == (0, f"hftsim {__version__}\n")


def test_help_names_every_command(hftsim):
    from hftsim.cli.app import app

    ended = hftsim("--help")
    assert ended.code == 0
    names = [info.name for info in app.registered_commands]
    assert all(name in ended.out for name in names if name)


def test_every_command_has_help_that_says_what_it_does(hftsim):
    from hftsim.cli.app import app

    for info in app.registered_commands:
        ended = hftsim(info.name, "--help")
        assert ended.code == 0
        assert info.callback.__doc__.splitlines()[0][:30] in ended.out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["doctr"], "did you mean 'doctor'?"),
        (["doctor", "--jsno"], "did you mean '--json'?"),
        (["backtest", "--dta", "x"], "no such option: --dta; did you mean '--data'? See hftsim"),
        (["backtest", "--strat", "x"], "did you mean '--strategy'? See hftsim"),
        (["backtest", "--zzzz", "x"], "no such option: --zzzz. See hftsim backtest --help"),
        (["doctor", "surplus"], "unexpected extra argument"),
        (["doctor", "--log-level", "loud"], "unknown log level 'loud'"),
        (["doctor", "--log-level", "warnings"], "did you mean 'warning'?"),
        (["bench"], "missing argument"),
    ],
)
def test_wrong_use_is_one_sentence_and_exit_code_2(hftsim, arguments, said):
    ended = hftsim(*arguments)
    assert ended.code == 2
    assert ended.out == ""
    assert ended.err.count("\n") == 1
    assert said in ended.err


def test_quiet_prints_nothing_but_the_object_and_errors(hftsim, one_more_command):
    def tell(*, fail: bool = False, common: CommonOptions) -> None:
        with Shell(common) as shell:
            shell.answer({"done": 1}, lambda console: console.print("a table"))
            if fail:
                raise DataError("no number")

    one_more_command("tell", tell)
    quiet, asked, failed = (hftsim("tell", "-q", *more) for more in ([], ["--json"], ["--fail"]))
    assert (quiet.code, quiet.out, quiet.err) == (0, "", "")
    assert (asked.answer, asked.err) == ({"done": 1}, "")
    assert (failed.code, failed.out, failed.err) == (2, "", "hftsim: no number\n")


def test_the_paragraphs_of_a_help_text_are_flowed(hftsim):
    lines = [line.strip() for line in hftsim("demo", "--help").out.splitlines()]
    assert "It trades the" not in lines
    assert "The run's folder gets summary.json" in hftsim("backtest", "--help").out


def test_without_a_command_the_help_is_shown(hftsim):
    ended = hftsim()
    assert ended.code == 2
    assert "doctor" in ended.out + ended.err


def test_an_error_under_json_is_one_object_too(hftsim):
    ended = hftsim("doctr", "--json")
    assert ended.code == 2
    assert ended.answer["exit_code"] == 2
    assert "did you mean 'doctor'" in ended.answer["error"]


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (DataError("no number", path="a.csv", row=7, field="close"), 2, "a.csv, row 7, column"),
        (NetworkError("no network"), 4, "hftsim: no network\n"),
        (VenueError("unknown symbol", status=400), 4, "unknown symbol"),
        (Interrupted("stopped; 3 of 5 files are kept"), 130, "3 of 5 files"),
        (KeyboardInterrupt(), 130, "interrupted"),
        (OSError(errno.ENOSPC, "No space left on device", "x.csv"), 2, "x.csv: No space left"),
        (PermissionError(errno.EACCES, "Permission denied", "x"), 2, "choose a place"),
        (MemoryError(), 2, "not enough memory"),
        (RuntimeError("surprise"), 1, "RuntimeError: surprise; this is a bug in hftsim"),
        (ZeroDivisionError(), 1, "ZeroDivisionError; this is a bug"),
    ],
)
def test_each_kind_of_error_has_its_exit_code_and_sentence(
    hftsim, one_more_command, error, code, said
):
    def explode(*, common: CommonOptions) -> None:
        with Shell(common):
            raise error

    one_more_command("explode", explode)
    ended = hftsim("explode")
    assert ended.code == code
    assert said in ended.err
    assert ended.err.count("\n") == 1
    assert "Traceback" not in ended.err
    ended = hftsim("explode", "--json")
    assert ended.answer["exit_code"] == code


def test_a_traceback_is_shown_on_demand_only(hftsim, one_more_command):
    def explode(*, common: CommonOptions) -> None:
        with Shell(common):
            raise KeyError("surprise")

    one_more_command("explode", explode)
    assert "Traceback" not in hftsim("explode").err
    for flags in (["-v"], ["-vv"], ["--log-level", "debug"], ["--verbose"]):
        assert hftsim("explode", *flags).err.count("Traceback") == 1


def test_a_traceback_of_wrong_input_is_shown_only_to_those_who_debug(hftsim, one_more_command):
    def refuse(*, common: CommonOptions) -> None:
        with Shell(common):
            raise DataError("no")

    one_more_command("refuse", refuse)
    assert "Traceback" not in hftsim("refuse", "-v").err
    assert "Traceback" in hftsim("refuse", "-vv").err


def test_an_answer_that_is_out_is_not_followed_by_an_error_object(hftsim, one_more_command):
    def late(*, common: CommonOptions) -> None:
        with Shell(common) as shell:
            shell.answer({"done": 1}, lambda console: None)
            raise DataError("too late")

    one_more_command("late", late)
    ended = hftsim("late", "--json")
    assert ended.code == 2
    assert ended.answer == {"done": 1}
