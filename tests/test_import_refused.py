"""State dicts and Keras files that lack something, or compute something else, are refused; whole ones are read."""

import io
import json
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest

from glasswork.errors import InputError
from glasswork.interop import load
from glasswork.interop.load import read


def state(names, *, without=()):
    """Arrays of layers of equal width, so that widths cannot tell that one is missing; a name with n is a norm."""
    arrays = {}
    for word in names.split():
        norm, name = word.endswith("n"), word.removesuffix("n")
        arrays[f"{name}.weight"] = np.ones(6 if norm else (6, 6), np.float32)
        arrays[f"{name}.bias"] = np.zeros(6, np.float32)
        if norm:
            arrays |= {f"{name}.running_mean": np.zeros(6, np.float32), f"{name}.running_var": np.ones(6, np.float32)}
    return {name: array for name, array in arrays.items() if name not in without}


@pytest.mark.parametrize(
    ("names", "kinds"),
    [
        ("0 2 4", "LRLRL"), ("1 3 6", "LRLRL"), ("2 5 8", "LRLRL"), ("0 1 2", "LRLRL"), ("fc1 fc2 fc3", "LRLRL"),
        ("module.layers.0 module.layers.1", "LRL"), ("0 1n 4", "LNRL"), ("0 2n 3", "LRNL"), ("0 1n 2 3n 4", "LNRLNRL"),
        ("net.0.0 net.0.2 net.1.0", "LRLRL"), ("block1.0 block1.1n block2.0", "LNRL"),
    ],
)  # fmt: skip
def test_names_of_whole_networks(names, kinds):
    found, who = read(state(names), activation="relu")
    words = {"linear": "L", "relu": "R", "batch-norm": "N"}
    assert "".join(words[layer.kind] for layer in found.to_model(who).layers) == kinds
    assert found.notes[0].startswith("a state dict holds arrays alone; the network was read as ")
    assert found.notes[0].count("relu") == kinds.count("R")


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ("0 4", "3 unused numbers between 0 and 4, more than an activation and dropout need; is a layer missing"),
        ("0 2 6 8", "3 unused numbers between 2 and 6"), ("4 6", "4 unused numbers before 4"),
        ("0 1n 5", "3 unused numbers between 1 and 5"), ("fc1 fc3", "1 unused number between fc1 and fc3"),
        ("fc2 fc3", "2 unused numbers before fc2"), ("blocks.0.0 blocks.4.0", "3 unused numbers between"),
        ("0 1 3", "room for an activation between 1 and 3, but not between 0 and 1; is a layer missing"),
        ("0 1n 2 4 5n 6", "room for an activation between 2 and 4, but not between 0 and 2"),
    ],
)  # fmt: skip
def test_numbers_that_say_that_a_layer_is_missing(names, message):
    with pytest.raises(InputError, match=f"the state dict: .*{message}"):
        load(state(names), activation="relu")


def test_two_layers_without_an_activation_between_them():
    assert load(state("0 1 3"), activation=["none", "relu"]).hidden_size == (6, 6)


def test_a_bias_that_is_missing_and_biases_that_nobody_needs():
    for names, without in (("0 2 4", "2.bias"), ("0 1n 3 5", "3.bias"), ("0 2", "0.bias")):
        with pytest.raises(InputError, match=rf"{without[0]} has no bias, but \d has one; is an array missing\?"):
            load(state(names, without=[without]), activation="relu")
    for names, without in (("0 2 4", ["0.bias", "2.bias", "4.bias"]), ("0 1n 3 5", ["0.bias"])):
        load(state(names, without=without), activation="relu")


def test_what_float32_cannot_hold_and_a_hidden_softmax():
    for name in ("0.weight", "2.bias"):
        arrays = state("0 2")
        arrays[name] = arrays[name].astype(np.float64)
        with pytest.raises(InputError, match=rf"{name[0]}: expected arrays of float32, got float64 in {name[2:]}"):
            load(arrays, activation="relu")
    with pytest.raises(InputError, match="expected activations of hidden layers, got softmax"):
        load(state("0 2"), activation="softmax")


# Keras --------------------------------------------------------------------------------------------

