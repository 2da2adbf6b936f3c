"""A model file gives back the network bit for bit, or says what is wrong; it is written whole or not at all."""

import json
import resource
import struct
import time
import tracemalloc
from functools import partial

import numpy as np
import pytest
from hypothesis import given, strategies as st
from safetensors import safe_open

from containers import put_together, rewrite, rewrite_arrays, take_apart
from glasswork import (
    MLP,
    BatchNorm,
    Dropout,
    FileError,
    GaussianNoise,
    Identity,
    InputError,
    Inputs,
    LeakyReLU,
    Linear,
    ReLU,
    Scale,
    Sigmoid,
    load_model,
    normalize,
    save_model,
)
from glasswork.models.doubt import ReferenceSet
from glasswork.models.model_file import read_model_file
from glasswork.nn import LAYERS
from glasswork.sealed import FORMAT
from glasswork.version import __version__

WIDTH = st.integers(1, 20)


def network(hidden=4, **options):
    return MLP(6, hidden, 3, rng=np.random.default_rng(1), **options)


def refused(path):
    """Load a file that must be refused, by name; return the message."""
    with pytest.raises(FileError) as error:
        load_model(path)
    assert str(path) in str(error.value)
    return str(error.value)


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "model.safetensors"
    save_model(network(), path)
    return path


# There and back ----------------------------------------------------------------------------------


@given(
    WIDTH,
    st.lists(WIDTH, max_size=4),
    WIDTH,
    st.sampled_from(["float32", "float64"]),
    st.sampled_from(["sum", "mean"]),
    st.integers(0, 2**32 - 1),
)
def test_scores_are_the_same_bit_for_bit(tmp_path_factory, in_features, hidden, out_features, dtype, bias_grad, seed):
    draw = np.random.default_rng(seed)
    model = MLP(in_features, hidden, out_features, dtype=dtype, bias_grad=bias_grad, rng=draw)
    for parameter in model.parameters():
        parameter[...] = draw.normal(size=parameter.shape)
    path = tmp_path_factory.mktemp("model") / "model.safetensors"
    save_model(model, path)
    loaded = load_model(path)
    images = draw.integers(0, 256, (5, in_features), dtype=np.uint8)
    assert loaded.scores(images).tobytes() == model.scores(images).tobytes()
    assert {name: array.tobytes() for name, array in loaded.state().items()} == {
        name: array.tobytes() for name, array in model.state().items()
    }
    assert (loaded.hidden_size, loaded.dtype) == (tuple(hidden), np.dtype(dtype))
    assert [linear.bias_grad for linear in loaded.layers[::2]] == [bias_grad] * (len(hidden) + 1)


def test_widths_may_be_numpys(tmp_path):
    """As they are when somebody computes them."""
    model = MLP(np.int64(6), [np.int64(4)], np.int64(3))
    save_model(model, tmp_path / "model.safetensors")
    assert load_model(tmp_path / "model.safetensors").hidden_size == (4,)


def test_loaded_network_is_its_own_and_trains(path):
    a, b = load_model(path), load_model(path)
    a.linear1.weight[...] = 0
    assert b.linear1.weight.any()
    a.backward(np.ones_like(a(np.zeros((2, 6)))))
    assert a.linear2.grad_bias.any()


@pytest.mark.parametrize("as_type", [str, lambda path: path])
def test_file_or_folder_of_a_run(path, as_type):
    for place in (path, path.parent):
        np.testing.assert_array_equal(load_model(as_type(place)).linear1.weight, network().linear1.weight)


def test_same_network_same_bytes(path, tmp_path):
    save_model(network(), tmp_path / "again")
    assert (tmp_path / "again").read_bytes() == path.read_bytes()


@given(st.sampled_from(["float32", "float64"]), st.booleans(), st.integers(0, 2**32 - 1))
def test_half_precision_rounds_each_number_once(tmp_path_factory, dtype, batch_norm, seed):
    """The oracle is the struct module's own rounding to IEEE 754 binary16."""
    draw = np.random.default_rng(seed)
    model = MLP(6, [5], 3, dtype=dtype, batch_norm=batch_norm, rng=draw)
    for parameter in model.parameters():
        parameter[...] = draw.normal(size=parameter.shape) * 10.0 ** draw.integers(-6, 4)
    path = tmp_path_factory.mktemp("model") / "model.safetensors"
    save_model(model, path, half=True)
    loaded = load_model(path)
    assert loaded.dtype == np.dtype(dtype)
    for name, array in model.state().items():
        rounded = [struct.unpack("<e", struct.pack("<e", number))[0] for number in array.ravel().tolist()]
        assert loaded.state()[name].ravel().tolist() == rounded, name
    save_model(loaded, path.parent / "again", half=True)
    assert (path.parent / "again").read_bytes() == path.read_bytes()


