"""Small learnable data, and windows that are cut only when asked for."""

import numpy as np
import pytest

from hftsim.models import LSTMPredictor


class LazyWindows:
    """Windows over rows of a table: holds rows once, cuts windows on indexing."""

    def __init__(self, values, ends, lookback, feature_names=None):
        self.values, self.ends, self.lookback = values, ends, lookback
        if feature_names is not None:
            self.feature_names = feature_names
        self.largest_request = 0

    @property
    def shape(self):
        return len(self.ends), self.lookback, self.values.shape[1]

    def __len__(self):
        return len(self.ends)

    def __getitem__(self, index):
        assert isinstance(index, np.ndarray)
        self.largest_request = max(self.largest_request, len(index))
        return self.values[self.ends[index][:, None] + np.arange(1 - self.lookback, 1)]


def toy(samples, *, steps=8, features=3, seed=0):
    """Return windows and the class of the mean of feature 0: lowest third 0, middle 1, highest 2."""
    windows = np.random.default_rng(seed).normal(size=(samples, steps, features))
    mean = windows[:, :, 0].mean(axis=1) * np.sqrt(steps)
    labels = np.where(mean < -0.43, 0, np.where(mean > 0.43, 2, 1))
    return windows.astype(np.float32), labels


@pytest.fixture
def small():
    """Return a small training set: windows (300, 8, 3), labels."""
    return toy(300)


@pytest.fixture
def quick():
    """Return a factory of LSTMs that train in a moment."""

    def make(**params):
        return LSTMPredictor(
            **{"hidden_size": 8, "num_layers": 1, "epochs": 3, "batch_size": 64, **params}
        )

    return make
