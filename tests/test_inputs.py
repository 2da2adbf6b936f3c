"""What users hand in as images: every form that has one meaning works, and the rest is refused with the cure."""

import inspect
import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, strategies as st

import glasswork
from glasswork import (
    MLP,
    SGD,
    Batches,
    CrossEntropyLoss,
    Dataset,
    InputError,
    LeakyReLU,
    MSELoss,
    ReLU,
    Sigmoid,
    fit,
    gradcheck,
    load_model,
    normalize,
    save_model,
    test as accuracy,
    train,
    valid,
)
from glasswork.data.sources.idx import read_idx
from glasswork.nn import ACTIVATIONS

CALLS = ["__call__", "scores", "probabilities", "predict"]
INTEGERS = [np.uint8, np.int16, np.uint16, np.int32, np.int64, np.uint64]


def network(**options):
    return MLP(784, 20, 10, rng=np.random.default_rng(1), **options)


@pytest.fixture(scope="module")
def taught(few):
    """A network that was trained on bytes, as most are, and so knows that its inputs are pixels."""
    model = network()
    train(model, Batches(few.train.images, few.train.labels, 100, seed=1), optimizer(model), MSELoss())
    return model


def optimizer(model, rate=0.1):
    return SGD(model.parameters(), model.gradients(), rate)


# Forms -------------------------------------------------------------------------------------------


