"""Weights of classes and of images: in the losses' gradients, in both engines, in recipes and on resume."""

import numpy as np
import pytest

from glasswork import MLP, SGD, Batches, CrossEntropyLoss, Dataset, InputError, MSELoss, Run, fit, named_recipe, valid
from glasswork.errors import FileError, RecipeError
from glasswork.nn import BinaryCrossEntropyLoss, PoissonLoss
from glasswork.recipes.experiment import assemble

RNG = np.random.default_rng(0)
LOSSES = [MSELoss, CrossEntropyLoss, lambda: CrossEntropyLoss(label_smoothing=0.2), BinaryCrossEntropyLoss, PoissonLoss]


@pytest.mark.parametrize("make", LOSSES)
def test_a_weighted_loss_is_the_mean_of_the_weighted_losses_of_single_samples(make):
    pred, target, weights = RNG.normal(size=(7, 4)), np.eye(4)[RNG.integers(0, 4, 7)], RNG.random(7) * 3
    single = [make()(pred[i : i + 1], target[i : i + 1]) for i in range(7)]
    assert make()(pred, target, weights) == pytest.approx(np.dot(single, weights) / 7, rel=1e-12)
    plain, ones = make(), make()
    assert plain(pred, target) == ones(pred, target, np.ones(7))
    np.testing.assert_array_equal(plain.backward(), ones.backward())


