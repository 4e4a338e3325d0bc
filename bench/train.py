"""One epoch of an LSTM on 10,000 windows, beside the loop one would write with plain torch."""

import functools
import json
from typing import Any

import numpy as np
import torch
from _report import load, measure, note, ratio, tell, versions
from torch import nn

from hftsim import LSTMPredictor

SAMPLES, HELD_OUT, STEPS, FEATURES = 10_000, 1_000, 30, 90
HIDDEN, LAYERS, DROPOUT = 128, 2, 0.2
WAYS = ((256, 2), (64, 2), (256, 1))
RNG = np.random.default_rng(0)
X = RNG.standard_normal((SAMPLES + HELD_OUT, STEPS, FEATURES), dtype=np.float32)
Y = RNG.integers(0, 3, SAMPLES + HELD_OUT)
TRAIN, LATER = slice(0, SAMPLES), slice(SAMPLES, None)


def ours(batch_size: int, threads: int) -> None:
    """Fit for one epoch: scaler, training, clipped gradients, class weights, validation scores."""
    LSTMPredictor(
        hidden_size=HIDDEN,
        num_layers=LAYERS,
        dropout=DROPOUT,
        batch_size=batch_size,
        epochs=1,
        deterministic=False,
        device="cpu",
        n_threads=threads,
    ).fit(X[TRAIN], Y[TRAIN], validation_data=(X[LATER], Y[LATER]))


class Plain(nn.Module):
    """The same network, as a user of torch would write it."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(FEATURES, HIDDEN, LAYERS, batch_first=True, dropout=DROPOUT)
        self.head = nn.Sequential(nn.Dropout(DROPOUT), nn.Linear(HIDDEN, 3))

    def forward(self, windows: torch.Tensor) -> torch.Tensor:
        """Return logits."""
        hidden, _ = self.lstm(windows)
        logits: torch.Tensor = self.head(hidden[:, -1])
        return logits


def plain_torch(batch_size: int, threads: int) -> None:
    """Standardise, train for one epoch over a DataLoader, and score the validation part."""
    torch.set_num_threads(threads)
    flat = X[TRAIN].reshape(-1, FEATURES)
    scores = torch.from_numpy((X - flat.mean(axis=0)) / flat.std(axis=0))
    labels = torch.from_numpy(Y)
    data = torch.utils.data.TensorDataset(scores[TRAIN], labels[TRAIN])
    loader = torch.utils.data.DataLoader(data, batch_size=batch_size, shuffle=True)
    network, loss_of = Plain(), nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam(network.parameters(), lr=0.001)
    network.train()
    for windows, targets in loader:
        optimizer.zero_grad()
        loss_of(network(windows), targets).backward()
        optimizer.step()
    network.eval()
    with torch.no_grad():
        loss_of(network(scores[LATER]), labels[LATER]).item()


def main() -> None:
    """Time both in turn, with each batch size and thread count, and print them."""
    cases: dict[str, Any] = {}
    for batch_size, threads in WAYS:
        for name, work in (("hftsim", ours), ("torch", plain_torch)):
            timed = measure(functools.partial(work, batch_size, threads), 2)
            case = f"{name}_batch_{batch_size}_threads_{threads}"
            cases[case] = {**timed, "load": load()}
            note(f"{case} {json.dumps(cases[case])}")
    mine, theirs = (cases[f"{name}_batch_256_threads_2"]["wall_s"] for name in ("hftsim", "torch"))
    tell(
        name="train",
        ours=mine,
        unit="s",
        peer=theirs,
        peer_name="torch",
        ratio=ratio(theirs, mine),
        workload=(
            f"LSTM {FEATURES}-{HIDDEN}x{LAYERS}-3, look-back {STEPS}: one epoch on {SAMPLES:,} random "
            f"windows and a validation pass on {HELD_OUT:,}, Adam, batch 256, 2 threads, "
            "deterministic off; wall seconds, standardising included. hftsim also checks the input, "
            "clips gradients, weighs classes and keeps the best weights. The peer is a plain torch "
            "loop over a DataLoader"
        ),
        cases=cases,
        versions=versions("torch"),
    )


if __name__ == "__main__":
    main()
