"""Recipes: whatever is valid trains and survives being written; whatever is not is refused by its key."""

import copy
import functools
import pickle
import re
import reprlib
import tomllib

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from glasswork import (
    Batches,
    Dataset,
    DivergedError,
    FileError,
    Recipe,
    RecipeError,
    fit,
    named_recipe,
    read_recipe,
    split,
)
from glasswork.recipes.build import build_loss, build_model, build_optimizer
from glasswork.recipes.experiment import assemble
from glasswork.recipes.keys import recipe_keys
from glasswork.recipes.recipe import leaves
from glasswork.recipes.shelf import recipe_names
from glasswork.runs.ladder import recipes as rungs

ACTIVATION_NAMES = ["sigmoid", "tanh", "relu", "silu", "gelu", "identity"]


def number(low, high):
    return st.floats(low, high, allow_nan=False)


ACTIVATION = st.sampled_from(ACTIVATION_NAMES) | st.fixed_dictionaries(
    {"name": st.just("leaky-relu"), "slope": number(0, 0.9)}
)
SHARED = {"weight_decay": number(0, 1), "clip_norm": number(0, 10), "max_norm": number(0, 10)}
ADAM = {"beta1": number(0, 0.99), "beta2": number(0, 0.99), "eps": number(1e-8, 1e-2)}
OPTIMIZERS = {
    "sgd": {"momentum": number(0.01, 0.99), "nesterov": st.booleans()},
    "adam": ADAM,
    "adamw": ADAM,
    "rmsprop": {"alpha": number(0, 0.99), "eps": number(1e-8, 1e-2)},
}
SCHEDULES = {
    "constant": {},
    "step": {"drops": st.integers(1, 9), "factor": number(0.1, 0.9)},
    "cosine": {"end": number(0, 1)},
    "one-cycle": {"peak": number(0.01, 0.99), "start": number(0, 1), "end": number(0, 1)},
}


