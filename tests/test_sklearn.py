"""The estimators beside scikit-learn's own: its checks, its loss to the last digits, its tools; networks, both ways."""

import os
import pickle
import re
import subprocess
import sys
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest
import scipy.sparse
import sklearn
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_iris, load_wine
from sklearn.exceptions import ConvergenceWarning
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.metrics import accuracy_score, log_loss, r2_score
from sklearn.model_selection import GridSearchCV, HalvingGridSearchCV, cross_val_score, cross_validate
from sklearn.neural_network import MLPClassifier as PeerClassifier, MLPRegressor as PeerRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler, scale
from sklearn.utils.estimator_checks import (
    check_dataframe_column_names_consistency,
    check_param_validation,
    parametrize_with_checks,
)

from glasswork import MLP, Committee, Dataset, InputError, Inputs, Linear, Run, Sigmoid, Tanh, load_model, named_recipe
from glasswork.sklearn import MLPClassifier, MLPRegressor

X, Y = load_iris(return_X_y=True)
X = scale(X)
TWO = np.column_stack([X[:, 0] * X[:, 1], np.abs(X[:, 2])])
PAGE = Path(__file__).parents[1] / "docs" / "lookup" / "estimators.md"

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.mark.filterwarnings("ignore")
@parametrize_with_checks([MLPClassifier(max_iter=60), MLPRegressor(max_iter=60)])
def test_scikit_learns_checks(estimator, check):
    check(estimator)


@pytest.mark.parametrize("kind", [MLPClassifier, MLPRegressor])
@pytest.mark.parametrize("check", [check_dataframe_column_names_consistency, check_param_validation])
def test_scikit_learns_further_checks(kind, check):
    check(kind.__name__, kind(max_iter=3))


@pytest.mark.parametrize(("ours", "peers"), [(MLPClassifier, PeerClassifier), (MLPRegressor, PeerRegressor)])
def test_arguments_and_defaults_are_scikit_learns(ours, peers):
    own, theirs = ours().get_params(), peers().get_params()
    assert {name: own[name] for name in theirs} == theirs
    assert next(iter(ours(*[(7,)] if ours is MLPClassifier else ["poisson", (7,)]).get_params())) is not None
    order = [list(kind.__init__.__code__.co_varnames[1:4]) for kind in (ours, peers)]
    assert order[0][:2] == order[1][:2]


# The loss --------------------------------------------------------------------------------------------

TASKS = {
    "classes": (MLPClassifier, PeerClassifier, Y, {}),
    "two classes": (MLPClassifier, PeerClassifier, Y > 0, {}),
    "labels": (MLPClassifier, PeerClassifier, np.eye(3, dtype=int)[Y][:, :2] | (X[:, :2] > 0), {}),
    "a number": (MLPRegressor, PeerRegressor, TWO[:, 0], {}),
    "numbers": (MLPRegressor, PeerRegressor, TWO, {}),
    "counts": (MLPRegressor, PeerRegressor, Y, {"loss": "poisson"}),
}


def both(task, **settings):
    """Return our estimator and scikit-learn's, fitted to the same rows in the same order."""
    ours, peers, y, own = TASKS[task]
    usual = {"shuffle": False, "random_state": 5, "max_iter": 15, "hidden_layer_sizes": (8, 6), "tol": 0}
    return [kind(**(usual | settings | own)).fit(X, y) for kind in (ours, peers)]


@pytest.mark.parametrize("activation", ["relu", "logistic", "tanh", "identity"])
@pytest.mark.parametrize("task", TASKS)
def test_sgd_takes_scikit_learns_path(task, activation):
    """Weights, biases and curve, with a last batch that is smaller and a strong L2 term."""
    settings = {"solver": "sgd", "learning_rate": "invscaling", "learning_rate_init": 0.02, "alpha": 2.0}
    ours, peer = both(task, activation=activation, batch_size=40, **settings)
    np.testing.assert_allclose(ours.loss_curve_, peer.loss_curve_, rtol=1e-11)
    for mine, theirs in zip(ours.coefs_ + ours.intercepts_, peer.coefs_ + peer.intercepts_, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=0, atol=1e-12)
    np.testing.assert_allclose(ours.predict(X), peer.predict(X), rtol=0, atol=1e-11)
    for name in ("n_iter_", "t_", "n_layers_", "n_outputs_", "out_activation_", "n_features_in_", "best_loss_"):
        assert getattr(ours, name) == pytest.approx(getattr(peer, name)), name
    if hasattr(peer, "classes_"):
        np.testing.assert_array_equal(ours.classes_, peer.classes_)
        np.testing.assert_allclose(ours.predict_proba(X), peer.predict_proba(X), atol=1e-12)
        np.testing.assert_allclose(ours.predict_log_proba(X), np.log(peer.predict_proba(X)), atol=1e-11)


