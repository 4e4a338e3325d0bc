"""Features of bars: indicators, the catalogue of scale-free features, windows and training sets."""

from typing import TYPE_CHECKING

from hftsim.core.lazy import lazy_names

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

__getattr__, __dir__ = lazy_names(__name__, _MODULES, __all__)