@st.composite
def recipe_dicts(draw):
    """Any valid recipe, but for widths, epochs and steps that would take long or overflow in two steps."""
    hidden = draw(st.lists(st.integers(1, 9), max_size=4))
    loss = draw(st.sampled_from(["mse", "cross-entropy"]))
    optimizer, schedule = draw(st.sampled_from([*OPTIMIZERS])), draw(st.sampled_from([*SCHEDULES]))
    dropout, fixed = draw(number(0, 0.9)), st.fixed_dictionaries
    changed = st.tuples(st.sampled_from(["learning_rate", *["dropout"] * bool(dropout)]), number(0, 0.9))
    steps = sorted(draw(st.lists(st.integers(0, 2**48 - 1), max_size=3)))
    return {
        "name": draw(st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,20}", fullmatch=True)),
        "description": draw(st.text(max_size=30)),
        "seed": draw(st.integers(0, 2**32 - 1)),
        "data": {
            "source": draw(st.sampled_from(["mnist", "openml:Fashion-MNIST", "openml:mnist_784@1"])),
            "split": draw(st.sampled_from(["handout", "official", "source"])),
            "test": draw(number(0, 0.9)),
            "valid": draw(number(0, 0.9)),
            "scaling": draw(st.sampled_from(["handout", "zero-to-one", "standardize"])),
            "range": draw(st.sampled_from([[], [0.0, 16.0], [-1.0, 1.0]])),
            "missing": draw(st.sampled_from(["refuse", "median"])),
            "colour": draw(st.sampled_from(["grey", "rgb"])),
            "split_seed": draw(st.integers(0, 2**32 - 1)),
            "fold": draw(st.sampled_from([[], [1, 2], [2, 5]])),
        },
        "network": {
            "hidden": hidden,
            "activation": draw(ACTIVATION | st.lists(ACTIVATION, min_size=len(hidden), max_size=len(hidden))),
            "output_activation": draw(
                st.sampled_from(["none", "identity"]) if loss == "cross-entropy" else st.just("none") | ACTIVATION
            ),
            "batch_norm": draw(st.booleans()),
            "dropout": dropout,
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
        "loss": {"name": loss} | draw(fixed({"label_smoothing": number(0, 1)} if loss == "cross-entropy" else {})),
        "optimizer": {
            "name": optimizer,
            "learning_rate": draw(number(0, 0.5)),
            **draw(fixed(SHARED | OPTIMIZERS[optimizer])),
        },
        "schedule": {"name": schedule, "warmup": draw(number(0, 0.9)), **draw(fixed(SCHEDULES[schedule]))},
        "training": {
            "epochs": draw(st.integers(1, 1000)),
            "batch_size": draw(st.integers(2, 1000)),
            "drop_last": draw(st.booleans()),
            "class_weights": draw(st.sampled_from(["none", "balanced"]) | st.lists(number(0, 9), max_size=3)),
            "sample_weights": draw(st.sampled_from(["", "weights.npy"])),
            "monitor": draw(st.sampled_from(["accuracy", "loss", "balanced-accuracy", "f1", "auc"])),
            "average": draw(number(0, 0.999)),
            "early_stopping": draw(st.integers(0, 10)),
            "threads": draw(st.integers(0, 64)),
            "engine": draw(st.sampled_from(["auto", "numpy", "compiled"])),
            "changes": [[step, *draw(changed)] for step in steps],
        },
        "augment": {
            "rotation": draw(number(0, 180)),
            "calm": draw(st.lists(st.text(max_size=3), max_size=2)),
            "scale": draw(number(0, 0.5)),
            "shear": draw(number(0, 1)),
            "shift": draw(number(0, 5)),
            "elastic": draw(number(0, 5)),
            "smoothness": draw(number(0.5, 9)),
            "thickness": draw(number(0, 1)),
            "variants": draw(number(0, 1)),
            "pixel_noise": draw(number(0, 2)),
            "erase": draw(number(0, 1)),
            "erase_area": draw(number(0.01, 0.5)),
            "start_strength": draw(number(0, 1.9)),
            "end_strength": draw(number(0, 1.9)),
            "end_share": draw(number(0, 1)),
        },
    }


@given(recipe_dicts())
@settings(max_examples=50)
def test_any_recipe_survives_being_written_and_read(tmp_path_factory, given_dict):
    recipe = Recipe.from_dict(given_dict)
    path = tmp_path_factory.mktemp("recipe") / "recipe.toml"
    path.write_text(recipe.to_toml(), encoding="utf-8")
    assert read_recipe(path) == recipe
    assert recipe.to_dict() == given_dict  # nothing is dropped, changed or added on the way
    assert hash(recipe) == hash(read_recipe(path))


@given(recipe_dicts())
@settings(max_examples=100)
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
    network = recipe.network
    assert (network.hidden, str(network.activation), str(network.output_activation)) == ((50,), "sigmoid", "sigmoid")
    assert (recipe.loss.name, recipe.optimizer.name, recipe.optimizer.learning_rate) == ("mse", "sgd", 0.1)
    assert (recipe.training.epochs, recipe.training.batch_size) == (50, 100)
    assert recipe.network.bias_grad == "mean"


def test_the_ladder_leads_from_classwork_over_plain_best_to_distorted_images():
    def what(recipe):
        return recipe.override({"name": "x", "description": "", "data.split": "official"})

    on = {recipe.name: recipe for recipe in rungs(official=True)}
    names = list(on)
    assert names[0] == "classwork"
    assert what(on["classwork"]) == what(named_recipe("classwork"))
    assert what(on["plain-best"]) == what(named_recipe("plain-best"))
    assert {name for name in names if on[name].augment.rotation} == set(names[names.index("plain-best") + 1 :])


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
        ({"network": 3}, r"^network: expected a table, got 3$"),
        ({"optimizer": 3}, r"^optimizer: expected a table, got 3$"),
        ({"optimizer.name": ["adam"]}, r"^optimizer\.name: expected one of sgd, .*, got \['adam'\]; did you mean adam"),
        ({"seed.x": 1}, r"^seed\.x: seed is a value, not a table"),
        ({"training.epochs": 0}, r"^training\.epochs: expected a whole number.* at least 1 .*, got 0$"),
        ({"training.epochs": 1.5}, r"^training\.epochs: expected a whole number.*, got 1\.5$"),
        ({"training.epochs": True}, r"^training\.epochs: expected a whole number.*, got True$"),
        ({"training.epochs": "many"}, r"^training\.epochs: expected a whole number.*, got 'many'$"),
        ({"training.epochs": 10**400}, r"^training\.epochs: expected a whole number, .*, got 1000*\.\.\.0+$"),
        ({"training.epochs": 5.0}, r"^training\.epochs: expected a whole number, .*, got 5\.0$"),
        (
            {"optimizer.learning_rate": 10**400},
            r"^optimizer\.learning_rate: expected a finite number, at least 0, got 1",
        ),
        (
            {"optimizer.learning_rate": True},
            r"^optimizer\.learning_rate: expected a finite number, at least 0, got True",
        ),
        (
            {"optimizer.clip_norm": False},
            r"^optimizer\.clip_norm: expected a finite number, above 0, or 0 for none, got",
        ),
        ({"network.hidden": True}, r"^network\.hidden: expected .*, got True$"),
        ({"network.hidden": [8, 2.0]}, r"^network\.hidden\[1\]: expected a whole number, .*, got 2\.0$"),
        ({"network.hidden": 0}, r"^network\.hidden: expected a whole number, at least 1 .*, got 0$"),
        ({"network.activation": "Relu"}, r"^network\.activation: expected one of .*, got 'Relu'; did you mean relu\?$"),
        (
            {"network.output_activation": ["relu"]},
            r"^network\.output_activation: expected one of .*, none, got \['relu'",
        ),
        (
            {"network.output_activation": {"name": "none", "x": 1}},
            r"^network\.output_activation\.x: no such key; .* name$",
        ),
        (  # the key with a typing error, not what follows from it
            {"loss.name": "cross-entropy", "network.output_activaton": "none"},
            r"^network\.output_activaton: no such key; did you mean output_activation\?",
        ),
        ({"optimizer.nesterov": True, "optimizer.momentm": 0.9}, r"^optimizer\.momentm: no such key; did you mean mom"),
        ({"description": "x" * 10_001}, r"^description: expected at most 10,000 characters, got 'xx[x.]{1,40}'$"),
        ({"training.average": 1.0}, r"^training\.average: expected a finite number.* at least 0 and below 1, got 1\.0"),
        (
            {"network.hidden": [50, 0]},
            r"^network\.hidden\[1\]: expected a whole number, at least 1 and at most 1,000,000, got 0$",
        ),
        ({"network.hidden": [1] * 101}, r"^network\.hidden: expected a list of up to 100 whole numbers"),
        ({"network.batch_norm": 1}, r"^network\.batch_norm: expected true or false, got 1"),
        ({"network.dropout": 1.0}, r"^network\.dropout: expected a finite number.* at most 0\.99, got 1\.0"),
        ({"network.activation": "swish"}, r"^network\.activation: expected one of sigmoid, tanh, relu.*'swish'"),
        (
            {"optimizer.name": "adm"},
            r"^optimizer\.name: expected one of sgd, adam, adamw, rmsprop, got 'adm'; did you mean adam\?$",
        ),
        (
            {"data.source": "cifar"},
            r"^data\.source: expected mnist, digits, openml:NAME or openml:NAME@VERSION, or the path.* got 'cifar'",
        ),
        (
            {"network.hidden": "wide"},
            r"^network\.hidden: expected a list of up to 100 whole numbers .*, such as \[300, 100\], got 'wide'",
        ),
        (
            {"network.activation": ["relu", "relu"]},
            r"^network\.activation: expected one activation, or 1, one for each",
        ),
        (
            {"optimizer.learning_rate": -1.0},
            r"^optimizer\.learning_rate: expected a finite number.* at least 0, got -1\.0",
        ),
        ({"optimizer.learning_rate": float("nan")}, r"^optimizer\.learning_rate: expected a finite number.*, got nan"),
        ({"optimizer.weight_decay": float("inf")}, r"^optimizer\.weight_decay: expected a finite number.*, got inf"),
        (
            {"optimizer.name": "adam", "optimizer.momentum": 0.9},
            r"^optimizer\.momentum: only sgd has momentum, not adam$",
        ),
        ({"optimizer.eps": 0.1}, r"^optimizer\.eps: only adam, adamw and rmsprop have eps, not sgd$"),
        ({"optimizer.alpha": 0.1}, r"^optimizer\.alpha: only rmsprop has alpha, not sgd$"),
        ({"optimizer.nesterov": True}, r"^optimizer: .*nesterov needs a momentum"),
        (
            {"optimizer.clip_norm": -1},
            r"^optimizer\.clip_norm: expected a finite number.* above 0, or 0 for none, got -1",
        ),
        ({"loss.label_smoothing": 0.1}, r"^loss\.label_smoothing: only cross-entropy has label_smoothing, not mse$"),
        ({"schedule.drops": 3}, r"^schedule\.drops: only step has drops, not constant$"),
        ({"schedule.drop": 3}, r"^schedule\.drop: no such key; schedule has name, warmup$"),
        (
            {"schedule.name": "step", "schedule.drop": 3},
            r"^schedule\.drop: no such key; did you mean drops\?; schedule has name, warmup, drops, factor$",
        ),
        ({"network.activation": "leaky-relu", "network.activation.slope": 1}, r"^network\.activation\.slope: expected"),
        ({"network.activation": {"slope": 0.1}}, r"^network\.activation\.name: expected one of .*, got nothing$"),
        ({"network.activation.slope": 0.1}, r"^network\.activation\.slope: only leaky-relu has slope, not sigmoid$"),
        (
            {"network.hidden": [2, 2], "network.activation": ["relu", {"name": "tan"}]},
            r"^network\.activation\[1\]\.name: expected one of .*, got 'tan'; did you mean tanh\?$",
        ),
        ({"loss.name": "cross-entropy"}, r"loss\.name: cross-entropy takes logits; set network\.output_activation"),
        ({"network.batch_norm": True, "training.batch_size": 1}, r"training\.batch_size: batch normalisation needs at"),
        ({"optimizer": {"name": "adam"}}, r"^optimizer: is a table; set its keys one by one, as optimizer\.KEY"),
        ({"name": "x\n"}, r"^name: expected at most 80 letters"),
        ({"seed": -1}, r"^seed: expected a whole number.* at least 0 .*, got -1$"),
        ({"seed": 2**32}, r"^seed: expected a whole number.*, got 4294967296$"),
        ({"name": "../x"}, r"^name: expected at most 80 letters, digits"),
        (
            {"network.hidden": functools.reduce(lambda inner, _: [inner], range(500), 0)},
            "^a recipe has tables and lists at most 20 levels deep; this one goes deeper$",
        ),
    ],
)
def test_what_cannot_be_is_refused_by_its_key(settings, message):
    with pytest.raises(RecipeError, match=message):
        named_recipe("classwork").override(settings)


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(["relu", "adam"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4) | st.just("name"), inner, max_size=2)
    ),
    max_leaves=4,
)
PLACES = [*dict.fromkeys(key.path for key in recipe_keys()), "network", "loss", "x", "data.x", "network.activation.x"]


