import hashlib
import importlib.metadata
import json
import shutil

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file

from hftsim.core import ModelError
from hftsim.models import LogisticBaseline, LSTMPredictor, MajorityBaseline, files, load_model
from hftsim.models.files import write_model

from .conftest import toy

MODELS = [
    LSTMPredictor(hidden_size=4, epochs=1, seed=np.int64(3)),
    LogisticBaseline(C=0.5),
    MajorityBaseline(),
]


@pytest.fixture
def saved(tmp_path, small, quick):
    """Return the folder of a saved LSTM with feature names."""
    model = quick().fit(*small, feature_names=["a", "b", "c"])
    return model.save(tmp_path / "deep" / "model", extras={"label_threshold": 1.5e-4})


@pytest.mark.parametrize("model", MODELS, ids=lambda m: type(m).__name__)
@pytest.mark.parametrize("labels", [(0, 1, 2), (0, 2)])
def test_a_loaded_model_equals_the_saved_one(tmp_path, model, labels):
    windows, _ = toy(90)
    model.fit(windows, np.resize(labels, 90), feature_names=["a", "b", "c"])
    model.extras_["data_hash"] = "abc"
    folder = model.save(tmp_path / "model", extras={"horizon": 5})
    for loaded in (type(model).load(folder, feature_names=["a", "b", "c"]), load_model(folder)):
        assert type(loaded) is type(model)
        assert loaded.get_params() == model.get_params()
        np.testing.assert_array_equal(loaded.predict_proba(windows), model.predict_proba(windows))
        assert loaded.extras_ == {"data_hash": "abc", "horizon": 5}
        assert loaded.feature_names_in_.tolist() == ["a", "b", "c"]
        assert loaded.class_counts_.tolist() == model.class_counts_.tolist()
    if isinstance(model, LSTMPredictor):
        assert loaded.history_ == model.history_
        assert loaded.best_epoch_ == model.best_epoch_


def test_the_manifest_says_what_the_model_is(saved):
    manifest = json.loads((saved / "model.json").read_text())
    assert manifest["class"] == "LSTMPredictor"
    assert manifest["features"] == ["a", "b", "c"]
    assert manifest["lookback"] == 8
    assert manifest["classes"] == {"DOWN": 0, "FLAT": 1, "UP": 2}
    assert manifest["extras"] == {"label_threshold": 1.5e-4}
    assert manifest["versions"]["torch"] == importlib.metadata.version("torch")
    assert len(manifest["details"]["scaler"]["mean"]) == 3
    assert len(list(saved.iterdir())) == 2


def test_saving_again_replaces_the_old_model(saved, small, quick):
    other = quick(seed=9).fit(*small)
    other.save(saved)
    assert len(list(saved.iterdir())) == 2
    np.testing.assert_array_equal(
        LSTMPredictor.load(saved).predict_proba(small[0]), other.predict_proba(small[0])
    )
    other.save(saved)
    assert len(list(saved.iterdir())) == 2


def test_other_features_are_refused_on_loading(saved):
    with pytest.raises(
        ModelError, match="first difference at feature 1: trained on 'b', given 'c'"
    ):
        LSTMPredictor.load(saved, feature_names=["a", "c", "b"])


def test_changed_weights_are_refused(saved):
    weights = next(saved.glob("*.safetensors"))
    content = bytearray(weights.read_bytes())
    content[-5] ^= 1
    weights.write_bytes(content)
    with pytest.raises(ModelError, match=r"weights-.*was changed after it was written"):
        LSTMPredictor.load(saved)
    weights.write_bytes(content[:100])
    with pytest.raises(ModelError, match="was changed"):
        LSTMPredictor.load(saved)
    weights.unlink()
    with pytest.raises(ModelError, match="cannot be read"):
        load_model(saved)


def test_a_changed_manifest_is_refused(saved):
    path = saved / "model.json"
    text = path.read_text()
    path.write_text(text.replace('"seed": 0', '"seed": 1'))
    with pytest.raises(ModelError, match=r"model\.json was changed"):
        LSTMPredictor.load(saved)
    path.write_text(text.replace('"format_version": 1', '"format_version": 2'))
    with pytest.raises(ModelError, match=r"format version 2, this hftsim .* reads 1"):
        LSTMPredictor.load(saved)
    path.write_text(text[:200])
    with pytest.raises(ModelError, match="cannot be read as JSON"):
        LSTMPredictor.load(saved)
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ModelError, match="cannot be read as JSON"):
        LSTMPredictor.load(saved)
    path.write_text('{"name": "somebody else"}')
    with pytest.raises(ModelError, match="not written by hftsim"):
        LSTMPredictor.load(saved)


def test_what_is_not_a_model_is_refused(tmp_path, saved):
    with pytest.raises(ModelError, match=r"holds no model\.json"):
        LSTMPredictor.load(tmp_path)
    with pytest.raises(ModelError, match=r"holds no model\.json"):
        load_model(tmp_path / "nothing")
    with pytest.raises(ModelError, match="holds a LSTMPredictor, not a LogisticBaseline"):
        LogisticBaseline.load(saved)


def test_a_class_or_weights_that_do_not_fit_are_refused(tmp_path, saved):
    manifest = json.loads((saved / "model.json").read_text())
    weights = load_file(next(saved.glob("*.safetensors")))
    other = write_model(tmp_path / "other", {**manifest, "class": "Sibyl"}, weights)
    with pytest.raises(ModelError, match="holds a Sibyl, which is none of LSTMPredictor, Log"):
        load_model(other)
    weights["head.weight"] = weights["head.weight"][:2]
    short = write_model(tmp_path / "short", manifest, weights)
    with pytest.raises(ModelError, match=r"head\.weight has shape \(2, 8\), .* ask for \(3, 8\)"):
        load_model(short)


