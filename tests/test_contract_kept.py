"""What a network says of its inputs and classes is kept, and holds by every way: asked, evaluated, saved, diagnosed."""

import numpy as np
import pytest

from glasswork import (
    MLP,
    SGD,
    Batches,
    CrossEntropyLoss,
    Dataset,
    DivergedError,
    InputError,
    Inputs,
    MSELoss,
    Run,
    StateError,
    compiled,
    fit,
    load_model,
    named_recipe,
    test as accuracy,
    train,
    valid,
)
from glasswork.engine.agreement import joined
from glasswork.inputs import Reading
from glasswork.training.health import diagnose

PIXELS = np.random.default_rng(0).integers(0, 256, (60, 16), dtype=np.uint8)
LABELS = np.arange(60) % 2
FULL = Inputs.of_bytes(shape=(4, 4), classes=("cat", "dog"), reading=Reading(pictures="digits", low=5))


def network(**options):
    return MLP(16, 8, 2, rng=np.random.default_rng(1), **options)


# Stated, and kept ---------------------------------------------------------------------------------


def test_to_say_whether_inputs_are_pixels_leaves_the_rest_of_the_contract():
    model = network()
    model.inputs = FULL
    model.pixels = True
    assert model.inputs == FULL
    model.pixels = False
    assert (model.classes, model.pixels) == (("cat", "dog"), False)


@pytest.mark.parametrize("field", ["kind", "shape", "classes", "reading"])
def test_a_training_adds_what_only_its_data_state(field):
    known = (
        Inputs.of_bytes() if field != "kind" else Inputs(low=0, high=255, exact=True, offset=127.5, factor=1 / 127.5)
    )
    assert getattr(known, field) != getattr(FULL, field)
    assert getattr(joined(known, FULL, who="it"), field) == getattr(FULL, field)
    assert joined(FULL, known, who="it") == FULL


@pytest.mark.parametrize("stated", ["logits", "probabilities"])
@pytest.mark.parametrize("activation", [None, "tanh", "sigmoid"])
def test_what_the_owner_says_of_the_scores_survives_saving(stated, activation, tmp_path):
    model = network(output_activation=activation)
    model.scores_are = stated
    model.save(tmp_path / "model.safetensors")
    read = load_model(tmp_path / "model.safetensors")
    assert (read.scores_are, read.built_for) == (model.scores_are, model.built_for) == (stated, stated)
    for one in (model, read):
        if stated == "logits":
            CrossEntropyLoss().check_model(one)
        else:
            with pytest.raises(InputError, match="takes logits"):
                CrossEntropyLoss().check_model(one)