@given(st.dictionaries(st.sampled_from(PLACES), JUNK, min_size=1, max_size=3))
@settings(max_examples=100)
def test_anything_is_a_recipe_or_refused_by_one_of_its_keys(changes):
    """Of all that TOML can hold: no other error, and no word of the library that checks the types."""
    message = ""
    try:
        recipe = named_recipe("classwork").override(changes)
    except RecipeError as error:
        message = str(error)
    if message:
        tables = "name|description|seed|data|network|loss|optimizer|schedule|training|augment|x"
        assert re.match(rf"({tables})\b.*: ", message)
        assert not re.search(
            r"\$|Expected|Object|Invalid|`(int|float|str|object|array)`", message.partition(", got ")[0]
        )
    else:
        assert Recipe.from_dict(recipe.to_dict()) == recipe


@pytest.mark.parametrize(
    "key", [key for key in recipe_keys() if not isinstance(key.default, str | list)], ids=lambda key: key.path
)
def test_every_number_and_switch_is_checked(key):
    """Whatever its type and range, none of these is allowed, and the message states the range that is listed."""
    names = {"optimizer": "adam", "schedule": "one-cycle", "loss": "cross-entropy"}
    table = key.path.partition(".")[0]
    for wrong in ("1", None, [1], {}, float("nan"), float("inf"), -1, 10**400, 1 if key.default is False else True):
        changes = {f"{table}.name": key.only[0] if key.only else names[table]} if table in names else {}
        if key.path.endswith(".slope"):
            changes = {key.path.removesuffix(".slope"): "leaky-relu"}
        with pytest.raises(RecipeError) as caught:
            named_recipe("classwork").override({"network.output_activation": "none", **changes, key.path: wrong})
        assert str(caught.value) == f"{key.path}: expected {key.expected}, got {reprlib.repr(wrong)}"


