"""Turns Numba's compile errors into one sentence: file, line, what, what to do."""

import logging
import os
import re
from collections.abc import Collection, Sequence
from types import FunctionType
from typing import Any, NamedTuple, cast

from hftsim.core.errors import NativeError

logger = logging.getLogger(__name__)

_MARKED = re.compile("⟦(.*?)⟧", re.DOTALL)
_SENTENCES = [
    (r"compiler re-entrant", "a function that calls itself cannot be compiled: write a loop"),
    (r"Cannot unify (?P<a>.+?) and (?P<b>.+?) for '(?P<name>\w+?)(\.\d+)?'",
     "{name} is {a} in one branch and {b} in another: give it one type"),
    (r"Cannot unify (?P<a>.+?) and (?P<b>.+?) for '\$",
     "a value is {a} in one case and {b} in another: give it one type"),
    (r">>> (?P<a>float|int)\((Literal\[str\]|unicode_type)",
     "{a}() of text cannot be compiled: write the number, or math.nan or math.inf"),
    (r"Can't unify return type", "its returns have different types: give them one"),
    (r"Cannot cast (?P<a>.+?) to (?P<b>\S+?):", "{a} cannot be used as {b}"),
    (r"No type info available for (?P<a>.+?) as a callable", "{a} is not a function"),
    (r"Invalid use of (?P<a>.+?) with parameters", "{a} cannot be called like this"),
    (r"Unsupported array index type (?P<a>.+?) in ", "{a} is not an index"),
    (r"[Uu]nknown attribute '(?P<name>\w+)' of type (?P<a>.+)",
     "{a} has no {name!r} that can be compiled"),
    (r"(?P<what>missing a required argument: '\w+'|too many positional arguments"
     r"|(got an )?unexpected keyword argument '\w+')", "the arguments do not fit: {what}"),
    (r"Cannot modify readonly array", "a global array cannot be changed: use an Array[...] field"),
    (r"Type of variable .* cannot be determined", "this line is too clever: split it into simpler ones"),
    (r">>> (get|set)item\((?P<a>\w+\([^()]*(\([^()]*\))?[^()]*\)|\w+), ", "this index does not fit {a}"),
    (r">>> (?P<call>\w+)\((?P<kinds>.*)\)", "{call}() cannot be compiled for {kinds}"),
]  # fmt: skip
_OPERATORS = {"add": "+", "sub": "-", "mul": "*", "divide": "/", "truediv": "/", "floordiv": "//",
              "mod": "%", "pow": "**", "eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">",
              "ge": ">=", "and_": "&", "or_": "|", "contains": "in"}  # fmt: skip
_KINDS = [
    (r"Literal\[str\]\(.*?\)|unicode_type|UnicodeCharSeq\(\d+\)", "text"),
    (r"Literal\[int\]\(-?\d+\)|u?int\d+|Literal\[bool\]\(\w+\)|boolean",
     lambda m: "bool" if "bool" in m[0] else "int"),
    (r"float\d+", "float"),
    (r"Literal\[NoneType\]\(None\)|\bnone\b", "None"),
    (r"(nested)?array\((\w+), [^()]*(\([^()]*\))?[^()]*\)", r"array of \2"),
    (r"(Uni)?Tuple\(.*\)", "a tuple"),
    (r"\b(self|ctx|order|fill|instrument|ctx\.column)\.\d+", r"\1"),
    (r"Function\(<.*?>\)|type\(CPUDispatcher\(.*?\)\)", "a function"),
    (r"IntEnum<int>\((\w+)\)", r"\1"),
    (r"Optional\((.*?)\)", r"\1 or None"),
    (r"Module\(<module '(\w+)'.*?>\)", r"module \1"),
    (r"<class '(\w+\.)*(\w+)'>", r"\2"),
]  # fmt: skip


def mark(sentence: str) -> str:
    """Return a sentence in the form that `explain` finds again in Numba's text."""
    return f"⟦{sentence}⟧"


class Failure(NamedTuple):
    """One function that did not compile, where it is the user's, and what Numba says."""

    function: FunctionType | None
    error: BaseException


def explain(name: str, found: Sequence[Failure], files: Collection[str]) -> NativeError:
    """Return the error to raise for a strategy class called `name`.

    `found` begins with the innermost; `files` are those of the user's functions: only places in
    them are told.
    """
    text = _plain(found[0].error)
    logger.debug("Numba about %s: %s", name, text)
    marked = _MARKED.findall(text)
    exact = (_place(failure.error, files) for failure in found)
    begin = (_beginning(failure.function) for failure in found)
    place = next(filter(None, (*exact, *begin)), name)
    if marked:
        return NativeError(f"{place}: {' '.join(marked[-1].split())}")
    return NativeError(f"{place}: {_sentence(text)}; change it, or run with mode='python'")


def _sentence(text: str) -> str:
    for pattern, sentence in _SENTENCES:
        found = re.search(pattern, text)
        if found:
            parts = {k: in_words(v) for k, v in found.groupdict().items() if v}
            sign = _OPERATORS.get(parts.get("call", "").removeprefix("i"))
            if sign and ", " in parts["kinds"]:
                left, right = parts["kinds"].split(", ", 1)
                return f"{left} {sign} {right} cannot be compiled"
            return sentence.format(**parts)
    return "this cannot be compiled for native mode"


def in_words(kinds: str) -> str:
    """Return Numba's words for types in Python's."""
    for pattern, word in _KINDS:
        kinds = re.sub(pattern, cast("Any", word), kinds)
    return kinds.strip()[:120]


def _beginning(function: Any) -> str:
    code = function.__code__ if function else None
    return f"{code.co_filename}:{code.co_firstlineno}" if code else ""


def _plain(error: BaseException) -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", str(error))


def _place(error: Any, files: Collection[str]) -> str:
    """Return file:line of the user's line the error is about, or an empty text."""
    text = _plain(error)
    known = {os.path.abspath(file): file for file in files}  # noqa: PTH100 - not resolving links
    places = re.findall(r'File "([^"]+)", line (\d+)|at (\S+) \((\d+)\)', text)
    loc = getattr(error, "loc", None)
    if loc is not None:
        places.insert(0, (str(loc.filename), str(loc.line), "", ""))
    for file, line, other, other_line in places:
        found = known.get(os.path.abspath(file or other))  # noqa: PTH100
        if found:
            return f"{found}:{line or other_line}"
    return ""
