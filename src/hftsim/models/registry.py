"""Models by name, for configuration files and the command line."""

import importlib
import inspect
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from hftsim.core import ModelError, UnknownNameError

if TYPE_CHECKING:
    from hftsim.models.estimator import WindowClassifier

MODELS: Mapping[str, str] = MappingProxyType(
    {"lstm": "LSTMPredictor", "logistic": "LogisticBaseline"}
)
"""Name -> class in `hftsim.models`; a class is loaded when a model is made."""


def make_model(name: str, **params: Any) -> "WindowClassifier":
    """Return an untrained model by its name in `MODELS`.

    Raises UnknownNameError for another name or for a parameter that the class does not have,
    ModelError for a value that cannot be.
    """
    if name not in MODELS:
        raise UnknownNameError("model", name, MODELS)
    model_class = _class_of(MODELS[name])
    known = inspect.signature(model_class).parameters
    for param in params:
        if param not in known:
            raise UnknownNameError(f"parameter of {MODELS[name]}", param, known)
    model = model_class(**params)
    model.check_params()
    return model


def load_model(path: str | Path) -> "WindowClassifier":
    """Return the model saved in the folder `path`, whichever class it has.

    Raises ModelError as `WindowClassifier.load` does.
    """
    from hftsim.models.files import read_model

    name = read_model(Path(path))[0].get("class")
    saved = {*MODELS.values(), "MajorityBaseline"}
    if name not in saved:
        raise ModelError(f"{path} holds a {name}, which is none of {', '.join(sorted(saved))}")
    return _class_of(name).load(path)


def _class_of(name: str) -> "type[WindowClassifier]":
    model_class: type[WindowClassifier] = getattr(importlib.import_module("hftsim.models"), name)
    return model_class
