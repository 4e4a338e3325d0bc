"""Compiled code on disk: found again by the next process, and never used when its meaning changed."""

import os
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hftsim.native import cache
from hftsim.native.compile import strategy_slot
from hftsim.strategies.base import Strategy, handlers_of

CELL = """
from hftsim.strategies import Strategy
import math
GAIN = {gain}
def scaled(v, times):
    # {comment}
    total = 0.0
    for i in range(times):
        total += GAIN * v if v > i else GAIN / (i + 1)
    return total {more}
class Cell(Strategy):
    LIMIT = {limit}
    x: float = 0.0
    def helped(self, v):
        return scaled(v, 3) + scaled(2.0, 5) + self.LIMIT
    def on_bar(self, ctx):
        self.x = self.helped(ctx.close)
"""
PLAIN = {"gain": 2.0, "comment": "", "more": "", "limit": 3}


def _class(**changes: Any) -> type[Strategy]:
    scope: dict[str, Any] = {"__name__": "__main__"}
    exec(compile(CELL.format(**{**PLAIN, **changes}), "<ipython-input-3>", "exec"), scope)
    found: type[Strategy] = scope["Cell"]
    return found


def _origin(cls: type[Strategy]) -> str:
    return strategy_slot(cls, Strategy, (), handlers_of(cls)).origin


def test_a_cell_run_again_is_not_compiled_again() -> None:
    _origin(_class())
    assert _origin(_class()) == "memory"


def test_comments_do_not_recompile() -> None:
    _origin(_class())
    assert _origin(_class(comment="quite another comment")) == "memory"


@pytest.mark.parametrize(
    "change", [{"gain": 5.0}, {"more": "+ 100.0"}, {"limit": 7}, {"gain": -0.0}]
)
def test_an_edited_cell_runs_as_edited(
    change: dict[str, Any], run: Callable[..., Any], bars: Callable[..., Any]
) -> None:
    data = bars(20)
    for changes in ({}, change, {}):
        native, python = _class(**changes)(), _class(**changes)()
        run(native, data)
        run(python, data, "python")
        assert native.x == python.x


def test_a_changed_global_is_noticed_in_the_same_class(
    run: Callable[..., Any], bars: Callable[..., Any]
) -> None:
    data, cls = bars(20), _class()
    scope = cls.on_bar.__globals__
    seen = set()
    for gain in (2.0, 3.0, 2.0):
        scope["GAIN"] = gain
        native, python = cls(), cls()
        run(native, data)
        run(python, data, "python")
        assert native.x == python.x
        seen.add(native.x)
    exec("def scaled(v, times): return v * times", scope)
    native = cls()
    run(native, data)
    assert native.x == 3 * data["close"].iloc[-1] + 10.0 + 3
    assert len(seen) == 2


