"""Tables of features: read as numbers, scaled column by column, and told from tables of pixels."""

import dataclasses
import json
import re

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from sklearn.datasets import load_breast_cancer, load_wine
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from glasswork import (
    MLP,
    SGD,
    CrossEntropyLoss,
    Dataset,
    InputError,
    Inputs,
    ReLU,
    Run,
    diagnose,
    fit,
    load_dataset,
    load_model,
    named_recipe,
)
from glasswork.data.contract import inputs_of
from glasswork.features import Features

WINE = load_wine(as_frame=True)


@pytest.fixture(scope="module")
def wine(tmp_path_factory):
    path = tmp_path_factory.mktemp("wine") / "wine.csv"
    WINE.frame.to_csv(path, index=False)
    return path


def test_a_table_of_features_is_read_as_it_stands(wine):
    data = load_dataset(wine)
    assert (data.kind, data.columns, data.classes) == ("features", tuple(WINE.data.columns), ("0", "1", "2"))
    np.testing.assert_array_equal(data.images, WINE.data)
    assert "178 rows of 13 features" in repr(data)
    assert any("features, not pixels" in note for note in data.origin.notes)


def test_the_archive_of_a_bunch_names_its_columns(tmp_path):
    bunch = load_breast_cancer()
    np.savez(tmp_path / "d.npz", **{k: bunch[k] for k in ("data", "target", "feature_names", "target_names")})
    data = load_dataset(tmp_path / "d.npz")
    assert data.columns == tuple(bunch.feature_names)
    assert (data.kind, data.classes) == ("features", ("malignant", "benign"))
    np.testing.assert_array_equal(data.images, bunch.data)


RNG = np.random.default_rng(0)
BYTES = RNG.integers(0, 256, (40, 64))


@pytest.mark.parametrize(
    ("numbers", "names", "kind"),
    [
        (BYTES, [f"pixel{k}" for k in range(64)], "pixels"),
        (BYTES, None, "pixels"),
        (BYTES / 255, None, "pixels"),
        (BYTES[:, :30], [f"px{k}" for k in range(30)], "pixels"),
        (BYTES[:, :30] / 255, [f"v{k}" for k in range(30)], "features"),
        (BYTES * 10 - 600, [f"v{k}" for k in range(64)], "features"),
        (BYTES[:, :5], ["height", "weight", "age", "pulse", "steps"], "features"),
        (BYTES[:, :2] / 7, ["x1", "x2"], "features"),
    ],
)
def test_pixels_and_features_are_told_apart(tmp_path, numbers, names, kind):
    frame = pd.DataFrame(numbers, columns=names)
    frame["label"] = np.arange(40) % 2
    frame.to_csv(tmp_path / "t.csv", index=False)
    assert load_dataset(tmp_path / "t.csv").kind == kind


def test_a_table_without_rows_is_refused():
    with pytest.raises(InputError, match="at least one, got 0 images"):
        Dataset.of(np.empty((0, 13)), np.empty(0, int))


@pytest.mark.parametrize(("scaling", "scaler"), [("standardize", StandardScaler), ("zero-to-one", MinMaxScaler)])
def test_columns_are_scaled_as_by_scikit_learn_on_training_rows(wine, tmp_path, scaling, scaler):
    recipe = named_recipe("adam").override(
        {"data.source": str(wine), "data.scaling": scaling, "training.epochs": 8, "training.batch_size": 20}
    )
    with Run(recipe, tmp_path / "run") as run:
        assert list(run.epochs())[-1].valid_accuracy > 80
        parts = run.parts
    model = load_model(tmp_path / "run")
    fitted = scaler().fit(parts.train.images)
    raw = parts.test.images
    np.testing.assert_allclose(
        model.scores(raw), model.scores(fitted.transform(raw), prepared=True), rtol=1e-4, atol=1e-5
    )
    assert (model.inputs.kind, model.inputs.columns) == ("features", tuple(WINE.data.columns))
    with pytest.raises(InputError, match=r"most columns of row \d+ are far outside.*prepared=True"):
        model.predict(StandardScaler().fit_transform(WINE.data))


def test_missing_values_are_refused_or_become_the_median():
    rows = np.array([[1.0, 10], [2, 20], [4, np.nan], [9, 90]])
    refusing = Inputs.of_features(Features.fit(rows), columns=["a", "b"])
    with pytest.raises(InputError, match=r"nan in row 2, column 'b'"):
        refusing.prepared(rows, float, who="the network")
    filling = Inputs.of_features(Features.fit(rows, scaling="none", missing="median"))
    np.testing.assert_array_equal(filling.prepared(rows[2:3], float, who="the network"), [[4, 20]])


def odd_table(folder):
    """Write wine with a column of each kind, holes, and a class of two rows; return the frame."""
    frame = WINE.frame.assign(dry=np.arange(178) % 2, year=2020, void=np.nan, rank=np.arange(178) % 7 - 3)
    frame.loc[frame.index[::9], "ash"] = np.nan
    frame.loc[3:4, "target"] = 3
    frame = frame[["alcohol", "ash", "dry", "year", "void", "rank", "target"]]
    frame.to_csv(folder / "odd.csv", index_label="id")
    return frame


