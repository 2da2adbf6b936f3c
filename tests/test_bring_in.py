"""What was taken elsewhere and brought back, or comes from elsewhere, answers for raw data as it did there."""

import csv

import numpy as np
import pytest
from PIL import Image
from safetensors.numpy import save_file
from sklearn.datasets import load_wine
from sklearn.decomposition import PCA
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPClassifier as Theirs
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MaxAbsScaler, MinMaxScaler, RobustScaler, StandardScaler

from glasswork import MLP, Dataset, InputError, Inputs, Recipe, Run, load_model
from glasswork.interop import export, load
from glasswork.interop.load import parity, read
from glasswork.runs.adopt import adopt
from glasswork.sklearn import MLPClassifier, MLPRegressor

WINE = load_wine()
NAMES = np.array(["red", "white", "rose"])  # not in the order of the alphabet
SETTINGS = {"network": {"hidden": [8], "activation": "gelu"}, "training": {"epochs": 3, "threads": 1}}


@pytest.fixture(scope="module")
def wine(tmp_path_factory):
    """The path of a table with a missing value, and its rows."""
    path, rows = tmp_path_factory.mktemp("wine") / "wine.csv", WINE.data.copy()
    rows[3, 4] = np.nan
    with path.open("w", newline="") as file:
        csv.writer(file).writerow([*WINE.feature_names, "class"])
        lines = [["" if np.isnan(x) else x for x in row] for row in rows.tolist()]
        csv.writer(file).writerows([*row, name] for row, name in zip(lines, NAMES[WINE.target], strict=True))
    return path, rows


@pytest.fixture(scope="module")
def wine_run(wine, tmp_path_factory):
    data = {"source": str(wine[0]), "missing": "median", "split_seed": 5}
    run = Run(Recipe.from_dict({"name": "wine", "data": data, **SETTINGS}), tmp_path_factory.mktemp("runs") / "wine")
    with run:
        list(run.epochs())
    return run


FILES = ["net.onnx", "bare.onnx", "net.safetensors", "net.npz", "model.safetensors"]


@pytest.mark.parametrize("name", FILES)
def test_our_own_file_says_all_and_keeps_its_scaling_whatever_the_split(name, wine, wine_run, tmp_path):
    path, rows = wine
    if name == "model.safetensors":
        (tmp_path / name).write_bytes((wine_run.folder / name).read_bytes())
    else:
        assert export(wine_run, tmp_path / name, bare=name.startswith("bare")).same_labels == 1000
    found, who = read(tmp_path / name)
    model = found.to_model(who)
    assert (model.inputs, model.classes) == (wine_run.model.inputs, tuple(sorted(NAMES)))
    assert name == "model.safetensors" or found.data["split_seed"] == 5
    said = parity(model, tmp_path / name, found)
    assert "more than rounding" not in said
    assert "random rows" in said or not name.endswith(".onnx")
    filled = np.where(np.isnan(rows), np.nanmedian(rows, axis=0), rows)
    for seed in (5, 6):
        run = adopt(
            model,
            tmp_path / f"run{seed}",
            source=str(path),
            data={"missing": "median", **found.data, "split_seed": seed},
        )
        again = load_model(run.folder)
        np.testing.assert_allclose(again.probabilities(filled), wine_run.model.probabilities(filled), atol=1e-5)
        assert again.classes == wine_run.model.classes
        assert seed != 5 or run.test_accuracy == wine_run.test_accuracy


def test_code_names_every_column_in_its_order(wine_run, tmp_path):
    for name in ("net.h", "net.py"):
        export(wine_run, tmp_path / name)
        head = " ".join((tmp_path / name).read_text()[:3000].replace("\n *", "").split())
        assert f"Columns in this order: {', '.join(WINE.feature_names)}." in head


def test_the_comparison_is_not_blind(wine_run, tmp_path):
    """A network that is not the file's is told, on a table whose numbers are far from 0, and on prepared numbers."""
    for name in FILES[:2]:
        export(wine_run, tmp_path / name, bare=name.startswith("bare"))
        found, who = read(tmp_path / name)
        model = found.to_model(who)
        model.linear1.weight[2, 3] += 0.01
        assert "more than rounding explains" in parity(model, tmp_path / name, found)


def test_the_command_asks_nothing_about_our_own_file(glasswork, wine, wine_run, tmp_path):
    export(wine_run, tmp_path / "net.npz")
    said = glasswork("import", "net.npz", "--data", wine[0], "--out", "run", folder=tmp_path)
    assert f"Test accuracy: {wine_run.test_accuracy:.2f}% (" in said
    assert "counts only" not in said
    said = glasswork("import", "net.npz", "--data", wine[0], "--hidden", "4", folder=tmp_path, status=2)
    assert "expected keys of the recipe's data, got network.hidden" in said


