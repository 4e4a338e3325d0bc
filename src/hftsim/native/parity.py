"""Makes compiled arithmetic the same as Python's, to the last bit and to the error.

Numba computes ``x ** 3`` by multiplying and ``round(x, 2)`` through a rounded product, Python by
``pow`` of the C library and exactly: the last bits differ. ``math.log(0.0)``, ``int(nan)`` and the
like raise in Python and go on with nonsense in Numba. `rewrite` puts the functions of this file in
the place of such calls in users' code. `EXACT_MATH` and `EXACT_NUMPY` name what may be used at all;
the rest differs between the C library and numpy, or adds in another order, and the walk refuses it.
"""

import math
import operator
from collections.abc import Callable
from typing import Any

import numpy as np
from llvmlite import ir as llvm
from numba import types
from numba.core import ir
from numba.core.imputils import lower_builtin
from numba.core.ir_utils import build_definitions
from numba.core.typing.templates import AbstractTemplate, infer_global
from numba.extending import intrinsic, register_jitable

EXACT_MATH = frozenset(
    "acos acosh asin asinh atan atan2 atanh ceil copysign cos cosh degrees erf erfc exp expm1 fabs "
    "floor gcd isfinite isinf isnan log log10 log1p log2 pow radians sin sinh sqrt tan tanh "
    "trunc".split()
)
"""Functions of math that give the same bits in both modes."""

EXACT_NUMPY = frozenset(
    "abs absolute all any argmax argmin ceil copysign fabs float64 floor fmax fmin "
    "int64 isfinite isinf isnan max maximum min minimum rint sqrt square trunc".split()
)
"""Functions of numpy that give the same bits in both modes."""

_I8, _F8 = types.int64, types.float64
_WHOLE = (types.Integer, types.Boolean, types.IntEnumMember)


@intrinsic
def _c_pow(typing_context: Any, x: Any, y: Any) -> Any:
    """Call pow of the C library, which LLVM must not replace by multiplications."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        double = llvm.DoubleType()
        kind = llvm.FunctionType(double, [double, double])
        function = builder.module.globals.get("pow") or llvm.Function(builder.module, kind, "pow")
        function.attributes.add("nobuiltin")
        return builder.call(function, args)

    return _F8(_F8, _F8), codegen


@register_jitable
def _whole(x: float) -> int:
    if math.isnan(x):
        raise ValueError("cannot convert float NaN to integer")
    if x >= 9223372036854775808.0 or x < -9223372036854775808.0:
        raise OverflowError("the float does not fit into 64 bits")
    return int(x)


def _float_power(x: float, y: float) -> float:
    if x == 0.0 and y < 0.0 and not math.isinf(y):
        raise ZeroDivisionError("0.0 cannot be raised to a negative power")
    if x < 0.0 and y != np.floor(y) and not (math.isinf(x) or math.isnan(y)):
        raise ValueError("a negative number to a fractional power is complex")
    result = _c_pow(x, y)
    if math.isinf(result) and not math.isinf(x) and not math.isinf(y):
        raise OverflowError("(34, 'Numerical result out of range')")
    return result


def _int_power(x: int, n: int) -> int:
    if n < 0:
        raise ValueError("an int to a negative power is a float: write float(...) ** n")
    result, factor = 1, x
    while n > 0:
        if n & 1:
            result *= factor
        factor *= factor
        n >>= 1
    return result


def _c_power(x: float, y: float) -> float:
    result = _c_pow(x, y)
    if not (math.isinf(x) or math.isinf(y) or math.isnan(x) or math.isnan(y)):
        if math.isnan(result) or (math.isinf(result) and x == 0.0):
            raise ValueError("math domain error")
        if math.isinf(result):
            raise OverflowError("math range error")
    return result


def _int_ratio(a: int, b: int) -> float:
    """Return a / b correctly rounded, as Python divides ints of any size."""
    if b == 0:
        raise ZeroDivisionError("division by zero")
    limit = 9007199254740992
    if -limit <= a <= limit and -limit <= b <= limit:
        return float(a) / float(b)
    negative = (a < 0) != (b < 0)
    top, bottom = np.uint64(abs(a)), np.uint64(abs(b))
    quotient, rest, shift = top // bottom, top % bottom, 0
    while quotient < np.uint64(1 << 61) and (quotient > 0 or rest > 0):
        rest = rest << np.uint64(1)
        quotient = quotient << np.uint64(1)
        if rest >= bottom:
            rest -= bottom
            quotient |= np.uint64(1)
        shift += 1
    if rest > 0:
        quotient |= np.uint64(1)
    result = math.ldexp(float(quotient), -shift)
    return -result if negative else result


def _round(x: float) -> int:
    return _whole(np.rint(x))


def _floor(x: float) -> int:
    return _whole(np.floor(x))


def _ceil(x: float) -> int:
    return _whole(np.ceil(x))


def _round_int(x: int, digits: int) -> int:
    if digits < 0:
        raise ValueError("round: compiled code rounds to 0 to 22 digits")
    return x


def _round_digits(x: float, digits: int) -> float:
    """Return x rounded to the nearest decimal, ties to even, judging by the exact product.

    The product is held in two floats (Dekker 1971), so that 1.115 goes to 1.11 as in Python, though
    1.115 * 100 is above 111.5 once it is rounded.
    """
    if math.isnan(x) or math.isinf(x):
        return x
    if digits < 0 or digits > 22:
        raise ValueError("round: compiled code rounds to 0 to 22 digits")
    scale = 1.0
    for _ in range(digits):
        scale *= 10.0
    size = abs(x)
    product = size * scale
    if product >= 9007199254740992.0:
        return x
    split = 134217729.0
    high_x = split * size - (split * size - size)
    high_s = split * scale - (split * scale - scale)
    low_x, low_s = size - high_x, scale - high_s
    missing = ((high_x * high_s - product) + high_x * low_s + low_x * high_s) + low_x * low_s
    below = np.floor(product)
    over = (product - below - 0.5) + missing
    if over > 0.0 or (over == 0.0 and below % 2.0 == 1.0):
        below += 1.0
    return math.copysign(below / scale, x)


def _guarded(function: Callable[[float], float], *, overflows: bool) -> Callable[[float], float]:
    """Return `function` with the errors of Python's math module."""

    def checked(x: float) -> float:
        result = function(x)
        if math.isnan(result) and not math.isnan(x):
            raise ValueError("math domain error")
        if math.isinf(result) and not math.isinf(x):
            if overflows:
                raise OverflowError("math range error")
            raise ValueError("math domain error")
        return result

    return checked


