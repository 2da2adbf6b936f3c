"""Missing values and words in a table of features: refused by row and column, or the median where that is asked for."""

import json

import numpy as np
import onnxruntime
import pandas as pd
import polars as pl
import pytest
from sklearn.datasets import load_wine
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from glasswork import Dataset, InputError, Run, load_dataset, load_model, named_recipe, predict_file
from glasswork.interop import to_onnx

WINE = load_wine(as_frame=True).frame
NAMES = list(WINE.columns[:-1])
RNG = np.random.default_rng(3)


def with_holes(how_many=40):
    frame = WINE.copy()
    for row, column in zip(RNG.permutation(len(frame))[:how_many], RNG.integers(0, 13, how_many), strict=True):
        frame.iloc[row, column] = np.nan
    return frame


HOLES = with_holes()
ROW, COLUMN = (int(i) for i in np.argwhere(HOLES.isna().to_numpy())[0])


def arff(path):
    lines = HOLES.map(lambda value: "?" if pd.isna(value) else f"{value:g}").agg(",".join, axis=1)
    head = ["@relation wine", *(f"@attribute '{name}' real" for name in NAMES), "@attribute target {0,1,2}", "@data"]
    path.write_text("\n".join([*head, *lines]))


WRITTEN = {
    "empty.csv": lambda path: HOLES.to_csv(path, index=False),
    "NA.csv": lambda path: HOLES.to_csv(path, index=False, na_rep="NA"),
    "nan.csv": lambda path: HOLES.to_csv(path, index=False, na_rep="nan", sep=";", decimal=","),
    "question.arff": arff,
    "null.parquet": lambda path: pl.from_pandas(HOLES).write_parquet(path),
    "d.npz": lambda path: np.savez(path, data=HOLES[NAMES], target=HOLES["target"], feature_names=np.array(NAMES)),
}


@pytest.mark.parametrize("name", WRITTEN)
def test_missing_values_are_refused_by_row_and_column_unless_their_median_is_asked_for(name, tmp_path):
    path = tmp_path / name
    WRITTEN[name](path)
    with pytest.raises(
        InputError, match=rf"row {ROW + 1}, column .*: a missing value.*data\.missing=median"
    ) as refusal:
        load_dataset(path)
    assert NAMES[COLUMN] in str(refusal.value) or f"column {COLUMN + 1}" in str(refusal.value)
    data = load_dataset(path, missing="median")
    np.testing.assert_allclose(data.images, HOLES[NAMES], rtol=1e-5)
    assert "40 of 2,314 values are missing" in " ".join(data.origin.notes)


def test_rows_with_holes_have_one_answer(tmp_path, glasswork):
    HOLES.to_csv(tmp_path / "train.csv", index=False)
    glasswork(
        "train", "adam", "--data", "train.csv", "--epochs", "10", "--batch-size", "20", "--set", "data.missing=median",
        "--no-figures", "--no-report", "--out", "run", folder=tmp_path,
    )  # fmt: skip
    model = load_model(tmp_path / "run")
    with Run(named_recipe("adam").override({"data.missing": "median"}), (HOLES[NAMES], HOLES["target"])) as run:
        train = run.parts.train.images
    oracle = make_pipeline(SimpleImputer(strategy="median"), StandardScaler()).set_output(transform="default")
    prepared = oracle.fit(train).transform(HOLES[NAMES].to_numpy())
    scores = model.scores(prepared, prepared=True)
    np.testing.assert_allclose(model.scores(HOLES[NAMES]), scores, rtol=1e-4, atol=1e-5)
    labels = scores.argmax(axis=1)
    assert np.mean(labels == HOLES["target"]) > 0.9
    inspected = " ".join(glasswork("data", "inspect", "train.csv", folder=tmp_path).split())
    assert "40 values are missing: fill in, or train with --set data.missing=median" in inspected
    assert "replaced by the median" not in inspected  # training refuses them, unless it is asked to

    HOLES.drop(columns="target")[NAMES[::-1]].to_csv(tmp_path / "ask.csv", index=False)
    assert [int(answer.label) for answer in predict_file(model, tmp_path / "ask.csv")] == labels.tolist()
    told = json.JSONDecoder().raw_decode(glasswork("predict", "run", "ask.csv", "--json", folder=tmp_path))[0]
    assert [int(one["label"]) for one in told] == labels.tolist()
    right = int(np.sum(labels == HOLES["target"]))
    assert f"{right} of 178 rows" in glasswork("evaluate", "run", "--data", "train.csv", folder=tmp_path)

    to_onnx(model, tmp_path / "m.onnx")
    session = onnxruntime.InferenceSession(tmp_path / "m.onnx")
    columns = json.loads(session.get_modelmeta().custom_metadata_map["inputs"])["features"]
    np.testing.assert_allclose(columns["missing"], np.nanmedian(train, axis=0))
    filled = np.where(np.isnan(HOLES[NAMES]), columns["missing"], HOLES[NAMES])
    x = (filled - np.array(columns["centre"])) / np.array(columns["spread"])
    (found,) = session.run(None, {"images": x.astype(np.float32)})
    assert found.argmax(axis=1).tolist() == labels.tolist()