# By every way -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "inputs",
    [
        Inputs(kind="pixels", low=0, high=255, exact=True),
        Inputs(kind="pixels", low=0, high=255, exact=True, factor=1 / 255),
        Inputs(low=0, high=255, exact=True, offset=255, factor=-1 / 255),
        Inputs.of_bytes(),
        Inputs.as_given(0, 255),
    ],
    ids=str,
)
def test_both_engines_apply_the_scaling_that_is_stated(inputs, kernels):
    model = network()
    model.inputs = inputs
    expected = model((PIXELS.astype(np.float64) - inputs.offset) * inputs.factor)
    np.testing.assert_allclose(model.scores(PIXELS), expected, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(compiled(model).scores(PIXELS), expected, rtol=1e-4, atol=1e-6)


def test_a_diagnosis_takes_whole_numbers_of_features_whatever_their_scaling():
    model = network()
    model.inputs = Inputs(kind="features", low=0, high=2000, offset=1000, factor=1 / 500)
    diagnose(model, PIXELS.astype(np.int64) * 7, LABELS, [])


@pytest.mark.parametrize("inputs", [Inputs.as_given(0, 255), Inputs.as_given(0, 255, kind="features")], ids=str)
def test_a_diagnosis_looks_at_what_the_first_layer_gets(inputs):
    model = network()
    model.inputs = inputs
    found = [[finding.name for finding in diagnose(model, x, LABELS, [])] for x in (PIXELS, PIXELS.astype(float))]
    assert found[0] == found[1]
    assert "images-not-normalised" in found[0]


def test_numbers_that_are_missing_are_not_made_up():
    rows = np.ma.masked_array(PIXELS, mask=False)
    model = network()
    model.pixels = True
    np.testing.assert_array_equal(model.scores(rows), model.scores(PIXELS))
    rows[3, 2] = np.ma.masked
    for ask in (model, model.scores, model.predict, lambda x: Batches(x, LABELS, 10, seed=0)):
        with pytest.raises(InputError, match="masked array"):
            ask(rows)


# Classes ------------------------------------------------------------------------------------------


def animals(names, classes=None):
    return Dataset.of(PIXELS.reshape(-1, 4, 4), np.array(names)[LABELS], classes=classes)


def test_labels_of_other_classes_are_not_evaluated():
    data, swapped = animals(["cat", "dog"]), animals(["cat", "dog"], classes=["dog", "cat"])
    model = network()
    optimizer = SGD(model.parameters(), model.gradients(), 0.1)
    train(model, data, optimizer, MSELoss())
    expected = accuracy(model, data)
    for other in (swapped, animals(["cat", "cow"]), animals(["a", "dog"])):
        for call in (lambda d: accuracy(model, d), lambda d: valid(model, d, MSELoss())):
            with pytest.raises(InputError, match="its classes are cat, dog, and those of the data"):
                call(other)
    assert accuracy(model, animals(["cat", "dog"], classes=["cat", "dog"])) == expected
    only_cats = Dataset.of(PIXELS[LABELS == 0].reshape(-1, 4, 4), ["cat"] * 30)  # no image of the last class
    assert accuracy(model, only_cats) == 100 * np.mean(model.predict(PIXELS[LABELS == 0]) == 0)


def test_validation_data_of_other_classes_are_refused_before_a_step():
    model = network()
    before = model.linear1.weight.copy()
    optimizer = SGD(model.parameters(), model.gradients(), 0.1)
    with pytest.raises(InputError, match="its classes are cat, dog"):
        fit(model, animals(["cat", "dog"]), animals(["cow", "dog"]), optimizer, MSELoss(), epochs=1)
    np.testing.assert_array_equal(model.linear1.weight, before)


# Data that were given up, or changed --------------------------------------------------------------


@pytest.mark.parametrize("known", [None, Inputs(classes=("cat", "dog"))], ids=str)
def test_a_training_that_diverged_at_once_leaves_no_contract(known):
    raw = np.random.default_rng(0).random((60, 16)) * 1e6
    model = network(activation="relu", output_activation=None)
    model.inputs = known
    loaders = [[(x[i : i + 10], LABELS[i : i + 10]) for i in range(0, 60, 10)] for x in (raw, raw / 1e6)]
    optimizer = SGD(model.parameters(), model.gradients(), 0.1)
    with pytest.raises(DivergedError):
        list(fit(model, loaders[0], loaders[0], optimizer, MSELoss(), epochs=2))
    assert model.inputs == known
    list(fit(model, loaders[1], loaders[1], optimizer, MSELoss(), epochs=1))
    assert model.inputs.high < 1
    with pytest.raises(InputError, match="was trained on numbers from"):
        model.predict(raw)


def test_arrays_that_change_before_a_run_begins_are_noticed(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (300, 64), dtype=np.uint8)
    data = Dataset.of(pixels, np.arange(300) % 3)
    recipe = named_recipe("classwork").override({"training.epochs": 1})
    run = Run(recipe, tmp_path / "run", dataset=data)
    pixels[0] = 255 - pixels[0]
    with pytest.raises(StateError, match="arrays that this run was given have changed"), run:
        pass
    assert not (tmp_path / "run").exists()
