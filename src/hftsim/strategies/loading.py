"""Finds a strategy by name, or in a user's file, and constructs it from text parameters."""

import enum
import hashlib
import importlib.util
import sys
import traceback
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from hftsim.core.errors import HftError, StrategyError, UnknownNameError
from hftsim.native.fields import told_by
from hftsim.strategies.base import Strategy
from hftsim.strategies.cross_exchange_arbitrage import CrossExchangeArbitrage
from hftsim.strategies.grid import GridStrategy
from hftsim.strategies.liquidity_taking import LiquidityTakingStrategy
from hftsim.strategies.market_making import MarketMakingStrategy
from hftsim.strategies.mean_reversion import MeanReversionStrategy
from hftsim.strategies.ml import MLStrategy
from hftsim.strategies.momentum import MomentumStrategy
from hftsim.strategies.sma_cross import SmaCrossStrategy
from hftsim.strategies.statistical_arbitrage import StatisticalArbitrage

STRATEGIES: dict[str, type[Strategy]] = {
    "momentum": MomentumStrategy,
    "mean-reversion": MeanReversionStrategy,
    "sma-cross": SmaCrossStrategy,
    "ml": MLStrategy,
    "market-making": MarketMakingStrategy,
    "liquidity-taking": LiquidityTakingStrategy,
    "grid": GridStrategy,
    "statistical-arbitrage": StatisticalArbitrage,
    "cross-exchange-arbitrage": CrossExchangeArbitrage,
}


def load_strategy(spec: str, parameters: Mapping[str, Any] | None = None) -> Strategy:
    """Return a strategy by its name, or from ``FILE.py`` or ``FILE.py:ClassName``.

    Parameters given as text are converted to their fields' types. Raises UnknownNameError for an
    unknown name, StrategyError for a file without exactly one strategy or wrong parameters.
    """
    cls = find_strategy(spec)
    given = parameters or {}
    try:
        return cls(**{n: _converted(cls, n, v) for n, v in given.items()})
    except HftError:
        raise
    except (Exception, SystemExit) as error:
        raise StrategyError(_construction_told(cls, error)) from error


def _construction_told(cls: type[Strategy], error: BaseException) -> str:
    """Say why a strategy could not be constructed: its own sentence, or the line that raised."""
    own = [f for f in traceback.extract_tb(error.__traceback__) if f.name != "validate"]
    in_file = [f for f in own if f.filename == _file_of(cls)]
    if isinstance(error, ValueError | TypeError) and not in_file:
        return f"{cls.__name__}: {error}"
    place = f"{in_file[-1].filename}:{in_file[-1].lineno}: " if in_file else ""
    return f"{place}{cls.__name__}: {told_by(error, cls)}"


def _file_of(cls: type[Strategy]) -> str:
    return str(getattr(sys.modules.get(cls.__module__), "__file__", ""))


def find_strategy(spec: str) -> type[Strategy]:
    """Return the class behind a name or a file."""
    path, _, name = spec.rpartition(":")
    if path.endswith(".py"):
        return _pick(Path(path), name)
    if spec.endswith(".py"):
        return _pick(Path(spec), "")
    if spec in STRATEGIES:
        return STRATEGIES[spec]
    raise UnknownNameError("strategy", spec, [*STRATEGIES, "FILE.py[:ClassName]"])


def _pick(path: Path, name: str) -> type[Strategy]:
    module = _load(path)
    found = {
        n: c
        for n, c in vars(module).items()
        if isinstance(c, type)
        and issubclass(c, Strategy)
        and c is not Strategy
        and c.__module__ == module.__name__
    }
    if name:
        if name not in found:
            raise StrategyError(str(UnknownNameError(f"strategy in {path}:", name, found)))
        return found[name]
    if not found:
        raise StrategyError(f"{path}: there is no class derived from hftsim.Strategy in it")
    leaves = [c for c in found.values() if not any(c in o.__mro__[1:] for o in found.values())]
    if len(leaves) > 1:
        names = ", ".join(sorted(c.__name__ for c in leaves))
        raise StrategyError(f"{path}: several strategies ({names}); say which: {path}:ClassName")
    return leaves[0]


_beside: set[str] = set()
"""Names of the modules that strategy files have imported from their own folders."""


def _load(path: Path) -> ModuleType:
    """Run a user's file as a module of its own, afresh each time.

    Modules beside it can be imported by it, and are imported afresh too: an edited one would not
    be noticed otherwise, and two folders may have modules of one name.
    """
    if not path.is_file():
        raise StrategyError(f"{path}: there is no such strategy file")
    resolved = path.resolve()
    name = f"{path.stem}_{hashlib.sha256(str(resolved).encode()).hexdigest()[:8]}"
    module = ModuleType(name)
    module.__file__, module.__package__ = str(resolved), ""
    for beside in _beside:
        sys.modules.pop(beside, None)
    _beside.clear()
    sys.modules[name] = module
    before = set(sys.modules)
    sys.path.insert(0, str(resolved.parent))
    try:
        source = importlib.util.decode_source(resolved.read_bytes())
        exec(compile(source, str(resolved), "exec"), vars(module))
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        told = str(error) if isinstance(error, HftError) else f"{type(error).__name__}: {error}"
        if "relative import" in told:
            told += "; write 'from helpers import ...' for a file beside it"
        raise StrategyError(f"{_place(resolved, error)}: {told}") from error
    finally:
        sys.path.remove(str(resolved.parent))
        _beside.update(n for n in set(sys.modules) - before if _is_in(n, resolved.parent))
    return module


def _is_in(name: str, folder: Path) -> bool:
    file = getattr(sys.modules[name], "__file__", None)
    return file is not None and Path(file).resolve().is_relative_to(folder)


def _place(path: Path, error: BaseException) -> str:
    """Return file:line of the user's line, in the file itself or in a module beside it."""
    if isinstance(error, SyntaxError):
        line = f":{error.lineno}" if error.lineno else ""
        return f"{error.filename or path}{line}"
    frames = traceback.extract_tb(error.__traceback__)
    own = [f for f in frames if Path(f.filename).is_relative_to(path.parent)]
    return f"{own[-1].filename}:{own[-1].lineno}" if own else str(path)


def _converted(cls: type[Strategy], name: str, value: Any) -> Any:
    kind = cls.__fields__.get(name)
    if not isinstance(value, str) or kind is None:
        return value
    try:
        if kind is bool:
            return {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}[
                value.lower()
            ]
        if kind in (int, float):
            return kind(value)
        if isinstance(kind, type) and issubclass(kind, enum.IntEnum):
            member = value.upper().replace("-", "_")
            return kind[member] if member in kind.__members__ else kind(int(value))
    except (KeyError, ValueError):
        is_enum = issubclass(kind, enum.IntEnum)
        known = f" ({_names_of(kind)})" if is_enum else ""
        raise StrategyError(
            f"{cls.__name__}.{name} is {kind.__name__}{known}, got {value!r}"
        ) from None
    raise StrategyError(f"{cls.__name__}.{name} cannot be given as text")


def _names_of(kind: type[enum.IntEnum]) -> str:
    """Return the members of an enum as they may be written on the command line."""
    return ", ".join(n.lower().replace("_", "-") for n in kind.__members__)
