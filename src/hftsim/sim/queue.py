"""Where an order is assumed to stand in its queue, where data do not tell."""

import dataclasses

from hftsim.core.errors import ConfigError, UnknownNameError

QUEUE_MODELS = ("risk-adverse", "power", "power2", "power3", "log", "log2")
"""Names, in the order of their numbers in compiled code."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class QueueModel:
    """How decreases of a level that no trade explains are split between ahead and behind.

    Data by order need none: there the queue is exact. Formulas as in hftbacktest; see
    docs/models/fills.md.

    Parameters
    ----------
    name : one of `QUEUE_MODELS`.
    n : the exponent of the power models.
    """

    name: str = "power"
    n: float = 3.0

    def __post_init__(self) -> None:
        """Refuse unknown names and exponents that make no sense."""
        if self.name not in QUEUE_MODELS:
            raise UnknownNameError("queue model", self.name, QUEUE_MODELS)
        if not 0 < self.n <= 100:
            raise ConfigError(f"queue model n is above 0 and at most 100, not {self.n}")

    @property
    def number(self) -> int:
        """The model's number in compiled code."""
        return QUEUE_MODELS.index(self.name)
