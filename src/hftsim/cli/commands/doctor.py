"""`hftsim doctor`: what is installed, what works, and what to do about the rest."""

import importlib
import os
import platform
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hftsim.cli.groups import takes_groups
from hftsim.cli.options import CommonOptions
from hftsim.cli.shell import Shell, table_of
from hftsim.core.version import __version__

if TYPE_CHECKING:
    from rich.console import Console

_COMPILED = ("numba", "talib", "polars", "pyarrow", "scipy")
_EXTRAS = {"ml": ("torch", "scikit-learn", "safetensors"), "yahoo": ("yfinance",)}
_GIB = 2**30
_LEAST_DISK, _LEAST_MEMORY = 1 * _GIB, 1 * _GIB


@takes_groups
def doctor(*, common: CommonOptions) -> int:
    """Tell what is installed, what works, and what to do about the rest.

    Ends with 0 if everything that hftsim needs works (extras may be absent), else with 2.
    """
    with Shell(common) as shell:
        found = examine()
        shell.answer(found, lambda console: _show(console, found))
    return 0 if found["ok"] else 2


def examine() -> dict[str, Any]:
    """Return versions, places, room, and findings, each with advice."""
    findings: list[dict[str, str]] = []
    packages = {name: _version(name) for name in sorted({*_required(), *sum(_EXTRAS.values(), ())})}
    for name in _required():
        if packages[name] is None:
            _find(findings, "broken", f"{name} is not installed", "pip install --upgrade hftsim")
    for module in _COMPILED:
        _try_import(module, findings)
    extras = {e: all(packages[n] for n in names) for e, names in _EXTRAS.items()}
    for extra, there in extras.items():
        if not there:
            missing = ", ".join(n for n in _EXTRAS[extra] if packages[n] is None)
            advice = f"pip install 'hftsim[{extra}]'"
            _find(findings, "absent", f"extra {extra}: {missing} not installed", advice)
    places = _places(findings, there=packages.get("platformdirs") is not None)
    return {
        "ok": all(f["status"] != "broken" for f in findings),
        "version": __version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "cores": os.cpu_count(),
        "packages": packages,
        "extras": extras,
        "torch": _torch(findings) if extras["ml"] else None,
        **places,
        **_memory(findings),
        "findings": findings,
    }


def _required() -> list[str]:
    from importlib import metadata

    lines = metadata.requires("hftsim") or []
    names = (line.partition(";")[0] for line in lines if "extra ==" not in line)
    return ["".join(c if c.isalnum() or c in "-_." else " " for c in n).split()[0] for n in names]


def _version(package: str) -> str | None:
    from importlib import metadata

    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _try_import(module: str, findings: list[dict[str, str]]) -> Any:
    try:
        return importlib.import_module(module)
    except (ImportError, OSError, RuntimeError) as error:
        advice = f"reinstall it: pip install --force-reinstall {module}"
        _find(findings, "broken", f"{module} does not load: {error}", advice)
        return None


def _torch(findings: list[dict[str, str]]) -> dict[str, Any] | None:
    torch = _try_import("torch", findings)
    if torch is None:
        return None
    cuda = bool(torch.cuda.is_available())
    return {
        "version": str(torch.__version__),
        "cuda": cuda,
        "device": torch.cuda.get_device_name(0) if cuda else "cpu",
        "threads": torch.get_num_threads(),
    }


def _places(findings: list[dict[str, str]], *, there: bool) -> dict[str, Any]:
    """Look at the cache folders; without platformdirs (`there`) only a wished one is known."""
    wanted = os.environ.get("HFTSIM_CACHE")
    home = Path(wanted) if wanted else None
    if home is None and there:
        home = Path(importlib.import_module("platformdirs").user_cache_path("hftsim"))
    places: dict[str, Any] = {"cache": None, "kernel_cache": None}
    for name, folder in _folders(home):
        writable = _is_writable(folder)
        places[name] = {"path": str(folder), "writable": writable}
        if not writable:
            advice = "set HFTSIM_CACHE to a folder that can be written"
            _find(findings, "limited", f"{folder} cannot be written", advice)
    free = shutil.disk_usage(Path.cwd()).free
    if free < _LEAST_DISK:
        _find(findings, "limited", f"only {free / _GIB:.1f} GiB free here", "free some space")
    return {**places, "disk_free_bytes": free}


def _folders(home: Path | None) -> list[tuple[str, Path]]:
    return [("cache", home), ("kernel_cache", home / "kernels")] if home is not None else []


def _is_writable(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


def _memory(findings: list[dict[str, str]]) -> dict[str, int | None]:
    names = {"SC_PHYS_PAGES": "memory_bytes", "SC_AVPHYS_PAGES": "memory_free_bytes"}
    known: dict[str, int | None] = dict.fromkeys(names.values())
    for name, key in names.items():
        if name in getattr(os, "sysconf_names", {}):
            known[key] = os.sysconf(name) * os.sysconf("SC_PAGE_SIZE")
    total = known["memory_bytes"]
    if total is not None and total < _LEAST_MEMORY:
        _find(findings, "limited", f"{total / _GIB:.1f} GiB of memory", "expect small data only")
    return known


def _find(findings: list[dict[str, str]], status: str, detail: str, advice: str) -> None:
    findings.append({"status": status, "detail": detail, "advice": advice})


def _show(console: "Console", found: dict[str, Any]) -> None:
    torch = found["torch"]
    memory = found["memory_bytes"]
    rows = {
        "hftsim": found["version"],
        "Python": f"{found['python']} on {found['platform']}",
        "cores, memory": f"{found['cores']}, "
        + (f"{memory / _GIB:.1f} GiB" if memory else "memory unknown"),
        "disk free here": f"{found['disk_free_bytes'] / _GIB:.1f} GiB",
        "cache": (found["cache"] or {"path": "unknown"})["path"],
        "torch": f"{torch['version']} on {torch['device']}" if torch else "not installed",
        "packages": ", ".join(f"{k} {v}" for k, v in found["packages"].items() if v),
    }
    console.print(table_of("hftsim doctor", rows))
    for finding in found["findings"]:
        console.print(
            f"{finding['status']}: {finding['detail']} -> {finding['advice']}", markup=False
        )
    good = "Everything that hftsim needs works."
    console.print(good if found["ok"] else "Something that hftsim needs is broken, see above.")