@pytest.mark.parametrize("task", TASKS)
def test_adam_takes_scikit_learns_path(task):
    """With an epsilon that counts for nothing, as it is added in another place."""
    ours, peer = both(task, alpha=1.0, batch_size=64, epsilon=1e-30)
    np.testing.assert_allclose(ours.loss_curve_, peer.loss_curve_, rtol=1e-10)
    np.testing.assert_allclose(ours.coefs_[0], peer.coefs_[0], atol=1e-10)


@pytest.mark.parametrize("task", ["classes", "labels", "a number", "counts"])
def test_lbfgs_takes_scikit_learns_path(task):
    ours, peer = both(task, solver="lbfgs", alpha=0.5, activation="tanh")
    assert ours.loss_ == pytest.approx(peer.loss_, rel=1e-9)
    assert ours.score(X, TASKS[task][2]) == pytest.approx(peer.score(X, TASKS[task][2]), rel=1e-9)


@pytest.mark.parametrize("solver", ["adam", "sgd"])
@pytest.mark.parametrize(("kind", "y"), [(MLPClassifier, Y), (MLPRegressor, TWO)])
def test_a_weight_counts_like_repetition(kind, y, solver):
    weights = np.random.default_rng(0).integers(0, 4, len(X))
    model = kind(solver=solver, batch_size=1000, max_iter=60, alpha=0.3, random_state=0)
    rows = np.repeat(np.arange(len(X)), weights)
    with pytest.warns(UserWarning, match="batch_size is above"):
        one = clone(model).fit(X, y, sample_weight=weights)
    with pytest.warns(UserWarning, match="batch_size is above"):
        other = clone(model).fit(X[rows], y[rows])
    np.testing.assert_allclose(one.loss_curve_, other.loss_curve_, rtol=1e-9)
    np.testing.assert_allclose(one._scores(X), other._scores(X), rtol=1e-7, atol=1e-9)


def test_class_weights_are_weights_of_samples():
    factors = {0: 1.0, 1: 5.0, 2: 0.5}
    by_class = MLPClassifier(class_weight=factors, max_iter=20, random_state=0).fit(X, Y)
    by_sample = MLPClassifier(max_iter=20, random_state=0).fit(X, Y, sample_weight=np.array([1, 5, 0.5])[Y])
    np.testing.assert_array_equal(by_class.coefs_[0], by_sample.coefs_[0])
    few = np.r_[0:50, 50:53]
    balanced = MLPClassifier(class_weight="balanced", random_state=0, alpha=0).fit(X[few], Y[few])
    twin = MLPClassifier(random_state=0, alpha=0).fit(X[few], Y[few], sample_weight=np.where(Y[few], 50, 3))
    np.testing.assert_allclose(balanced.predict_proba(X), twin.predict_proba(X), atol=1e-9)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("kind", [MLPClassifier, MLPRegressor])
def test_the_dtype_of_the_samples_is_kept(kind, dtype):
    model = kind(max_iter=5).fit(X.astype(dtype), Y)
    assert {array.dtype for array in model.coefs_ + model.intercepts_} == {np.dtype(dtype)}
    assert (model.predict_proba if kind is MLPClassifier else model.predict)(X.astype(dtype)).dtype == dtype


# A training that continues ---------------------------------------------------------------------------


