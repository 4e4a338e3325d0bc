"""`LSTMPredictor`: the direction of the price from a window of features."""

import os
from collections.abc import Iterator, Sequence
from typing import Any, Literal, Self

import numpy as np
import numpy.typing as npt

from hftsim.core import Interrupted, ModelError, Progress, no_progress
from hftsim.models.estimator import WindowClassifier
from hftsim.models.inputs import (
    FloatArray,
    IntArray,
    Samples,
    WindowSource,
    check_class_weight,
    check_number,
    check_whole,
)
from hftsim.models.network import PriceNetwork, answer, set_weights, weights_of
from hftsim.models.scaling import Scaler, fit_scaler
from hftsim.models.torch_state import check_device_name, find_device, has_device, torch_settings
from hftsim.models.training import Outcome, Schedule, Training, train_network

_WORTH_THREADS = 64


class LSTMPredictor(WindowClassifier):
    """LSTM over windows of features, trained with early stopping (Hochreiter, Schmidhuber 1997).

    Parameters
    ----------
    input_size : number of features; where given, other windows are refused.
    hidden_size, num_layers : units per layer and layers of the LSTM.
    dropout : share of units dropped between layers and before the output, in [0, 1).
    learning_rate : step size of Adam.
    batch_size : samples per step. On minute bars, whose labels overlap, small batches overfit
        within the first epoch.
    epochs : most passes over the training part.
    patience : epochs without a lower validation loss after which training ends.
    class_weight : "balanced" weighs each class by the inverse of its frequency in the training
        part, None does not. Balanced probabilities are those of equally frequent classes.
    validation_fraction : the LAST part, in time, of what `fit` gets, judges the epochs and is not
        trained on; unused with `validation_data`. Labels that look ahead overlap at the border:
        pass a purged `validation_data` to avoid it.
    max_grad_norm : longest gradient; a longer one is shortened to it.
    clip : largest standard score of a feature, see `Scaler`.
    seed : of the first weights, the order of samples and dropout.
    deterministic : bit-equal training for the same data, seed, versions, CPU type and thread count.
    device : "auto" (CUDA if present), "cpu", "cuda" or "cuda:1".
    n_threads : CPU threads of torch while it trains or predicts, at most one for each processor.
        None takes one below 64 hidden units, where more do not pay (and wait for each other on a
        busy machine), else as many as torch is set to.

    Attributes
    ----------
    history_ : lists with one value per epoch: loss, val_loss (both class-weighted cross-entropy in
        nats; the first before each step and with dropout), val_accuracy, val_macro_f1.
    best_epoch_ : the epoch (from 1) whose weights are kept: the lowest val_loss.
    ended_ : why training ended.
    n_threads_ : threads it was trained with.
    scaler_ : fitted on the training part only.
    """

    history_: dict[str, list[float]]
    best_epoch_: int
    ended_: str
    n_threads_: int
    scaler_: Scaler
    network_: PriceNetwork

    def __init__(
        self,
        *,
        input_size: int | None = None,
        hidden_size: int = 32,
        num_layers: int = 2,
        dropout: float = 0.2,
        learning_rate: float = 0.001,
        batch_size: int = 256,
        epochs: int = 15,
        patience: int = 3,
        class_weight: Literal["balanced"] | None = "balanced",
        validation_fraction: float = 0.15,
        max_grad_norm: float = 1.0,
        clip: float = 5.0,
        seed: int = 0,
        deterministic: bool = True,
        device: str = "auto",
        n_threads: int | None = None,
    ) -> None:
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.dropout = dropout
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.epochs = epochs
        self.patience = patience
        self.class_weight = class_weight
        self.validation_fraction = validation_fraction
        self.max_grad_norm = max_grad_norm
        self.clip = clip
        self.seed = seed
        self.deterministic = deterministic
        self.device = device
        self.n_threads = n_threads

    def check_params(self) -> None:
        """Raise ModelError for a constructor field that cannot be."""
        check_class_weight(self.class_weight)
        for name in ("hidden_size", "batch_size", "epochs", "patience"):
            check_whole(name, getattr(self, name), 1, 2**31 - 1)
        check_whole("num_layers", self.num_layers, 1, 64)
        check_whole("seed", self.seed, 0)
        for name in ("input_size", "n_threads"):
            if getattr(self, name) is not None:
                check_whole(name, getattr(self, name), 1)
        for name in ("max_grad_norm", "clip"):
            check_number(name, getattr(self, name), lambda v: v > 0, "be a number above 0")
        check_number("learning_rate", self.learning_rate, lambda v: 0 < v <= 1, "lie in (0, 1]")
        check_number("dropout", self.dropout, lambda v: 0 <= v < 1, "lie in [0, 1)")
        share = self.validation_fraction
        check_number("validation_fraction", share, lambda v: 0 < v < 1, "lie between 0 and 1")
        if not isinstance(self.deterministic, bool):
            raise ModelError(f"deterministic must be true or false, not {self.deterministic!r}")
        check_device_name(self.device)

    def fit(
        self,
        X: WindowSource,
        y: npt.ArrayLike,
        *,
        validation_data: tuple[WindowSource, npt.ArrayLike] | None = None,
        feature_names: Sequence[str] | None = None,
        progress: Progress = no_progress,
    ) -> Self:
        """Train as `WindowClassifier.fit` says, and keep the weights of the best epoch.

        Progress counts samples trained on, with the last epoch's loss and scores in the note.

        Raises Interrupted on Ctrl-C: the best epoch so far is kept, and the message says which;
        before the end of the first epoch the model stays as it was.
        """
        super().fit(
            X,
            y,
            validation_data=validation_data,
            feature_names=feature_names,
            progress=progress,
        )
        if self.ended_ == "interrupted":
            raise Interrupted(
                f"training was stopped after epoch {len(self.history_['loss'])} of {self.epochs}; "
                f"the weights of epoch {self.best_epoch_}, the best so far, are kept: the model "
                "can predict and be saved"
            )
        return self

    def _split(
        self, samples: Samples, given: tuple[WindowSource, npt.ArrayLike] | None
    ) -> tuple[Samples, Samples | None]:
        features = samples.source.shape[2]
        if self.input_size is not None and self.input_size != features:
            raise ModelError(f"input_size is {self.input_size}, but X has {features} features")
        train, validation = super()._split(samples, given)
        if validation is not None:
            return train, validation
        held_out = min(max(1, round(len(samples) * self.validation_fraction)), len(samples))
        border = len(samples) - held_out
        return _part(samples, slice(None, border)), _part(samples, slice(border, None))

    def _learn(
        self, train: Samples, validation: Samples | None, progress: Progress
    ) -> dict[str, Any]:
        if validation is None:
            raise ModelError("an LSTM needs a validation part")
        weights = _class_weights(train.class_counts(), balanced=self.class_weight is not None)
        if not weights[validation.labels].any():
            raise ModelError("the validation part holds no class that the training part has")
        device = find_device(self.device)
        schedule = self._schedule(weights)
        scaler = fit_scaler(train.windows(), clip=self.clip)
        with torch_settings(
            device=device,
            n_threads=self._threads(),
            deterministic=self.deterministic,
            seed=self.seed,
        ) as threads:
            network = self._network(train.source.shape[2]).to(device)
            outcome = train_network(
                Training(
                    network=network,
                    scaler=scaler,
                    train=train,
                    validation=validation,
                    schedule=schedule,
                    progress=progress,
                )
            )
        if outcome.best_epoch == 0:
            raise KeyboardInterrupt
        return {
            "history_": _history(outcome),
            "best_epoch_": outcome.best_epoch,
            "ended_": outcome.ended,
            "n_threads_": threads,
            "scaler_": scaler,
            "network_": network,
        }

    def _schedule(self, class_weights: FloatArray) -> Schedule:
        return Schedule(
            learning_rate=self.learning_rate,
            batch_size=self.batch_size,
            epochs=self.epochs,
            patience=self.patience,
            max_grad_norm=self.max_grad_norm,
            seed=self.seed,
            class_weights=class_weights,
        )

    def _answer(self, chunks: Iterator[FloatArray], samples: int) -> npt.NDArray[np.float64]:
        device = find_device(self.device)
        with torch_settings(
            device=device, n_threads=self._threads(), deterministic=self.deterministic
        ):
            return answer(
                self.network_.to(device),
                self.scaler_,
                chunks,
                samples,
                seen=self.class_counts_ > 0,
            )

    def _stored(self) -> tuple[dict[str, Any], dict[str, npt.NDArray[Any]]]:
        details = {
            "scaler": self.scaler_.to_dict(),
            "history": self.history_,
            "best_epoch": self.best_epoch_,
            "ended": self.ended_,
            "n_threads": self.n_threads_,
        }
        return details, dict(weights_of(self.network_))

    def _restore(self, details: dict[str, Any], tensors: dict[str, npt.NDArray[Any]]) -> None:
        if self.device != "auto" and not has_device(self.device):
            self.device = "cpu"
        self.scaler_ = Scaler.from_dict(details["scaler"])
        self.history_ = details["history"]
        self.best_epoch_ = details["best_epoch"]
        self.ended_ = details["ended"]
        self.n_threads_ = details["n_threads"]
        self.network_ = self._network(self.n_features_in_)
        set_weights(self.network_, tensors)

    def _threads(self) -> int | None:
        if self.n_threads is not None:  # more than processors wait for each other without end
            return min(self.n_threads, os.cpu_count() or 1)
        return 1 if self.hidden_size < _WORTH_THREADS else None

    def _network(self, features: int) -> PriceNetwork:
        try:
            return PriceNetwork(
                features=features,
                hidden_size=self.hidden_size,
                num_layers=self.num_layers,
                dropout=self.dropout,
            )
        except (RuntimeError, MemoryError) as error:  # what torch says to large sizes
            raise ModelError(
                f"a network of hidden_size {self.hidden_size} and num_layers {self.num_layers} does "
                "not fit into memory: lower them"
            ) from error


def _part(samples: Samples, rows: slice) -> Samples:
    return Samples(source=samples.source, index=samples.index[rows], labels=samples.labels[rows])


def _class_weights(counts: IntArray, *, balanced: bool) -> npt.NDArray[np.float32]:
    """Return shape (3,): n / (classes * count), as scikit-learn does; 0 for an absent class."""
    present = counts > 0
    weights = present.astype(np.float32)
    if balanced:
        weights[present] = counts.sum() / (present.sum() * counts[present])
    return weights


def _history(outcome: Outcome) -> dict[str, list[float]]:
    return {
        name: [getattr(epoch, name) for epoch in outcome.epochs]
        for name in ("loss", "val_loss", "val_accuracy", "val_macro_f1")
    }
