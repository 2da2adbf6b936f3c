"""Tables of features: read as numbers, scaled column by column, and told from tables of pixels."""

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_breast_cancer, load_wine
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from glasswork import Dataset, InputError, Inputs, Run, load_dataset, load_model, named_recipe
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
