import subprocess
import sys

import numpy as np
import pytest
import torch

import hftsim.models
from hftsim.core import ModelError, UnknownNameError
from hftsim.models import (
    MODELS,
    LogisticBaseline,
    LSTMPredictor,
    MajorityBaseline,
    check_model,
    make_model,
)
from hftsim.models.adam import Adam

QUICK = {"lstm": {"hidden_size": 4, "epochs": 2}}


@pytest.mark.parametrize("name", MODELS)
def test_every_named_model_keeps_the_contract(name):
    check_model(make_model(name, **QUICK.get(name, {})))


def test_the_majority_baseline_keeps_the_contract():
    check_model(MajorityBaseline())


class Forgetful(MajorityBaseline):
    def predict(self, X):
        return np.zeros(len(X), dtype=np.int64) + 2


class Credulous(MajorityBaseline):
    def fit(self, X, y, **options):
        return super().fit(np.zeros(X.shape), y, **options)


class Unsure(MajorityBaseline):
    def predict_proba(self, X):
        return super().predict_proba(X) / 2


@pytest.mark.parametrize(
    ("model", "rule"),
    [
        (Forgetful(), "predict returns the likeliest class"),
        (Credulous(), "NaN in training is refused"),
        (Unsure(), "sum to 1"),
    ],
)
def test_a_model_that_breaks_a_rule_is_told_which(model, rule):
    with pytest.raises(ModelError, match=rule):
        check_model(model)


def test_models_are_made_by_name():
    assert isinstance(make_model("lstm", hidden_size=16), LSTMPredictor)
    assert make_model("logistic", C=2.0).get_params()["C"] == 2.0
    assert isinstance(make_model("logistic"), LogisticBaseline)
    with pytest.raises(UnknownNameError, match="unknown model 'ltsm'; did you mean 'lstm'"):
        make_model("ltsm")
    with pytest.raises(UnknownNameError, match="'hiden_size'; did you mean 'hidden_size'"):
        make_model("lstm", hiden_size=3)


def test_importing_the_room_is_cheap():
    code = (
        "import sys, hftsim.models; "
        "heavy = {'torch', 'sklearn', 'scipy', 'pandas', 'safetensors'} & set(sys.modules); "
        "print(*heavy, end='')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == ""


def test_every_public_name_exists():
    assert set(hftsim.models.__all__) <= set(dir(hftsim.models))
    for name in hftsim.models.__all__:
        assert getattr(hftsim.models, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        hftsim.models.nothing  # noqa: B018


@pytest.mark.parametrize("package", ["torch", "sklearn", "safetensors"])
def test_a_missing_package_names_the_extra(package):
    code = (
        "import sys, hftsim.models as m, hftsim.core as c\n"
        "class Missing:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        f"        if name.partition('.')[0] == {package!r}:\n"
        "            raise ModuleNotFoundError(name, name=name)\n"
        "sys.meta_path.insert(0, Missing())\n"
        "try: m.LSTMPredictor\n"
        "except c.MissingExtraError as e: print(e)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "pip install 'hftsim[ml]'" in done.stdout


def test_adam_equals_the_one_of_torch():
    generator = torch.Generator().manual_seed(0)
    start = torch.randn(5, 3, generator=generator)
    ours, theirs = start.clone().requires_grad_(), start.clone().requires_grad_()
    unused = torch.zeros(2, requires_grad=True)
    mine, reference = Adam([ours, unused], 0.01), torch.optim.Adam([theirs], lr=0.01)
    for _ in range(20):
        target = torch.randn(5, 3, generator=generator)
        ((ours - target) ** 2).sum().backward()
        reference.zero_grad()
        ((theirs - target) ** 2).sum().backward()
        mine.step()
        reference.step()
        assert ours.grad is None
    torch.testing.assert_close(ours, theirs, rtol=1e-6, atol=1e-7)
    assert torch.equal(unused, torch.zeros(2))
