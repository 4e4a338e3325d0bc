"""Models that turn windows of features into class probabilities, and what they are worth.

Everything is loaded on first use: importing this package imports neither torch nor scikit-learn.
"""

import importlib
import os
from typing import TYPE_CHECKING, Any

from hftsim.core import MissingExtraError

if TYPE_CHECKING:
    from hftsim.models.baselines import LogisticBaseline, MajorityBaseline
    from hftsim.models.comparison import compare
    from hftsim.models.conformance import check_model
    from hftsim.models.estimator import WindowClassifier
    from hftsim.models.evaluation import evaluate
    from hftsim.models.inputs import Model, WindowSource
    from hftsim.models.lstm import LSTMPredictor
    from hftsim.models.registry import MODELS, load_model, make_model
    from hftsim.models.scaling import Scaler

__all__ = [
    "MODELS",
    "LSTMPredictor",
    "LogisticBaseline",
    "MajorityBaseline",
    "Model",
    "Scaler",
    "WindowClassifier",
    "WindowSource",
    "check_model",
    "compare",
    "evaluate",
    "load_model",
    "make_model",
]

_HOME = {
    "MODELS": "registry",
    "LSTMPredictor": "lstm",
    "LogisticBaseline": "baselines",
    "MajorityBaseline": "baselines",
    "Model": "inputs",
    "Scaler": "scaling",
    "WindowClassifier": "estimator",
    "WindowSource": "inputs",
    "check_model": "conformance",
    "compare": "comparison",
    "evaluate": "evaluation",
    "load_model": "registry",
    "make_model": "registry",
}
if "OMP_WAIT_POLICY" not in os.environ:
    # OpenMP reads this when torch is loaded: threads that wait for each other soon sleep. Spinning
    # as long as by default makes two threads slower than one on a busy machine.
    os.environ.setdefault("GOMP_SPINCOUNT", "1000")

_PACKAGES = {
    "sklearn": "scikit-learn",
    "threadpoolctl": "scikit-learn",
    "torch": "torch",
    "safetensors": "safetensors",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        module = importlib.import_module(f"{__name__}.{_HOME[name]}")
    except ModuleNotFoundError as error:
        package = _PACKAGES.get((error.name or "").partition(".")[0])
        if package is None:
            raise
        raise MissingExtraError(package, "ml") from error
    return getattr(module, name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
