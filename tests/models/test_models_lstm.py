import os

import numpy as np
import pytest
import torch
from sklearn.base import clone

from hftsim.core import Interrupted, ModelError, UnknownNameError, no_progress
from hftsim.models import LSTMPredictor, Scaler, evaluate
from hftsim.models.inputs import make_samples
from hftsim.models.network import PriceNetwork
from hftsim.models.training import Schedule, Training, train_network

from .conftest import LazyWindows, toy


def test_learns_the_sign_of_the_mean_of_one_feature():
    windows, _ = toy(1600, seed=3)
    labels = np.where(windows[:, :, 0].mean(axis=1) > 0, 2, 0)
    model = LSTMPredictor(epochs=12, learning_rate=0.005, batch_size=64).fit(
        windows[:1200], labels[:1200]
    )
    figures = evaluate(labels[1200:], model.predict_proba(windows[1200:]))
    assert figures["accuracy"] > 0.9
    assert model.predict_proba(windows)[:, 1].max() == 0  # FLAT was never seen


def test_learns_three_classes():
    windows, labels = toy(2000, seed=4)
    model = LSTMPredictor(epochs=12, learning_rate=0.005, batch_size=64).fit(
        windows[:1500], labels[:1500]
    )
    assert model.score(windows[1500:], labels[1500:]) > 0.8


def test_follows_the_scikit_learn_parameter_rules():
    model = LSTMPredictor(hidden_size=16, seed=3)
    assert clone(model).get_params() == model.get_params()
    assert model.set_params(epochs=2).epochs == 2
    with pytest.raises(TypeError):
        LSTMPredictor(90)
    defaults = LSTMPredictor().get_params()
    assert defaults["hidden_size"] == 32
    assert defaults["num_layers"] == 2
    assert defaults["dropout"] == 0.2
    assert defaults["learning_rate"] == 0.001
    assert defaults["epochs"] == 15


def test_fit_sets_what_the_docstring_lists(small, quick):
    windows, labels = small
    model = quick().fit(windows, labels, feature_names=["a", "b", "c"])
    assert model.classes_.tolist() == [0, 1, 2]
    assert (model.n_features_in_, model.lookback_) == (3, 8)
    assert model.feature_names_in_.tolist() == ["a", "b", "c"]
    assert set(model.history_) == {"loss", "val_loss", "val_accuracy", "val_macro_f1"}
    assert {len(values) for values in model.history_.values()} == {3}
    assert model.ended_ == "all epochs done"
    assert model.class_counts_.sum() == 300 - 45  # the last 15 % are held out


def test_probabilities_are_float64_rows_that_sum_to_one(small, quick):
    model = quick().fit(*small)
    chances = model.predict_proba(small[0])
    assert chances.shape == (300, 3)
    assert chances.dtype == np.float64
    np.testing.assert_allclose(chances.sum(axis=1), 1, atol=1e-12)
    np.testing.assert_array_equal(model.predict(small[0]), chances.argmax(axis=1))
    assert model.predict_proba(small[0][:0]).shape == (0, 3)


def test_keeps_the_weights_of_the_lowest_validation_loss():
    windows, labels = toy(40, features=6, seed=1)
    seen, noise = toy(60, features=6, seed=2)
    unlearnable = np.random.default_rng(5).permutation(noise)
    model = LSTMPredictor(
        epochs=60, patience=5, learning_rate=0.02, class_weight=None, dropout=0.0
    ).fit(windows, labels, validation_data=(seen, unlearnable))
    losses = model.history_["val_loss"]
    assert model.ended_ == "no lower validation loss in 5 epochs"
    assert len(losses) < 60
    assert model.best_epoch_ == int(np.argmin(losses)) + 1 == len(losses) - 5
    kept = evaluate(unlearnable, model.predict_proba(seen))
    assert kept["log_loss"] == pytest.approx(min(losses), rel=1e-12)
    assert kept["accuracy"] == model.history_["val_accuracy"][model.best_epoch_ - 1]
    assert kept["macro_f1"] == model.history_["val_macro_f1"][model.best_epoch_ - 1]


def test_validation_loss_is_weighted_by_the_training_classes(quick):
    windows, labels = toy(400, seed=6)
    some = np.flatnonzero((labels != 2) | (np.arange(400) % 4 == 0))
    val, val_labels = toy(100, seed=7)
    model = quick(epochs=1).fit(windows[some], labels[some], validation_data=(val, val_labels))
    counts = np.bincount(labels[some])
    weights = (counts.sum() / (3 * counts))[val_labels]
    nats = -np.log(model.predict_proba(val)[np.arange(100), val_labels])
    assert model.history_["val_loss"][0] == pytest.approx(np.average(nats, weights=weights), 1e-6)