MAIN = """
    import sys, warnings
    warnings.simplefilter("error")
    import numpy as np, pandas as pd
    from hftsim.core.instrument import Instrument
    from hftsim.engine import drive
    from hftsim.native import cache
    from hftsim.native.compile import strategy_slot
    from hftsim.sim.bars import BarMarket, BarMarketSettings
    from hftsim.strategies import Strategy
    from hftsim.strategies.base import handlers_of
    import mine
    index = pd.date_range("2024-01-01", periods=50, freq="min", tz="UTC", name="ts_open")
    names = ["open", "high", "low", "close", "volume"]
    frame = pd.DataFrame({n: np.arange(50) + 100.0 for n in names}, index=index)
    loaded = []
    compile_keyed = cache.compile_keyed
    def watched(function, *args, **kwargs):
        found = compile_keyed(function, *args, **kwargs)
        loaded.append(found[1])
        return found
    cache.compile_keyed = watched
    values = []
    for mode in ("native", "python"):
        market = BarMarket({"A": frame}, [Instrument(symbol="A")], [np.zeros((50, 0))], (),
                           BarMarketSettings())
        strategy = mine.Mine()
        drive(strategy, market, mode)
        values.append(strategy.x)
    origin = strategy_slot(mine.Mine, Strategy, (), handlers_of(mine.Mine))
    print(*values, all(loaded), len(loaded), cache.cache_folder())
"""
MINE = """
import helper
from hftsim.strategies import Strategy
class Mine(Strategy):
    x: float = 0.0
    def on_bar(self, ctx):
        self.x += helper.gain(ctx.close)
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "main.py").write_text(textwrap.dedent(MAIN))
    (tmp_path / "mine.py").write_text(MINE)
    (tmp_path / "helper.py").write_text("def gain(x):\n    return x * 2.0\n")
    return tmp_path


@pytest.fixture(scope="module")
def warm() -> Path:
    """Return a folder of compiled kernels, so that the processes below need not compile them."""
    return cache.cache_folder()


def _process(project: Path, cached: Path | None, **more: Any) -> list[str]:
    environment = {k: v for k, v in os.environ.items() if k != "HFTSIM_CACHE"}
    if cached:
        environment["HFTSIM_CACHE"] = str(cached)
    environment.update(more.pop("env", {}))
    done = subprocess.run(
        [sys.executable, "main.py"],
        cwd=project, env=environment, capture_output=True, text=True, check=False, **more,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def _copied(warm: Path, to: Path) -> Path:
    """Return a cache folder of its own that starts with the kernels and no strategy."""
    (to / "kernels").mkdir(parents=True)
    for file in warm.iterdir():
        if not file.name.startswith("slot-"):
            (to / "kernels" / file.name).write_bytes(file.read_bytes())
    return to


def _slots(folder: Path) -> list[Path]:
    return sorted((folder / "kernels").glob("slot-*.nbi"))


def test_the_second_process_loads_everything_from_disk(project: Path, warm: Path) -> None:
    folder = _copied(warm, project / "cache")
    first = _process(project, folder)
    assert first[0] == first[1]
    assert len(_slots(folder)) == 1
    for file in folder.rglob("*.nbc"):
        file.chmod(0o444)
    second = _process(project, folder)
    assert second[:3] == [*first[:2], "True"]
    assert len(_slots(folder)) == 1


def test_an_edit_of_another_module_is_noticed_and_a_comment_is_not(
    project: Path, warm: Path
) -> None:
    folder = _copied(warm, project / "cache")
    first = _process(project, folder)
    helper = project / "helper.py"
    helper.write_text("# told\n\ndef gain(x):\n    # why\n    return x * 2.0\n")
    assert _process(project, folder)[:2] == first[:2]
    assert len(_slots(folder)) == 1
    helper.write_text("def gain(x):\n    return x * 4.0\n")
    assert [float(v) for v in _process(project, folder)[:2]] == [2 * float(first[0])] * 2
    assert len(_slots(folder)) == 2


def test_damaged_files_are_compiled_again(project: Path, warm: Path) -> None:
    folder = _copied(warm, project / "cache")
    first = _process(project, folder)
    damage = {"slot-*.nbc": b"\x80garbage", "lots-*.nbc": b"", "ticks-*.nbi": b"x"}
    for pattern, content in damage.items():
        for file in (folder / "kernels").glob(pattern):
            file.write_bytes(content)
    assert _process(project, folder)[:3] == [*first[:2], "False"]
    assert _process(project, folder)[:3] == [*first[:2], "True"]


def test_two_processes_compile_at_once(project: Path, warm: Path) -> None:
    folder = _copied(warm, project / "cache")
    environment = {**os.environ, "HFTSIM_CACHE": str(folder)}
    running = [
        subprocess.Popen(
            [sys.executable, "main.py"], cwd=project, env=environment, stdout=subprocess.PIPE
        )
        for _ in range(2)
    ]
    told = [process.communicate()[0].split()[:2] for process in running]
    assert told[0] == told[1]
    assert _process(project, folder)[2] == "True"


def test_a_cache_that_cannot_be_written_is_no_obstacle(project: Path, warm: Path) -> None:
    kernels = _copied(warm, project / "cache") / "kernels"
    ours = project / "temporary"
    ours.mkdir()
    for unwritable in (
        {"HFTSIM_CACHE": "/dev/null/x"},
        {"HOME": "/dev/null", "XDG_CACHE_HOME": ""},
    ):
        place = ours / f"hftsim-{os.getuid()}"
        place.mkdir(mode=0o700, exist_ok=True)
        if not (place / "kernels").exists():
            kernels.rename(place / "kernels")
        found = _process(project, None, env={**unwritable, "TMPDIR": str(ours)})
        assert found[0] == found[1]
        assert found[4] == str(place / "kernels")


def test_a_temporary_folder_of_somebody_else_is_not_trusted(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(cache.tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("HFTSIM_CACHE", "/dev/null/x")
    open_to_all = tmp_path / f"hftsim-{os.getuid()}"
    open_to_all.mkdir()
    open_to_all.chmod(0o777)
    found = cache.cache_folder.__wrapped__()
    assert found.is_relative_to(tmp_path)
    assert not found.is_relative_to(open_to_all)


def _read_only(command: str, *folders: Path) -> list[str]:
    """Return the command with these folders mounted read-only for it alone."""
    mounts = "".join(
        f"mount --bind {f} {f} && mount -o remount,ro,bind {f} && " for f in map(str, folders)
    )
    return ["unshare", "--mount", "sh", "-c", mounts + command]


def _can_mount() -> bool:
    try:
        command = _read_only("true", Path(__file__).parent)
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


@pytest.mark.skipif(not _can_mount(), reason="folders cannot be made read-only here")
def test_a_read_only_installation_home_and_cache_work(project: Path, warm: Path) -> None:
    folder = _copied(warm, project / "cache")
    expected = _process(project, folder)
    command = _read_only(f"exec {sys.executable} main.py", Path(cache.__file__).parents[2], folder)
    environment = {**os.environ, "HFTSIM_CACHE": str(folder), "HOME": "/nonexistent"}
    done = subprocess.run(
        command, cwd=project, env=environment, capture_output=True, text=True, check=False
    )
    assert done.stdout.split()[:3] == [*expected[:2], "True"], done.stderr
    for file in _slots(folder):
        file.unlink()
    done = subprocess.run(
        command, cwd=project, env=environment, capture_output=True, text=True, check=False
    )
    assert done.stdout.split()[:2] == expected[:2], done.stderr
    assert done.stderr.count("could not be stored") == 1


def test_the_key_of_a_kernel_covers_all_it_is_made_of() -> None:
    from hftsim.engine import _kernels as engine_kernels
    from hftsim.sim import _kernels as order_kernels
    from hftsim.sim.bars import _kernels as bar_kernels

    for module in (engine_kernels, order_kernels, bar_kernels):
        covered = {path.resolve() for path in cache._sources(module.__name__)}
        pending, seen = [module], set()
        while pending:
            here = pending.pop()
            if here.__name__ in seen:
                continue
            seen.add(here.__name__)
            assert Path(here.__file__).resolve() in covered
            for value in vars(here).values():
                owner = sys.modules.get(getattr(value, "__module__", None) or "")
                if owner and owner.__name__.startswith("hftsim."):
                    pending.append(owner)


def test_old_entries_are_removed(tmp_path: Path) -> None:
    for age, name in ((0, "new"), (100, "old")):
        for kind in ("nbi", "1.nbc"):
            file = tmp_path / f"slot-{name}.{kind}"
            file.write_bytes(b"")
            os.utime(file, (1.7e9 - age * 86400,) * 2)
    cache._prune(tmp_path)
    assert sorted(f.name for f in tmp_path.iterdir()) == ["slot-new.1.nbc", "slot-new.nbi"]