FORMS = {
    "int64": lambda x: x.astype(np.int64),
    "uint16": lambda x: x.astype(np.uint16),
    "list": lambda x: x.tolist(),
    "frame": pd.DataFrame,
    "nullable frame": lambda x: pd.DataFrame(x).astype("Int64"),
    "object": lambda x: x.astype(object),
    "grid": lambda x: x.reshape(-1, 28, 28),
    "grid of int64": lambda x: x.reshape(-1, 28, 28).astype(np.int64),
    "with a channel": lambda x: x.reshape(-1, 28, 28, 1),
    "channel first": lambda x: x.reshape(-1, 1, 28, 28),
    "normalised": normalize,
    "normalised in float64": lambda x: normalize(x, dtype=np.float64),
    "normalised grid": lambda x: normalize(x).reshape(-1, 28, 28),
    "normalised list": lambda x: normalize(x).tolist(),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("call", CALLS)
def test_every_form_gives_the_same_answer(form, call, taught, few):
    images = few.test.images[:30]
    ask = getattr(taught, call)
    expected = ask(images)
    np.testing.assert_allclose(ask(FORMS[form](images)), expected, rtol=1e-5)


@pytest.mark.parametrize("shape", [(784,), (28, 28), (28, 28, 1), (1, 28, 28), (784, 1), (1, 784)])
@pytest.mark.parametrize("dtype", [np.uint8, np.int64, np.float32])
@pytest.mark.parametrize("call", CALLS)
def test_one_image_is_a_batch_of_one(shape, dtype, call, taught, few):
    image = few.test.images[3]
    image = (normalize(image) if dtype == np.float32 else image.astype(dtype)).reshape(shape)
    expected = getattr(taught, call)(few.test.images[3:4])
    np.testing.assert_allclose(getattr(taught, call)(image), expected, rtol=1e-5)


@given(st.integers(1, 7), st.integers(1, 7), st.integers(0, 4), st.sampled_from(INTEGERS))
def test_rows_grids_and_integers_mean_the_same(height, width, count, dtype):
    model = MLP(height * width, 3, 2, rng=np.random.default_rng(2))
    images = np.random.default_rng(3).integers(0, 256, (count, height * width), dtype=np.uint8)
    expected = model.scores(images)
    if (height * width, count) != (width, 1):  # (1, width) of one row is that row
        np.testing.assert_array_equal(model.scores(images.reshape(count, height, width).astype(dtype)), expected)
    np.testing.assert_array_equal(model.scores(images.astype(dtype)), expected)


def test_no_images_are_no_answers(taught):
    for shape in [(0, 784), (0, 28, 28)]:
        assert taught.predict(np.zeros(shape, np.uint8)).shape == (0,)
        assert taught.scores(np.zeros(shape, np.int64)).shape == (0, 10)


REFUSED = {
    "transposed": (np.zeros((784, 3), np.uint8), "got shape (784, 3); transpose it: images.T"),
    "colours": (np.zeros((2, 28, 28, 3), np.uint8), "convert colours to grey first"),
    "one in colours": (np.zeros((28, 28, 3), np.uint8), "convert colours to grey first"),
    "too wide": (np.zeros((2, 785), np.uint8), "shape (N, 784), (N, 28, 28), or one image (784,), got shape (2, 785)"),
    "negative": (np.full((2, 784), -1), "expected integers from 0 to 255, which are pixels, got -1 to -1"),
    "too large": (np.full((2, 784), 256), "got 256 to 256; give features that are not pixels as floats"),
    "truth values": (np.zeros((2, 784), bool), "got bool of shape (2, 784); multiply by 255"),
    "a path": ("seven.png", "read a picture with glasswork.read_image(path)"),
    "ragged": ([[0] * 784, [0] * 783], "expected images of one size, got rows of different lengths"),
    "nothing": (None, "expected images as bytes or floats"),
}


@pytest.mark.parametrize("what", REFUSED)
@pytest.mark.parametrize("call", CALLS)
def test_what_has_no_meaning_is_refused_with_the_cure(what, call, taught):
    images, message = REFUSED[what]
    with pytest.raises(InputError, match=re.escape(message)) as error:
        getattr(taught, call)(images)
    assert str(error.value).startswith("MLP(784-20-10): ")


def test_a_dataset_in_place_of_its_images(taught, few):
    data = Dataset.of(few.test.images, few.test.labels)
    with pytest.raises(InputError, match=r"give the images in it: data\.images"):
        taught.predict(data)


# Scale -------------------------------------------------------------------------------------------


WRONG_SCALES = {
    "0 to 255": (lambda x: x.astype(float), "got 0 to 255; these look like bytes stored as floats, so give images.ast"),
    "0 to 1": (lambda x: x / 255, "got 0 to 1; these look like pixels from 0 to 1, so give 2 * images - 1"),
    "standardised": (lambda x: (x / 255 - 0.1307) / 0.3081, "or as glasswork.normalize(pixels)"),
    "not finite": (lambda x: np.where(x > 250, np.nan, normalize(x)), "expected finite pixels, got NaN or infinity"),
}


@pytest.mark.parametrize("scale", WRONG_SCALES)
@pytest.mark.parametrize("grid", [False, True])
def test_a_network_that_knows_pixels_refuses_another_scale(scale, grid, taught, few):
    prepare, message = WRONG_SCALES[scale]
    images = prepare(few.test.images)
    images = images.reshape(-1, 28, 28) if grid else images
    for ask in (taught.scores, taught.predict, taught.probabilities):
        with pytest.raises(InputError, match=re.escape(message)):
            ask(images)
    batches = [(images[:100], few.test.labels[:100])]
    for use in (
        lambda: train(taught, batches, optimizer(taught), MSELoss()),
        lambda: valid(taught, batches, MSELoss()),
        lambda: accuracy(taught, batches),
        lambda: list(fit(taught, batches, batches, optimizer(taught), MSELoss(), epochs=1)),
    ):
        before = taught.linear1.weight.copy()
        with pytest.raises(InputError, match=re.escape(message)):
            use()
        np.testing.assert_array_equal(taught.linear1.weight, before)
    assert np.isfinite(taught(np.nan_to_num(images))).all()  # a forward pass takes any floats


def test_pixels_are_learnt_from_bytes_only(few):
    images, labels = few.train.images[:200], few.train.labels[:200]
    for given_images, known in [
        (images, True), (images.astype(np.int64), True), (images.reshape(-1, 28, 28), True),
        (normalize(images), None), (images / 255, None),
    ]:  # fmt: skip
        model = network()
        assert model.pixels is None
        train(model, Batches(given_images, labels, 100, seed=1), optimizer(model), MSELoss())
        assert model.pixels is known
        model = network()
        train(model, [(given_images, labels)], optimizer(model), MSELoss())
        assert model.pixels is known


@pytest.mark.parametrize("loader", [lambda x, y: Batches(x, y, 100, seed=1), lambda x, y: [(x, y)]])
def test_bytes_stored_as_floats_do_not_train(loader, few):
    images, labels = few.train.images[:200], few.train.labels[:200]
    model = network()
    with pytest.raises(InputError, match=r"got 0 to 255; .*; if they are not pixels, set model\.pixels = False"):
        train(model, loader(images.astype(float), labels), optimizer(model), MSELoss())
    model.pixels = False
    train(model, loader(images.astype(float), labels), optimizer(model, 1e-6), MSELoss())
    assert model.pixels is False


def test_other_features_are_numbers_like_any_others():
    rng = np.random.default_rng(4)
    model = MLP(5, 4, 2, rng=rng)
    x = rng.normal(0, 100, (20, 5))
    assert np.isfinite(model.scores(x)).all()
    model.pixels = False
    whole = np.round(x).astype(np.int64)
    np.testing.assert_array_equal(model.scores(whole), model.scores(whole.astype(float)))
    assert gradcheck(model, MSELoss(), x[:3], np.eye(2)[[0, 1, 0]], verbose=False).right


def test_a_model_file_keeps_what_is_known(tmp_path, taught, few):
    save_model(taught, tmp_path / "taught")
    save_model(network(), tmp_path / "shaped", image_shape=(28, 28))
    save_model(network(), tmp_path / "fresh")
    assert [load_model(tmp_path / name).pixels for name in ("taught", "shaped", "fresh")] == [True, True, None]
    with pytest.raises(InputError, match="got 0 to 1;"):
        load_model(tmp_path / "taught").predict(few.test.images / 255)
    assert taught.astype(np.float64).pixels is True


# Loaders -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", [form for form in FORMS if "normalised" not in form])
def test_loaders_take_the_same_forms(form, few):
    images, labels = few.train.images[:200], few.train.labels[:200]
    expected = [(x.copy(), t) for x, t in Batches(images, labels, 64, seed=3)]
    loader = Batches(FORMS[form](images), labels.tolist(), 64, seed=3)
    assert loader.pixels
    for (x, t), (x_expected, t_expected) in zip(loader, expected, strict=True):
        np.testing.assert_array_equal(x, x_expected)
        np.testing.assert_array_equal(t, t_expected)


def test_arrays_in_place_of_a_loader(few):
    model, arrays = network(), (few.train.images, few.train.labels)
    with pytest.raises(InputError, match=r"got images and labels; make one: Batches\(images, labels, 100, seed=0\)"):
        train(model, arrays, optimizer(model), MSELoss())


@pytest.mark.parametrize(
    ("labels", "cure"),
    [
        (lambda y: np.eye(10)[y], r"labels\.argmax\(axis=1\)"),
        (lambda y: y.reshape(-1, 1), r"labels\.reshape\(-1\)"),
        (lambda y: y.astype(str), r"labels\.astype\(int\)"),
        (lambda y: y.astype(float), r"labels\.astype\(int\)"),
    ],
)
def test_labels_of_another_form(labels, cure, few):
    with pytest.raises(InputError, match=cure):
        Batches(few.train.images, labels(few.train.labels), 100, seed=1)


def test_idx_files_by_a_path_of_either_kind(tmp_path):
    path = tmp_path / "two.idx"
    path.write_bytes(bytes([0, 0, 8, 1, 0, 0, 0, 2, 7, 9]))
    assert read_idx(str(path)).tolist() == read_idx(path).tolist() == [7, 9]


# Making a network --------------------------------------------------------------------------------


@pytest.mark.parametrize("word", ACTIVATIONS)
def test_an_activation_by_its_word(word):
    by_word, by_class = (network(activation=a, output_activation=a) for a in (word, ACTIVATIONS[word]))
    assert [type(layer) for layer in by_word.layers] == [type(layer) for layer in by_class.layers]
    np.testing.assert_array_equal(by_word.linear1.weight, by_class.linear1.weight)


def test_several_activations_and_none():
    model = MLP(6, [5, 4], 3, activation=["relu", LeakyReLU], output_activation="none")
    assert [type(layer) for layer in model.layers[1::2]] == [ReLU, LeakyReLU]
    assert model.output_activation is None
    CrossEntropyLoss().check_model(model)
    assert isinstance(MLP(6, 5, 3).act1, Sigmoid)


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("rleu", "did you mean relu?"), ("ReLU", "did you mean relu?"), ("leaky_relu", "did you mean leaky-relu?"),
        ("LeakyReLU", "did you mean leaky-relu?"), ("swish", "did you mean silu?"),
        ("linear", "did you mean identity?"),
        ("logistic", "did you mean sigmoid?"), ("softmax", "train with CrossEntropyLoss(), which includes softmax"),
        ("nonsense", "expected an activation to be one of sigmoid, tanh, relu, leaky-relu, silu, gelu, identity"),
    ],
)  # fmt: skip
def test_an_unknown_activation(word, hint):
    for options in ({"activation": word}, {"output_activation": word}):
        with pytest.raises(InputError, match=re.escape(hint)):
            network(**options)


