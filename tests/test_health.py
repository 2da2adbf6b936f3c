"""Trainings that go wrong are told by name while they run; those that go well are left in peace."""

import copy
import csv
import json

import numpy as np
import pytest

from glasswork import (
    MLP,
    SGD,
    Adam,
    Batches,
    CrossEntropyLoss,
    InputError,
    MSELoss,
    ReLU,
    Run,
    Sigmoid,
    Tanh,
    UnhealthyError,
    fit,
    named_recipe,
    normalize,
    train,
)
from glasswork.randomness import Purpose, generator
from glasswork.recipes.build import build_loss, build_model, build_optimizer
from glasswork.recipes.shelf import recipe_names
from glasswork.runs.folder import RunFolder
from glasswork.training import health
from glasswork.training.health import Finding, Watch, diagnose
from glasswork.training.results import EpochResult


def findings_of_run(recipe, folder):
    """Train a recipe on few images, 110 batches an epoch; return what was found in each epoch, for the first time."""
    with Run(recipe.override({"training.batch_size": 10}), folder / "run") as run:
        found = [epoch.findings for epoch in run.epochs()]
    assert run.findings == [finding for findings in found for finding in findings]
    assert [epoch.findings for epoch in RunFolder(folder / "run").history()] == found
    return found


def diagnose_fit(train_images, train_labels, valid_images, valid_labels, *, epochs, rate=0.1, activation=ReLU):
    """Train 784-50-10 on arrays and cross-entropy; return what was found at the end of each epoch."""
    model = MLP(784, 50, 10, activation=activation, output_activation=None, rng=np.random.default_rng(1))
    history, found = [], []
    for result in fit(
        model,
        Batches(train_images, train_labels, 100, seed=1),
        Batches(valid_images, valid_labels, 500, seed=1),
        SGD(model.parameters(), model.gradients(), rate),
        CrossEntropyLoss(),
        epochs=epochs,
    ):
        history.append(result)
        found.append(diagnose(model, train_images, train_labels, history))
    return found


def names(found):
    return [[finding.name for finding in findings] for findings in found]


@pytest.fixture
def digits(parts):
    """5,000 images to learn from and 1,000 to validate on: images, labels, images, labels."""
    return parts.train.images[:5000], parts.train.labels[:5000], parts.valid.images[:1000], parts.valid.labels[:1000]


@pytest.mark.parametrize("name", recipe_names())
def test_the_recipes_are_silent(name, digits):
    """Each on 1,000 images, where it has hardly begun to learn; as whole runs they were tried by hand."""
    recipe = named_recipe(name)
    images, labels = digits[0][:1000], digits[1][:1000]
    model = build_model(recipe.network, 784, 10, rng=generator(recipe.seed, Purpose.WEIGHTS), seed=recipe.seed)
    loader = Batches(images, labels, 100, seed=1)
    optimizer, history = build_optimizer(recipe, model, total_steps=10 * len(loader)), []
    for result in fit(model, loader, Batches(*digits[2:], 500, seed=1), optimizer, build_loss(recipe.loss), epochs=3):
        history.append(result)
        assert diagnose(model, images, labels, history) == []
    assert len(history) == 3


@pytest.mark.parametrize("activation", [Sigmoid, Tanh, ReLU])
@pytest.mark.parametrize("prepare", [normalize, lambda x: x / 255.0, lambda x: (x / 255 - 0.1307) / 0.3081])
def test_usual_ways_to_prepare_images_are_silent(prepare, activation, digits):
    images, labels, valid_images, valid_labels = (array[:2000] for array in digits)
    arrays = prepare(images), labels, prepare(valid_images), valid_labels
    assert diagnose_fit(*arrays, epochs=3, rate=0.05, activation=activation) == [[]] * 3