@register_jitable
def _log(x: float) -> float:
    if x <= 0.0:
        raise ValueError("math domain error")
    return math.log(x)


def _log_base(x: float, base: float) -> float:
    return _log(x) / _log(base)


Choice = tuple[Any, Callable[..., Any] | None] | None
"""A Numba signature, and the source to compile for it; None: convert, or leave to Numba."""


def _choose_int(x: Any) -> Choice:
    if isinstance(x, types.Float):
        return _I8(_F8), _whole
    return (_I8(x), None) if isinstance(x, _WHOLE) else None


def _choose_float(x: Any) -> Choice:
    return (_F8(x), None) if isinstance(x, (types.Float, *_WHOLE)) else None


def _choose_whole(source: Callable[..., Any]) -> Callable[..., Choice]:
    def choose(x: Any) -> Choice:
        return (_I8(_F8), source) if isinstance(x, types.Float) else _choose_int(x)

    return choose


def _choose_round(x: Any, digits: Any = None) -> Choice:
    if digits is None:
        return _choose_whole(_round)(x)
    if not isinstance(digits, types.Integer):
        return None
    return (
        (_F8(_F8, _I8), _round_digits)
        if isinstance(x, types.Float)
        else (_I8(_I8, _I8), _round_int)
    )


def _are_numbers(*kinds: Any) -> bool:
    return all(isinstance(kind, (types.Float, *_WHOLE)) for kind in kinds)


def _choose_power(x: Any, n: Any) -> Choice:
    if not _are_numbers(x, n):
        return None
    negative = isinstance(n, types.IntegerLiteral) and n.literal_value < 0
    if isinstance(x, _WHOLE) and isinstance(n, _WHOLE) and not negative:
        return _I8(_I8, _I8), _int_power
    return _F8(_F8, _F8), _float_power


def _choose_divide(x: Any, y: Any) -> Choice:
    if not _are_numbers(x, y):
        return None
    if isinstance(x, _WHOLE) and isinstance(y, _WHOLE):
        return _F8(_I8, _I8), _int_ratio
    return _F8(_F8, _F8), operator.truediv


def _choose_log(x: Any, *base: Any) -> Choice:
    if not _are_numbers(x, *base) or len(base) > 1:
        return None
    return (_F8(_F8, _F8), _log_base) if base else (_F8(_F8), _log)


def _choose_guarded(source: Callable[..., Any]) -> Callable[..., Choice]:
    return lambda x: (_F8(_F8), source) if _are_numbers(x) else None


