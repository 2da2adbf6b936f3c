"""Recipes: whatever is valid trains and survives being written; whatever is not is refused by its key."""

import tomllib

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from glasswork import Batches, DivergedError, FileError, Recipe, RecipeError, fit, named_recipe, read_recipe
from glasswork.recipes.build import build_loss, build_model, build_optimizer, describe_model
from glasswork.recipes.shelf import recipe_names
from glasswork.runs.ladder import recipes as rungs

ACTIVATIONS = ["sigmoid", "tanh", "relu", "leaky-relu", "silu", "gelu", "identity"]


def number(low, high):
    return st.floats(low, high, allow_nan=False)


@st.composite
def recipe_dicts(draw):
    """Any valid recipe, but for widths, epochs and steps that would take long or overflow in two steps."""
    hidden = draw(st.lists(st.integers(1, 9), max_size=4).map(tuple))
    loss = draw(st.sampled_from(["mse", "cross-entropy"]))
    optimizer = draw(st.sampled_from(["sgd", "adam", "adamw", "rmsprop"]))
    momentum = draw(number(0, 0.99)) if optimizer == "sgd" else 0.0
    return {
        "name": draw(st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,20}", fullmatch=True)),
        "description": draw(st.text(max_size=30)),
        "seed": draw(st.integers(0, 2**32 - 1)),
        "data": {
            "source": draw(st.sampled_from(["mnist", "openml:Fashion-MNIST"])),
            "split": draw(st.sampled_from(["handout", "official"])),
            "split_seed": draw(st.integers(0, 2**32 - 1)),
        },
        "network": {
            "hidden": hidden,
            "activation": draw(
                st.sampled_from(ACTIVATIONS)
                | st.lists(st.sampled_from(ACTIVATIONS), min_size=len(hidden), max_size=len(hidden)).map(tuple)
            ),
            "output_activation": draw(
                st.sampled_from(["none", "identity"] if loss == "cross-entropy" else ["none", *ACTIVATIONS])
            ),
            "batch_norm": draw(st.booleans()),
            "dropout": draw(number(0, 0.9)),
            "input_dropout": draw(number(0, 0.9)),
            "noise": draw(number(0, 10)),
            "input_noise": draw(number(0, 10)),
            "initializer": draw(
                st.sampled_from(
                    ["auto", "handout", "xavier", "xavier-uniform", "he", "he-uniform", "lecun", "lecun-uniform"]
                )
            ),
            "bias_grad": draw(st.sampled_from(["sum", "mean"])),
            "dtype": draw(st.sampled_from(["float32", "float64"])),
        },
        "loss": {"name": loss, "label_smoothing": draw(number(0, 1)) if loss == "cross-entropy" else 0.0},
        "optimizer": {
            "name": optimizer,
            "learning_rate": draw(number(0, 0.5)),
            "momentum": momentum,
            "nesterov": draw(st.booleans()) if momentum else False,
            "weight_decay": draw(number(0, 1)),
            "clip_norm": draw(number(0, 10)),
            "max_norm": draw(number(0, 10)),
        },
        "schedule": {
            "name": draw(st.sampled_from(["constant", "step", "cosine", "one-cycle"])),
            "warmup": draw(number(0, 0.9)),
        },
        "training": {
            "epochs": draw(st.integers(1, 1000)),
            "batch_size": draw(st.integers(2, 1000)),
            "average": draw(number(0, 0.999)),
            "early_stopping": draw(st.integers(0, 10)),
            "threads": draw(st.integers(0, 64)),
        },
    }


@given(recipe_dicts())
@settings(max_examples=200)
def test_any_recipe_survives_being_written_and_read(tmp_path_factory, given_dict):
    recipe = Recipe.from_dict(given_dict)
    path = tmp_path_factory.mktemp("recipe") / "recipe.toml"
    path.write_text(recipe.to_toml(), encoding="utf-8")
    assert read_recipe(path) == recipe
    assert recipe.to_dict() == given_dict  # nothing is dropped, changed or added on the way