def test_half_precision_takes_half_the_bytes(tmp_path):
    model = network(hidden=1000)
    save_model(model, tmp_path / "whole")
    save_model(model, tmp_path / "half", half=True)
    saved = (tmp_path / "whole").stat().st_size - (tmp_path / "half").stat().st_size
    assert saved == pytest.approx(2 * sum(array.size for array in model.state().values()), abs=100)


def test_a_number_too_large_for_half_precision_is_named_and_nothing_is_lost(path):
    before = path.read_bytes()
    model = network()
    model.linear1.weight[0, 0] = -65_520
    with pytest.raises(FileError, match=r"half precision: linear1\.weight holds 65520, above 65,504"):
        save_model(model, path, half=True)
    assert path.read_bytes() == before


def test_a_file_that_states_half_precision_must_have_it(path):
    rewrite(path, lambda facts: {**facts, "stored": "float16"})
    assert "expected linear1.weight to be F16 of shape (6, 4), got F32" in refused(path)


# What is in it -----------------------------------------------------------------------------------


def test_metadata(path):
    with safe_open(path, framework="numpy") as file:
        metadata = json.loads(file.metadata()["glasswork"])
        names = set(file.keys())
    assert names == {"linear1.weight", "linear1.bias", "linear2.weight", "linear2.bias"}
    assert metadata["format"] == FORMAT
    assert metadata["version"] == __version__
    assert metadata["classes"] == ["0", "1", "2"]
    assert metadata["dtype"] == "float32"
    assert [(layer["name"], layer["kind"]) for layer in metadata["layers"]] == [
        ("linear1", "linear"), ("act1", "sigmoid"), ("linear2", "linear"), ("act2", "sigmoid"),
    ]  # fmt: skip
    assert metadata["layers"][0]["settings"] == {"in_features": 6, "out_features": 4, "bias_grad": "sum"}


def test_every_kind_of_layer_is_read_as_it_was_saved(path):
    """In an order that no MLP(...) has, with settings that are not the defaults."""
    special = {
        "linear": partial(Linear, 6, 6, bias_grad="mean"),
        "batch-norm": partial(BatchNorm, 6, momentum=0.2),
        "dropout": partial(Dropout, 0.25, index=3),
        "gaussian-noise": partial(GaussianNoise, 0.5, index=2),
        "scale": partial(Scale, 0.5, 2.0),
        "leaky-relu": partial(LeakyReLU, slope=0.3),
    }
    model = MLP.from_layers({f"layer{i}": special.get(kind, LAYERS[kind])() for i, kind in enumerate(LAYERS)})
    save_model(model, path)
    loaded = load_model(path)
    assert [(layer.kind, layer.settings()) for layer in loaded.layers] == [
        (layer.kind, layer.settings()) for layer in model.layers
    ]
    assert set(LAYERS) == {layer.kind for layer in loaded.layers}
    assert loaded.summary() == model.summary()


def test_class_names_shape_and_reference_come_along(tmp_path, few):
    reference = ReferenceSet.choose(few.train.images, few.train.labels, few.valid.images, size=50)
    names = tuple(f"digit {digit}" for digit in range(10))
    save_model(MLP(784, 3, 10), tmp_path / "model", classes=names, image_shape=(28, 28), reference=reference)
    read = read_model_file(tmp_path / "model")
    assert (read.classes, read.image_shape) == (names, (28, 28))
    np.testing.assert_array_equal(read.reference.images, reference.images)
    np.testing.assert_array_equal(read.reference.labels, reference.labels)
    assert read.reference.threshold == reference.threshold
    with pytest.raises(InputError, match=r"expected 10 class names, got 9"):
        save_model(MLP(784, 3, 10), tmp_path / "model", classes=names[1:])


@pytest.mark.parametrize(("features", "shape"), [(784, (28, 28)), (6, None)])
def test_images_are_square_unless_told_otherwise(features, shape, tmp_path):
    save_model(MLP(features, 3, 2), tmp_path / "model")
    assert read_model_file(tmp_path / "model").image_shape == shape