@pytest.mark.parametrize("make", LOSSES)
@pytest.mark.parametrize("columns", [2, 5])
def test_the_gradient_of_a_weighted_loss_is_that_of_central_differences(make, columns):
    pred = RNG.normal(size=(6, columns))
    target, weights = RNG.dirichlet(np.ones(columns), 6), RNG.random(6) * [1, 2, 0, 1, 9, 1]
    loss = make()
    loss(pred, target, weights)
    gradient, step = loss.backward(), 1e-6
    for place in np.ndindex(pred.shape):
        nudge = np.zeros_like(pred)
        nudge[place] = step
        slope = (make()(pred + nudge, target, weights) - make()(pred - nudge, target, weights)) / (2 * step)
        assert gradient[place] == pytest.approx(slope, rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("weights", [np.ones(6), np.ones((7, 1)), ["a"] * 7])
def test_weights_are_one_a_sample(weights):
    with pytest.raises(InputError, match="weights"):
        MSELoss()(np.zeros((7, 2)), np.zeros((7, 2)), weights)


def images(count=90):
    labels = np.minimum(RNG.integers(0, 6, count), 2)
    pixels = np.random.default_rng(1).integers(0, 150, (count, 4, 4)).astype(np.uint8)
    pixels[np.arange(count), labels, 0] = 255
    return pixels, labels


def trained(engine, loss, loader, classes=3, dtype="float64"):
    model = MLP(16, [6], classes, output_activation=None, dtype=dtype, rng=np.random.default_rng(2))
    losses = [
        epoch.train_loss
        for epoch in fit(
            model, loader, loader, SGD(model.parameters(), model.gradients(), 0.2), loss, epochs=3, engine=engine
        )
    ]
    return model, losses


@pytest.mark.parametrize("make", LOSSES)
@pytest.mark.parametrize("of_batches", [True, False], ids=["Batches", "a generator's"])
def test_both_engines_weigh_alike(make, of_batches):
    pixels, labels = images()
    weights = np.random.default_rng(3).random(90) * 2
    ends = []
    for engine in ("numpy", "compiled"):
        loader = Batches(pixels, labels, 20, seed=1, classes=3, dtype="float64", drop_last=False, weights=weights)
        if not of_batches:
            loader = [[part.copy() for part in batch] for batch in loader]
        ends.append(trained(engine, make(), loader))
    np.testing.assert_allclose(ends[0][1], ends[1][1], rtol=1e-9)
    for name, array in ends[0][0].state().items():
        np.testing.assert_allclose(array, ends[1][0].state()[name], rtol=1e-7, atol=1e-10, err_msg=name)


@pytest.mark.parametrize("engine", ["numpy", "compiled"])
def test_an_image_of_weight_2_counts_like_two_and_of_weight_0_like_none(engine):
    pixels, labels = images(24)
    weights = np.array([2.0, 0.0, 1.0, 1.0] * 6)
    once = Batches(pixels, labels, 24, seed=1, classes=3, dtype="float64", shuffle=False, weights=weights)
    rows = np.repeat(np.arange(24), weights.astype(int))
    twice = Batches(pixels[rows], labels[rows], 24, seed=1, classes=3, dtype="float64", shuffle=False)
    (one, _), (two, _) = (trained(engine, CrossEntropyLoss(), loader) for loader in (once, twice))
    for name, array in one.state().items():
        np.testing.assert_allclose(array, two.state()[name], rtol=1e-9, atol=1e-12, err_msg=name)


def test_an_evaluation_is_not_weighted():
    pixels, labels = images()
    model = MLP(16, [6], 3, output_activation=None)
    loaders = [Batches(pixels, labels, 20, seed=1, classes=3, weights=w) for w in (None, np.arange(90))]
    plain, weighted = (valid(model, loader, CrossEntropyLoss()) for loader in loaders)
    assert plain == weighted


# In recipes ---------------------------------------------------------------------------------------


def asked(**training):
    settings = {"epochs": 4, "batch_size": 16, "engine": "numpy"} | training
    return named_recipe("relu").override({f"training.{key}": value for key, value in settings.items()})


def test_balanced_classes_weigh_the_same_in_all():
    made = assemble(asked(class_weights="balanced"), Dataset.of(*images()))
    loader = made.train_loader
    sums = [loader.weights[loader.labels == k].sum() for k in range(3)]
    np.testing.assert_allclose(sums, len(loader.labels) / 3)
    assert (made.valid_loader.weights, made.test_loader.weights) == (None, None)


def test_each_image_has_its_own_weight_times_that_of_its_class(tmp_path):
    pixels, labels = images()
    own = np.arange(90) / 10
    np.save(tmp_path / "w.npy", own)
    np.savetxt(tmp_path / "w.txt", own)
    for name in ("w.npy", "w.txt"):
        recipe = asked(class_weights=[1, 2, 0.5], sample_weights=str(tmp_path / name))
        made = assemble(recipe, Dataset.of(pixels, labels))
        rows = made.parts.train.indices
        np.testing.assert_allclose(made.train_loader.weights, own[rows] * np.array([1, 2, 0.5])[labels[rows]])
        assert type(recipe).from_dict(recipe.to_dict()) == recipe


@pytest.mark.parametrize(
    ("training", "error", "message"),
    [
        ({"class_weights": [1, 2]}, RecipeError, r"training\.class_weights: expected 3 numbers, .* got 2"),
        ({"class_weights": [0, 0, 0]}, RecipeError, "weights: expected finite numbers of 0 or more that are not all 0"),
        ({"sample_weights": "none.npy"}, FileError, r"none\.npy: expected weights"),
        ({"sample_weights": "few.txt"}, RecipeError, "weights: expected 90 numbers, one for each image, got shape"),
        ({"sample_weights": "words.txt"}, FileError, r"words\.txt: expected weights"),
    ],
)
def test_weights_that_do_not_fit(training, error, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "few.txt").write_text("1\n2\n")
    (tmp_path / "words.txt").write_text("heavy\n")
    with pytest.raises(error, match=message):
        assemble(asked(**training), Dataset.of(*images()))


@pytest.mark.parametrize("weights", ["heavy", {"a": 1}, [1, -1, 1], [1, "x"]])
def test_what_class_weights_may_be(weights):
    with pytest.raises(RecipeError, match=r"training\.class_weights.*: expected"):
        asked(class_weights=weights)


def test_a_run_goes_on_with_the_same_weights_only(tmp_path):
    np.save(tmp_path / "w.npy", np.linspace(0.5, 2, 90))
    recipe, data = asked(sample_weights=str(tmp_path / "w.npy"), class_weights="balanced"), Dataset.of(*images())
    with Run(recipe, tmp_path / "whole", dataset=data) as whole:
        list(whole.epochs())
    with Run(recipe, tmp_path / "run", dataset=data) as run:
        next(run.epochs())
    with Run.resume(tmp_path / "run") as run:
        list(run.epochs())
    for name, array in whole.model.state().items():
        np.testing.assert_array_equal(array, run.model.state()[name], err_msg=name)
    np.save(tmp_path / "w.npy", np.linspace(0.5, 3, 90))
    with pytest.raises(FileError, match=r"the weights in .*w\.npy are not those"):
        Run.resume(tmp_path / "run", epochs=8)


# What early stopping watches ------------------------------------------------------------------------


def two_classes():
    rng = np.random.default_rng(5)
    labels = (rng.random(400) < 0.2).astype(int)
    pixels = rng.integers(0, 256, (400, 3, 3))
    pixels[:, 0, 0] = np.clip(pixels[:, 0, 0] + 60 * labels, 0, 255)
    return Dataset.of(pixels, labels)


@pytest.mark.parametrize("monitor", ["accuracy", "loss", "balanced-accuracy", "f1", "auc"])
def test_the_best_weights_are_those_of_the_best_monitored_epoch(monitor, tmp_path):
    import sklearn.metrics as peer

    def measure(model, part):
        said, given = model.predict(part.images), model.probabilities(part.images)
        true = part.labels
        return {
            "accuracy": lambda: peer.accuracy_score(true, said),
            "loss": lambda: np.log(given[np.arange(len(true)), true].astype(float)).mean(),
            "balanced-accuracy": lambda: peer.balanced_accuracy_score(true, said),
            "f1": lambda: peer.f1_score(true, said, average="macro"),
            "auc": lambda: peer.roc_auc_score(true, given[:, 1]),
        }[monitor]()

    recipe = asked(epochs=12, early_stopping=4, monitor=monitor, batch_size=10).override(
        {"data.valid": 0.3, "optimizer.learning_rate": 0.5}
    )
    seen, accuracies = [], []
    with Run(recipe, tmp_path / "run", dataset=two_classes()) as run:
        for epoch in run.epochs():
            seen.append(measure(run.model, run.parts.valid))
            accuracies.append(epoch.valid_accuracy)
    best = int(np.argmax(np.round(seen, 6)))
    assert run.progress.best_epoch == best + 1
    assert len(seen) == min(12, best + 1 + 4)
    assert measure(run.model, run.parts.valid) == pytest.approx(seen[best], abs=1e-6)
    from glasswork.runs.folder import RunFolder

    assert RunFolder(tmp_path / "run").result().valid_accuracy == pytest.approx(accuracies[best])
    assert RunFolder(tmp_path / "run").history() == run.history


def test_a_monitored_run_is_resumed_with_its_best_epoch(tmp_path):
    recipe = asked(epochs=8, early_stopping=8, monitor="auc").override({"data.valid": 0.3})
    with Run(recipe, tmp_path / "whole", dataset=two_classes()) as whole:
        list(whole.epochs())
    with Run(recipe, tmp_path / "run", dataset=two_classes()) as run:
        for epoch in run.epochs():
            if epoch.epoch == 5:
                break
    with Run.resume(tmp_path / "run") as run:
        list(run.epochs())
    assert (run.progress.best_epoch, run.progress.best_measure) == (
        whole.progress.best_epoch,
        whole.progress.best_measure,
    )
    for name, array in whole.model.state().items():
        np.testing.assert_array_equal(array, run.model.state()[name], err_msg=name)


def test_the_auc_is_for_two_classes():
    with pytest.raises(RecipeError, match=r"training\.monitor: auc is for two classes, got 3"):
        assemble(asked(monitor="auc"), Dataset.of(*images()))
    model = MLP(16, [2], 3, output_activation=None)
    loader = Batches(*images(), 20, seed=0)
    with pytest.raises(InputError, match="expected monitor to be one of accuracy, loss"):
        fit(
            model,
            loader,
            loader,
            SGD(model.parameters(), model.gradients(), 0.1),
            MSELoss(),
            epochs=1,
            monitor="recall",
        )
