"""A model file gives back the network bit for bit, or says what is wrong; it is written whole or not at all."""

import json
import resource
import struct
import tracemalloc
from importlib.metadata import version

import numpy as np
import pytest
from hypothesis import given, strategies as st
from safetensors import safe_open

from glasswork import MLP, FileError, InputError, Sigmoid, load_model, save_model
from glasswork.sealed import FORMAT, seal

WIDTH = st.integers(1, 20)


def network(hidden=4, **options):
    return MLP(6, hidden, 3, rng=np.random.default_rng(1), **options)


def take_apart(path):
    """Return a file's header, as a dictionary, and its bytes (the layout is safetensors' own)."""
    content = path.read_bytes()
    (length,) = struct.unpack("<Q", content[:8])
    return json.loads(content[8 : 8 + length]), content[8 + length :]


def put_together(path, header, body):
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + body)


def rewrite_metadata(path, change):
    """Put other metadata in a model file: ``change`` maps the old ones, a dictionary, to the new."""
    header, body = take_apart(path)
    text = json.dumps(change(json.loads(header["__metadata__"]["glasswork"])))
    header["__metadata__"]["glasswork"] = seal(text.encode()).decode()  # whoever writes such a file can seal it too
    put_together(path, header, body)


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
    assert (loaded.hidden_size, loaded.dtype, loaded.bias_grad) == (tuple(hidden), np.dtype(dtype), bias_grad)
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


# What is in it -----------------------------------------------------------------------------------


def test_metadata(path):
    with safe_open(path, framework="numpy") as file:
        metadata = json.loads(file.metadata()["glasswork"])
        names = set(file.keys())
    assert names == {"linear1.weight", "linear1.bias", "linear2.weight", "linear2.bias"}
    assert metadata["format"] == FORMAT
    assert metadata["version"] == version("glasswork")
    assert metadata["classes"] == ["0", "1", "2"]
    assert "/ 255" in metadata["preprocessing"]["formula"]
    architecture = metadata["architecture"]
    assert (architecture["in_features"], architecture["out_features"]) == (6, 3)
    assert architecture["network"]["hidden"] == [4]
    assert architecture["network"]["dtype"] == "float32"


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
    rewrite_metadata(path, lambda old: {"format": 3, "sha256": "", "all": "else", "may": ["differ"]})
    assert "a model file of format 3, and this glasswork reads format 2" in refused(path)


@pytest.mark.parametrize(
    "change",
    [
        "",
        "{",
        "[]",
        "{}",
        {"in_features": 0},
        {"in_features": "6"},
        {"in_features": 6.5},
        {"surprise": 1},
        {"network": {"hidden": [4], "activation": "magic"}},
        {"network": {"hidden": [-4]}},
        {"network": {"hidden": [4] * 101}},
        {"network": {"hidden": [4], "dtype": "int32"}},
    ],
    ids=str,
)
def test_damaged_architecture(path, change):
    def damage(metadata):
        old = metadata["architecture"]
        return {**metadata, "architecture": {**old, **change} if isinstance(change, dict) else change}

    rewrite_metadata(path, damage)
    assert "not a model file of glasswork" in refused(path)


@pytest.mark.parametrize("missing", ["architecture", "classes"])
def test_missing_metadata(path, missing):
    rewrite_metadata(path, lambda metadata: {key: value for key, value in metadata.items() if key != missing})
    assert "not a model file of glasswork" in refused(path)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", "null"])
def test_metadata_that_are_no_json_object(path, text):
    header, body = take_apart(path)
    header["__metadata__"]["glasswork"] = text
    put_together(path, header, body)
    assert "not a model file of glasswork" in refused(path)


def with_architecture(path, **change):
    rewrite_metadata(path, lambda metadata: {**metadata, "architecture": {**metadata["architecture"], **change}})


@pytest.mark.parametrize("hidden", [[1_000_000] * 100, [1_000_000], [1000, 1000]], ids=["100 layers", "1", "2"])
def test_architecture_that_claims_to_be_huge(path, hidden):
    """It is found out before any memory is taken for it."""
    with_architecture(path, network={"hidden": hidden})
    tracemalloc.start()
    try:
        message = refused(path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert "too small a file for its architecture, 6-" in message
    assert peak < 2**20


def test_arrays_of_another_architecture(path):
    with_architecture(path, network={"hidden": [4, 2]})
    message = refused(path)
    assert "expected the arrays linear1.weight, linear1.bias, linear2.weight, linear2.bias, linear3.weight" in message
    assert "got linear1.bias, linear1.weight, linear2.bias, linear2.weight" in message


def test_arrays_of_other_names(path):
    header, body = take_apart(path)
    header["linear1.wait"] = header.pop("linear1.weight")
    put_together(path, header, body)
    message = refused(path)
    assert "expected the arrays linear1.weight" in message
    assert "linear1.wait" in message


@pytest.mark.parametrize("change", [{"hidden": [3]}, {"in_features": 4}, {"out_features": 2}], ids=str)
def test_arrays_of_other_shapes(path, change):
    with_architecture(path, **({"network": change} if "hidden" in change else change))
    message = refused(path)
    assert " of shape " in message
    assert "expected linear" in message


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
    with_architecture(path, network={"hidden": [4]})
    assert "expected linear1.weight to be " in refused(path)


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("name", ["linear1.weight", "linear2.bias"])
def test_values_that_are_not_finite(path, name, wrong):
    model = network()
    model.state()[name].flat[-1] = wrong
    save_model(model, path)
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


@pytest.mark.parametrize("options", [{"activation": Homemade}, {"dtype": np.float16}], ids=["activation", "dtype"])
def test_network_that_a_file_has_no_words_for(path, options):
    before = path.read_bytes()
    with pytest.raises(InputError, match="recipes and model files"):
        save_model(network(**options), path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("order", [np.asfortranarray, lambda w: np.repeat(w, 2, axis=0)[::2]], ids=["F", "strided"])
def test_weights_that_lie_otherwise_in_memory_are_saved_as_they_are(path, order):
    """As they come from a framework that keeps (out, in)."""
    model = network()
    model.linear1.weight = order(model.linear1.weight)
    assert not model.linear1.weight.flags.c_contiguous
    save_model(model, path)
    np.testing.assert_array_equal(load_model(path).linear1.weight, model.linear1.weight)


def test_a_variance_below_zero(path):
    model = network(batch_norm=True)
    model.norm1.running_variance[0] = -1
    save_model(model, path)
    assert "norm1.running_variance holds values below 0" in refused(path)
