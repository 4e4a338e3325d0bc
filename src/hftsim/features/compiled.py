"""Runs the loops of `_kernels` compiled: once per machine, then from the kernel cache on disk."""

import functools
import inspect
from collections.abc import Callable
from typing import Any

from hftsim.features._kernels import FloatArray

_TYPES: dict[Any, str] = {FloatArray: "float64[::1]", int: "int64", float: "float64"}


@functools.cache
def compiled(function: Callable[..., None]) -> Callable[..., None]:
    """Return a function of `_kernels` as machine code, its signature taken from its annotations."""
    from hftsim.native.cache import kernel

    kinds = [_TYPES[p.annotation] for p in inspect.signature(function).parameters.values()]
    machine_code: Callable[..., None] = kernel(function, f"void({', '.join(kinds)})")
    return machine_code


def run(function: Callable[..., None], *arguments: Any) -> None:
    """Call a function of `_kernels` as machine code; arrays must be contiguous float64."""
    compiled(function)(*arguments)