@pytest.mark.parametrize(
    ("inputs", "note"),
    [
        (Inputs.of_bytes(), ""),
        (None, "its file does not say what this network was trained on; images are read as pixels from 0 to 255"),
        (Inputs.as_given(-1, 0.99), "it takes numbers from -1 to 0.99, taken as they are; images are read as pixels"),
        (Inputs.as_given(0, 1), None),
        (Inputs.as_given(0, 255), None),
        (Inputs.as_given(kind="features"), None),
    ],
)
def test_what_the_command_may_ask_about_images(inputs, note, glasswork, tmp_path):
    model = MLP(64, 5, 3, rng=np.random.default_rng(1))
    model.inputs = inputs
    model.save(tmp_path / "model.safetensors", classes=["a", "b", "c"])
    images = np.random.default_rng(2).integers(0, 256, (4, 8, 8), dtype=np.uint8)
    np.save(tmp_path / "images.npy", images)
    printed = glasswork(
        "predict", tmp_path, tmp_path / "images.npy", "--json", folder=tmp_path, status=int(note is None)
    )
    if note is None:
        assert "this network was trained on " in printed
        assert "but images are pixels from 0 to 255; use it from Python" in printed
        return
    assert (f"Notice: {note}" in printed) == bool(note)
    labels = [answer["label"] for answer in json.JSONDecoder().raw_decode(printed)[0]]
    prepared = normalize(images.reshape(4, 64))
    assert labels == [load_model(tmp_path).classes[k] for k in model.predict(prepared, prepared=True)]


def test_a_network_does_not_depend_on_what_recipes_may_say(tmp_path):
    """Layers of one's own making, in one's own order, are saved and read without any recipe."""
    model = MLP.from_layers({"linear1": Linear(6, 4), "drop1": Dropout(0.5), "act1": ReLU(), "act2": Identity()})
    save_model(model, tmp_path / "model")
    images = np.random.default_rng(0).normal(size=(5, 6))
    np.testing.assert_array_equal(load_model(tmp_path / "model").scores(images), model.scores(images))


def test_arrays_are_as_in_memory(path):
    """Little-endian float32, row by row: readable without glasswork."""
    header, body = take_apart(path)
    start, end = header["linear1.weight"]["data_offsets"]
    weight = struct.unpack("<24f", body[start:end])
    assert np.array(weight, np.float32).reshape(6, 4).tolist() == network().linear1.weight.tolist()


# What is refused ---------------------------------------------------------------------------------


def test_truncated_at_any_length(path):
    content = path.read_bytes()
    for length in {*range(0, len(content), 7), 0, 1, 7, 8, 9, len(content) - 1}:
        path.write_bytes(content[:length])
        refused(path)


def test_longer_than_it_says(path):
    path.write_bytes(path.read_bytes() + b"\0")
    refused(path)


@pytest.mark.parametrize(
    "content", [b"", b"\0" * 100, b"\xff" * 100, b"\x80\x05]q\x00.", b"hello\n" * 99], ids=range(5)
)
def test_not_a_model_file(path, content):
    path.write_bytes(content)
    assert "not a model file, or a damaged one" in refused(path)


def test_no_such_file(tmp_path):
    for place in (tmp_path / "nowhere.safetensors", tmp_path):
        assert "no such model file, nor a run with one; train one with: glasswork train" in refused(place)


def test_of_another_program(path):
    header, body = take_apart(path)
    del header["__metadata__"]
    put_together(path, header, body)
    assert "not a model file of glasswork" in refused(path)


def test_of_the_future(path):
    rewrite(path, lambda old: {"format": 3, "sha256": "", "all": "else", "may": ["differ"]})
    assert "a model file of format 3, but this glasswork reads format 2" in refused(path)


def changed(path, **change):
    """Change the first layer, or its settings, as a file states them."""

    def edit(facts):
        first = facts["layers"][0]
        settings = {**first["settings"], **{key: value for key, value in change.items() if key not in first}}
        change_first = {key: value for key, value in change.items() if key in first}
        return {**facts, "layers": [{**first, "settings": settings, **change_first}, *facts["layers"][1:]]}

    rewrite(path, edit)


