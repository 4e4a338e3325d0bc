"""Adam, written out: torch's own optimizers import its compiler first, 1 to 2 seconds per process."""

from collections.abc import Iterable

import torch


class Adam:
    """Adaptive moment estimation (Kingma, Ba 2015, "Adam", algorithm 1), as `torch.optim.Adam`.

    Parameters
    ----------
    weights : tensors with gradients, changed in place.
    learning_rate : step size.
    """

    BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8

    def __init__(self, weights: Iterable[torch.Tensor], learning_rate: float) -> None:
        self.learning_rate = learning_rate
        self._weights = list(weights)
        self._first = [torch.zeros_like(w) for w in self._weights]
        self._second = [torch.zeros_like(w) for w in self._weights]
        self._steps = 0

    @torch.no_grad()
    def step(self) -> None:
        """Move every weight against its gradient, then forget the gradients."""
        self._steps += 1
        scale = self.learning_rate / (1 - self.BETA1**self._steps)
        unbias = (1 - self.BETA2**self._steps) ** 0.5
        for weight, first, second in zip(self._weights, self._first, self._second, strict=True):
            gradient = weight.grad
            if gradient is None:
                continue
            first.lerp_(gradient, 1 - self.BETA1)
            second.mul_(self.BETA2).addcmul_(gradient, gradient, value=1 - self.BETA2)
            weight.addcdiv_(first, second.sqrt().div_(unbias).add_(self.EPSILON), value=-scale)
            weight.grad = None
