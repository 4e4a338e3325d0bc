"""What compiled code cannot do, and the sentence that says so."""

import builtins
import math
import types
from collections.abc import Mapping
from typing import Any, NoReturn

import numpy as np

from hftsim.core.errors import NativeError
from hftsim.native.parity import EXACT_MATH, EXACT_NUMPY

OPCODES = {
    "BUILD_MAP": "a dict",
    "BUILD_CONST_KEY_MAP": "a dict",
    "MAP_ADD": "a dict",
    "BUILD_SET": "a set",
    "BUILD_LIST": "a list",
    "FORMAT_VALUE": "an f-string",
    "FORMAT_SIMPLE": "an f-string",
    "FORMAT_WITH_SPEC": "an f-string",
    "BUILD_STRING": "an f-string",
    "IMPORT_NAME": "an import inside a function",
    "PUSH_EXC_INFO": "try/except",
    "BEFORE_WITH": "a with block",
    "LOAD_SPECIAL": "a with block",
    "RETURN_GENERATOR": "a generator or coroutine",
    "MAKE_FUNCTION": "a nested function, lambda or comprehension",
    "STORE_GLOBAL": "an assignment to a global",
    "DELETE_GLOBAL": "an assignment to a global",
    "STORE_DEREF": "an assignment to a variable of an outer function",
    "LOAD_BUILD_CLASS": "a class definition",
    "LOAD_SUPER_ATTR": "super()",
    "MATCH_CLASS": "a match on a class",
    "MATCH_MAPPING": "a match on a dict",
    "MATCH_SEQUENCE": "a match on a sequence",
    "UNPACK_EX": "a starred assignment",
    "DELETE_ATTR": "del of an attribute",
}
_INSTEAD = {
    "a dict": "use Array[...] fields",
    "a list": "use an Array[...] field or a tuple",
    "a set": "use Array[...] fields, or a tuple after `in`",
    "an f-string": "use print(x, y) or keep the numbers in fields",
    "super()": "call Base.method(self, ...) with the base class by name",
    "an import inside a function": "import at the top of the file",
    "a nested function, lambda or comprehension": "write a loop or a function of the module",
    "an assignment to a global": "keep it in a field",
    "sum()": "write a loop, since Python adds in another way",
    "sorted()": "keep an Array[...] field in order",
    "isinstance()": "compare values",
}
_WRITTEN_OUT = {
    "clip": "min(max(x, low), high)",
    "sign": "math.copysign(1, x), which is 1 for 0",
    "where": "a if condition else b",
    "round": "round(x)",
    "around": "round(x)",
    "power": "x ** y",
    "mod": "x % y",
    "remainder": "x % y",
    "floor_divide": "x // y",
}
"""What does in both modes the work of numpy's functions that are not exact, or take arrays alone."""
_BUILTINS = frozenset(
    "abs min max range len int float bool round divmod pow print enumerate zip".split()
)
_ADDING = frozenset("sum mean std var prod dot average cumsum cumprod median nansum".split())
_NUMPY = frozenset(id(getattr(np, name)) for name in EXACT_NUMPY)


def refuse(code: types.CodeType, line: int, what: str, instead: str = "") -> NoReturn:
    """Raise the sentence that names the user's line."""
    raise NativeError(
        f"{code.co_filename}:{line}: {what} cannot be compiled for native mode; "
        f"{instead or _INSTEAD.get(what, 'remove it')}, or run with mode='python'"
    )


def is_exception(value: Any) -> bool:
    """Whether a global is an exception class, which may be raised."""
    return isinstance(value, type) and issubclass(value, Exception)


def check_builtin(code: types.CodeType, line: int, name: str) -> None:
    """Refuse a built-in function that cannot be compiled, or a name that does not exist."""
    if name in _BUILTINS or is_exception(getattr(builtins, name, None)):
        return
    if not hasattr(builtins, name):
        raise NativeError(f"{code.co_filename}:{line}: name {name!r} is not defined")
    refuse(code, line, f"{name}()")


def check_library(code: types.CodeType, line: int, name: str, value: Any) -> bool:
    """Return whether a global belongs to a library; refuse it if it cannot be compiled."""
    if isinstance(value, types.ModuleType):
        return False
    package = package_of(value)
    plain = name.rsplit(".", 1)[-1]
    if package in ("math", "numpy") or isinstance(value, np.ufunc):
        if plain in EXACT_MATH and value is getattr(math, plain, None):
            return True
        if id(value) in _NUMPY:
            return True
        refuse(code, line, name, _numeric_advice(plain, package))
    if package == "builtins" and getattr(builtins, plain, None) is value:
        check_builtin(code, line, plain)
        return True
    return package == "operator"


def _numeric_advice(name: str, package: str) -> str:
    if name in _ADDING:
        return "write a loop, since libraries add in other orders"
    if package == "numpy" and name in EXACT_MATH:
        return f"write math.{name}, which gives the same digits in both modes"
    if package == "numpy" and name in _WRITTEN_OUT:
        return f"on numbers write {_WRITTEN_OUT[name]}"
    if package == "math":
        return "write it out"
    if name in ("random", "normal", "uniform", "default_rng", "rand", "randn"):
        return "draw random numbers in columns() from a seeded generator"
    return "use an Array[...] field and a loop"


def refuse_object(code: types.CodeType, line: int, name: str, value: Any) -> NoReturn:
    """Refuse a global that is neither a number nor a function that compiles."""
    package = package_of(value)
    kind = type(value).__name__
    if name.startswith("@py"):
        refuse(code, line, "an assert rewritten by pytest", "keep the strategy in another file")
    if isinstance(value, dict | list | set):
        refuse(code, line, f"{name} (a {kind})", _INSTEAD[f"a {kind}"])
    if package in ("random", "secrets"):
        refuse(code, line, name, "draw random numbers in columns() from a seeded generator")
    if isinstance(value, types.ModuleType):
        refuse(code, line, f"{name} (a module)")
    told = f"{name} (from {package})" if callable(value) else f"{name} (a {kind})"
    refuse(code, line, told, "compute it in columns()")


def package_of(value: Any) -> str:
    """Return the package a function, class or object comes from."""
    owner = value if callable(value) or isinstance(value, types.ModuleType) else type(value)
    name = getattr(owner, "__module__", None) or getattr(owner, "__name__", "") or ""
    return str(name).split(".", maxsplit=1)[0]


def refuse_assignment(
    code: types.CodeType, line: int, label: str, name: str, refused: Mapping[str, str]
) -> NoReturn:
    """Refuse the assignment of an attribute that cannot be assigned."""
    why = refused.get(name, "is the market's and cannot be assigned")
    raise NativeError(f"{code.co_filename}:{line}: {label}.{name} {why}")