@given(recipe_dicts())
@settings(max_examples=200, deadline=None)
def test_any_recipe_trains_two_steps(given_dict):
    recipe = Recipe.from_dict(given_dict).override({"training.epochs": 1})
    draw = np.random.default_rng(recipe.seed)
    images, labels = draw.integers(0, 256, (8, 6), dtype=np.uint8), draw.integers(0, 3, 8)
    model = build_model(recipe.network, 6, 3, rng=draw, seed=recipe.seed)
    loader = Batches(images, labels, 4, seed=recipe.seed, classes=3, dtype=recipe.network.dtype)
    optimizer = build_optimizer(recipe, model, total_steps=2)
    (result,) = fit(model, loader, loader, optimizer, build_loss(recipe.loss), epochs=1)
    assert optimizer.steps == 2
    assert np.isfinite([result.train_loss, result.valid_loss]).all()
    assert {array.dtype for array in model.state().values()} == {np.dtype(recipe.network.dtype)}
    assert all(np.isfinite(array).all() for array in model.state().values())
    described = describe_model(model)
    assert described.hidden == recipe.network.hidden
    assert build_model(described, 6, 3, rng=draw, seed=0).summary() == model.summary()


def test_a_recipe_needs_no_more_than_a_name():
    recipe = Recipe.from_dict({"name": "x"})
    assert (recipe.network.hidden, recipe.optimizer.learning_rate, recipe.training.epochs) == ((50,), 0.1, 50)


def test_a_file_without_a_name_has_the_files(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text("[network]\nhidden = [7, 8]\n")
    assert (read_recipe(path).name, read_recipe(path).network.hidden) == ("mine", (7, 8))


# Those that come with glasswork -------------------------------------------------------------------


def test_the_recipes_that_were_promised_are_there():
    promised = {"classwork", "cross-entropy", "relu", "deep", "adam", "dropout", "plain-best"}
    assert promised <= set(recipe_names())
    for name in recipe_names():
        recipe = named_recipe(name)
        assert recipe.name == name
        assert len(recipe.description) > 20


def test_classwork_is_the_handouts_experiment():
    """Handout, sections 2, 5 and 8: the split, the network, its learning rate, epochs and batch size."""
    recipe = named_recipe("classwork")
    assert (recipe.data.split, recipe.data.split_seed, recipe.seed) == ("handout", 123, 123)
    assert (recipe.network.hidden, recipe.network.activation, recipe.network.output_activation) == (
        (50,), "sigmoid", "sigmoid"
    )  # fmt: skip
    assert (recipe.loss.name, recipe.optimizer.name, recipe.optimizer.learning_rate) == ("mse", "sgd", 0.1)
    assert (recipe.training.epochs, recipe.training.batch_size) == (50, 100)
    assert recipe.network.bias_grad == "mean"


def test_the_ladder_leads_from_classwork_to_plain_best():
    def what(recipe):
        return recipe.override({"name": "x", "description": "", "data.split": "official"})

    bottom, *_, top = rungs(official=True)
    assert what(bottom) == what(named_recipe("classwork"))
    assert what(top) == what(named_recipe("plain-best"))


# What is refused ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"optimiser.learning_rate": 0.1}, r"^optimiser: no such key; did you mean optimizer\?; a recipe has name, "),
        ({"optimizer.learning-rate": 0.1}, r"^optimizer\.learning-rate: no such key; did you mean learning_rate\?"),
        (
            {"network.hiden": [3]},
            r"^network\.hiden: no such key; did you mean hidden\?; network has hidden, activation",
        ),
        ({"zzz": 1}, r"^zzz: no such key; a recipe has"),
        ({"network": 3}, r"^network: expected a table, got int \(given: 3\)"),
        ({"seed.x": 1}, r"^seed\.x: seed is a value, not a table"),
        ({"training.epochs": 0}, r"^training\.epochs: expected int >= 1 \(given: 0\)"),
        ({"training.epochs": 1.5}, r"^training\.epochs: expected int, got float \(given: 1\.5\)"),
        ({"training.epochs": "many"}, r"^training\.epochs: expected int, got str \(given: 'many'\)"),
        ({"training.average": 1.0}, r"^training\.average: expected float <= 0\.9999999 \(given: 1\.0\)"),
        ({"network.hidden": [50, 0]}, r"^network\.hidden.*: expected int >= 1"),
        ({"network.hidden": [1] * 101}, r"^network\.hidden: expected array of length <= 100"),
        ({"network.dropout": 1.0}, r"^network\.dropout: expected float <= 0\.99"),
        ({"network.activation": "swish"}, r"^network\.activation: expected one of sigmoid, tanh, relu.*'swish'"),
        (
            {"optimizer.name": "adm"},
            r"^optimizer\.name: expected one of sgd, adam, adamw, rmsprop; did you mean adam\?",
        ),
        ({"data.source": "cifar"}, r"^data\.source: expected mnist, or openml: and a name \(given: 'cifar'\)"),
        ({"network.hidden": 500}, r"^network\.hidden: expected a list such as \[300, 100\], got int"),
        ({"network.activation": ["relu", "relu"]}, r"^network: activation: expected one word, or 1, one a hidden"),
        ({"optimizer.learning_rate": -1.0}, r"^optimizer\.learning_rate: expected float >= 0\.0 \(given: -1\.0\)"),
        ({"optimizer.learning_rate": float("nan")}, r"^optimizer\.learning_rate: expected a finite number, got nan"),
        ({"optimizer.weight_decay": float("inf")}, r"^optimizer\.weight_decay: expected a finite number, got inf"),
        (
            {"optimizer.name": "adam", "optimizer.momentum": 0.9},
            r"^optimizer: momentum and nesterov: only sgd has them",
        ),
        ({"optimizer.nesterov": True}, r"^optimizer: nesterov: needs a momentum"),
        ({"loss.label_smoothing": 0.1}, r"^loss: label_smoothing: only cross-entropy has it"),
        ({"loss.name": "cross-entropy"}, r"loss\.name: cross-entropy takes logits; set network\.output_activation"),
        ({"network.batch_norm": True, "training.batch_size": 1}, r"training\.batch_size: batch normalisation needs at"),
        ({"optimizer": {"name": "adam"}}, r"^optimizer: expected a value, got a table; set its keys one by one"),
        ({"name": "x\n"}, r"^name: expected at most 80 letters"),
        ({"seed": -1}, r"^seed: expected int >= 0 \(given: -1\)"),
        ({"seed": 2**32}, r"^seed: expected int < 4294967296|^seed: expected int <= 4294967295"),
        ({"name": "../x"}, r"^name: expected at most 80 letters, digits"),
    ],
)
def test_what_cannot_be_is_refused_by_its_key(settings, message):
    with pytest.raises(RecipeError, match=message):
        named_recipe("classwork").override(settings)