FOREIGN = Path(__file__).parent / "golden" / "foreign"


def keras(path, name, change, *, dtype="f4", without=()):
    """A golden file with another config or other arrays."""
    with zipfile.ZipFile(FOREIGN / f"{name}.keras") as archive:
        config, weights = json.loads(archive.read("config.json")), io.BytesIO(archive.read("model.weights.h5"))
    change(config, {layer["class_name"]: layer["config"] for layer in config["config"]["layers"]})
    with h5py.File(weights, "a") as file:
        for place in [f"layers/{layer}/vars/{k}" for layer in file["layers"] for k in range(4)]:
            if place in file:
                array = file[place][()]
                del file[place]
                if place not in without:
                    file[place] = array.astype(dtype)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", json.dumps(config))
        archive.writestr("model.weights.h5", weights.getvalue())
    return path


def functional(config, sources, ends=None):
    """Make a functional model of a Sequential, in which each layer is given what its sources give."""
    layers = config["config"]["layers"]
    config["class_name"] = "Functional"
    for layer, names in zip(layers, sources, strict=True):
        args = [{"class_name": "__keras_tensor__", "config": {"keras_history": [name, 0, 0]}} for name in names]
        layer["inbound_nodes"] = [{"args": args, "kwargs": {}}] if args else []
    config["config"]["output_layers"] = ends or [layers[-1]["config"]["name"], 0, 0]


def chain(config):
    names = [layer["config"]["name"] for layer in config["config"]["layers"]]
    return [[], *[[name] for name in names[:-1]]]


def test_keras_files_that_are_read(tmp_path):
    same = load(FOREIGN / "keras-norm.keras")
    path = keras(tmp_path / "net.keras", "keras-norm", lambda config, _: functional(config, chain(config)))
    assert [layer.kind for layer in load(path).layers] == [layer.kind for layer in same.layers]

    def bare(config, of):
        of["BatchNormalization"] |= {"center": False, "scale": False}

    with zipfile.ZipFile(FOREIGN / "keras-norm.keras") as archive:
        file = h5py.File(io.BytesIO(archive.read("model.weights.h5")))
    mean = file["layers/batch_normalization/vars/0"][()]  # which then is the mean
    norm = load(keras(tmp_path / "net.keras", "keras-norm", bare)).layers[1]
    np.testing.assert_allclose(norm.running_mean, mean)
    assert (norm.gamma == 1).all()
    assert (norm.beta == 0).all()


def two_sources(config, _):
    sources = chain(config)
    functional(config, [*sources[:-1], [*sources[-1], sources[-2][0]]])


def two_ends(config, _):
    names = [layer["config"]["name"] for layer in config["config"]["layers"]]
    functional(config, chain(config), [[names[-2], 0, 0], [names[-1], 0, 0]])


def clipped(config, of):
    config["config"]["layers"][-2] |= {"class_name": "ReLU", "config": {"name": "relu6", "max_value": 6.0}}


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("keras-norm", two_sources, r"is given \w+ and \w+; expected one chain of layers"),
        ("keras-norm", two_ends, r"its answers are those of \w+ and \w+; expected one chain"),
        ("keras-norm", clipped, "the layer 'relu6' is a ReLU with a threshold or a largest value"),
        ("keras-norm", lambda config, of: of["Dense"].update(activation="elu"), "expected an activation out of"),
        ("keras-norm", lambda config, of: config.update(class_name="Own"), "expected a Sequential or a functional"),
        (
            "keras-softmax",
            lambda config, of: next(
                layer["config"].update(activation="softmax")
                for layer in config["config"]["layers"]
                if layer["class_name"] == "Dense"
            ),
            "stands behind a softmax",
        ),
    ],
)
def test_keras_models_that_compute_something_else(name, change, message, tmp_path):
    with pytest.raises(InputError, match=message):
        load(keras(tmp_path / "net.keras", name, change))


def test_a_keras_file_in_float64(tmp_path):
    with pytest.raises(InputError, match="expected arrays of float32, got float64 in weight"):
        load(keras(tmp_path / "net.keras", "keras-norm", lambda *_: None, dtype="f8"))