def test_the_last_samples_validate_by_default(small, quick):
    windows, labels = small
    split = quick(validation_fraction=0.2).fit(windows, labels)
    given = quick().fit(windows[:240], labels[:240], validation_data=(windows[240:], labels[240:]))
    np.testing.assert_array_equal(split.predict_proba(windows), given.predict_proba(windows))
    np.testing.assert_array_equal(
        split.scaler_.mean, given.scaler_.mean
    )  # fitted without the validation part


@pytest.mark.parametrize("threads", [1, 2])
def test_training_twice_is_bit_equal_and_another_seed_is_not(quick, threads):
    windows, labels = toy(150)
    params = {"hidden_size": 16, "num_layers": 2, "epochs": 1, "n_threads": threads}
    models = [quick(seed=s, **params).fit(windows, labels) for s in (7, 7, 8)]
    first, again, other = (m.network_.state_dict() for m in models)
    assert models[0].n_threads_ == threads
    assert models[0].history_ == models[1].history_
    assert all(first[k].numpy().tobytes() == again[k].numpy().tobytes() for k in first)
    assert not torch.equal(first["head.weight"], other["head.weight"])


def test_leaves_the_state_of_torch_as_it_was(quick):
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    threads = torch.get_num_threads()
    quick(epochs=1, n_threads=threads + 1).fit(*toy(30))
    assert torch.equal(torch.rand(3), expected)
    assert torch.get_num_threads() == threads
    assert not torch.are_deterministic_algorithms_enabled()
    assert torch.utils.deterministic.fill_uninitialized_memory
    assert "CUBLAS_WORKSPACE_CONFIG" not in os.environ


def test_a_small_network_uses_one_thread_unless_told(small, quick):
    assert quick().fit(*small).n_threads_ == 1
    assert quick(epochs=1, n_threads=2).fit(*toy(30)).n_threads_ == 2
    assert quick(hidden_size=64, epochs=1).fit(*toy(30)).n_threads_ == torch.get_num_threads()


def test_trains_without_the_deterministic_flag(small, quick):
    model = quick(deterministic=False).fit(*small)
    assert len(model.history_["loss"]) == 3


def test_lazy_windows_give_the_same_model_in_bounded_chunks(quick):
    values = np.random.default_rng(0).normal(size=(3000, 4)).astype(np.float32)
    lazy = LazyWindows(values, np.arange(9, 3000), 10)
    labels = np.arange(len(lazy)) % 3
    whole = lazy[np.arange(len(lazy))]
    lazy.largest_request = 0
    one = quick(epochs=1).fit(lazy, labels)
    other = quick(epochs=1).fit(whole, labels)
    np.testing.assert_array_equal(one.predict_proba(lazy), other.predict_proba(whole))
    assert lazy.largest_request <= 1024


def test_progress_counts_samples_and_tells_the_scores(small, quick):
    calls = []
    model = quick().fit(
        *small, progress=lambda done, total, note="": calls.append((done, total, note))
    )
    done = [c[0] for c in calls]
    assert done == sorted(done)
    assert {c[1] for c in calls} == {3 * 255}
    assert done[-1] == 3 * 255
    ends = [note for d, _, note in calls if d == 2 * 255]
    assert f"epoch 2 of 3: loss {model.history_['loss'][1]:.4f}" in ends[-1]
    assert f"macro-F1 {model.history_['val_macro_f1'][1]:.3f}" in ends[-1]


def test_an_interrupt_keeps_the_best_epoch_so_far(small, quick, tmp_path):
    windows, labels = small

    def stop(done, total, note=""):
        if done > 2.5 * 255:
            raise KeyboardInterrupt

    model = quick(epochs=9)
    with pytest.raises(Interrupted, match=r"after epoch 2 of 9.*epoch \d.*kept"):
        model.fit(windows, labels, progress=stop)
    uninterrupted = quick(epochs=2).fit(windows, labels)
    np.testing.assert_array_equal(
        model.predict_proba(windows), uninterrupted.predict_proba(windows)
    )
    assert model.ended_ == "interrupted"
    model.save(tmp_path / "model")


def test_an_interrupt_before_the_first_epoch_changes_nothing(small, quick):
    windows, labels = small

    def stop(done, total, note=""):
        raise KeyboardInterrupt

    model = quick()
    with pytest.raises(Interrupted, match="as it was"):
        model.fit(windows, labels, progress=stop)
    with pytest.raises(ModelError, match="not trained"):
        model.predict(windows)
    before = model.fit(windows, labels).predict_proba(windows)
    with pytest.raises(Interrupted):
        model.set_params(seed=5).fit(windows, labels, progress=stop)
    np.testing.assert_array_equal(model.predict_proba(windows), before)