@pytest.mark.parametrize("solver", ["adam", "sgd"])
@pytest.mark.parametrize("through", [lambda model: model, lambda model: pickle.loads(pickle.dumps(model))])
def test_a_warm_start_and_partial_fit_continue_to_the_last_bit(solver, through):
    settings = {"solver": solver, "random_state": 3, "batch_size": 32, "dropout": 0.2, "n_iter_no_change": np.inf}
    whole = MLPClassifier(max_iter=8, **settings).fit(X, Y)
    model = MLPClassifier(max_iter=5, warm_start=True, **settings).fit(X, Y)
    model = through(model).set_params(max_iter=1).fit(X, Y)
    model = through(model).partial_fit(X, Y).partial_fit(X, Y)
    for mine, other in zip(model.coefs_ + model.intercepts_, whole.coefs_ + whole.intercepts_, strict=True):
        np.testing.assert_array_equal(mine, other)
    assert (model.n_iter_, model.t_, model.loss_curve_) == (1, whole.t_, whole.loss_curve_)


def test_early_stopping_keeps_the_weights_of_the_best_epoch():
    model = MLPClassifier(early_stopping=True, validation_fraction=0.4, max_iter=60, random_state=1)
    model.set_params(n_iter_no_change=60).fit(X, Y)
    best = int(np.argmax(model.validation_scores_))
    assert (model.best_loss_, len(model.validation_scores_)) == (None, 60)
    shorter = clone(model).set_params(max_iter=best + 1).fit(X, Y)
    np.testing.assert_array_equal(model.coefs_[0], shorter.coefs_[0])


@pytest.mark.parametrize("stops", [True, False])
def test_own_validation_samples_are_watched(stops):
    learnt, kept = np.arange(0, 150, 2), np.arange(1, 150, 2)
    model = MLPClassifier(early_stopping=stops, max_iter=30, random_state=0, n_iter_no_change=100)
    model.fit(X[learnt], Y[learnt], X_val=X[kept], y_val=Y[kept])
    assert len(model.validation_loss_curve_) == len(model.validation_scores_) == model.n_iter_ == 30
    ends = MLPClassifier(max_iter=30, random_state=0, n_iter_no_change=100).fit(X[learnt], Y[learnt])
    assert model.validation_loss_curve_[-1] == pytest.approx(log_loss(Y[kept], ends.predict_proba(X[kept])))
    assert model.validation_scores_[-1] == accuracy_score(Y[kept], ends.predict(X[kept]))
    if stops:
        assert model.best_validation_score_ == model.score(X[kept], Y[kept]) == max(model.validation_scores_)
    numbers = MLPRegressor(max_iter=5, random_state=0).fit(X[learnt], TWO[learnt], X_val=X[kept], y_val=TWO[kept])
    assert numbers.validation_scores_[-1] == pytest.approx(r2_score(TWO[kept], numbers.predict(X[kept])))
    half = ((TWO[kept] - numbers.predict(X[kept])) ** 2).mean() / 2
    assert numbers.validation_loss_curve_[-1] == pytest.approx(half)


def test_a_training_that_diverges_ends_in_words():
    model = MLPRegressor(solver="sgd", learning_rate_init=1e6, activation="identity", random_state=0)
    with pytest.raises(InputError, match=r"learning rate .* non-finite parameter weights"):
        model.fit(X, TWO)
    with pytest.warns(ConvergenceWarning, match="the training diverged; the network has its best weights"):
        model.set_params(early_stopping=True).fit(X, TWO)
    assert np.isfinite(model.predict(X)).all()
    assert np.isnan(model.validation_scores_[-1])


def test_ctrl_c_keeps_what_was_learnt(monkeypatch):
    calls = iter(range(5))
    monkeypatch.setattr("builtins.print", lambda line: next(calls) == 3 and _interrupt())
    with pytest.warns(UserWarning, match="interrupted by user"):
        model = MLPClassifier(verbose=True, max_iter=50, random_state=0).fit(X, Y)
    monkeypatch.undo()
    assert model.n_iter_ == 4
    np.testing.assert_array_equal(model.coefs_[0], MLPClassifier(max_iter=4, random_state=0).fit(X, Y).coefs_[0])


def _interrupt():
    raise KeyboardInterrupt


# What scikit-learn's own do not have -----------------------------------------------------------------


