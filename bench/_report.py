"""What all benchmarks share: best-of timing, the peers' interpreter, and the line at the end.

Run as `hftsim bench NAME`. Peers live in an environment of their own (`make peers`, or name its
interpreter in HFTSIM_PEERS_PYTHON); where one is missing, its figure is null.
"""

import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent


def measure(work: Callable[[], object], times: int) -> dict[str, float]:
    """Return the least CPU and wall seconds (of all threads) of `times` runs after a first one.

    ``first_wall_s`` is the first run: it compiles, or loads what was compiled. With `times` 0 it is
    the only one.
    """
    cpu, wall = [], []
    for _ in range(times + 1):
        wall_begin, cpu_begin = time.perf_counter(), time.process_time()
        work()
        cpu.append(time.process_time() - cpu_begin)
        wall.append(time.perf_counter() - wall_begin)
    return {"cpu_s": min(cpu[1:] or cpu), "wall_s": min(wall[1:] or wall), "first_wall_s": wall[0]}


def per_second(timed: Mapping[str, float], units: int) -> dict[str, float]:
    """Return the timing with its rates: `units` per CPU and per wall second."""
    rates = {"per_cpu_s": units / timed["cpu_s"], "per_wall_s": units / timed["wall_s"]}
    return {**rates, **timed, "load": load()}


def load() -> float | None:
    """Return the machine's one-minute load, where it tells."""
    return round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None


def peer_python() -> str | None:
    """Return the peers' interpreter, or None where there is none."""
    inside = "Scripts/python.exe" if os.name == "nt" else "bin/python"
    python = os.environ.get("HFTSIM_PEERS_PYTHON", str(HERE.parent / ".venv-peers" / inside))
    if Path(python).exists():
        return python
    note(f"no {python}: `make peers` installs the peers")
    return None


def peer(script: str, *arguments: object) -> dict[str, Any] | None:
    """Return what a peer's script prints in its last line, or None where it cannot run."""
    python = peer_python()
    if python is None:
        return None
    command = [python, str(HERE / script), *map(str, arguments)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    if ended.returncode != 0:
        note(f"{' '.join(command)} failed:\n{ended.stderr.strip()}")
        return None
    return dict(json.loads(ended.stdout.strip().splitlines()[-1]))


def ratio(better: float | None, worse: float | None) -> float | None:
    """Return the first over the second, None where one is missing."""
    return None if better is None or worse is None else better / worse


def versions(*packages: str) -> dict[str, str]:
    """Return our version, Python's, the CPU's kind and those of packages."""
    named = {name: version(name) for name in ("hftsim", "numpy", *packages)}
    return {**named, "python": platform.python_version(), "machine": platform.machine()}


def note(text: str) -> None:
    """Say something on the way, on standard error."""
    print(text, file=sys.stderr, flush=True)


def tell(**result: Any) -> None:
    """Print the cases for a reader, then the result as one line of JSON, numbers to 4 digits."""
    rounded = _rounded(result)
    for name, case in rounded["cases"].items():
        note(f"{name:24} {json.dumps(case)}")
    print(json.dumps(rounded, allow_nan=False))


def _rounded(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _rounded(each) for name, each in value.items()}
    return float(f"{value:.4g}") if isinstance(value, float) else value