def test_scores_that_are_right_may_be_near_0_and_1(digits):
    """What 100 images learnt by heart look like: the output layer is at its ends, as it should be."""
    images, labels = digits[0][:100], digits[1][:100]
    model = MLP(784, 50, 10, activation=ReLU, rng=np.random.default_rng(1))
    optimizer = Adam(model.parameters(), model.gradients(), 0.003)
    loader = Batches(images, labels, 10, seed=1)
    for _ in range(100):
        train(model, loader, optimizer, MSELoss())
    for array in model.linear2.parameters():
        array *= 5  # noqa: PLW2901 - the same answers, and surer of them
    scores = model.scores(images)
    assert (np.minimum(scores, 1 - scores) < 0.0025).mean() > 0.95
    assert diagnose(model, images, labels, []) == []
    wrong = diagnose(model, images, np.roll(labels, 1), [])  # at the same ends, and at chance
    assert [(finding.name, finding.where) for finding in wrong] == [("saturated-layer", "act2")]


@pytest.mark.parametrize(("name", "learning_rate"), [("relu", 10.0), ("adam", 0.3)])
@pytest.mark.usefixtures("few_images")
def test_a_learning_rate_that_kills_relu(name, learning_rate, tmp_path):
    recipe = named_recipe(name).override({"optimizer.learning_rate": learning_rate, "training.epochs": 1})
    (found,) = findings_of_run(recipe, tmp_path)
    assert {finding.name for finding in found} == {"dead-layer"}
    assert found[0].where == "act1"
    neurons = recipe.network.hidden[0]
    assert f"of its {neurons} neurons give 0 for each of 500 images" in found[0].message
    assert "smaller learning rate" in found[0].message


@pytest.mark.parametrize(("activation", "ends"), [("sigmoid", "0 or 1"), ("tanh", "-1 or 1")])
@pytest.mark.usefixtures("few_images")
def test_a_learning_rate_that_saturates(activation, ends, tmp_path):
    settings = {"optimizer.learning_rate": 50.0, "training.epochs": 1, "network.activation": activation}
    (found,) = findings_of_run(named_recipe("classwork").override(settings), tmp_path)
    assert [(finding.name, finding.where) for finding in found] == [
        ("saturated-layer", "act1"), ("saturated-layer", "act2"),
    ]  # fmt: skip
    assert f"% of its outputs are nearly {ends}" in found[0].message
    assert "a smaller learning rate than 50" in found[0].message


@pytest.mark.parametrize(
    ("learning_rate", "words"),
    [(0.0, "the learning rate is 0, so nothing moves"), (1e-6, "1e-06 may be far too small")],
)
@pytest.mark.usefixtures("few_images")
def test_a_loss_that_does_not_move(learning_rate, words, tmp_path):
    recipe = named_recipe("classwork").override({"optimizer.learning_rate": learning_rate, "training.epochs": 3})
    found = findings_of_run(recipe, tmp_path)
    assert names(found) == [[], [], ["loss-does-not-move"]]
    assert words in found[-1][0].message
    assert "no better than chance" in found[-1][0].message


@pytest.mark.parametrize(
    ("last", "words"),
    [
        (3e33, "the loss grows, so the learning rate of 0.3 is far too large; try a tenth"),
        (2.1, "the loss grows, so the learning rate of 0.3 is far too large"),
        (1.9, "0.3 may be far too small or far too large"),
        (1.0, "0.3 may be far too small or far too large"),
    ],
)
def test_a_loss_that_grows_is_told_from_one_that_stays(last, words, digits):
    history = [EpochResult(k + 1, loss, loss, 10.0, 1.0, 0.3) for k, loss in enumerate((1.0, 1.5, last))]
    model = MLP(784, 20, 10, activation=ReLU, output_activation=None, rng=np.random.default_rng(1))
    model.linear2.bias[3] = 9  # it always gives the same answer
    (found,) = diagnose(model, *digits[:2], history)
    assert found.name == "loss-does-not-move"
    assert words in found.message