def test_a_network_that_refuses_missing_values_names_each_such_row(tmp_path):
    recipe = named_recipe("adam").override({"training.epochs": 1})
    with Run(recipe, tmp_path / "run", dataset=(WINE[NAMES], WINE["target"])) as run:
        list(run.epochs())
    HOLES.assign(region=REGIONS).to_csv(tmp_path / "ask.csv", index=False)  # words in it do not matter
    with pytest.warns(UserWarning, match="not used, as the network was not trained on them: the columns region"):
        answers = predict_file(tmp_path / "run", tmp_path / "ask.csv")
    wrong = [answer.row for answer in answers if answer.error]
    assert wrong == (np.flatnonzero(HOLES[NAMES].isna().any(axis=1)) + 1).tolist()
    assert f"({NAMES[COLUMN]!r}): a missing value" in answers[ROW].error


def test_infinity_is_never_taken_for_a_missing_value(tmp_path):
    frame = HOLES.copy()
    frame.iloc[5, 2] = np.inf
    frame.to_csv(tmp_path / "t.csv", index=False)
    with pytest.raises(InputError, match=r"row 6, column 3 \('ash'\): expected a finite number, got 'inf'"):
        load_dataset(tmp_path / "t.csv", missing="median")
    with pytest.raises(InputError, match=r"got inf in row 5, column 'ash'; correct it"):
        Dataset.of(frame, "target", missing="median")


@pytest.mark.parametrize(
    ("labels", "classes"),
    [(["NA", "none", "nan"], ("NA", "nan", "none")), (["inf", "01", "1"], ("01", "1", "inf"))],
)
def test_only_an_empty_cell_is_missing_among_labels(labels, classes, tmp_path):
    frame = WINE.assign(target=np.array(labels, object)[WINE["target"]])
    frame.to_csv(tmp_path / "t.csv", index=False)
    data = load_dataset(tmp_path / "t.csv")
    assert data.classes == classes
    assert [data.classes[k] for k in data.labels] == frame["target"].tolist()
    frame.loc[7, "target"] = ""
    frame.to_csv(tmp_path / "t.csv", index=False)
    with pytest.raises(InputError, match=r"row 8, column 14 \('target'\): a missing label; fill it in"):
        load_dataset(tmp_path / "t.csv")


REGIONS = np.array(["north", "south", "east"])[np.arange(178) * 7 % 3]


@pytest.mark.parametrize("target", ["target", "species"])
@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_a_column_of_words_among_the_features_is_refused_by_name(suffix, target, tmp_path):
    frame = WINE.rename(columns={"target": target}).assign(**{target: np.array(["b", "k", "r"])[WINE["target"]]})
    frame.insert(3, "region", REGIONS)
    frame.loc[4, "region"] = None
    path = tmp_path / f"t.{suffix}"
    frame.to_csv(path, index=False) if suffix == "csv" else pl.from_pandas(frame).write_parquet(path)
    named = "region" if target == "target" else "region|species"
    with pytest.raises(
        InputError, match=rf"\('({named})'\): words, such as '\w+'.*remove the column, or give it numbers"
    ):
        load_dataset(path)
    with pytest.raises(InputError, match=r"column 'region' holds String.*remove it, or give it numbers"):
        Dataset.of(frame, target)
    pd.get_dummies(frame, columns=["region"], dtype=int).rename(columns={target: "label"}).to_csv(path, index=False)
    assert load_dataset(path).images.shape == (178, 16)


def test_a_data_frame_may_hold_truth_values_and_integers_with_holes():
    frame = pd.DataFrame(
        {"a": [1.5, 2, 3, 4], "b": [True, False, True, False], "c": pd.array([1, None, 3, 4], "Int64")}
    )
    data = Dataset.of(frame, [0, 1, 0, 1], missing="median")
    np.testing.assert_array_equal(data.images, [[1.5, 1, 1], [2, 0, np.nan], [3, 1, 3], [4, 0, 4]])