def test_keys_that_are_not_words():
    with pytest.raises(RecipeError, match=r"^network\.5: no such key; network has hidden"):
        Recipe.from_dict({"name": "x", "network": {5: 1}})
    with pytest.raises(RecipeError, match=r"^a recipe: expected a table, got 3$"):
        Recipe.from_dict(3)


def test_numbers_of_numpy_are_numbers():
    settings = {"training.epochs": np.int64(3), "network.hidden": [np.int32(8)], "network.dropout": np.float32(0.5)}
    recipe = named_recipe("relu").override({**settings, "network.batch_norm": np.True_})
    assert recipe == named_recipe("relu").override(
        {"training.epochs": 3, "network.hidden": 8, "network.dropout": 0.5, "network.batch_norm": True}
    )


@pytest.mark.parametrize("name", recipe_names())
def test_copies_of_a_recipe_are_equal_to_it(name):
    recipe = named_recipe(name)
    for copied in (pickle.loads(pickle.dumps(recipe)), copy.copy(recipe), copy.deepcopy(recipe)):
        assert copied == recipe
        assert hash(copied) == hash(recipe)


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
    with pytest.raises(RecipeError, match=r"no recipe is named 'claswork'; did you mean classwork\?; recipes: adam,"):
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


# Names and what goes with them --------------------------------------------------------------------


