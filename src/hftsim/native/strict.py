"""Numba's compiler for users' code: exact arithmetic, and no silent losses."""

import operator
from typing import Any

from numba import types
from numba.core import errors, ir
from numba.core.compiler import CompilerBase, DefaultPassBuilder
from numba.core.compiler_machinery import AnalysisPass, FunctionPass, register_pass
from numba.core.typed_passes import NopythonTypeInference
from numba.core.untyped_passes import IRProcessing, ReconstructSSA

from hftsim.native.explain import Failure, in_words, mark
from hftsim.native.fields import no_attribute
from hftsim.native.layout import PRIVATE
from hftsim.native.overflow import check_overflow
from hftsim.native.parity import rewrite
from hftsim.native.records import USER_OPTIONS

_INEXACT_METHODS = frozenset(("sum", "mean", "std", "var", "prod", "dot", "cumsum", "cumprod"))
_NUMBERS = (types.Integer, types.Float, types.Boolean, types.IntEnumMember)
_FIELDS = {"int": "an int", "float": "a float", "bool": "a bool"}
_INEXACT_OPERATORS = frozenset((operator.floordiv, operator.mod, operator.matmul))


@register_pass(mutates_CFG=False, analysis_only=False)
class ExactArithmetic(FunctionPass):  # type: ignore[misc]
    """Puts exact functions in the place of Numba's; see `parity`."""

    _name = "exact_arithmetic"

    def __init__(self) -> None:
        FunctionPass.__init__(self)

    def run_pass(self, state: Any) -> bool:
        """Rewrite one function."""
        return rewrite(state.func_ir)


@register_pass(mutates_CFG=False, analysis_only=True)
class AlwaysSet(AnalysisPass):  # type: ignore[misc]
    """Refuses a variable that may have no value, which Numba would take for 0."""

    _name = "always_set"

    def __init__(self) -> None:
        AnalysisPass.__init__(self)

    def run_pass(self, state: Any) -> bool:
        """Check every place where branches meet."""
        for block in state.func_ir.blocks.values():
            for phi in block.find_exprs("phi"):
                if ir.UNDEFINED in phi.incoming_values:
                    name = next(
                        v.unversioned_name for v in phi.incoming_values if v is not ir.UNDEFINED
                    )
                    told = "may have no value here: give it one before the if or the loop"
                    raise errors.TypingError(mark(f"{name} {told}"), loc=phi.loc)
        return False


@register_pass(mutates_CFG=False, analysis_only=True)
class StrictFields(AnalysisPass):  # type: ignore[misc]
    """Refuses what Numba would let pass and Python mode would not."""

    _name = "strict_fields"

    def __init__(self) -> None:
        AnalysisPass.__init__(self)

    def run_pass(self, state: Any) -> bool:
        """Check the assignments and attributes of one function."""
        for block in state.func_ir.blocks.values():
            for statement in block.body:
                told = _refusal(statement, state.typemap)
                if told:
                    raise errors.TypingError(mark(told), loc=statement.loc)
                value = getattr(statement, "value", None)
                if isinstance(value, ir.Expr) and value.op in ("binop", "inplace_binop"):
                    check_overflow(value, state.calltypes)
        return False


def _refusal(statement: Any, kinds: Any) -> str:
    if isinstance(statement, ir.SetAttr):
        target, value = kinds[statement.target.name], kinds[statement.value.name]
        return _attribute_refusal(statement.attr, target, value)
    if isinstance(statement, ir.SetItem | ir.StaticSetItem):
        array, value = kinds[statement.target.name], kinds[statement.value.name]
        if _holds_ints(array) and _is_float(value):
            return "an int array gets a float: write int(...) or declare it float"
        return _index_refusal(statement.index, kinds) if isinstance(statement, ir.SetItem) else ""
    if isinstance(statement, ir.Assign) and isinstance(statement.value, ir.Expr):
        return _expression_refusal(statement.value, kinds)
    return ""


def _expression_refusal(value: Any, kinds: Any) -> str:
    if value.op == "getattr":
        return _read_refusal(value.attr, kinds[value.value.name])
    if value.op == "getitem":
        return _index_refusal(value.index, kinds)
    if value.op in ("binop", "inplace_binop"):
        function = value.fn if value.op == "binop" else value.immutable_fn
        of_arrays = any(isinstance(kinds[v.name], types.Array) for v in (value.lhs, value.rhs))
        if of_arrays and function in _INEXACT_OPERATORS:
            return "arrays have + - * and comparisons only: write a loop, or run with mode='python'"
    return ""


def _index_refusal(index: Any, kinds: Any) -> str:
    if isinstance(kinds[index.name], types.Array):
        return "an array cannot be an index: write a loop, or run with mode='python'"
    return ""


def _attribute_refusal(name: str, owner: Any, value: Any) -> str:
    label = getattr(owner, "label", "")
    if label and label != "self":
        return f"{label}.{name} is the market's and cannot be assigned"
    if isinstance(owner, types.Record) and name in owner.fields:
        kind, told = owner.typeof(name), in_words(str(value))
        if isinstance(kind, types.Integer) and _is_float(value):
            return f"{name} is an int field and gets a float: write int(...) or declare it float"
        if isinstance(kind, _NUMBERS) and not isinstance(value, _NUMBERS):
            return f"{name} is {_FIELDS[in_words(str(kind))]} field and gets {told}"
    return ""


def _read_refusal(name: str, owner: Any) -> str:
    if getattr(owner, "label", "self") != "self" and name in PRIVATE:
        return no_attribute(owner.label, name, set(owner.fields) - PRIVATE)
    if isinstance(owner, types.Array) and name in _INEXACT_METHODS:
        return (
            f".{name}() adds in another order than numpy: write a loop, or run with mode='python'"
        )
    return ""


def _holds_ints(kind: Any) -> bool:
    return isinstance(kind, types.Array) and isinstance(kind.dtype, types.Integer)


def _is_float(kind: Any) -> bool:
    if isinstance(kind, types.Array):
        kind = kind.dtype
    return isinstance(kind, types.Float)


class Failures:
    """Which functions of the user did not compile, innermost first: what to tell about."""

    def __init__(self) -> None:
        self.found: list[Failure] = []

    def drop(self, function: Any) -> None:
        """Forget about a function: it compiled after all, for other argument types."""
        self.found = [f for f in self.found if f.function is not function]


failures = Failures()


class StrictCompiler(CompilerBase):  # type: ignore[misc]
    """Numba's compiler with the passes of this file."""

    def _compile_core(self) -> Any:
        function = self.state.func_id.func
        try:
            compiled = super()._compile_core()
        except Exception as error:
            failures.found.append(Failure(function, error))
            raise
        failures.drop(function)
        return compiled

    def define_pipelines(self) -> list[Any]:
        """Return the one pipeline."""
        pipeline = DefaultPassBuilder.define_nopython_pipeline(self.state)
        pipeline.add_pass_after(ExactArithmetic, IRProcessing)
        pipeline.add_pass_after(AlwaysSet, ReconstructSSA)
        pipeline.add_pass_after(StrictFields, NopythonTypeInference)
        pipeline.finalize()
        return [pipeline]


STRICT_OPTIONS: dict[str, Any] = {**USER_OPTIONS, "pipeline_class": StrictCompiler}
"""Numba's options for every function of a user."""