@pytest.mark.parametrize(
    "change",
    [{"kind": "magic"}, {"name": "scores"}, {"in_features": 0}, {"in_features": "6"}, {"in_features": 6.5},
     {"out_features": -4}, {"out_features": True}, {"out_features": [4]}, {"in_features": None}, {"surprise": 1},
     {"settings": {}}, {"rng": 1}, {"dtype": "float32"}],
    ids=str,
)  # fmt: skip
def test_layers_that_cannot_be_built(path, change):
    changed(path, **change)
    assert "states layers that cannot be built" in refused(path)


@pytest.mark.parametrize(
    "change",
    [{"layers": ""}, {"layers": "{"}, {"layers": [[]]}, {"layers": [{}]}, {"layers": None}, {"dtype": 1},
     {"classes": [1, 2, 3]}, {"image_shape": [28]}, {"reference": {"reference.images": ["uint8"]}}],
    ids=str,
)  # fmt: skip
def test_facts_of_another_kind(path, change):
    rewrite(path, lambda facts: {**facts, **change})
    assert "not a model file of glasswork" in refused(path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"layers": []}, "states layers that cannot be built"),
        ({"dtype": "int32"}, "expected a network of float32 or float64, got 'int32'"),
        ({"dtype": "float16"}, "expected a network of float32 or float64, got 'float16'"),
        ({"dtype": "surprise"}, "expected a network of float32 or float64, got 'surprise'"),
        ({"classes": ["a", "b"]}, "expected 3 class names"),
        (
            {"reference": {"reference.images": ["object", [2, 2]]}},
            "an array that model files cannot have: reference.images",
        ),
        ({"reference": {"reference.images": ["surprise", [2, 2]]}}, "an array that model files cannot have"),
        ({"reference": {"reference.images": ["uint8", [-2, 2]]}}, "an array that model files cannot have"),
        (
            {"reference": {"linear1.weight": ["float32", [6, 4]]}},
            "an array that model files cannot have: linear1.weight",
        ),
        ({"reference": {"reference.images": ["uint8", [2**40, 2**40]]}}, "the file is too small"),
        ({"reference": {"reference.images": ["uint8", [2, 2]]}}, "expected the arrays "),
        ({"reference": {"reference.images": ["uint8", [0, 2**70]]}}, "an array that model files cannot have"),
        ({"reference": {"reference.images": ["uint8", []]}}, "an array that model files cannot have"),
        ({"classes": ["a", "b", "c"]}, "expected the class names that its inputs state"),
        ({"image_shape": [100_000, 100_000]}, "expected images of 6 pixels"),
        ({"image_shape": [0, 0]}, "expected images of 6 pixels"),
        ({"reading": {"low": 5.0, "high": 5.0}}, "low below high"),
        ({"reading": {"pictures": "surprise"}}, "Invalid enum value 'surprise'"),
        ({"inputs": {"shape": [5, 5]}}, "expected images of 6 pixels"),
        ({"inputs": {"shape": [-2, -3]}}, "expected the shape of an image"),
        ({"inputs": {"classes": ["a", "b"]}}, "expected 3 class names"),
        ({"inputs": {"low": 3, "high": 1}}, "expected low and high, in this order"),
        ({"inputs": {"factor": 0}}, "a factor other than 0"),
        ({"inputs": {"kind": "surprise"}}, "Invalid enum value 'surprise'"),
        ({"scores_are": "surprise"}, "Invalid enum value 'surprise'"),
    ],
    ids=str,
)
def test_facts_that_do_not_fit(path, change, message):
    rewrite(path, lambda facts: {**facts, **change})
    assert message in refused(path)


@pytest.mark.parametrize("missing", ["layers", "classes", "dtype"])
def test_missing_metadata(path, missing):
    rewrite(path, lambda metadata: {key: value for key, value in metadata.items() if key != missing})
    assert "not a model file of glasswork" in refused(path)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", "null"])
def test_metadata_that_are_no_json_object(path, text):
    header, body = take_apart(path)
    header["__metadata__"]["glasswork"] = text
    put_together(path, header, body)
    assert "not a model file of glasswork" in refused(path)