def _replacement(name: str, choose: Callable[..., Choice]) -> Callable[..., Any]:
    """Return a function that compiled code may call: `choose` gives its meaning by types."""

    def marker() -> None:
        """Stand for the function in Numba's intermediate code."""

    class Template(AbstractTemplate):  # type: ignore[misc]
        key = marker
        prefer_literal = True

        def generic(self, args: Any, kws: Any) -> Any:
            try:
                chosen = choose(*args, **kws)
            except TypeError:
                return None
            return chosen[0] if chosen else None

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        chosen = choose(*sig.args)
        if chosen is None or chosen[1] is None:
            return context.cast(builder, args[0], sig.args[0], sig.return_type)
        if chosen[1] is operator.truediv:
            return context.get_function(operator.truediv, sig)(builder, args)
        return context.compile_internal(builder, chosen[1], sig, args)

    marker.__name__ = name
    infer_global(marker, types.Function(Template))
    for count in (1, 2):
        lower_builtin(marker, *[types.Any] * count)(codegen)
    return marker


_power = _replacement("pow", _choose_power)
_divide = _replacement("divide", _choose_divide)
_int, _float = _replacement("int", _choose_int), _replacement("float", _choose_float)
_OPERATORS = {operator.pow: _power, operator.ipow: _power,
              operator.truediv: _divide, operator.itruediv: _divide}  # fmt: skip
_CALLS: dict[Any, Callable[..., Any]] = {
    int: _int,
    np.int64: _int,
    float: _float,
    np.float64: _float,
    pow: _power,
    round: _replacement("round", _choose_round),
    math.floor: _replacement("floor", _choose_whole(_floor)),
    math.ceil: _replacement("ceil", _choose_whole(_ceil)),
    math.trunc: _replacement("trunc", _choose_whole(_whole)),
    math.log: _replacement("log", _choose_log),
    math.pow: _replacement("pow", lambda x, y: (_F8(_F8, _F8), _c_power)),
    np.sqrt: _replacement("sqrt", _choose_guarded(_guarded(math.sqrt, overflows=False))),
}
for _name in ("acos acosh asin atanh cos log10 log1p log2 sin sqrt tan").split():
    _source = _guarded(getattr(math, _name), overflows=False)
    _CALLS[getattr(math, _name)] = _replacement(_name, _choose_guarded(_source))
for _name in ("cosh", "exp", "expm1", "sinh"):
    _source = _guarded(getattr(math, _name), overflows=True)
    _CALLS[getattr(math, _name)] = _replacement(_name, _choose_guarded(_source))


def rewrite(function_ir: Any) -> bool:
    """Put exact functions in the place of those that are not; returns whether any was found."""
    changed = False
    for block in function_ir.blocks.values():
        body = []
        for statement in block.body:
            extra = _rewritten(function_ir, statement) if isinstance(statement, ir.Assign) else None
            changed |= extra is not None
            body += [*(extra or ()), statement]
        block.body = body
    if changed:
        function_ir._definitions = build_definitions(function_ir.blocks)
    return changed


def _rewritten(function_ir: Any, statement: Any) -> list[Any] | None:
    """Change one assignment in place; return the statements to put before it, None: unchanged."""
    value = statement.value
    if isinstance(value, ir.Expr) and value.op in ("binop", "inplace_binop"):
        exact = _OPERATORS.get(value.fn)
        if exact is None:
            return None
        called = ir.Var(statement.target.scope, f"$exact{id(statement)}", statement.loc)
        load = ir.Assign(ir.Global(exact.__name__, exact, statement.loc), called, statement.loc)
        statement.value = ir.Expr.call(called, (value.lhs, value.rhs), (), statement.loc)
        return [load]
    found = _loaded(function_ir, value)
    exact = _CALLS.get(found) if callable(found) else None
    if exact is None:
        return None
    statement.value = ir.Global(exact.__name__, exact, statement.loc)
    return []


def _loaded(function_ir: Any, value: Any) -> Any:
    """Return the Python object that an assignment loads from a global, a closure or a module."""
    if isinstance(value, ir.Global | ir.FreeVar):
        return value.value
    if isinstance(value, ir.Expr) and value.op == "getattr":
        try:
            owner = function_ir.get_definition(value.value)
        except KeyError:
            return None
        if isinstance(owner, ir.Global | ir.FreeVar) and isinstance(owner.value, type(math)):
            return getattr(owner.value, value.attr, None)
    return None