def test_a_name_brings_its_own_keys_and_defaults():
    def optimizer(**settings):
        return Recipe.from_dict({"name": "x", "optimizer": settings}).optimizer

    assert dict(optimizer(name="adam").options) == {
        "learning_rate": 0.001, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8,
        "weight_decay": 0.0, "clip_norm": 0.0, "max_norm": 0.0,
    }  # fmt: skip
    assert optimizer().learning_rate == 0.1
    assert optimizer().changed() == {}
    assert optimizer(name="adam", learning_rate=0.001, beta1=0.8).changed() == {"beta1": 0.8}
    assert optimizer(name="rmsprop", alpha=0.5).options["alpha"] == 0.5


def test_what_is_built_has_the_options_of_the_recipe():
    """Adam's, RMSprop's, a schedule's and LeakyReLU's: what every table declares reaches the object."""
    settings = {
        "optimizer": {"name": "adam", "beta1": 0.5, "beta2": 0.6, "eps": 0.1, "clip_norm": 0.0, "max_norm": 3.0},
        "schedule": {"name": "step", "drops": 1, "factor": 0.25},
        "network": {"hidden": [4, 5], "activation": ["relu", {"name": "leaky-relu", "slope": 0.2}]},
    }
    recipe = Recipe.from_dict({"name": "x", **settings})
    model = build_model(recipe.network, 6, 3, rng=np.random.default_rng(0), seed=0)
    optimizer = build_optimizer(recipe, model, total_steps=100)
    assert (optimizer.lr, optimizer.beta1, optimizer.beta2, optimizer.eps) == (0.001, 0.5, 0.6, 0.1)
    assert (optimizer.clip_norm, optimizer.max_norm) == (None, 3.0)
    rates = [optimizer.schedule(step, 100) for step in (0, 49, 50, 99)]
    assert rates == [1, 1, 0.25, 0.25]
    assert model.act2.slope == 0.2
    rmsprop = Recipe.from_dict({"name": "x", "optimizer": {"name": "rmsprop", "alpha": 0.3}})
    assert build_optimizer(rmsprop, model, total_steps=1).alpha == 0.3


def test_another_name_leaves_out_what_only_the_old_one_has():
    changed = named_recipe("deep").override({"optimizer.name": "adam"}).optimizer  # deep: sgd with momentum
    assert "momentum" not in changed.options
    assert (changed.options["weight_decay"], changed.options["beta1"]) == (0.0001, 0.9)
    there_and_back = named_recipe("adam").override({"optimizer.name": "sgd"}).override({"optimizer.name": "adam"})
    assert there_and_back == named_recipe("adam")


def test_a_key_set_within_a_word():
    network = named_recipe("relu").override({"network.activation": "leaky-relu", "network.activation.slope": 0.3})
    assert [str(one) for one in network.network.activations] == ["leaky-relu (slope 0.3)"]


def test_keys_of_a_later_version_are_left_out_only_if_asked(tmp_path):
    settings = {
        "name": "x", "future": 1, "network": {"hidden": [3], "future": True}, "optimizer": {"future": {"a": 1}},
        "loss": {"future": 0.5}, "schedule": {"future": "x"}, "training": {"epochs": 2, "future": 0}, "later": {"x": 1},
    }  # fmt: skip
    recipe = Recipe.from_dict(settings, newer=True)
    kept = {"epochs": 2, "drop_last": True}  # as every run did before there was this key
    assert recipe == Recipe.from_dict({"name": "x", "network": {"hidden": [3]}, "training": kept})
    with pytest.raises(RecipeError, match="no such key"):
        Recipe.from_dict(settings)
    (tmp_path / "later.toml").write_text("future = 1\n[network]\nhidden = [3]\nfuture = true\n")
    assert read_recipe(tmp_path / "later.toml", newer=True).network.hidden == (3,)
    with pytest.raises(RecipeError, match=r"training\.epochs: expected a whole number"):
        Recipe.from_dict({"name": "x", "training": {"epochs": 0, "future": 0}}, newer=True)