@pytest.mark.parametrize("rate", [0.1, 0.001])
def test_labels_shuffled_against_their_images(rate, digits):
    images, labels, valid_images, valid_labels = digits
    shuffled = np.random.default_rng(1).permutation(labels)
    found = diagnose_fit(images, shuffled, valid_images, valid_labels, epochs=3, rate=rate)
    assert names(found) == [[], [], ["labels-do-not-match"]]
    assert "nearest mean image" in found[-1][0].message
    assert "shuffle and split both by the same indices" in found[-1][0].message


def test_only_the_validation_labels_shuffled(digits):
    images, labels, valid_images, valid_labels = digits
    shuffled = np.random.default_rng(1).permutation(valid_labels)
    found = diagnose_fit(images, labels, valid_images, shuffled, epochs=3)
    assert names(found) == [[], [], ["labels-do-not-match"]]
    assert "of the training images" in found[-1][0].message


def test_bytes_as_floats(digits):
    images, labels, valid_images, valid_labels = digits
    arrays = images.astype(np.float32), labels, valid_images.astype(np.float32), valid_labels
    with pytest.raises(InputError, match=r"from 0 to 255, which look like bytes.* give glasswork\.normalize"):
        diagnose_fit(*arrays, epochs=1, activation=Sigmoid)
    arrays = images + 0.5, labels, valid_images + 0.5, valid_labels  # no bytes any more, but as large
    (found,) = diagnose_fit(*arrays, epochs=1, activation=Sigmoid)
    assert names([found]) == [["images-not-normalised", "saturated-layer"]]
    assert "from 0.5 to 255.5" in found[0].message
    assert "glasswork.normalize" in found[0].message


def test_images_normalised_twice(digits):
    images, labels, valid_images, valid_labels = digits
    arrays = normalize(normalize(images)), labels, normalize(normalize(valid_images)), valid_labels
    found = diagnose_fit(*arrays, epochs=4, activation=Sigmoid)
    assert names(found) == [["images-normalised-twice"]] * 4
    assert "from -1.008 to -0.9922" in found[0][0].message


def test_weights_that_are_no_numbers(digits):
    """A loop of one's own may not look at the loss again after the last step."""
    images, labels = digits[:2]
    model = MLP(784, 50, 10, activation=ReLU, output_activation=None, rng=np.random.default_rng(1))
    optimizer = SGD(model.parameters(), model.gradients(), 1e40)
    loader = Batches(images[:100], labels[:100], 100, seed=1)
    train(model, loader, optimizer, CrossEntropyLoss())
    found = diagnose(model, images, labels, [])
    assert {finding.name for finding in found} == {"weights-not-finite"}
    broken = [name for name, array in model.state().items() if not np.isfinite(array).all()]
    assert [finding.where for finding in found] == broken
    assert "linear1.weight: " in found[0].message
    assert "NaN or infinite" in found[0].message


def network():
    return MLP(
        784, [20, 20], 10, activation=ReLU, output_activation=None, batch_norm=True, dropout=0.2, input_dropout=0.1,
        noise=0.1, input_noise=0.1, rng=np.random.default_rng(1),
    )  # fmt: skip


def test_a_run_that_is_watched_is_the_same_run(digits):
    images, labels = digits[:2]
    ends = []
    for watched in (False, True):
        model = network()
        optimizer, history = SGD(model.parameters(), model.gradients(), 0.1), []
        loader = Batches(images, labels, 100, seed=1)
        for result in fit(model, loader, loader, optimizer, CrossEntropyLoss(), epochs=3):
            history.append(result)
            if watched:
                assert diagnose(model, images, labels, history) == []
        ends.append(model.state())
    for name, array in ends[0].items():
        np.testing.assert_array_equal(array, ends[1][name], err_msg=name)


@pytest.mark.parametrize("training", [False, True])
def test_looking_changes_nothing(training, digits):
    images, labels = digits[:2]
    model = network()
    with model.mode(training=training):
        model.set_position(5)
        model.forward(normalize(images[:100]))
        before = copy.deepcopy(model)
        np.random.seed(1)
        diagnose(model, images, labels, [])
        assert np.random.random() == np.random.RandomState(1).random_sample()
        assert all(layer.training == training for layer in (model, *model.layers))
    for layer, was in zip(model.layers, before.layers, strict=True):
        assert getattr(layer, "position", None) == getattr(was, "position", None)
        for name, array in layer.state().items():
            np.testing.assert_array_equal(array, was.state()[name])