def test_inspect_describes_each_column(tmp_path, installed):
    frame = odd_table(tmp_path)
    facts = json.loads(installed("data", "inspect", "odd.csv", "--json", folder=tmp_path, status=1))
    described = frame.drop(columns="target").describe().T
    kinds = ["numbers", "numbers", "0 or 1", "one value", "nothing", "whole numbers"]
    assert [(one["name"], one["kind"]) for one in facts["columns"]] == list(zip(described.index, kinds, strict=True))
    for key, oracle in (("low", "min"), ("mean", "mean"), ("high", "max")):
        known = [np.nan if one[key] is None else one[key] for one in facts["columns"]]
        np.testing.assert_allclose(known, described[oracle])
    assert [one["missing"] for one in facts["columns"]] == (178 - described["count"]).tolist()
    assert facts["missing"] == frame.isna().sum().sum()
    assert not facts["trainable"]
    assert facts["picture"] is None

    frame.drop(columns="void").to_csv(tmp_path / "odd.csv", index_label="id")
    printed = installed("data", "inspect", "odd.csv", folder=tmp_path)
    assert re.search(r"ash +│ numbers +│ +1\.36 │ +2\.\d+ │ +3\.23 │ +20 │", printed)
    for words in (
        "178 rows of 5 features, 4 classes", "5 features from -3 to 2020, each scaled by (x - centre) / spread",
        "column 1 ('id') numbers or names the rows", "20 values are missing: fill them in, or train with --set",
        "the column 'year' holds one value: nothing can be learnt", "the class '3' has 2 rows; three parts need",
    ):  # fmt: skip
        assert words in printed
    assert mentions_images(printed) == []


def mentions_images(printed):
    """The lines about images or pixels, but for those that say why something is not done with features."""
    lines = [line for line in printed.splitlines() if re.search(r"\b(images?|pixels?|IMAGES)\b", line)]
    return [line for line in lines if "features, not pixels" not in line and "these are features" not in line]


def test_a_table_has_rows_wherever_the_command_speaks_of_it(wine, tmp_path, glasswork):
    said = glasswork(
        "train", "relu", "--data", wine, "--epochs", "2", "--batch-size", "200", "--no-report", "--out", "run",
        folder=tmp_path,
    )  # fmt: skip
    said += glasswork("evaluate", "run", folder=tmp_path)
    said += glasswork("predict", "run", wine, "-o", "answers.csv", folder=tmp_path)
    assert mentions_images(said) == []
    for words in (
        "inputs    13 features from 0.13 to", "each has all 140 training rows", "13 rows to validate on",
        "of 25 rows, handout split; 95 % confidence", "predict run TABLE.csv",
    ):  # fmt: skip
        assert words in said


def test_findings_about_features_speak_of_rows():
    rng = np.random.default_rng(1)
    data = Dataset.of(rng.normal(size=(600, 5)), rng.integers(0, 2, 600), kind="features")
    model = MLP(5, [30], 2, activation=ReLU, output_activation=None, seed=0)
    optimizer = SGD(model.parameters(), model.gradients(), 0.01)
    history = list(fit(model, data, data, optimizer, CrossEntropyLoss(), epochs=6))
    model.linear1.bias[...] = -100
    x = model.inputs.prepared(data.images, np.float32, who="data")
    found = [finding.message for finding in diagnose(model, x, data.labels, history)]
    assert any("give 0 for each of 500 rows" in message for message in found), found
    assert mentions_images("\n".join(found)) == []


@pytest.mark.parametrize("library", [pd.DataFrame, pl.DataFrame, pa.table], ids=["pandas", "polars", "pyarrow"])
def test_a_data_frame_is_matched_by_the_names_of_its_columns(library):
    """In any order, with the labels or without; other columns are refused by name."""
    draw = np.random.default_rng(0)
    table = {name: draw.normal(size=30) for name in ("ape", "bee", "cat")}
    labels = np.arange(30) % 2
    data = Dataset.of(library(table), labels)
    model = MLP(3, 4, 2, seed=0)
    model.inputs = dataclasses.replace(inputs_of(data), label="kind")
    right = model.scores(np.stack(list(table.values()), axis=1))
    for names in (("ape", "bee", "cat"), ("cat", "ape", "bee"), ("kind", "bee", "cat", "ape")):
        frame = library({name: table.get(name, labels) for name in names})
        np.testing.assert_array_equal(model.scores(frame), right)
    with pytest.raises(InputError, match=r"this one lacks cat$"):
        model.scores(library({name: table[name] for name in ("ape", "bee")}))
    with pytest.raises(InputError, match=r"this one has, but the network was not trained on, dog$"):
        model.scores(library({**table, "dog": labels}))


def test_a_data_frame_with_a_column_twice():
    frame = pd.DataFrame(np.ones((6, 2)), columns=["ash", "ash"])
    with pytest.raises(InputError, match="two columns called 'ash'"):
        Dataset.of(frame, [0, 1] * 3)
    model = MLP(2, 4, 2, seed=0)
    model.inputs = Inputs(kind="features", low=0, high=1, columns=("ash", "hue"))
    with pytest.raises(InputError, match=r"this one lacks hue$"):
        model.scores(frame)
