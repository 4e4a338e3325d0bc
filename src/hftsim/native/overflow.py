"""Makes compiled ints raise where they leave 64 bits, instead of going on with another number.

Python's ints have any size; an int field has 64 bits and refuses more. Numba's would wrap around.
"""

import operator
from collections.abc import Callable
from typing import Any

from numba import types
from numba.core import cgutils
from numba.core.imputils import lower_builtin
from numba.core.typing.templates import ConcreteTemplate, infer_global

_I8 = types.int64
_TOO_LARGE = "the int result does not fit into 64 bits"


def _shift_left(x: int, n: int) -> int:
    if n < 0:
        raise ValueError("negative shift count")
    if x == 0:
        return 0
    result = x << min(n, 63)
    if n > 63 or result >> n != x:
        raise OverflowError("the int result does not fit into 64 bits")
    return result


def _shift_right(x: int, n: int) -> int:
    if n < 0:
        raise ValueError("negative shift count")
    return x >> min(n, 63)


def _operator(codegen: Callable[..., Any]) -> Callable[..., Any]:
    """Return what stands for an operator of two ints in Numba's typed code."""

    def marker() -> None:
        """Stand for the operator."""

    class Template(ConcreteTemplate):  # type: ignore[misc]
        key = marker
        cases = (_I8(_I8, _I8),)

    infer_global(marker, types.Function(Template))
    lower_builtin(marker, _I8, _I8)(codegen)
    return marker


def _checked(name: str) -> Callable[..., Any]:
    """Return an operator of two ints that raises where Numba's wraps around."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        pair = getattr(builder, f"s{name}_with_overflow")(*args)
        with cgutils.if_unlikely(builder, builder.extract_value(pair, 1)):
            context.call_conv.return_user_exc(builder, OverflowError, (_TOO_LARGE,))
        return builder.extract_value(pair, 0)

    return _operator(codegen)


def _compiled_operator(source: Callable[..., Any]) -> Callable[..., Any]:
    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return context.compile_internal(builder, source, _I8(_I8, _I8), args)

    return _operator(codegen)


_CHECKED = {
    operator.add: _checked("add"),
    operator.sub: _checked("sub"),
    operator.mul: _checked("mul"),
    operator.lshift: _compiled_operator(_shift_left),
    operator.rshift: _compiled_operator(_shift_right),
}


def check_overflow(expression: Any, call_types: Any) -> None:
    """Let an operator of two ints raise OverflowError where it would wrap around."""
    name = "fn" if expression.op == "binop" else "immutable_fn"
    checked = _CHECKED.get(getattr(expression, name))
    if checked and call_types[expression].args == (_I8, _I8):
        setattr(expression, name, checked)