@pytest.mark.parametrize(("dead", "kinds"), [(174, ["dead-neurons"]), (256, ["dead-layer"]), (100, [])])
def test_many_dead_neurons_are_found(dead, kinds, digits):
    """174 of 256 once went unnoticed; 40 % of them is what runs that go well come to."""
    images, labels = digits[:2]
    model = MLP(784, 256, 10, activation=ReLU, output_activation=None, rng=np.random.default_rng(1))
    model.linear1.bias[:dead] = -1e3
    model.linear1.bias[dead:] = 1  # alive, whatever the image
    model.linear1.weight[:, dead:] *= 0.1
    found = diagnose(model, images, labels, [])
    assert [(finding.name, finding.where) for finding in found] == [(kind, "act1") for kind in kinds]
    if kinds:
        assert f"act1: {dead} of its 256 neurons give 0 for each of 500 images" in found[0].message


def test_the_sample_is_spread_over_all_images(digits, monkeypatch):
    """Sorted by class, as datasets often come: the first 500 would show one class alone."""
    order = np.argsort(digits[1], kind="stable")
    images, labels = digits[0][order], digits[1][order]
    seen = []

    class Seeing(ReLU):
        def forward(self, x):
            seen.append(len(x))
            return super().forward(x)

    model = MLP(784, 20, 10, activation=Seeing, output_activation=None, rng=np.random.default_rng(1))
    model.linear1.weight[...] = 0
    model.linear1.bias[...] = -1
    rows = np.linspace(0, len(images) - 1, 500).astype(int)
    last_only = normalize(images[4900:]).mean(axis=0)
    model.linear1.weight[:] = last_only[:, np.newaxis]  # as the last class does, and no other so much
    scores = normalize(images[rows]) @ last_only
    model.linear1.bias[:] = -np.sort(scores)[-20]
    assert diagnose(model, images, labels, []) == []
    assert seen == [500]
    for size in (50, 300):  # lowered, the check of labels is left out where too few images are left, and does not die
        monkeypatch.setattr(health, "SAMPLE", size)
        assert diagnose(model, images, labels, []) == []
        assert seen[-1] == size


@pytest.mark.parametrize("size", [50, 300, 500])
def test_fewer_images_are_looked_at(size, digits, monkeypatch):
    monkeypatch.setattr(health, "SAMPLE", size)
    images, labels, valid_images, valid_labels = digits
    shuffled = np.random.default_rng(1).permutation(labels)
    found = diagnose_fit(images, shuffled, valid_images, valid_labels, epochs=3)
    assert names(found)[:2] == [[], []]
    assert {finding.name for finding in found[2]} <= {"labels-do-not-match", "loss-does-not-move"}


@pytest.mark.parametrize(("accuracy", "expected"), [(82.0, set()), (81.9, {"loss-does-not-move"})])
def test_chance_is_the_share_of_the_largest_class(accuracy, expected, digits):
    """Four of five images are of one class: 80 % is nothing, and 82 % is a tenth of what can be learnt."""
    images, labels = digits[0][:300].copy(), np.where(np.arange(300) % 5, 3, 7)
    images[labels == 7] = 255 - images[labels == 7]
    history = [EpochResult(k, 0.5, 0.5, accuracy, 1.0, 0.1) for k in (1, 2, 3)]
    model = MLP(784, 20, 10, activation=ReLU, output_activation=None, rng=np.random.default_rng(1))
    model.linear2.bias[3] = 9  # it names the largest class always
    assert {finding.name for finding in diagnose(model, images, labels, history)} == expected


