"""The feature engineer: bars in, features and training data out."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from hftsim.core.errors import ConfigError, DataError, UnknownNameError
from hftsim.features.catalogue import FEATURES
from hftsim.features.feature import Feature
from hftsim.features.importance import get_feature_importance
from hftsim.features.training import training_set
from hftsim.features.windows import Float32Array, IntArray

if TYPE_CHECKING:
    import pandas as pd

_INDEX = "ts_open"


class FeatureEngineer:
    """Makes scale-free, causal features from bars, and training data from features.

    Parameters
    ----------
    features : names to make, in the order wanted; by default every feature of the catalogue whose
        input columns the bars have.

    Raises
    ------
    UnknownNameError : a name that is not in `hftsim.features.FEATURES`.
    ConfigError : a name is given twice, or none.
    """

    def __init__(self, features: Sequence[str] | None = None) -> None:
        self.features = None if features is None else tuple(features)
        for name in self.features or ():
            if name not in FEATURES:
                raise UnknownNameError("feature", name, FEATURES)
        if self.features is not None and len(set(self.features)) != len(self.features):
            raise ConfigError("features lists a name twice")
        if self.features == ():
            raise ConfigError("features lists no name")

    @property
    def feature_names(self) -> list[str]:
        """Names made from plain bars (open, high, low, close, volume), or the names asked for.

        Bars with taker volume or trade counts give more by default: see `names_for`.
        """
        return self._names({"open", "high", "low", "close", "volume"})

    def names_for(self, bars: "pd.DataFrame") -> list[str]:
        """Return the names of the features that `create_all_features` makes of these bars."""
        return self._names(set(bars.columns))

    def create_all_features(self, bars: "pd.DataFrame") -> "pd.DataFrame":
        """Return the input's columns and, after them, the features.

        Every row is worked out from itself and earlier rows. A feature is NaN in its warm-up and
        nowhere else. Feature columns the input already has are made anew.

        Parameters
        ----------
        bars : a bar frame, with or without indicators; prices above 0.

        Returns
        -------
        DataFrame with the same rows; features are float64.

        Raises
        ------
        DataError : not a bar frame; a price not above 0, a negative volume; a column missing that
            a feature asked for needs; values so large that a feature overflows.
        """
        import pandas as pd

        from hftsim.features.inputs import Inputs

        inputs = Inputs(bars)
        features = [FEATURES[name] for name in self.names_for(bars)]
        _require_inputs(features, bars)
        block = np.empty((len(features), len(bars)))
        with np.errstate(all="ignore"):
            for row, feature in zip(block, features, strict=True):
                row[:] = inputs.value_of(feature)
                inputs.known[feature.name] = row
        _require_finite(block, features)
        made = pd.DataFrame(
            block.T, index=bars.index, columns=[f.name for f in features], copy=False
        )
        kept = bars[[c for c in bars.columns if c not in made.columns]]
        result = pd.concat([kept, made], axis=1)
        result.attrs = dict(bars.attrs)
        return result

    def prepare_training_data(
        self,
        features: "pd.DataFrame",
        lookback: int = 30,
        horizon: int = 1,
        *,
        train_end: Any = None,
        threshold: float | None = None,
        names: Sequence[str] | None = None,
    ) -> tuple[Float32Array, IntArray, list[str]]:
        """Return samples for a sequence model: X, y and the features' names.

        X is copied out whole (`lookback` times the features' size); `training_set` gives the same
        samples without copying, with their rows and the threshold.

        Parameters
        ----------
        features, lookback, horizon, train_end, threshold, names : as for
            `hftsim.features.training_set`.

        Returns
        -------
        X : float32, shape (samples, lookback, features), oldest row of a window first.
        y : int64, shape (samples,): DOWN 0, FLAT 1, UP 2.
        names : one per feature.

        Raises
        ------
        ModelError : too few rows (the message names the number needed); one class only.
        DataError : the frame cannot be used as it is.
        """
        chosen = training_set(
            features,
            lookback,
            horizon,
            train_end=train_end,
            threshold=threshold,
            names=names if names is not None else self.features,
        )
        return chosen.X[:], chosen.y, list(chosen.names)

    get_feature_importance = staticmethod(get_feature_importance)

    def _names(self, columns: set[str]) -> list[str]:
        if self.features is not None:
            return list(self.features)
        have = columns | {_INDEX}
        return [name for name, feature in FEATURES.items() if have.issuperset(feature.inputs)]


def _require_inputs(features: Sequence[Feature], bars: "pd.DataFrame") -> None:
    for feature in features:
        for column in feature.inputs:
            if column != _INDEX and column not in bars.columns:
                raise DataError(
                    f"feature {feature.name!r} needs the column {column!r}, which these bars lack"
                )


def _require_finite(block: npt.NDArray[np.float64], features: Sequence[Feature]) -> None:
    for row, feature in zip(block, features, strict=True):
        good = np.isfinite(row[feature.warmup :])
        if not good.all():
            raise DataError(
                f"feature {feature.name!r} is not a finite number there: its inputs "
                f"({', '.join(feature.inputs)}) are too large or too small",
                row=feature.warmup + int(np.argmin(good)),
            )
