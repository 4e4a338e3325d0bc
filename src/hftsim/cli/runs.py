"""A run from its data to its folder: one file or several instruments, or a folder as a batch."""

import contextlib
import json
import logging
import shutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hftsim.cli.answers import plain, with_reasons
from hftsim.cli.entry import MISUSE, STOPPED
from hftsim.cli.headline import show_batch, show_run
from hftsim.cli.plan import save_config
from hftsim.cli.shell import Shell
from hftsim.cli.sources import Reading, batch_sources
from hftsim.core.errors import InputError, Interrupted, StrategyError
from hftsim.core.version import __version__

if TYPE_CHECKING:
    import pandas as pd

    from hftsim.backtest import BacktestResult

_LOG = logging.getLogger(__name__)

Performed = tuple["BacktestResult", "dict[str, pd.DataFrame]", dict[str, Any]]
"""A result, the bars it was made from, and the sections of the configuration that give it again."""

Perform = Callable[[Reading], Performed]


def conduct(
    shell: Shell, command: str, out: Path | None, reading: Reading, perform: Perform
) -> int:
    """Perform a run, or one for each file of a folder; write, answer, and return the exit code.

    The run's folder appears when everything is in it. A batch that is interrupted keeps the runs
    that were finished; a file of a batch that cannot run is named and does not stop the others.
    """
    if reading.is_batch:
        return _batch(shell, command, out, reading, perform)
    reads = [source.path for source in reading.sources]
    return conduct_one(shell, command, out, lambda _: perform(reading), reads)


def conduct_one(
    shell: Shell,
    command: str,
    out: Path | None,
    perform: Callable[[Path], Performed],
    reads: Iterable[Path] = (),
) -> int:
    """Perform a single run, which may write into its folder; answer, and return the exit code.

    If the user's strategy raises, what was done until then is written and the error goes on.
    """
    failed: StrategyError | None = None
    with shell.run_folder(out, command, reads) as (folder, target):
        try:
            answer = _written(shell, perform(folder), folder, target)
        except StrategyError as error:
            if not _write_partial(shell, error, folder):
                raise
            failed = error
    if failed is not None:
        raise StrategyError(f"{failed}; the run up to there is in {target}") from failed
    shell.answer(answer, lambda console: show_run(console, answer))
    return 0


def _written(shell: Shell, done: Performed, folder: Path, target: Path) -> dict[str, Any]:
    """Write a run into `folder`, which becomes `target`; return its answer."""
    from hftsim.report import export_run

    result, bars, sections = done
    export_run(result, folder, bars=bars, progress=shell.progress("write the report"))
    save_config(folder, sections)
    if result.model is not None:
        result.model.save(folder / "model")
    pictures = sorted(str(target / p.name) for p in folder.glob("*.png"))
    return answer_of(result, target, pictures)


def _write_partial(shell: Shell, error: InputError, folder: Path) -> bool:
    """Write what a failed run did before its strategy raised; False where there is nothing."""
    from hftsim.report import export_run

    result = getattr(error, "result", None)
    if result is None:
        return False
    export_run(result, folder, bars=result.bars, progress=shell.progress("write the report"))
    return True


def answer_of(result: "BacktestResult", target: Path, pictures: list[str]) -> dict[str, Any]:
    """Return what a run answers: headline figures, provenance, and where its files are."""
    report = result.model_report
    answer = {
        **result.summary,
        **({} if report is None else model_answer(report)),
        "provenance": result.provenance,
        "out": str(target),
        "report": str(target / "report.html"),
        "pictures": pictures,
    }
    evaluated = {} if report is None else dict(report["evaluation"]["reasons"])
    return with_reasons(answer, {**evaluated, **result.metrics.reasons})


def model_answer(report: dict[str, Any]) -> dict[str, Any]:
    """Return the keys that a model adds to an answer."""
    keys = ("model", "folds", "macro_f1", "accuracy", "mcc", "baselines")
    return {k: report[k] for k in keys if k in report}


def _batch(shell: Shell, command: str, out: Path | None, reading: Reading, perform: Perform) -> int:
    sources = batch_sources(reading.sources[0].path, reading)
    runs: list[dict[str, Any]] = []
    stopped: Interrupted | None = None
    with shell.run_folder(out, command, [reading.sources[0].path]) as (folder, target):
        progress = shell.progress("files")
        for done, source in enumerate(sources):
            file = source.path
            progress(done, len(sources), file.name)
            each = replace(reading, sources=(source,))
            name = _folder_name(file, [Path(r["out"]).name for r in runs if "out" in r])
            try:
                runs.append(_one_of_batch(shell, each, perform, folder / name, target / name))
            except (KeyboardInterrupt, Interrupted) as error:
                stopped = Interrupted(f"interrupted at {file.name} ({error or 'Ctrl-C'})")
                break
        if stopped is not None and not runs:
            raise stopped
        progress(len(sources), len(sources))
        answer = {"runs": runs, "out": str(target), "interrupted": stopped is not None}
        _mark(folder, command, answer)
    shell.answer(answer, lambda console: show_batch(console, answer))
    if stopped is not None:
        _LOG.error("%s; the %d runs before it are in %s", stopped, len(runs), target)
        return STOPPED
    return MISUSE if any("error" in r for r in runs) else 0


def _one_of_batch(
    shell: Shell, reading: Reading, perform: Perform, folder: Path, target: Path
) -> dict[str, Any]:
    path = str(reading.sources[0].path)
    try:
        done = perform(reading)
    except InputError as error:
        said = " ".join(str(error).split())
        _LOG.error("%s", said if said.startswith(path) else f"{path}: {said}")
        if hasattr(error, "result"):
            with _whole(folder):
                _write_partial(shell, error, folder)
        return {"data": path, "error": said}
    with _whole(folder):
        return {"data": path, **_written(shell, done, folder, target)}


@contextlib.contextmanager
def _whole(folder: Path) -> Iterator[None]:
    """Make a folder, and remove it with what is in it where the block does not end well."""
    folder.mkdir()
    finished = False
    try:
        yield
        finished = True
    finally:
        if not finished:
            shutil.rmtree(folder, ignore_errors=True)


def _folder_name(file: Path, taken: list[str]) -> str:
    stem = file.name.split(".")[0]
    names = (stem if n == 1 else f"{stem}-{n}" for n in range(1, len(taken) + 2))
    return next(n for n in names if n not in taken)


def _mark(folder: Path, command: str, answer: dict[str, Any]) -> None:
    """Write the batch's own summary, which also marks the folder as one of ours."""
    summary = {"hftsim": __version__, "command": command, **answer}
    text = json.dumps(plain(summary), indent=2, allow_nan=False, ensure_ascii=False)
    (folder / "summary.json").write_text(text + "\n", encoding="utf-8")