# Pixels -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """A folder of pictures in two colours."""
    folder, random = tmp_path_factory.mktemp("pictures"), np.random.default_rng(0)
    for kind, colour in (("warm", (200, 90, 30)), ("cold", (20, 110, 210))):
        (folder / kind).mkdir()
        for k in range(30):
            pixels = np.clip(random.normal(colour, 40, (5, 4, 3)), 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(folder / kind / f"{k}.png")
    return folder


def foreign(width, path, *, norm_behind=False):
    """A state dict of a network as PyTorch has it, and what it computes, in NumPy."""
    random = np.random.default_rng(1)
    shapes = {"0.weight": (6, width), "0.bias": (6,), "3.weight": (2, 6), "3.bias": (2,)}
    arrays = {name: random.normal(0, 0.3, shape).astype(np.float32) for name, shape in shapes.items()}
    if norm_behind:
        arrays |= {f"2.{part}": random.uniform(0.5, 1.5, 6).astype(np.float32) for part in ("weight", "running_var")}
        arrays |= {f"2.{part}": random.normal(size=6).astype(np.float32) for part in ("bias", "running_mean")}
    save_file(arrays, path)

    def logits(x):
        x = np.maximum(x @ arrays["0.weight"].T + arrays["0.bias"], 0)
        if norm_behind:
            x = (x - arrays["2.running_mean"]) / np.sqrt(arrays["2.running_var"] + 1e-5)
            x = x * arrays["2.weight"] + arrays["2.bias"]
        return x @ arrays["3.weight"].T + arrays["3.bias"]

    return logits


@pytest.mark.parametrize("channels", ["first", "last"])
def test_a_network_of_colours_scaled_like_pytorch(glasswork, pictures, channels, tmp_path):
    logits = foreign(60, tmp_path / "net.safetensors", norm_behind=channels == "first")
    words = ("import", "net.safetensors", "--activation", "relu", "--data", pictures)
    said = glasswork(*words, folder=tmp_path, status=1)
    assert "(in colour: --colour rgb)" in said
    said = glasswork(*words, "--colour", "rgb", "--scaling", "none", folder=tmp_path, status=1)
    assert "--channels. Accuracy on test images with each: channels last" in said
    scale = ("--mean", "0.5,0.4,0.3", "--std", "0.2,0.3,0.4", "--channels", channels)
    said = glasswork(*words, "--colour", "rgb", *scale, "--split-seed", 7, "--out", "run", folder=tmp_path)
    assert "That counts only if the network was not trained on these images: --split, --split-seed" in said
    model = load_model(tmp_path / "run")
    images = np.random.default_rng(2).integers(0, 256, (9, 5, 4, 3), dtype=np.uint8)
    x = (images / 255 - [0.5, 0.4, 0.3]) / [0.2, 0.3, 0.4]
    x = x.transpose(0, 3, 1, 2) if channels == "first" else x
    expected = np.exp(logits(x.reshape(9, -1)))
    np.testing.assert_allclose(model.probabilities(images), expected / expected.sum(axis=1, keepdims=True), atol=1e-5)


@pytest.mark.parametrize(
    ("scaling", "formula"),
    [("handout", lambda x: x / 127.5 - 1), ("zero-to-one", lambda x: x / 255), ("none", lambda x: x * 1.0)],
)
def test_each_scaling_that_may_be_stated(scaling, formula, tmp_path):
    images = np.random.default_rng(3).integers(0, 256, (90, 4, 5), dtype=np.uint8)
    logits = foreign(20, tmp_path / "net.safetensors")
    model = load(tmp_path / "net.safetensors", activation="relu")
    run = adopt(model, tmp_path / "run", scaling=scaling, dataset=(images, np.arange(90) % 2))
    expected = logits(formula(images.reshape(90, -1)))
    np.testing.assert_allclose(load_model(run.folder).scores(images), expected, rtol=1e-4, atol=1e-3)
    assert (load_model(run.folder).linear1.weight == model.linear1.weight).all() == (scaling != "none")


@pytest.mark.parametrize("wrong", [([0.5], [0.5, 0.4]), ([0.5], [0]), ([], [1]), ([np.nan], [1])])
def test_means_and_deviations_that_cannot_be(wrong, tmp_path):
    images = np.random.default_rng(3).integers(0, 256, (90, 4, 5), dtype=np.uint8)
    model = MLP(20, 6, 2, output_activation=None, seed=1)
    with pytest.raises(InputError, match=r"scaling: expected 1 or 20 finite means and deviations above 0, got"):
        adopt(model, tmp_path / "run", scaling=wrong, dataset=(images, np.arange(90) % 2))
    assert list(tmp_path.iterdir()) == []


def test_classes_in_another_order_and_other_classes(tmp_path):
    images, labels = np.random.default_rng(3).integers(0, 256, (90, 4, 5), dtype=np.uint8), np.arange(90) % 3
    model = MLP(20, 6, 3, output_activation=None, seed=1)
    model.inputs = Inputs.of_bytes(shape=(4, 5), classes=["c", "a", "b"])
    run = adopt(model, tmp_path / "run", dataset=Dataset.of(images, labels, classes=["a", "b", "c"]))
    np.testing.assert_allclose(load_model(run.folder).scores(images), model.scores(images)[:, [1, 2, 0]], atol=1e-5)
    with pytest.raises(InputError, match="was trained on the classes c, a, b, and these data have x, y, z"):
        adopt(model, tmp_path / "other", dataset=Dataset.of(images, labels, classes=["x", "y", "z"]))


# Estimators and pipelines ---------------------------------------------------------------------------

FITTED = {"hidden_layer_sizes": (7,), "max_iter": 30, "random_state": 0, "tol": 1e9, "n_iter_no_change": 3}


@pytest.mark.parametrize("kind", [MLPClassifier, Theirs])
@pytest.mark.parametrize(
    "scalers", [[], [StandardScaler()], [RobustScaler(), MinMaxScaler()], [MaxAbsScaler(), "passthrough"]], ids=str
)
def test_a_pipeline_becomes_one_file(kind, scalers, tmp_path):
    rows, names = WINE.data / (1 if scalers else 100), NAMES[WINE.target]
    pipeline = make_pipeline(*scalers, kind(**FITTED)).fit(rows, names) if scalers else kind(**FITTED).fit(rows, names)
    expected = pipeline.predict_proba(rows)
    for name in ("net.onnx", "net.npz", "net.py"):
        done = export(pipeline, tmp_path / name, rows=rows)
        assert done.same_labels == len(rows)
        assert done.difference < 1e-5
    for model in (load(pipeline), load(tmp_path / "net.onnx")):
        np.testing.assert_allclose(model.probabilities(rows), expected, atol=1e-5)
        assert model.classes == tuple(pipeline.classes_)


def test_a_search_is_its_best_pipeline_and_others_are_refused_in_words(tmp_path):
    rows, names = WINE.data, NAMES[WINE.target]
    pipeline = make_pipeline(StandardScaler(), MLPClassifier(**FITTED))
    search = GridSearchCV(pipeline, {"mlpclassifier__batch_norm": [True]}, cv=2).fit(rows, names)
    assert export(search, tmp_path / "net.h", rows=rows).same_labels == len(rows)
    refused = {
        r"pca is of class PCA; expected only StandardScaler, ": make_pipeline(PCA(3), MLPClassifier(**FITTED)),
        r"minmaxscaler is of class MinMaxScaler; expected only": make_pipeline(
            MinMaxScaler(clip=True), Theirs(**FITTED)
        ),
        r"StandardScaler: expected a fitted MLPClassifier or MLPRegressor": make_pipeline(StandardScaler()),
    }
    for message, wrong in refused.items():
        with pytest.raises(InputError, match=message):
            export(wrong.fit(rows, names), tmp_path / "net.onnx")
    with pytest.raises(InputError, match=r"MLPClassifier: expected a fitted MLPClassifier"):
        export(make_pipeline(MLPClassifier()), tmp_path / "net.onnx")
    with pytest.raises(InputError, match=r"MLPRegressor predicts numbers, .*interop\.to_onnx\(interop\.load"):
        export(MLPRegressor(**FITTED).fit(rows, WINE.target), tmp_path / "net.onnx")
    with pytest.raises(InputError, match=r"predicts several labels at once"):
        export(MLPClassifier(**FITTED).fit(rows, WINE.data[:, :2] > 5), tmp_path / "net.onnx")
    with pytest.raises(InputError, match=r"load: expected a path, a torch\.nn\.Sequential, a state dict or a fitted"):
        load(3)


def test_a_state_dict_as_an_object(tmp_path):
    logits = foreign(20, tmp_path / "net.safetensors", norm_behind=True)
    from safetensors.numpy import load_file

    x = np.random.default_rng(4).normal(size=(9, 20)).astype(np.float32)
    model = load(load_file(tmp_path / "net.safetensors"), activation="relu")
    np.testing.assert_allclose(model.scores(x), logits(x), atol=1e-5)
    with pytest.raises(InputError, match="the state dict: a state dict does not say which activation"):
        load(load_file(tmp_path / "net.safetensors"))


@pytest.mark.parametrize("facts", [{}, {"layers": "[]"}, {"layers": '[["a","scale",{"spread":0}]]'}, {"layers": "[[1"}])
def test_our_file_with_damaged_facts_is_refused(facts, tmp_path):
    arrays = {"0.weight": np.ones((2, 3), np.float32), "0.bias": np.ones(2, np.float32)}
    save_file(arrays, tmp_path / "net.safetensors", {"software": "glasswork 0.1.0", **facts})
    with pytest.raises((InputError, OSError), match=r"net\.safetensors: "):
        load(tmp_path / "net.safetensors")
    words = {name: np.array(text) for name, text in facts.items()}
    np.savez(tmp_path / "net.npz", software=np.array("glasswork 0.1.0"), **{"a.weight": arrays["0.weight"].T}, **words)
    with pytest.raises((InputError, OSError), match=r"net\.npz: "):
        load(tmp_path / "net.npz")
