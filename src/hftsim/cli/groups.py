"""Options written once: a command takes whole dataclasses, their fields become its options."""

import dataclasses
import functools
import inspect
from collections.abc import Callable
from typing import Any

from hftsim.core.errors import Interrupted


def takes_groups(command: Callable[..., Any]) -> Callable[..., Any]:
    """Return `command` with the fields of its dataclass parameters as options of their own.

    A parameter annotated with a dataclass is replaced by that dataclass's fields; when the command
    is called the fields are gathered again and the command gets the instance. Ctrl-C inside the
    command becomes `Interrupted`, because the parser would swallow it.
    """
    own = inspect.signature(command).parameters
    groups = {name: p.annotation for name, p in own.items() if _is_group(p.annotation)}
    plain = [p for name, p in own.items() if name not in groups]
    expanded = [_option(f) for group in groups.values() for f in dataclasses.fields(group)]

    @functools.wraps(command)
    def gathered(**values: Any) -> Any:
        built = {
            name: group(**{f.name: values.pop(f.name) for f in dataclasses.fields(group)})
            for name, group in groups.items()
        }
        try:
            return command(**built, **values)
        except KeyboardInterrupt:
            raise Interrupted("interrupted: what was not finished was not written") from None

    parameters = [*(p.replace(kind=p.KEYWORD_ONLY) for p in plain), *expanded]
    vars(gathered)["__signature__"] = inspect.Signature(parameters)
    gathered.__annotations__ = {p.name: p.annotation for p in parameters}
    return gathered


def _is_group(annotation: object) -> bool:
    return isinstance(annotation, type) and dataclasses.is_dataclass(annotation)


def _option(field: "dataclasses.Field[Any]") -> inspect.Parameter:
    required = field.default is dataclasses.MISSING
    return inspect.Parameter(
        field.name,
        inspect.Parameter.KEYWORD_ONLY,
        default=inspect.Parameter.empty if required else field.default,
        annotation=field.type,
    )