def test_every_key_is_listed_with_its_default_range_and_meaning():
    keys = recipe_keys()
    assert all(key.meaning and key.expected for key in keys)
    listed = {key.path for key in keys}
    for name in recipe_names():
        assert {path.removesuffix(".name") for path, _ in leaves(named_recipe(name).to_dict())} <= {
            path.removesuffix(".name") for path in listed
        }
    only = {(key.path, str(key.default)): key.only for key in keys}
    assert only["optimizer.momentum", "0.0"] == ("sgd",)
    assert only["network.activation.slope", "0.01"] == ("leaky-relu",)
    assert only["optimizer.beta1", "0.9"] == ("adam", "adamw")
    assert only["optimizer.learning_rate", "0.1"] == ("sgd",)
    assert only["schedule.end", "0.0"] == ("cosine", "one-cycle")
    assert only["training.epochs", "50"] == ()


@pytest.mark.parametrize("name", [None, "", "x" * 81, 3])
def test_a_recipe_without_a_good_name(name):
    with pytest.raises(RecipeError, match=r"^name: expected at most 80 letters"):
        Recipe.from_dict({} if name is None else {"name": name})


@pytest.mark.parametrize("table", [3, "sgd", [1]])
def test_a_table_that_is_not_one(table):
    with pytest.raises(RecipeError, match=r"^optimizer: expected a table, got "):
        Recipe.from_dict({"name": "x", "optimizer": table})


# From words to objects ----------------------------------------------------------------------------


def glyphs(classes=12, shape=(8, 8), each=30, **options):
    """A dataset that is not MNIST: other classes, another shape."""
    draw = np.random.default_rng(5)
    labels = np.arange(classes).repeat(each)
    images = draw.integers(0, 256, (len(labels), *shape), dtype=np.uint8)
    return Dataset.of(images, [f"glyph {chr(65 + k)}" for k in labels], name="glyphs", **options)


@pytest.mark.parametrize("shape", [(8, 8), (5, 9)])
def test_an_experiment_on_other_classes_and_another_shape(shape):
    data = glyphs(shape=shape)
    recipe = named_recipe("relu").override({"training.batch_size": 20, "training.average": 0.9})
    experiment = assemble(recipe, data)
    assert experiment.recipe == recipe.override({"data.source": "arrays:glyphs"})
    assert (experiment.parts.classes, experiment.parts.shape) == (data.classes, shape)
    assert (experiment.model.in_features, experiment.model.out_features) == (shape[0] * shape[1], 12)
    assert experiment.weights == shape[0] * shape[1] * 50 + 50 * 12
    x, t = next(iter(experiment.train_loader))
    assert (x.shape, t.shape) == ((20, shape[0] * shape[1]), (20, 12))
    assert len(experiment.average.averages) == len(experiment.model.state())
    assert assemble(named_recipe("relu").override({"training.batch_size": 20}), data).average is None
    assert experiment.data_sha256 == split(data).fingerprint()
    assert experiment.data_sha256 != split(glyphs(shape=(40, 1) if shape == (8, 8) else (9, 5))).fingerprint()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"network.hidden": [20_000, 20_000]}, r"^network\.hidden: expected at most 200,000,000 weights, got"),
        ({"data.split": "official"}, "official split needs the 70,000 images of MNIST"),
    ],
)
def test_what_the_data_do_not_allow(settings, message):
    with pytest.raises(RecipeError, match=message):
        assemble(named_recipe("relu").override(settings), glyphs())


# On disk ------------------------------------------------------------------------------------------


def test_toml_is_plain_and_whole():
    written = tomllib.loads(named_recipe("deep").to_toml())
    assert set(written) == {
        "name", "description", "seed", "data", "network", "loss", "optimizer", "schedule", "training", "augment"
    }  # fmt: skip
    assert written["optimizer"]["nesterov"] is False  # defaults included, and of sgd alone
    assert "beta1" not in written["optimizer"]