def test_layers_of_a_network():
    model = MLPClassifier((9, 5), ("leaky-relu", "tanh"), dropout=0.1, batch_norm=True, label_smoothing=0.1, max_iter=3)
    names = [str(layer) for layer in model.fit(X, Y).model_.layers]
    assert names == [
        "Linear(4, 9)", "BatchNorm(9)", "LeakyReLU(0.01)", "Dropout(0.1)",
        "Linear(9, 5)", "BatchNorm(5)", "Tanh()", "Dropout(0.1)", "Linear(5, 3)",
    ]  # fmt: skip


def test_activations_are_what_the_next_layer_takes():
    model = MLPClassifier((9, 5), "tanh", max_iter=10, random_state=0).fit(X, Y)
    first, second = model.activations(X[:7])
    np.testing.assert_allclose(first, np.tanh(X[:7] @ model.coefs_[0] + model.intercepts_[0]), rtol=1e-12)
    np.testing.assert_allclose(second, np.tanh(first @ model.coefs_[1] + model.intercepts_[1]), rtol=1e-12)
    logits = second @ model.coefs_[2] + model.intercepts_[2]
    np.testing.assert_allclose(model.predict_proba(X[:7]), scipy.special.softmax(logits, axis=1), rtol=1e-10)


def test_label_smoothing_leaves_the_validation_alone():
    settings = {"early_stopping": True, "max_iter": 40, "random_state": 0, "n_iter_no_change": 50, "alpha": 0}
    labels = np.column_stack([Y > 0, X[:, 0] > 0]).astype(int)
    model = MLPClassifier(label_smoothing=0.2, learning_rate_init=0.01, **settings).fit(X, labels)
    assert max(model.validation_scores_) > 0.7
    plain = MLPClassifier(label_smoothing=1e-12, **settings).fit(X, Y)
    np.testing.assert_allclose(
        plain.validation_loss_curve_, MLPClassifier(**settings).fit(X, Y).validation_loss_curve_, rtol=1e-6
    )


def test_own_initial_weights_are_used_once():
    first = MLPClassifier((6,), max_iter=3, random_state=0, shuffle=False).fit(X, Y)
    other = MLPClassifier((6,), max_iter=3, random_state=1, shuffle=False)
    weights = MLPClassifier((6,), max_iter=1, random_state=0, learning_rate_init=1e-300).fit(X, Y)
    other.coefs_, other.intercepts_ = weights.coefs_, weights.intercepts_
    np.testing.assert_array_equal(other.fit(X, Y).coefs_[1], first.coefs_[1])
    assert not np.array_equal(other.fit(X, Y).coefs_[1], first.coefs_[1])
    other.coefs_ = first.coefs_
    other.intercepts_ = first.intercepts_
    np.testing.assert_array_equal(other.predict_proba(X), first.predict_proba(X))


def test_label_smoothing_is_training_with_soft_targets():
    """As if each sample were there once for each class, with the weight of that class's target."""
    settings = {"solver": "lbfgs", "alpha": 0.5, "random_state": 0, "activation": "tanh"}
    smooth = MLPClassifier(label_smoothing=0.3, **settings).fit(X, Y)
    weights = np.where(np.repeat([0, 1, 2], 150) == np.tile(Y, 3), 0.8, 0.1)
    repeated = MLPClassifier(**settings).fit(np.tile(X, (3, 1)), np.repeat([0, 1, 2], 150), sample_weight=weights)
    assert smooth.loss_ == pytest.approx(repeated.loss_, rel=1e-5)
    np.testing.assert_allclose(smooth.predict_proba(X), repeated.predict_proba(X), atol=0.01)