@pytest.mark.parametrize("wrong", ["50", [50, "20"], 2.5, [3, None], True])
def test_a_width_is_blamed_on_the_network(wrong):
    with pytest.raises(InputError, match="MLP: expected hidden_size to be an integer"):
        MLP(784, wrong, 10)
    with pytest.raises(InputError, match="MLP: expected in_features to be an integer"):
        MLP("784", 50, 10)
    with pytest.raises(InputError, match="MLP: expected out_features to be an integer"):
        MLP(784, 50, 0)


def test_a_network_saves_itself(tmp_path, taught, few):
    taught.save(tmp_path / "a", classes=list("abcdefghij"), image_shape=(28, 28))
    save_model(taught, tmp_path / "b", classes=tuple("abcdefghij"), image_shape=(28, 28))
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    taught.save(str(tmp_path / "c.safetensors"))
    loaded = load_model(tmp_path / "c.safetensors")
    np.testing.assert_array_equal(loaded.scores(few.test.images), taught.scores(few.test.images))


# help() ------------------------------------------------------------------------------------------


def test_signatures_are_short():
    for name in glasswork.__all__:
        thing = getattr(glasswork, name)
        if callable(thing):
            methods = [m for m in vars(thing).values() if inspect.isfunction(m)] if isinstance(thing, type) else []
            for function in (thing, *methods):
                try:
                    signature = str(inspect.signature(function))
                except ValueError:  # an exception's
                    continue
                assert not re.search(r"Union|numpy\._typing|numpy\.ndarray\[|Buffer", signature), function