@pytest.mark.parametrize(
    "layers",
    [
        [{"name": f"linear{i}", "kind": "linear", "settings": {"in_features": 10**6, "out_features": 10**6}}
         for i in range(100)],
        [{"name": "linear1", "kind": "linear", "settings": {"in_features": 6, "out_features": 10**12}}],
        [{"name": "norm1", "kind": "batch-norm", "settings": {"features": 10**12}}],
        [{"name": "a", "kind": "linear", "settings": {"in_features": 10**7, "out_features": 10**7}},
         {"name": "b", "kind": "linear", "settings": {"in_features": 1, "out_features": 1}}],
    ],
    ids=["100 layers", "wide", "norm", "and small"],
)  # fmt: skip
def test_layers_that_claim_to_be_huge(path, layers):
    """They are found out before any memory is taken for them."""
    rewrite(path, lambda facts: {**facts, "layers": layers})
    tracemalloc.start()
    try:
        message = refused(path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert "the file is too small for the layers that it states" in message
    assert peak < 2**20


WIDTHS = st.integers(-(10**9), 10**9) | st.integers(-3, 8) | st.sampled_from([True, 2.0, None, "6", [6], 10**400])


@given(
    st.lists(
        st.fixed_dictionaries(
            {"name": st.sampled_from(["a", "b", "c", "linear1"]), "kind": st.sampled_from(["linear", "batch-norm"])},
            optional={
                "settings": st.dictionaries(
                    st.sampled_from(["in_features", "out_features", "features", "momentum", "p", "index", "dtype"]),
                    WIDTHS,
                )
            },
        ),
        max_size=4,
    )
)
def test_layers_of_any_widths_are_refused_in_little_memory(saved, layers):
    """Negative ones that cancel huge ones, too."""
    rewrite(saved, lambda facts: {**facts, "layers": layers})
    tracemalloc.start()
    try:
        refused(saved)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 2**20


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "model.safetensors"
    save_model(network(), path)
    return path


def test_thousands_of_layers_are_refused_at_once(path):
    """Each takes a few bytes, and giving each its own random numbers would take minutes."""
    many = [{"name": f"d{i}", "kind": "dropout", "settings": {"p": 0.5}} for i in range(50_000)]
    rewrite(path, lambda facts: {**facts, "layers": many})
    start = time.process_time()
    assert "at most 2,000 layers" in refused(path)
    assert time.process_time() - start < 1


def test_layers_of_one_name(path):
    rewrite(path, lambda facts: {**facts, "layers": [*facts["layers"], facts["layers"][-1]]})
    assert "layers with different names" in refused(path)


def test_a_reference_set_of_another_network(tmp_path, few):
    reference = ReferenceSet.choose(few.train.images, few.train.labels, few.valid.images, size=50)
    path = tmp_path / "model"
    for model in (MLP(100, 3, 10), MLP(784, 3, 3)):
        with pytest.raises(FileError, match=r"expected a reference set of \d+ pixels and \d+ classes"):
            save_model(model, path, reference=reference)
    assert not path.exists()
    save_model(MLP(784, 3, 10), path, reference=reference)
    rewrite_arrays(path, lambda arrays: {**arrays, "reference.labels": arrays["reference.labels"] + 200})
    assert "got 784 pixels and labels from 200 to 209" in refused(path)
    rewrite_arrays(path, lambda arrays: {**arrays, "reference.threshold": np.zeros(2)})
    assert "expected reference.threshold to be F64 of shape (1,)" in refused(path)


def test_arrays_of_other_layers(path):
    rewrite(path, lambda facts: {**facts, "layers": facts["layers"][:2]})
    assert "expected the arrays linear1.weight, linear1.bias, got " in refused(path)


def test_arrays_of_other_names(path):
    header, body = take_apart(path)
    header["linear1.wait"] = header.pop("linear1.weight")
    put_together(path, header, body)
    message = refused(path)
    assert "expected the arrays linear1.weight" in message
    assert "linear1.wait" in message


def test_arrays_of_other_shapes(path):
    def narrower(facts):
        facts["layers"][0]["settings"]["out_features"] = facts["layers"][2]["settings"]["in_features"] = 3
        return facts

    rewrite(path, narrower)
    assert "expected linear1.weight to be F32 of shape (6, 3), got F32 of shape (6, 4)" in refused(path)


def test_transposed_array_of_the_same_size(path):
    header, body = take_apart(path)
    header["linear1.weight"]["shape"].reverse()
    put_together(path, header, body)
    message = refused(path)
    assert "(6, 4)" in message
    assert "(4, 6)" in message


@pytest.mark.parametrize(
    ("dtype", "size"), [("F64", 8), ("F16", 2), ("BF16", 2), ("I32", 4), ("F8_E4M3", 1), ("BOOL", 1)]
)
def test_arrays_of_other_dtypes(path, dtype, size):
    """Those that NumPy has no name for, too."""
    header, _ = take_apart(path)
    offset = 0
    for name, entry in header.items():
        if name != "__metadata__":
            end = offset + size * int(np.prod(entry["shape"]))
            entry |= {"dtype": dtype, "data_offsets": [offset, end]}
            offset = end
    put_together(path, header, bytes(max(offset, 1)))
    assert "expected linear1.weight to be " in refused(path)


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("name", ["linear1.weight", "linear2.bias"])
def test_values_that_are_not_finite(path, name, wrong):
    """Neither written nor read: a class ruled out by a bias of -inf, say."""
    model, before = network(), path.read_bytes()
    model.state()[name].flat[-1] = wrong
    with pytest.raises(FileError, match=f"cannot be written: {name} holds NaN or infinite values"):
        save_model(model, path)
    assert path.read_bytes() == before
    rewrite_arrays(path, lambda arrays: {**arrays, name: model.state()[name]})
    assert f"{name} holds NaN or infinite values" in refused(path)


# Written whole or not at all ---------------------------------------------------------------------


@pytest.fixture
def full_disk():
    """From now on no file of this process can grow beyond 1,000 bytes: a write fails as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_failed_save_leaves_the_old_file_whole(path, full_disk):
    before = path.read_bytes()
    with pytest.raises(FileError) as error:
        save_model(network(hidden=[1000]), path)
    assert f"{path}: cannot be written" in str(error.value)
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]  # and no half of a new one


def test_save_replaces_the_old_file(path):
    save_model(network(hidden=[5, 2]), path)
    assert load_model(path).hidden_size == (5, 2)
    assert list(path.parent.iterdir()) == [path]


def test_no_folder_to_save_in(tmp_path):
    for path in (tmp_path / "nowhere" / "model.safetensors", tmp_path):
        with pytest.raises(FileError) as error:
            save_model(network(), path)
        assert f"{path}: cannot be written" in str(error.value)
    assert list(tmp_path.iterdir()) == []


class Homemade(Sigmoid):
    """Has no word in a model file."""


@pytest.mark.parametrize(
    ("options", "message"),
    [({"activation": Homemade}, "act1, .* cannot be saved: model files can hold only the layers linear, ")],
    ids=["activation"],
)  # fmt: skip
def test_network_that_a_file_has_no_words_for(path, options, message):
    before = path.read_bytes()
    with pytest.raises(InputError, match=message):
        save_model(network(**options), path)
    assert path.read_bytes() == before


def test_what_is_no_network_is_not_saved(path):
    with pytest.raises(InputError, match="save_model: expected an MLP or a Committee, got None"):
        save_model(None, path)


@pytest.mark.parametrize("order", [np.asfortranarray, lambda w: np.repeat(w, 2, axis=0)[::2]], ids=["F", "strided"])
def test_weights_that_lie_otherwise_in_memory_are_saved_as_they_are(path, order):
    """As they come from a framework that keeps (out, in)."""
    model, weight = network(), np.arange(24, dtype=np.float32).reshape(6, 4)
    assert not order(weight).flags.c_contiguous
    vars(model.linear1)["weight"] = order(weight)  # as no assignment does
    save_model(model, path)
    np.testing.assert_array_equal(load_model(path).linear1.weight, weight)


def test_a_variance_below_zero(path):
    model = network(batch_norm=True)
    save_model(model, path)
    model.norm1.running_variance[0] = -1
    with pytest.raises(FileError, match=r"cannot be written: norm1.running_variance holds negative values"):
        save_model(model, path)
    rewrite_arrays(path, lambda arrays: {**arrays, "norm1.running_variance": model.norm1.running_variance})
    assert "norm1.running_variance holds negative values" in refused(path)


def test_a_shape_that_is_not_the_networks(tmp_path):
    with pytest.raises(InputError, match=r"expected images of 6 pixels, got the shape \(5, 5\)"):
        network().save(tmp_path / "model.safetensors", image_shape=(5, 5))
    assert list(tmp_path.iterdir()) == []


def test_class_names_in_an_array(tmp_path):
    network().save(tmp_path / "model.safetensors", classes=np.array(["a", "b", "c"]))
    assert read_model_file(tmp_path / "model.safetensors").classes == ("a", "b", "c")