@pytest.mark.usefixtures("kernels")
@pytest.mark.parametrize("task", TASKS)
def test_the_compiled_engine_trains_alike(task):
    kind, _, y, settings = TASKS[task]
    ends = [
        kind(engine=engine, threads=1, max_iter=10, batch_size=40, alpha=0.5, random_state=0, **settings).fit(X, y)
        for engine in ("numpy", "compiled")
    ]
    np.testing.assert_allclose(ends[0].predict(X), ends[1].predict(X), rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(ends[0].loss_curve_, ends[1].loss_curve_, rtol=1e-3)  # the L2 term of a few steps


# scikit-learn's tools --------------------------------------------------------------------------------


def test_pipelines_searches_and_calibration():
    wine, labels = load_wine(return_X_y=True)
    model = make_pipeline(StandardScaler(), MLPClassifier(max_iter=60, random_state=0))
    for search in (GridSearchCV, HalvingGridSearchCV):
        found = search(model, {"mlpclassifier__dropout": [0.0, 0.3], "mlpclassifier__batch_norm": [False, True]}, cv=3)
        assert found.fit(wine, labels).best_score_ > 0.9
    calibrated = CalibratedClassifierCV(model, cv=3).fit(wine, labels)
    assert calibrated.score(wine, labels) > 0.95


@pytest.mark.parametrize("backend", ["loky", "multiprocessing"])
def test_folds_in_other_processes(backend):
    model = MLPClassifier(max_iter=20, random_state=0)
    with joblib.parallel_config(backend, n_jobs=2):
        parallel = cross_val_score(model, X, Y, cv=3)
    np.testing.assert_array_equal(parallel, cross_val_score(model, X, Y, cv=3))


def test_metadata_are_routed():
    weights = np.linspace(0.1, 2, 150)
    with sklearn.config_context(enable_metadata_routing=True):
        model = MLPClassifier(max_iter=10, random_state=0).set_fit_request(sample_weight=True, X_val=True, y_val=True)
        pipeline = make_pipeline(StandardScaler().set_fit_request(sample_weight=False), model)
        pipeline.fit(X, Y, sample_weight=weights, X_val=X, y_val=Y)
        assert len(pipeline[-1].validation_scores_) == 10
        model = MLPClassifier(max_iter=10, random_state=0).set_fit_request(sample_weight=True)
        model.set_score_request(sample_weight=False)
        found = cross_validate(model, X, Y, params={"sample_weight": weights}, return_estimator=True, cv=3)
        plain = cross_validate(clone(model), X, Y, return_estimator=True, cv=3)
    assert not np.array_equal(found["estimator"][0].coefs_[0], plain["estimator"][0].coefs_[0])


@pytest.mark.parametrize("container", [scipy.sparse.csr_matrix, scipy.sparse.csc_array])
def test_sparse_samples(container):
    model = MLPClassifier(max_iter=10, random_state=0)
    dense = clone(model).fit(X, Y)
    sparse = model.fit(container(X), Y)
    np.testing.assert_array_equal(sparse.predict_proba(container(X)), dense.predict_proba(X))
    huge = scipy.sparse.csr_matrix((2**21, 2**25))
    with pytest.raises(InputError, match=r"2,097,152 × 33,554,432 is too large as a dense array; .*partial_fit"):
        model.fit(huge, np.arange(2**21) % 2)


# Networks and runs -----------------------------------------------------------------------------------


def test_an_estimator_becomes_a_network_and_an_estimator_again(tmp_path):
    frame = pd.DataFrame(X, columns=["sl", "sw", "pl", "pw"])
    names = np.array(["setosa", "versicolor", "virginica"])[Y]
    first = MLPClassifier((12,), "tanh", max_iter=200, random_state=0).fit(frame, names)
    model = first.model_
    assert model.classes == ("setosa", "versicolor", "virginica")
    assert (model.inputs.columns, model.inputs.kind) == (("sl", "sw", "pl", "pw"), "features")
    assert (model.inputs.low, model.inputs.high) == (X.min(), X.max())
    assert [model.classes[k] for k in model.predict(frame[["pw", "pl", "sw", "sl"]])] == list(first.predict(frame))
    model.save(tmp_path / "iris.safetensors")
    again = MLPClassifier.from_model(load_model(tmp_path / "iris.safetensors"), random_state=1)
    assert (again.hidden_layer_sizes, again.activation, list(again.feature_names_in_)) == ((12,), "tanh", list(frame))
    np.testing.assert_array_equal(again.predict(frame), first.predict(frame))
    np.testing.assert_array_equal(again.predict_proba(frame), first.predict_proba(frame))
    before = first.coefs_[0].copy()
    again.partial_fit(frame, names)
    assert not np.array_equal(again.coefs_[0], before)
    np.testing.assert_array_equal(first.coefs_[0], before)
    with pytest.raises(ValueError, match="feature names should match"):
        again.predict(frame.rename(columns={"sl": "other"}))


@pytest.mark.parametrize("recipe", ["classwork", "dropout"])
def test_a_run_becomes_an_estimator_that_takes_the_same_raw_data(tmp_path, recipe):
    rng = np.random.default_rng(0)
    labels = np.array(["left", "right", "up"])[rng.integers(0, 3, 90)]
    pixels = rng.integers(0, 40, (90, 5, 5)).astype(np.uint8)
    pixels[labels == "left", :, 0] = pixels[labels == "right", :, 4] = pixels[labels == "up", 0] = 255
    recipe = named_recipe(recipe).override({"training.epochs": 3, "training.batch_size": 10, "network.hidden": [9]})
    with Run(recipe, tmp_path / "run", dataset=Dataset.of(pixels, labels)) as run:
        list(run.epochs())
        estimator = MLPClassifier.from_model(run.model, learning_rate_init=0.05)
    rows = pixels.reshape(90, 25)
    np.testing.assert_array_equal(estimator.predict(rows), np.array(run.model.classes)[run.model.predict(rows)])
    np.testing.assert_allclose(estimator.predict_proba(rows), run.model.probabilities(rows), rtol=1e-6)
    with pytest.raises(InputError, match="was trained on pixels from 0 to 255"):
        estimator.predict(rows * 300.0)
    before = estimator.score(rows, labels)
    for _ in range(30):
        estimator.partial_fit(rows, labels)
    assert estimator.score(rows, labels) > max(before, 0.8)
    assert estimator.model_.inputs == run.model.inputs


def test_a_run_on_a_table_with_gaps_becomes_an_estimator(tmp_path):
    table = X.copy()
    table[::7, 2] = np.nan
    np.savetxt(tmp_path / "iris.csv", np.column_stack([table, Y]), "%.3f", ",", header="a,b,c,d,label", comments="")
    recipe = named_recipe("relu").override(
        {"training.epochs": 3, "data.missing": "median", "data.source": str(tmp_path / "iris.csv")}
    )
    with Run(recipe, tmp_path / "run") as run:
        list(run.epochs())
        estimator = MLPClassifier.from_model(run.model)
    frame = pd.DataFrame(table, columns=list("abcd"))
    np.testing.assert_allclose(estimator.predict_proba(frame), run.model.probabilities(table), rtol=1e-6)
    estimator.partial_fit(frame, Y)
    with pytest.raises(ValueError, match="infinity"):
        estimator.predict(frame.replace({np.nan: np.inf}))


@pytest.mark.parametrize("outputs", [1, 2])
def test_networks_of_two_classes(outputs):
    model = MLP(4, 8, outputs, activation="tanh", output_activation=None, dtype="float64", seed=0)
    model.inputs = Inputs.as_given(classes=("yes", "no"))
    estimator = MLPClassifier.from_model(model, learning_rate_init=0.01)
    for _ in range(100):
        estimator.partial_fit(X, np.where(Y > 0, "yes", "no"))
    assert list(estimator.classes_) == ["yes", "no"]
    assert estimator.score(X, np.where(Y > 0, "yes", "no")) > 0.95
    np.testing.assert_array_equal(estimator.predict_proba(X).argmax(axis=1) == 0, estimator.predict(X) == "yes")


def test_a_regression_there_and_back(tmp_path):
    first = MLPRegressor("poisson", max_iter=50, random_state=0).fit(X, Y)
    first.model_.save(tmp_path / "counts.safetensors")
    again = MLPRegressor.from_model(load_model(tmp_path / "counts.safetensors"), loss="poisson")
    np.testing.assert_array_equal(again.predict(X), first.predict(X))


# Bad input -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"activation": ("relu",), "hidden_layer_sizes": (5, 5)},
            r"an activation for each of 2 hidden layers, got \['relu'\]",
        ),
        ({"activation": ("relu", "rulu"), "hidden_layer_sizes": (5, 5)}, "did you mean relu"),
        ({"hidden_layer_sizes": (5, 0)}, "expected hidden_size to be an integer of at least 1, got 0"),
        ({"activation": "swish"}, "The 'activation' parameter of MLPClassifier must be"),
        ({"dropout": 1.0}, "The 'dropout' parameter of MLPClassifier must be"),
        ({"solver": "lbfgs", "dropout": 0.5}, "lbfgs cannot train dropout or batch_norm; use the solver 'adam'"),
    ],
)
def test_settings_that_do_not_fit(settings, message):
    with pytest.raises(ValueError, match=message):
        MLPClassifier(**settings).fit(X, Y)


