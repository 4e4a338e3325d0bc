"""The training loop: batches, epochs, early stopping, the best weights kept."""

import dataclasses
import logging
import math

import numpy as np
import numpy.typing as npt
import torch
from torch.nn.functional import cross_entropy

from hftsim.core import ModelError, Progress
from hftsim.models.adam import Adam
from hftsim.models.evaluation import evaluate
from hftsim.models.inputs import IntArray, Samples, read_windows
from hftsim.models.network import PriceNetwork, answer, set_weights, weights_of
from hftsim.models.scaling import Scaler

_log = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Schedule:
    """How to train; `class_weights` has shape (3,), the rest is as in `LSTMPredictor`."""

    learning_rate: float
    batch_size: int
    epochs: int
    patience: int
    max_grad_norm: float
    seed: int
    class_weights: npt.NDArray[np.float32]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Epoch:
    """What one epoch came to."""

    loss: float
    val_loss: float
    val_accuracy: float
    val_macro_f1: float

    def __str__(self) -> str:
        """Return the loss and the validation scores, for a progress bar."""
        return (
            f"loss {self.loss:.4f}, validation loss {self.val_loss:.4f}, "
            f"accuracy {self.val_accuracy:.3f}, macro-F1 {self.val_macro_f1:.3f}"
        )


@dataclasses.dataclass(frozen=True, kw_only=True)
class Outcome:
    """What training came to: all epochs, the best one (1-based; 0 for none), and why it ended."""

    epochs: list[Epoch]
    best_epoch: int
    ended: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class Training:
    """What a training works on."""

    network: PriceNetwork
    scaler: Scaler
    train: Samples
    validation: Samples
    schedule: Schedule
    progress: Progress


def train_network(job: Training) -> Outcome:
    """Train ``job.network`` in place and leave it with the weights of the lowest validation loss.

    The loss is the class-weighted mean cross-entropy, minimised by Adam (Kingma, Ba 2015); the
    gradient's norm is cut at `max_grad_norm` (Pascanu, Mikolov, Bengio 2013). The validation loss
    is the same mean, with the weights of the training part. Training ends after `patience` epochs
    without a lower one.

    A KeyboardInterrupt ends it too: ``ended`` is then "interrupted". Raises ModelError when a loss
    stops being a number.
    """
    schedule = job.schedule
    epochs: list[Epoch] = []
    best = (0, math.inf, weights_of(job.network))
    ended = "all epochs done"
    optimizer = Adam(job.network.parameters(), schedule.learning_rate)
    shuffle = np.random.default_rng(schedule.seed)
    try:
        for number in range(1, schedule.epochs + 1):
            order = shuffle.permutation(len(job.train))
            loss = _train_epoch(job, optimizer, order, number, epochs)
            epoch = _judge(job, loss, number)
            found = (number, epoch.val_loss, weights_of(job.network))
            epochs.append(epoch)
            if epoch.val_loss < best[1]:
                best = found
            _tell(job, number, len(job.train), epochs)
            _log.info("epoch %d of %d: %s", number, schedule.epochs, epoch)
            if number - best[0] >= schedule.patience and number < schedule.epochs:
                ended = f"no lower validation loss in {schedule.patience} epochs"
                break
        total = schedule.epochs * len(job.train)
        job.progress(total, total, f"epoch {best[0]} of {len(epochs)} is kept: {ended}")
    except KeyboardInterrupt:
        ended = "interrupted"
    set_weights(job.network, best[2])
    return Outcome(epochs=epochs, best_epoch=best[0], ended=ended)


def _train_epoch(
    job: Training,
    optimizer: Adam,
    order: IntArray,
    number: int,
    epochs: list[Epoch],
) -> float:
    """Return the epoch's class-weighted mean loss, as it was before each batch's step."""
    network, schedule, train = job.network.train(), job.schedule, job.train
    device = next(network.parameters()).device
    weights = torch.from_numpy(schedule.class_weights).to(device)
    total = torch.zeros((), dtype=torch.float64, device=device)
    for start in range(0, len(order), schedule.batch_size):
        batch = order[start : start + schedule.batch_size]
        scores = job.scaler.apply(read_windows(train.source, train.index[batch]))
        labels = torch.from_numpy(train.labels[batch]).to(device)
        loss = cross_entropy(network(torch.from_numpy(scores).to(device)), labels, weights)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(network.parameters(), schedule.max_grad_norm)
        optimizer.step()
        total += loss.detach() * weights[labels].sum()
        _tell(job, number, min(start + schedule.batch_size, len(order)), epochs)
    return float(total) / float(schedule.class_weights[train.labels].sum(dtype=np.float64))


def _judge(job: Training, loss: float, number: int) -> Epoch:
    """Return the epoch's figures on the validation part; raises ModelError if it diverged.

    Samples of a class that training never saw have weight 0 in the loss, but count as misses.
    """
    labels, weights = job.validation.labels, job.schedule.class_weights.astype(np.float64)
    chances = answer(
        job.network, job.scaler, job.validation.windows(), len(labels), seen=weights > 0
    )
    if not (math.isfinite(loss) and np.isfinite(chances).all()):
        raise ModelError(
            f"training diverged in epoch {number} (loss {loss}): lower learning_rate, "
            "max_grad_norm or clip"
        )
    known = weights[labels] > 0
    of_outcome = chances[known, labels[known]]
    # an answer of exactly 0 counts as the smallest float: one sample must not make it infinite
    nats = -np.log(np.maximum(of_outcome, np.finfo(np.float64).tiny))
    figures = evaluate(labels, chances)
    return Epoch(
        loss=loss,
        val_loss=float(np.average(nats, weights=weights[labels[known]])),
        val_accuracy=figures["accuracy"],
        val_macro_f1=figures["macro_f1"],
    )


def _tell(job: Training, number: int, samples: int, epochs: list[Epoch]) -> None:
    """Report `samples` of epoch `number`; the unit is one sample trained on once."""
    total = job.schedule.epochs * len(job.train)
    scores = f": {epochs[-1]}" if epochs else ""
    done = (number - 1) * len(job.train) + samples
    job.progress(done, total, f"epoch {number} of {job.schedule.epochs}{scores}")