def test_fewer_samples_than_a_batch_and_constant_features_are_fine(quick):
    windows, _ = toy(12)
    windows[:, :, 1] = 90_000.1
    model = quick(batch_size=64).fit(windows, np.arange(12) % 3)
    assert np.isfinite(model.predict_proba(windows)).all()
    assert model.scaler_.apply(windows)[:, :, 1].max() == 0


def test_a_class_only_validation_has_counts_as_a_miss(quick):
    windows, labels = toy(200)
    labels = np.where(labels == 1, 0, labels)
    val, _ = toy(30, seed=9)
    val_labels = np.r_[np.ones(15, int), np.zeros(15, int)]
    model = quick().fit(windows, labels, validation_data=(val, val_labels))
    assert np.isfinite(model.history_["val_loss"]).all()
    assert max(model.history_["val_accuracy"]) <= 0.5
    with pytest.raises(ModelError, match="no class that the training part has"):
        quick().fit(windows, labels, validation_data=(val, np.ones(30, int)))


def test_divergence_is_an_error(small):
    samples = make_samples(*small)
    network = PriceNetwork(features=3, hidden_size=4, num_layers=1, dropout=0.0)
    torch.nn.init.constant_(network.head.bias, np.nan)
    job = Training(
        network=network,
        scaler=Scaler(mean=np.zeros(3), std=np.ones(3), clip=5.0),
        train=samples,
        validation=samples,
        schedule=Schedule(
            learning_rate=0.001,
            batch_size=64,
            epochs=3,
            patience=3,
            max_grad_norm=1.0,
            seed=0,
            class_weights=np.ones(3, dtype=np.float32),
        ),
        progress=no_progress,
    )
    with pytest.raises(ModelError, match=r"diverged in epoch 1 \(loss nan\): lower learning_rate"):
        train_network(job)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"input_size": 90}, "input_size is 90, but X has 3 features"),
        ({"hidden_size": 0}, "hidden_size must be a whole number from 1, not 0"),
        ({"epochs": 1.5}, "epochs must be a whole number"),
        ({"n_threads": 0}, "n_threads"),
        ({"seed": -1}, "seed"),
        ({"dropout": 1.0}, "dropout"),
        ({"learning_rate": 0.0}, r"learning_rate must lie in \(0, 1\]"),
        ({"learning_rate": 1e38}, "learning_rate"),
        ({"clip": np.nan}, "clip must be a number above 0, not nan"),
        ({"clip": np.inf}, "clip must be a number above 0, not inf"),
        ({"learning_rate": "fast"}, r"learning_rate must lie in \(0, 1\], not 'fast'"),
        ({"hidden_size": True}, "hidden_size must be a whole number from 1, not True"),
        ({"hidden_size": 10**7}, "hidden_size 10000000 and num_layers 1 does not fit into memory"),
        ({"num_layers": 65}, "num_layers must be a whole number from 1 to 64, not 65"),
        ({"seed": 2**70}, "seed must be a whole number"),
        ({"deterministic": "maybe"}, "deterministic must be true or false, not 'maybe'"),
        ({"validation_fraction": 1.0}, "validation_fraction"),
        ({"class_weight": "even"}, "class_weight"),
    ],
)
def test_parameters_out_of_range_are_refused(small, quick, params, message):
    with pytest.raises(ModelError, match=message):
        quick(**params).fit(*small)


def test_an_unknown_device_is_refused(small, quick):
    with pytest.raises(UnknownNameError, match="did you mean 'cuda'"):
        quick(device="cud").fit(*small)


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has CUDA")
def test_a_missing_device_is_refused(small, quick):
    with pytest.raises(ModelError, match="0 CUDA devices"):
        quick(device="cuda").fit(*small)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_a_model_trained_on_the_gpu_predicts_alike_on_the_cpu(small, quick, tmp_path):
    windows, labels = small
    on_gpu = quick(device="cuda").fit(windows, labels)
    again = quick(device="cuda").fit(windows, labels)
    np.testing.assert_array_equal(on_gpu.predict_proba(windows), again.predict_proba(windows))
    on_cpu = LSTMPredictor.load(on_gpu.save(tmp_path / "model")).set_params(device="cpu")
    np.testing.assert_allclose(
        on_cpu.predict_proba(windows), on_gpu.predict_proba(windows), atol=1e-5
    )