def test_calls_that_do_not_fit():
    with pytest.raises(InputError, match=r"expected an MLP such as run\.model or load_model\(path\), got 'runs/best'"):
        MLPClassifier.from_model("runs/best")
    with pytest.raises(InputError, match="both X_val and y_val, or neither"):
        MLPClassifier().fit(X, Y, X_val=X)
    with pytest.raises(InputError, match=r"expected the classes .* got .*7"):
        MLPClassifier().fit(X, Y, X_val=X, y_val=Y + 5)
    with pytest.raises(InputError, match="y of 0 or more, got -1"):
        MLPRegressor("poisson").fit(X, Y - 1)
    with pytest.raises(ValueError, match=r"at least one non-zero|not all 0"):
        MLPClassifier().fit(X, Y, sample_weight=np.zeros(150))
    with pytest.raises(InputError, match=r"expected one network, got Committee.*; give one of its members"):
        MLPClassifier.from_model(Committee([MLP(4, 3, 3), MLP(4, 3, 3)]))
    with pytest.raises(AttributeError, match="this MLPClassifier is not fitted yet; call fit"):
        _ = MLPClassifier().coefs_
    with pytest.raises(InputError, match="class_weight as a dict"):
        MLPClassifier(class_weight="balanced").partial_fit(X, Y, classes=[0, 1, 2])