def test_an_untrained_model_is_not_saved(tmp_path):
    with pytest.raises(ModelError, match="LSTMPredictor is not trained"):
        LSTMPredictor().save(tmp_path / "model")


def test_a_folder_of_other_things_is_left_alone(tmp_path, small):
    (tmp_path / "notes.txt").write_text("mine")
    model = MajorityBaseline().fit(*small)
    with pytest.raises(ModelError, match="name a new folder"):
        model.save(tmp_path)
    with pytest.raises(ModelError, match="cannot be made"):
        model.save(tmp_path / "notes.txt")
    assert [p.name for p in tmp_path.iterdir()] == ["notes.txt"]


@pytest.mark.parametrize("value", [object(), float("nan")])
def test_extras_that_are_not_json_are_refused(tmp_path, small, value):
    model = MajorityBaseline().fit(*small)
    with pytest.raises(ModelError, match="do not fit into JSON"):
        model.save(tmp_path / "model", extras={"x": value})
    assert not (tmp_path / "model").exists()


def test_a_failed_write_leaves_the_old_model_or_nothing(tmp_path, saved, small, quick):
    resource = pytest.importorskip("resource")
    before = LSTMPredictor.load(saved).predict_proba(small[0])
    model = quick(hidden_size=40).fit(*small)
    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8192, old[1]))
    try:
        for folder in (saved, tmp_path / "fresh"):
            with pytest.raises(ModelError, match="cannot be written: File too large"):
                model.save(folder)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old)
    assert not (tmp_path / "fresh").exists()
    assert len(list(saved.iterdir())) == 2
    np.testing.assert_array_equal(LSTMPredictor.load(saved).predict_proba(small[0]), before)


def test_a_failed_manifest_leaves_the_old_model(saved, small, quick):
    before = LSTMPredictor.load(saved).predict_proba(small[0])
    (saved / "model.json").rename(saved / "model.bak")
    (saved / "model.json").mkdir()  # a folder cannot be replaced by a file
    (saved / "model.json" / "x").touch()
    with pytest.raises(ModelError, match=r"name a new folder|cannot be written"):
        quick(seed=4).fit(*small).save(saved)
    shutil.rmtree(saved / "model.json")
    (saved / "model.bak").rename(saved / "model.json")
    assert len(list(saved.iterdir())) == 2
    np.testing.assert_array_equal(LSTMPredictor.load(saved).predict_proba(small[0]), before)


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has CUDA")
def test_a_model_of_a_gpu_machine_loads_on_the_cpu(tmp_path, small, quick):
    model = quick().fit(*small)
    before = model.predict_proba(small[0])
    loaded = LSTMPredictor.load(model.set_params(device="cuda:1").save(tmp_path / "model"))
    assert loaded.device == "cpu"
    np.testing.assert_array_equal(loaded.predict_proba(small[0]), before)


def test_a_manifest_that_lacks_or_mistypes_a_fact_is_refused(tmp_path, saved):
    manifest = json.loads((saved / "model.json").read_text())
    weights = load_file(next(saved.glob("*.safetensors")))
    changes = [
        *({name: None} for name in ("params", "n_features", "details", "class_counts")),
        {"params": {**manifest["params"], "wings": 2}},
        {"params": {**manifest["params"], "hidden_size": "many"}},
        {"details": {**manifest["details"], "scaler": {}}},
    ]
    for k, change in enumerate(changes):
        folder = write_model(tmp_path / str(k), {**manifest, **change}, weights)
        with pytest.raises(ModelError, match=r"does not describe a LSTM|whole number"):
            load_model(folder)


def test_weights_whose_header_lies_are_refused(saved):
    path = saved / "model.json"
    manifest = json.loads(path.read_text())
    for content in (b"", b"\xff" * 64, (2**62).to_bytes(8, "little") + b"{}"):
        manifest["weights_sha256"] = hashlib.sha256(content).hexdigest()
        manifest["manifest_sha256"] = files._manifest_hash(manifest)
        path.write_text(json.dumps(manifest))
        name = f"weights-{manifest['weights_sha256'][:16]}.safetensors"
        (saved / name).write_bytes(content)
        with pytest.raises(ModelError, match=f"{name} is no safetensors file"):
            load_model(saved)


def test_logistic_weights_of_another_shape_are_refused(tmp_path, small):
    folder = LogisticBaseline().fit(*small).save(tmp_path / "model")
    manifest = json.loads((folder / "model.json").read_text())
    weights = load_file(next(folder.glob("*.safetensors")))
    weights["coef"] = weights["coef"][:, :2]
    with pytest.raises(ModelError, match=r"shapes \[\(3, 2\), \(3,\)\], the manifest asks for"):
        load_model(write_model(tmp_path / "other", manifest, weights))


def test_a_logistic_model_is_saved_where_torch_is_not_installed(tmp_path, small, monkeypatch):
    found = importlib.metadata.version

    def version(name):
        if name == "torch":
            raise importlib.metadata.PackageNotFoundError(name)
        return found(name)

    monkeypatch.setattr(importlib.metadata, "version", version)
    folder = LogisticBaseline().fit(*small).save(tmp_path / "model")
    assert "torch" not in json.loads((folder / "model.json").read_text())["versions"]
    assert load_model(folder).n_features_in_ == 3
