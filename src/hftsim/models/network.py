"""The LSTM as torch sees it, and its weights as arrays."""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from hftsim.core import ModelError
from hftsim.labels import CLASS_NAMES
from hftsim.models.inputs import FloatArray
from hftsim.models.scaling import Scaler


class PriceNetwork(nn.Module):
    """LSTM layers over the window, then a linear layer on the last step's hidden state.

    Dropout acts between LSTM layers and before the linear layer.
    """

    def __init__(self, *, features: int, hidden_size: int, num_layers: int, dropout: float) -> None:
        super().__init__()
        self.lstm = nn.LSTM(
            features,
            hidden_size,
            num_layers,
            batch_first=True,
            dropout=dropout if num_layers > 1 else 0.0,
        )
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(hidden_size, len(CLASS_NAMES))

    def forward(self, windows: torch.Tensor) -> torch.Tensor:
        """Return logits (n, 3) of windows (n, steps, features)."""
        hidden, _ = self.lstm(windows)
        logits: torch.Tensor = self.head(self.dropout(hidden[:, -1]))
        return logits


def weights_of(network: PriceNetwork) -> dict[str, npt.NDArray[np.float32]]:
    """Return copies of the weights as arrays by name."""
    return {name: w.detach().cpu().numpy().copy() for name, w in network.state_dict().items()}


def set_weights(network: PriceNetwork, weights: dict[str, npt.NDArray[np.float32]]) -> None:
    """Put weights into a network; raises ModelError unless names and shapes are its own."""
    own = {name: tuple(w.shape) for name, w in network.state_dict().items()}
    given = {name: tuple(w.shape) for name, w in weights.items()}
    if own != given:
        name = next(n for n in sorted({*own, *given}) if own.get(n) != given.get(n))
        raise ModelError(
            f"the weights do not fit the network: {name} has shape {given.get(name)}, "
            f"the parameters ask for {own.get(name)}"
        )
    network.load_state_dict({name: torch.from_numpy(w.copy()) for name, w in weights.items()})


def answer(
    network: PriceNetwork,
    scaler: Scaler,
    chunks: Iterable[FloatArray],
    samples: int,
    *,
    seen: npt.NDArray[np.bool_],
) -> npt.NDArray[np.float64]:
    """Return class probabilities (samples, 3); a class that is not `seen` (shape (3,)) has none."""
    network.eval()
    device = next(network.parameters()).device
    chances = np.empty((samples, len(CLASS_NAMES)))
    done = 0
    with torch.inference_mode():
        for windows in chunks:
            logits = network(torch.from_numpy(scaler.apply(windows)).to(device)).double()
            logits[:, torch.from_numpy(~seen).to(device)] = -torch.inf
            chances[done : done + len(windows)] = logits.softmax(dim=1).cpu().numpy()
            done += len(windows)
    return chances