@pytest.mark.parametrize("size", [1, 2, 3])
def test_a_handful_of_images_is_looked_at_from_the_first_to_the_last(size, digits):
    model = network()
    assert diagnose(model, digits[0][:size], digits[1][:size], []) == []
    assert len(model.act1.output) == size
    spoilt = digits[0][:size] / 127.5 - 1
    for place in {0, size - 1}:
        alone = spoilt.copy()
        alone[place] *= 1e4
        assert names([diagnose(model, alone, digits[1][:size], [])])[0][0] == "images-not-normalised"


def test_each_finding_is_told_once():
    watch = Watch()
    dead, other = Finding("dead-layer", "act1: 40 of 50", "act1"), Finding("dead-layer", "act2: 9 of 9", "act2")
    assert watch.new([dead]) == [dead]
    assert watch.new([Finding("dead-layer", "act1: 41 of 50", "act1"), other]) == [other]
    assert watch.new([dead, other]) == []
    assert Watch().new([dead]) == [dead]


def test_images_and_labels_belong_together(digits):
    with pytest.raises(InputError, match="one label for each, got 5,000 and 300"):
        diagnose(network(), digits[0], digits[1][:300], [])
    with pytest.raises(InputError, match="expected images"):
        diagnose(network(), digits[0][:0], digits[1][:0], [])


def test_the_command_tells_each_finding_once_and_keeps_it(glasswork, few_file, tmp_path):
    words = ("train", "--learning-rate", 0, "--epochs", 5, "--hidden", 5, "--data", few_file, "--out", "run")
    printed = glasswork(*words, folder=tmp_path).splitlines()
    notices = [number for number, line in enumerate(printed) if line.startswith("Notice: ")]
    assert len(notices) == 1
    assert printed[notices[0] - 1].startswith("Epoch: 03/5")
    assert "no better than chance" in printed[notices[0]]

    with (tmp_path / "run" / "history.csv").open(newline="") as file:
        rows = [row["findings"] for row in csv.DictReader(file)]
    assert [bool(row) for row in rows] == [False, False, True, False, False]
    (kept,) = json.loads(rows[2])
    assert kept["name"] == "loss-does-not-move"
    assert f"Notice: {kept['message']}" == printed[notices[0]]

    listed = glasswork("runs", ".", folder=tmp_path)
    assert f"run: epoch 3: {kept['message']}" in listed.splitlines()
    (row,) = json.loads(glasswork("runs", ".", "--json", folder=tmp_path))
    assert row["findings"] == [{"epoch": 3, **kept}]


def test_strict_stops(few_images, tmp_path):
    recipe = named_recipe("classwork").override({"optimizer.learning_rate": 0, "training.epochs": 5})
    with pytest.raises(UnhealthyError, match=r"^epoch 3: .* no better than chance"), Run(recipe, tmp_path / "r") as run:
        list(run.epochs(strict=True))
    result = RunFolder(tmp_path / "r").result()
    assert (result.state, result.epochs) == ("failed", 3)
    assert result.reason.startswith("epoch 3: ")


def test_a_run_that_goes_on_does_not_tell_it_again(few_images, tmp_path):
    recipe = named_recipe("classwork").override({"optimizer.learning_rate": 0, "training.epochs": 4})
    with Run(recipe, tmp_path / "run") as run:
        list(run.epochs())
    with Run.resume(tmp_path / "run", epochs=6) as run:
        assert [epoch.findings for epoch in run.epochs()] == [(), ()]
    assert [bool(epoch.findings) for epoch in run.history] == [False, False, True, False, False, False]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda labels: labels.astype(str), "labels: expected integers .*, got <U"),
        (lambda labels: labels + 3, "labels: expected 0 to 9, got 1. .*; for 13 classes pass out_features=13"),
    ],
)
def test_labels_that_the_network_does_not_have_are_refused(digits, change, words):
    images, labels = digits[0][:400], digits[1][:400]
    with pytest.raises(InputError, match=words):
        diagnose(MLP(784, 5, 10, seed=1), images, change(labels), [])
