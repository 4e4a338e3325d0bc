"""Strategy classes used by name in compiled code: ``Base.on_bar(self, ctx)``, ``Base.LIMIT``."""

import inspect
import types as pytypes
from typing import Any

from numba import types
from numba.core.datamodel.models import OpaqueModel
from numba.core.imputils import lower_constant, lower_getattr_generic
from numba.core.typing.templates import AttributeTemplate
from numba.extending import infer_getattr, register_model, typeof_impl

from hftsim.native.state import StateMeta


class StateClassType(types.Type):  # type: ignore[misc]
    """Type of a strategy class as a value."""

    def __init__(self, cls: type) -> None:
        self.cls = cls
        super().__init__(f"class {cls.__qualname__}:{id(cls)}")


register_model(StateClassType)(OpaqueModel)


@typeof_impl.register(StateMeta)  # type: ignore[untyped-decorator]
def _typeof_class(value: Any, context: Any) -> StateClassType:
    return StateClassType(value)


@lower_constant(StateClassType)  # type: ignore[untyped-decorator]
def _lower_class(context: Any, builder: Any, ty: Any, value: Any) -> Any:
    return context.get_dummy_value()


@lower_getattr_generic(StateClassType)  # type: ignore[untyped-decorator]
def _lower_attribute(context: Any, builder: Any, ty: Any, value: Any, attr: str) -> Any:
    found = inspect.getattr_static(ty.cls, attr)
    if isinstance(found, pytypes.FunctionType):
        return context.get_dummy_value()
    kind = context.typing_context.resolve_value_type(found)
    return context.get_constant_generic(builder, kind, found)


@infer_getattr
class StateClassAttribute(AttributeTemplate):  # type: ignore[misc]
    """Resolves methods (registered before, when the walk met them) and constants."""

    key = StateClassType

    def generic_resolve(self, ty: Any, attr: str) -> Any:
        """Return the type of the plain function or number behind the attribute."""
        found = inspect.getattr_static(ty.cls, attr, None)
        if isinstance(found, pytypes.FunctionType | bool | int | float | tuple):
            return self.context.resolve_value_type(found)
        return None