@pytest.mark.parametrize(
    ("kind", "other"),
    [
        (MLPClassifier, {"hidden_layer_sizes": (6,)}),
        (MLPClassifier, {"activation": "tanh"}),
        (MLPClassifier, {"dropout": 0.5}),
        (MLPClassifier, {"batch_norm": True}),
        (MLPRegressor, {"loss": "poisson"}),
    ],
)
def test_a_training_continues_with_the_network_that_it_has(kind, other):
    model = kind(hidden_layer_sizes=(5,), warm_start=True, max_iter=2).fit(X, Y)
    before = model.predict(X)
    model.set_params(**other)
    for go_on in (model.fit, model.partial_fit):
        with pytest.raises(InputError, match=f"expected the {next(iter(other))} that this training began with"):
            go_on(X, Y)
    assert np.array_equal(model.predict(X), before)  # what is set after fit counts from the next fit on
    assert len(model.set_params(warm_start=False).fit(X, Y).loss_curve_) == 2


def test_the_arguments_of_a_network_describe_it():
    layers = {"linear1": Linear(4, 3), "linear2": Linear(3, 5), "act2": Tanh(), "linear3": Linear(5, 3)}
    model = MLPClassifier.from_model(MLP.from_layers({**layers, "act3": Sigmoid()}), max_iter=2)
    assert model.activation == ("identity", "tanh")
    assert [layer.kind for layer in clone(model).fit(X, Y).model_.layers] == [
        "linear", "identity", "linear", "tanh", "linear"
    ]  # fmt: skip


# The page, and what loads --------------------------------------------------------------------------------


def test_the_page_prints_what_it_shows(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    names = {}
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    for code in blocks:
        exec(code, names)
    shown = [line.partition(")  # ")[2] for code in blocks for line in code.splitlines() if line.startswith("print(")]
    assert capsys.readouterr().out.splitlines() == shown


def test_scikit_learns_networks_are_not_loaded():
    program = "import sys, glasswork.sklearn; print(sorted(m for m in sys.modules if 'neural_network' in m))"
    environment = os.environ | {"PYTHONWARNINGS": "ignore"}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, env=environment)
    assert done.stdout.strip() == "[]"
