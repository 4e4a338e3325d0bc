"""Features of bars: indicators, the catalogue of scale-free features, windows and training sets."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hftsim.features.catalogue import FAMILIES, FEATURES
    from hftsim.features.conformance import check_feature
    from hftsim.features.engineer import FeatureEngineer
    from hftsim.features.feature import Feature
    from hftsim.features.importance import get_feature_importance
    from hftsim.features.indicators import INDICATORS, Indicator
    from hftsim.features.preprocessor import DataPreprocessor
    from hftsim.features.training import TrainingSet, prediction_windows, training_set
    from hftsim.features.windows import Windows

__all__ = [
    "FAMILIES",
    "FEATURES",
    "INDICATORS",
    "DataPreprocessor",
    "Feature",
    "FeatureEngineer",
    "Indicator",
    "TrainingSet",
    "Windows",
    "check_feature",
    "get_feature_importance",
    "prediction_windows",
    "training_set",
]

_MODULES = {
    "FAMILIES": "catalogue",
    "FEATURES": "catalogue",
    "INDICATORS": "indicators",
    "DataPreprocessor": "preprocessor",
    "Feature": "feature",
    "FeatureEngineer": "engineer",
    "Indicator": "indicators",
    "TrainingSet": "training",
    "Windows": "windows",
    "check_feature": "conformance",
    "get_feature_importance": "importance",
    "prediction_windows": "training",
    "training_set": "training",
}


def __getattr__(name: str) -> object:
    """Load the module that holds a public name when it is first asked for."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