@pytest.mark.parametrize(
    ("content", "error", "message"),
    [
        (b"network = [", RecipeError, r"mine\.toml: not TOML"),
        (b"\xff\xfe", FileError, r"mine\.toml: this recipe cannot be read"),
        (b"[training]\nepoch = 5", RecipeError, r"mine\.toml: training\.epoch: no such key; did you mean epochs\?"),
        (None, FileError, r"mine\.toml: this recipe cannot be read"),
    ],
)
def test_a_file_that_is_no_recipe(content, error, message, tmp_path):
    if content is not None:
        (tmp_path / "mine.toml").write_bytes(content)
    with pytest.raises(error, match=message):
        read_recipe(tmp_path / "mine.toml")


def test_a_name_that_nobody_has():
    with pytest.raises(RecipeError, match=r"no recipe is called 'claswork'; did you mean classwork\?; there are adam,"):
        named_recipe("claswork")


def test_diverging_is_told(tmp_path):
    recipe = named_recipe("relu").override({"optimizer.learning_rate": 1e30})
    draw = np.random.default_rng(0)
    images, labels = draw.integers(0, 256, (40, 6), dtype=np.uint8), draw.integers(0, 3, 40)
    model = build_model(recipe.network, 6, 3, rng=draw, seed=0)
    loader = Batches(images, labels, 4, seed=0, classes=3)
    optimizer = build_optimizer(recipe, model, total_steps=10)
    with pytest.raises(DivergedError, match="try a smaller one"):
        list(fit(model, loader, loader, optimizer, build_loss(recipe.loss), epochs=1))


def test_toml_is_plain_and_whole():
    written = tomllib.loads(named_recipe("deep").to_toml())
    assert set(written) == {
        "name", "description", "seed", "data", "network", "loss", "optimizer", "schedule", "training"
    }  # fmt: skip
    assert written["optimizer"]["nesterov"] is False  # defaults included
