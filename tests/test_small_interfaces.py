"""What one types first: short forms that work, messages that say what is wanted, and short reprs."""

import numpy as np
import pytest

from glasswork import (
    MLP,
    SGD,
    Batches,
    CrossEntropyLoss,
    Dataset,
    InputError,
    MSELoss,
    RecipeError,
    Run,
    fit,
    named_recipe,
    split,
    test as measure,
    train,
    valid,
)


@pytest.fixture(scope="module")
def arrays():
    rng = np.random.default_rng(3)
    return rng.integers(0, 256, (200, 8, 8), dtype=np.uint8), np.arange(200) % 10


# Runs --------------------------------------------------------------------------------------------


def test_a_run_of_a_recipes_name(tmp_path, arrays):
    run = Run("relu", tmp_path / "run", dataset=Dataset.of(*arrays))
    assert (run.recipe.network, run.recipe.loss) == (named_recipe("relu").network, named_recipe("relu").loss)


def test_a_run_of_a_recipes_file_and_of_another_run(tmp_path, arrays):
    recipe = named_recipe("relu").override({"training.epochs": 1, "name": "mine"})
    (tmp_path / "mine.toml").write_text(recipe.to_toml())
    for given in (str(tmp_path / "mine.toml"), tmp_path / "mine.toml"):
        assert Run(given, tmp_path / "run", dataset=arrays).recipe.training.epochs == 1
    with Run(recipe, tmp_path / "run", dataset=arrays) as run:
        list(run.epochs())
    assert Run(tmp_path / "run", tmp_path / "again", dataset=arrays).recipe == run.recipe


@pytest.mark.parametrize("how", [lambda X, y: {"folder": (X, y)}, lambda X, y: {"dataset": (X, y)}])
def test_a_run_on_two_arrays(how, tmp_path, arrays, monkeypatch):
    monkeypatch.chdir(tmp_path)
    recipe = named_recipe("relu").override({"training.epochs": 1, "training.batch_size": 20})
    with Run(recipe, **how(*arrays)) as run:
        list(run.epochs())
    assert sum(map(len, (run.parts.train, run.parts.valid, run.parts.test))) == 200
    again = Run.resume(run.folder, dataset=arrays)
    assert again.parts.fingerprint() == run.parts.fingerprint()


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (("rleu",), RecipeError, "no recipe is named 'rleu'.*relu"),
        ((5,), InputError, "Run: expected a recipe, or the name of one such as 'relu', got 5"),
        ((None,), InputError, "expected a recipe, .*got None"),
        (("relu", 5), InputError, r"expected the data to be a Dataset, .*or a pair \(images, labels\), got 5"),
        (("relu", np.zeros((100, 64), np.uint8)), InputError, "expected the data to be .*numpy.ndarray"),
        (("relu", ([], [], [])), InputError, "expected the data to be"),
    ],
)
def test_what_is_no_run(arguments, error, message):
    with pytest.raises(error, match=message):
        Run(*arguments)


def test_two_datasets_are_one_too_many(arrays):
    with pytest.raises(InputError, match="got two datasets"):
        Run("relu", arrays, dataset=arrays)


# Trainings ---------------------------------------------------------------------------------------


def training(arrays):
    model = MLP(64, 8, 10, seed=1)
    return {
        "model": model, "loader": Batches(*arrays, 20, seed=1), "optimizer": SGD(*both(model)), "criterion": MSELoss(),
    }  # fmt: skip


def both(model):
    return model.parameters(), model.gradients()


#: What to write in place of what was given.
WRITE = {CrossEntropyLoss: "CrossEntropyLoss", "cross-entropy": "CrossEntropyLoss"}


@pytest.mark.parametrize("given", [MSELoss, CrossEntropyLoss, "mse", "cross-entropy", "hinge", None, 5])
@pytest.mark.parametrize("verb", ["train", "fit", "valid"])
def test_what_is_no_loss_is_named_with_what_to_write(verb, given, arrays):
    parts = training(arrays) | {"criterion": given}
    model, loader, optimizer, criterion = parts.values()
    call = {
        "train": lambda: train(model, loader, optimizer, criterion),
        "fit": lambda: fit(model, loader, loader, optimizer, criterion, epochs=1),
        "valid": lambda: valid(model, loader, criterion),
    }[verb]
    word = rf"^{verb}: expected (criterion|loss) to be an object.*{WRITE.get(given, 'MSELoss')}\(\)"
    with pytest.raises(InputError, match=word):
        call()


@pytest.mark.parametrize("given", [None, 5, "mnist", {}])
def test_what_is_no_data_is_named_with_its_argument(given, arrays):
    model, loader, optimizer, criterion = training(arrays).values()

    def without():
        return next(fit(model, loader, given, optimizer, criterion, epochs=1))

    if given is None:  # the one that may be left out
        assert np.isnan(without().valid_loss)
    else:
        with pytest.raises(InputError, match=r"^fit: expected valid_loader to be a loader such as Batches"):
            without()
    for verb, name, call in (
        ("fit", "train_loader", lambda: fit(model, given, loader, optimizer, criterion, epochs=1)),
        ("train", "train_loader", lambda: train(model, given, optimizer, criterion)),
        ("valid", "valid_loader", lambda: valid(model, given, criterion)),
        ("test", "test_loader", lambda: measure(model, given)),
    ):
        with pytest.raises(InputError, match=rf"^{verb}: expected {name} to be a loader such as Batches"):
            call()


# Networks ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("options", [{}, {"dropout": 0.5}, {"batch_norm": True, "activation": "relu"}], ids=str)
def test_a_seed_decides_the_weights(options):
    def weights(**seed):
        return np.concatenate([p.ravel() for p in MLP(20, [8, 6], 5, **seed, **options).parameters()])

    assert np.array_equal(weights(seed=1), weights(seed=1))
    assert not np.array_equal(weights(seed=1), weights(seed=2))
    state = np.random.get_state()[1].copy()
    assert np.array_equal(weights(seed=0), weights(seed=0))
    assert np.array_equal(np.random.get_state()[1], state)
    np.random.seed(123)  # the handout's way
    first = weights()
    np.random.seed(123)
    assert np.array_equal(first, weights())
    own = (np.random.default_rng(k) for k in (5, 5))
    assert np.array_equal(weights(rng=next(own), seed=1), weights(rng=next(own), seed=2))


# Reprs -------------------------------------------------------------------------------------------


def test_reprs_fit_into_a_line(tmp_path, arrays):
    parts = split(Dataset.of(*arrays))
    run = Run("relu", tmp_path / "run", dataset=arrays)
    things = [
        parts, parts.train, Batches(*arrays, 20, seed=1), run, run.progress, run.parts, run.model, Dataset.of(*arrays),
        MSELoss(),
    ]  # fmt: skip
    for thing in things:
        assert len(repr(thing)) < 160 + len(str(tmp_path)), type(thing)
        assert repr(thing).startswith(type(thing).__name__ + "(")
    assert repr(parts.train).startswith(f"Part({len(parts.train)} rows")
    assert f"{len(parts.train)} train, {len(parts.valid)} valid, {len(parts.test)} test" in repr(parts)
    assert "0 of " in repr(run)
