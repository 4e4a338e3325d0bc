"""Records and arrays at addresses, for compiled code.

Arrays are built without an owner, so nothing is reference counted in the hot loops. Methods of
records are lowered in place (`direct_method`) where they are only a load or a call: an overload
would cost 20 to 60 ms for every strategy that is compiled.
"""

import functools
import inspect
import itertools
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from llvmlite import ir
from numba import from_dtype, njit, types
from numba.core import cgutils, config
from numba.core.datamodel.models import RecordModel
from numba.core.errors import TypingError
from numba.core.imputils import lower_builtin, lower_getattr
from numba.core.typing.templates import (
    AbstractTemplate,
    AttributeTemplate,
    infer_getattr,
    signature,
)
from numba.extending import intrinsic, overload_attribute, overload_method, register_model
from numba.np.arrayobj import populate_array

from hftsim.native.context import UNITS, misfit, no_column
from hftsim.native.explain import in_words, mark
from hftsim.native.fields import no_attribute
from hftsim.native.layout import PRIVATE

ENGINE_OPTIONS: dict[str, Any] = {"error_model": "numpy", "nogil": True}
"""For our kernels: tests cover their bounds, division follows IEEE 754."""

USER_OPTIONS: dict[str, Any] = {"error_model": "python", "boundscheck": True, "nogil": True}
"""For users' code: checked like Python."""


def compiled(function: Callable[..., Any], **options: Any) -> Any:
    """Compile a part of a kernel, once for all values of its arguments; Python cannot call it.

    Numba alone would compile it again for every constant it is called with, and make it callable
    from Python and C: each took a quarter of the time.
    """
    dispatcher = njit(**ENGINE_OPTIONS, no_cpython_wrapper=True, no_cfunc_wrapper=True, **options)(
        function
    )
    dispatcher.get_call_template = functools.partial(_plain_template, dispatcher.get_call_template)
    return dispatcher


inline = functools.partial(compiled, forceinline=True)


def _plain_template(original: Callable[..., Any], args: Any, kws: Any) -> Any:
    plain = {name: types.unliteral(kind) for name, kind in kws.items()}
    return original(tuple(types.unliteral(kind) for kind in args), plain)


if not hasattr(types.Boolean, "bitwidth"):
    types.Boolean.bitwidth = 8  # Numba forgot it; arrays of bool in a record need it

_serial = itertools.count()


def record_type(name: str, dtype: np.dtype[Any], base: type[types.Record] = types.Record) -> Any:
    """Return a Numba record type of a class of its own, so that methods attach to it alone."""
    plain, serial = from_dtype(dtype), f"{name}.{next(_serial)}"

    def init(self: Any) -> None:
        fields = [
            (n, {"type": f.type, "offset": f.offset, "alignment": f.alignment, "title": f.title})
            for n, f in plain.fields.items()
        ]
        types.Record.__init__(self, fields, plain.size, plain.aligned)
        self.name = serial

    def typeof(self: Any, key: str) -> Any:
        if key not in self.fields:
            raise TypingError(mark(_unknown(name, key, self.fields)))
        return self.fields[key].type

    cls = type(name, (base,), {"__init__": init, "typeof": typeof, "label": name})
    register_model(cls)(RecordModel)
    return cls()


def _unknown(label: str, name: str, known: Iterable[str]) -> str:
    names = [n for n in known if n not in PRIVATE]
    if (label, name) == ("ctx", "column"):
        return "ctx.column is empty: columns() of the strategy gives none"
    if label == "ctx.column":
        return no_column(name, names)
    return no_attribute(label, name, names)


def pointer_to(rtype: Any) -> Any:
    """Return a compiled function: integer address -> reference to a record of this type."""

    @intrinsic
    def at(typing_context: Any, address: Any) -> Any:
        def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            return builder.inttoptr(args[0], context.get_value_type(rtype))

        return rtype(types.int64), codegen

    return at


def rows_at(rtype: Any) -> Any:
    """Return a compiled function: (address, row, rows) -> reference to one of so many records there.

    A build with bounds checks (NUMBA_BOUNDSCHECK=1) raises IndexError for a row that is none of
    them; in any other `rows` is not even read.
    """

    @intrinsic
    def at(typing_context: Any, address: Any, row: Any, rows: Any) -> Any:
        def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            first, number, count = args
            if config.BOUNDSCHECK:
                with cgutils.if_unlikely(builder, builder.icmp_unsigned(">=", number, count)):
                    told = (f"{type(rtype).__name__}: there is no such row",)
                    context.call_conv.return_user_exc(builder, IndexError, told)
            size = context.get_constant(types.int64, rtype.size)
            place = builder.add(first, builder.mul(number, size))
            return builder.inttoptr(place, context.get_value_type(rtype))

        return rtype(types.int64, types.int64, types.int64), codegen

    return at


def call_at(kinds: int) -> Any:
    """Return a compiled function: (address, `kinds` int64 values) -> int64, by calling the kernel.

    What is called through its address is compiled once, and not again within each of its callers.
    """
    arguments = [types.int64] * (kinds + 1)

    def typing_side(typing_context: Any, *args: Any) -> Any:
        def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            word = ir.IntType(64)
            kernel = ir.FunctionType(word, [word] * kinds).as_pointer()
            return builder.call(builder.inttoptr(args[0], kernel), args[1:])

        return types.int64(*arguments), codegen

    names = ", ".join(["typing_context", "address", *(f"a{k}" for k in range(kinds))])
    scope = {"typing_side": typing_side}
    exec(f"def call({names}): return typing_side({names})", scope)
    return intrinsic(scope["call"])


def array_at(dtype: Any) -> Any:
    """Return a compiled function: (address, length) -> one-dimensional array without an owner."""
    atype = types.Array(from_dtype(np.dtype(dtype)), 1, "C")
    itemsize = np.dtype(dtype).itemsize

    @intrinsic
    def at(typing_context: Any, address: Any, length: Any) -> Any:
        def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            array = context.make_array(atype)(context, builder)
            size = context.get_constant(types.intp, itemsize)
            populate_array(
                array,
                data=builder.inttoptr(args[0], array.data.type),
                shape=[args[1]],
                strides=[size],
                itemsize=size,
                meminfo=None,
            )
            return array._getvalue()

        return atype(types.int64, types.int64), codegen

    return at


def attach(
    rtype: Any,
    function: Callable[..., Any],
    name: str,
    options: dict[str, Any],
    *,
    attribute: bool = False,
) -> None:
    """Make `function(self, ...)` a method, or a computed attribute, of a record type."""

    def typing_side(*args: Any, **kwargs: Any) -> Callable[..., Any]:
        return function

    typing_side.__signature__ = inspect.signature(function)  # type: ignore[attr-defined]
    overload = overload_attribute if attribute else overload_method
    overload(type(rtype), name, jit_options=options, strict=False)(typing_side)


def direct_method(
    rtype: Any, function: Callable[..., Any], result: Any, kinds: Sequence[Any], codegen: Any
) -> None:
    """Lower `rtype.function(...)` in place; `function` gives name, keywords and defaults."""
    method, described = function.__name__, inspect.signature(function)

    class Template(AbstractTemplate):
        key = (type(rtype), method)

        def generic(self, args: Any, kws: Any) -> Any:
            try:
                given = described.bind(rtype, *args, **kws).arguments
            except TypeError as error:
                told = f"ctx.{method}{_without_self(described)}: {error}"
                raise TypingError(mark(told)) from None
            wanted = dict(zip(list(described.parameters)[1:], kinds, strict=True))
            for name, kind in wanted.items():
                if name in given and not _fits(self.context, given[name], kind):
                    raise TypingError(mark(_misfit(method, name, given[name], kind)))
            return signature(result, rtype, *kinds).replace(pysig=described).as_method()

    resolve = {
        "key": type(rtype),
        f"resolve_{method}": lambda self, ty: types.BoundFunction(Template, ty),
    }
    infer_getattr(type(f"{method}Of", (AttributeTemplate,), resolve))
    lower_builtin(Template.key, type(rtype), *kinds)(codegen)


def _fits(typing_context: Any, value: Any, kind: Any) -> bool:
    if isinstance(kind, types.Integer) and isinstance(value, types.Float | types.Boolean):
        return False
    return typing_context.can_convert(value, kind) is not None


def _misfit(method: str, name: str, value: Any, kind: Any) -> str:
    told = in_words(str(value))
    if isinstance(kind, types.Integer):
        unit = UNITS.get(name, "") if isinstance(value, types.Float) else ""
        return misfit(method, name, told, unit)
    return f"ctx.{method}: {name} is a {in_words(str(kind))} and gets {told}"


def _without_self(described: inspect.Signature) -> str:
    shown = [
        p.name if p.default is p.empty else f"{p.name}={getattr(p.default, 'name', p.default)}"
        for p in list(described.parameters.values())[1:]
    ]
    return f"({', '.join(shown)})"


def direct_field(rtype_class: type, name: str, result: Any, codegen: Any) -> None:
    """Lower the attribute `name` in place; codegen(context, builder, type, value) -> LLVM value."""
    resolve = {"key": rtype_class, f"resolve_{name}": lambda self, ty: result}
    infer_getattr(type(f"{name}Of", (AttributeTemplate,), resolve))
    lower_getattr(rtype_class, name)(codegen)


def load_field(context: Any, builder: Any, rtype: Any, value: Any, name: str) -> Any:
    """Return the field `name` of a record reference as an LLVM value."""
    return context.get_getattr(rtype, name)(context, builder, rtype, value, name)
