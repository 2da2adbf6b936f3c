"""What users hand in as images: every form that has one meaning works, and the rest is refused with the cure."""

import copy
import inspect
import pickle
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
    Inputs,
    LeakyReLU,
    MSELoss,
    ReLU,
    Sigmoid,
    fit,
    gradcheck,
    load_model,
    minibatch_generator,
    normalize,
    save_model,
    test as accuracy,
    train,
    valid,
)
from glasswork.data.sources.idx import read_idx
from glasswork.inputs import Reading
from glasswork.nn import ACTIVATIONS, BatchNorm

CALLS = ["__call__", "scores", "probabilities", "predict"]


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
    "float32": lambda x: x.astype(np.float32),
    "float64 grid": lambda x: x.reshape(-1, 28, 28).astype(float),
    "list of floats": lambda x: x.astype(float).tolist(),
}
PREPARED = {
    "normalised": normalize,
    "normalised in float64": lambda x: normalize(x, dtype=np.float64),
    "normalised grid": lambda x: normalize(x).reshape(-1, 28, 28),
    "normalised list": lambda x: normalize(x).tolist(),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_the_same_answer(form, taught, few):
    images = few.test.images[:30]
    for call in CALLS:
        ask = getattr(taught, call)
        np.testing.assert_array_equal(ask(FORMS[form](images)), ask(images))


@pytest.mark.parametrize("form", PREPARED)
def test_prepared_images_are_what_a_call_takes(form, taught, few):
    images = few.test.images[:30]
    np.testing.assert_allclose(taught(PREPARED[form](images)), taught.scores(images), rtol=1e-5)
    for call in CALLS[1:]:
        ask = getattr(taught, call)
        np.testing.assert_allclose(ask(PREPARED[form](images), prepared=True), ask(images), rtol=1e-5)


@pytest.mark.parametrize("shape", [(784,), (28, 28), (28, 28, 1), (1, 28, 28), (784, 1), (1, 784)])
@pytest.mark.parametrize("dtype", [np.uint8, np.int64, np.float32])
def test_one_image_is_a_batch_of_one(shape, dtype, taught, few):
    image = few.test.images[3].astype(dtype).reshape(shape)
    for call in CALLS:
        np.testing.assert_array_equal(getattr(taught, call)(image), getattr(taught, call)(few.test.images[3:4]))


KINDS = {
    "bytes": (Inputs.of_bytes(), 0, 255),
    "nothing": (None, -1000, 1000),
    "features": (Inputs.as_given(kind="features"), -1000, 1000),
    "observed": (Inputs.as_given(-3, 12), -18, 27),
    "sixteen levels": (Inputs(low=0, high=16, exact=True, offset=8, factor=1 / 8), 0, 16),
}


@given(st.sampled_from(list(KINDS)), st.integers(1, 7), st.integers(1, 7), st.integers(0, 6), st.integers(0, 2**32))
def test_same_numbers_same_answer(kind, height, width, count, seed):
    """Whatever their dtype and shape, alone and in company."""
    inputs, low, high = KINDS[kind]
    model = MLP(height * width, 3, 2, rng=np.random.default_rng(2))
    model.inputs = inputs
    numbers = np.random.default_rng(seed).integers(low, high + 1, (count, height * width))
    expected = model.scores(numbers)
    kinds = [np.int16, np.int32, np.int64, np.float32, np.float64] + [np.uint8, np.uint64] * (low >= 0)
    for dtype in kinds:
        np.testing.assert_array_equal(model.scores(numbers.astype(dtype)), expected)
        if (height * width, count) != (width, 1):  # (1, width) of one row is that row
            np.testing.assert_array_equal(model.scores(numbers.reshape(count, height, width).astype(dtype)), expected)
    for row, scores in zip(numbers, expected, strict=True):
        np.testing.assert_allclose(model.scores(row.tolist())[0], scores, rtol=1e-5, atol=1e-7)


@given(st.sampled_from(["bytes", "observed", "sixteen levels"]), st.integers(1, 5), st.integers(0, 4), st.data())
def test_a_row_is_refused_alone_and_in_company(kind, count, wrong, data):
    """And one that is accepted alone is accepted in any company of such rows."""
    inputs, low, high = KINDS[kind]
    model = MLP(3, 2, 2, rng=np.random.default_rng(2))
    model.inputs = inputs
    good = data.draw(st.lists(st.lists(st.integers(low, high), min_size=3, max_size=3), min_size=count, max_size=count))
    bad = [data.draw(st.sampled_from([low - 1, high + 1, 70_000, np.nan, -np.inf])), low, high]
    assert len(model.predict(good)) == count
    for row in good:
        model.predict(row)
    rows = [*good[:wrong], bad, *good[wrong:]]
    for images, place in (([bad], "the row"), (rows, f"row {min(wrong, count)}")):
        with pytest.raises(InputError, match=f"in {place};"):
            model.scores(np.array(images, np.float64))


def test_no_images_are_no_answers(taught):
    for shape in [(0, 784), (0, 28, 28)]:
        assert taught.predict(np.zeros(shape, np.uint8)).shape == (0,)
        assert taught.scores(np.zeros(shape, np.int64)).shape == (0, 10)


REFUSED = {
    "transposed": (np.zeros((784, 3), np.uint8), "got shape (784, 3); transpose it: images.T"),
    "colours": (np.zeros((2, 28, 28, 3), np.uint8), "convert colours to grey first"),
    "one in colours": (np.zeros((28, 28, 3), np.uint8), "convert colours to grey first"),
    "too wide": (np.zeros((2, 785), np.uint8), "shape (N, 784), (N, 28, 28), or one image (784,), got shape (2, 785)"),
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
    "0 to 1": (lambda x: x / 255, "got 0 to 1 in row 0; these look like pixels from 0 to 1, so give 255 * images"),
    "normalised": (
        normalize,
        "in row 0; if these are already prepared, as by glasswork.normalize, give prepared=True",
    ),
    "standardised": (lambda x: (x / 255 - 0.1307) / 0.3081, "are already prepared"),
    "too large": (lambda x: x * np.int64(257), "got 0 to 6.554e+04 in row 0; give pixels from 0 (background) to 255"),
    "not finite": (lambda x: np.where(x > 250, np.nan, x), "expected finite pixels, got NaN or infinity in row 0"),
}


@pytest.mark.parametrize("scale", WRONG_SCALES)
@pytest.mark.parametrize("grid", [False, True])
def test_a_network_of_bytes_refuses_another_scale(scale, grid, taught, few):
    prepare, message = WRONG_SCALES[scale]
    images = prepare(few.test.images[few.test.images.max(axis=1) == 255])
    images = images.reshape(-1, 28, 28) if grid else images
    for ask in (taught.scores, taught.predict, taught.probabilities):
        with pytest.raises(InputError, match=re.escape(message)) as error:
            ask(images)
    if scale != "not finite":
        assert "was trained on pixels from 0 to 255, scaled to -1 to 1" in str(error.value)
    assert taught(np.nan_to_num(images)).shape == (len(images), 10)  # a forward pass takes any numbers


def test_only_the_row_itself_is_looked_at(taught, few):
    """Bright images, blank ones and dim ones, alone and among others; from 0 to 1 only where there are fractions."""
    bright, blank, dim = np.full(784, 200), np.zeros(784), np.tile([0, 1], 392)
    for image in (bright, blank, dim):
        for dtype in (np.uint8, np.int64, np.float32, float):
            alone = taught.scores(image.astype(dtype))
            company = taught.scores(np.vstack([few.test.images[:5], image]).astype(dtype))
            np.testing.assert_allclose(company[5], alone[0], rtol=1e-4, atol=1e-6)
    with pytest.raises(InputError, match=r"got 0 to 0\.8 in row 3; these look like pixels from 0 to 1"):
        taught.predict(np.vstack([few.test.images[:3], few.test.images[3] / 255 * 0.8]))


LOADERS_ON_WRONG_SCALES = {
    "0 to 255": (lambda x: x.astype(float), "got a batch from 0 to 255; give glasswork.normalize(images)"),
    "bytes": (lambda x: x, "got a batch from 0 to 255; give glasswork.normalize(images)"),
    "0 to 1": (lambda x: x / 255, "got a batch from 0 to 1; give 2 * images - 1"),
    "standardised": (lambda x: (x / 255 - 0.1307) / 0.3081, "give glasswork.normalize(images)"),
    "not finite": (lambda x: np.where(x > 250, np.nan, normalize(x)), "expected finite pixels, got NaN or infinity"),
}


@pytest.mark.parametrize("scale", LOADERS_ON_WRONG_SCALES)
def test_a_loader_gives_a_network_of_bytes_prepared_images(scale, taught, few):
    prepare, message = LOADERS_ON_WRONG_SCALES[scale]
    batches = [(prepare(few.test.images[:100]), few.test.labels[:100])]
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
    valid(taught, [(normalize(few.test.images), few.test.labels)], MSELoss())


@pytest.mark.parametrize("scales", [("bytes", "0 to 1"), ("bytes", "standardised"), ("0 to 1", "0 to 255")], ids=str)
def test_two_loaders_on_two_scales_are_refused_before_anything_is_trained(scales, few):
    prepare = {name: make for name, (make, _) in LOADERS_ON_WRONG_SCALES.items()}
    model = network()
    learnt, asked = (Batches(prepare[scale](few.test.images), few.test.labels, 50, seed=1) for scale in scales)
    with pytest.raises(InputError):
        fit(model, learnt, asked, optimizer(model), MSELoss(), epochs=1)  # nobody asks for an epoch
    fit(model, learnt, learnt, optimizer(model), MSELoss(), epochs=1)
    assert model.inputs is None


def test_prepared_images_without_dark_pixels_are_a_batch_too(taught, few):
    bright = normalize(np.maximum(few.test.images[:50], 130))
    for batch in (bright, bright[:1]):
        valid(taught, [(batch, few.test.labels[: len(batch)])], MSELoss())


def test_training_declares_what_its_loader_gives(few):
    images, labels = few.train.images[:200], few.train.labels[:200]
    grid = (28, 28)
    for loader, expected in [
        (Batches(images, labels, 100, seed=1), Inputs.of_bytes()),
        (Batches(images.astype(np.int64), labels, 100, seed=1), Inputs.of_bytes()),
        (Batches(images.reshape(-1, 28, 28), labels, 100, seed=1), Inputs.of_bytes(shape=grid)),
        (Batches(normalize(images), labels, 100, seed=1), Inputs.as_given(-1, 1)),
        (Batches(images / 255, labels, 150, seed=1), Inputs.as_given(0, 1)),
        ([(normalize(images), labels)], Inputs.as_given(-1, 1)),
        ([(images[:100] / 510, labels[:100]), (images[100:] / 255, labels[100:])], Inputs.as_given(0, 1)),
        (minibatch_generator(images / 255, labels, 50), Inputs.as_given(0, 1)),
    ]:
        model = network()
        assert (model.inputs, model.pixels) == (None, None)
        train(model, loader, optimizer(model), MSELoss())
        assert model.inputs == expected
        assert model.pixels is (True if expected.are_bytes else None)
        assert str(expected) in model.summary()
    model = network()
    data = Dataset.of(images, labels, classes=list("abcdefghij"))
    list(fit(model, data, data, optimizer(model), MSELoss(), epochs=1))
    seen = Reading(polarity="light on dark")
    assert model.inputs == Inputs.of_bytes(shape=grid, classes=list("abcdefghij"), reading=seen)
    assert model.classes == tuple("abcdefghij")


def test_the_range_of_an_epoch_that_was_stopped_is_completed_by_the_next(few):
    x, labels = normalize(few.train.images[:300]), few.train.labels[:300]
    x[100:] *= 3

    def batches(*, stopped):
        yield x[:100], labels[:100]
        if stopped:
            raise KeyboardInterrupt
        yield x[100:], labels[100:]

    model = network()
    with pytest.raises(KeyboardInterrupt):
        train(model, batches(stopped=True), optimizer(model), MSELoss())
    assert (model.inputs.low, model.inputs.high) == (-1, 1)
    assert "in the part of an epoch that it was trained on" in str(model.inputs)
    train(model, batches(stopped=False), optimizer(model), MSELoss())
    assert model.inputs == Inputs.as_given(-3, 3)
    train(model, [(x[:100], labels[:100])], optimizer(model), MSELoss())
    assert model.inputs == Inputs.as_given(-3, 3)


def test_an_array_of_16_bits_has_their_scale_however_dark_it_is(taught):
    model = copy.copy(taught)
    model.inputs = Inputs.of_bytes(shape=(28, 28), reading=Reading(high=65535))
    dark = np.random.default_rng(0).integers(0, 256, (3, 784))
    as_bytes = np.rint(dark / 257).astype(np.uint8)
    np.testing.assert_array_equal(model.scores(dark.astype(np.uint16)), model.scores(as_bytes))
    np.testing.assert_array_equal(model.scores(dark), model.scores(dark.astype(np.uint8)))
    np.testing.assert_array_equal(model.scores(dark * 257), model.scores(dark.astype(np.uint8)))


def test_validation_and_use_declare_nothing(few):
    model = network()
    valid(model, [(normalize(few.test.images[:50]), few.test.labels[:50])], MSELoss())
    accuracy(model, Batches(few.test.images, few.test.labels, 50, seed=1))
    model.predict(few.test.images[:5])
    assert model.inputs is None


@given(st.floats(-1e3, 1e3), st.floats(0.01, 1e3), st.floats(-0.99, 1.99), st.sampled_from(["above", "below"]))
def test_numbers_beyond_the_width_of_the_training_range_are_refused(low, span, place, side):
    model = MLP(4, 3, 2, rng=np.random.default_rng(0))
    x = low + span * np.random.default_rng(1).random((20, 4))
    x[0, :2] = low, low + span
    train(model, Batches(x, np.arange(20) % 2, 5, seed=0, classes=2, dtype="float64"), optimizer(model, 0.0), MSELoss())
    row = np.full((1, 4), low + span / 2)
    row[0, 3] = low + span * place
    model.predict(row)
    row[0, 3] = low + span * (2.01 if side == "above" else -1.01)
    with pytest.raises(InputError, match=r"taken as they are, got .* in the row"):
        model.predict(row)
    model.predict(row, prepared=True)


def test_bytes_for_a_network_of_another_scale(few):
    images, labels = few.train.images[:200], few.train.labels[:200]
    for prepare, cure in [
        (lambda x: x / 255, "images / 255"),
        (normalize, r"glasswork\.normalize\(images\)"),
    ]:
        model = network()
        train(model, Batches(prepare(images), labels, 100, seed=1), optimizer(model), MSELoss())
        for same in (images, images.astype(float), images.astype(int).tolist()):
            with pytest.raises(InputError, match=f"to 1, .*, got 0 to 25.*; .*{cure}"):
                model.predict(same)
        with pytest.raises(
            InputError, match=r"takes numbers.*, taken as they are, but these data are pixels from 0 to 255"
        ):
            train(model, Batches(images, labels, 100, seed=1), optimizer(model), MSELoss())


def test_a_second_training_on_data_of_another_contract_is_refused(taught, few):
    images, labels = few.train.images[:200], few.train.labels[:200]
    before = taught.inputs
    with pytest.raises(InputError, match=r"on pixels from 0 to 255, scaled to -1 to 1, got a batch from 0 to 1"):
        train(taught, Batches(images / 255, labels, 200, seed=1), optimizer(taught), MSELoss())
    assert taught.inputs == before
    model = network()
    train(model, Batches(images / 255, labels, 100, seed=1), optimizer(model), MSELoss())
    train(model, Batches(images / 200, labels, 100, seed=1), optimizer(model), MSELoss())  # the range grows
    assert model.inputs == Inputs.as_given(0, 1.275)
    with pytest.raises(InputError, match=r"0 to 1\.275,.*got 0 to 8 in row"):
        train(model, Batches(images / 255 * 8, labels, 200, seed=1), optimizer(model), MSELoss())
    named = Dataset.of(images, labels, classes=list("abcdefghij"))
    taught = network()
    list(fit(taught, named, named, optimizer(taught), MSELoss(), epochs=1))
    with pytest.raises(InputError, match=r"its classes are a, b, .* and those of the data j, i"):
        list(fit(taught, Dataset.of(images, labels, classes=list("jihgfedcba")), named, optimizer(taught), MSELoss(),
                 epochs=1))  # fmt: skip


@pytest.mark.parametrize("learnt", ["bytes", "0 to 1"])
@pytest.mark.parametrize("asked", ["bytes", "0 to 1", "normalised", "0 to 8"])
def test_a_validation_loader_on_another_scale_is_refused_before_a_step(learnt, asked, few):
    scales = {"bytes": lambda x: x, "0 to 1": lambda x: x / 255, "normalised": normalize, "0 to 8": lambda x: x / 32}
    fits = (learnt, asked) in {
        ("bytes", "bytes"),
        ("bytes", "normalised"),
        ("0 to 1", "0 to 1"),
        ("0 to 1", "normalised"),
    }
    learning, validation = (
        Batches(scales[scale](part.images[:200]), part.labels[:200], 100, seed=1)
        for scale, part in ((learnt, few.train), (asked, few.valid))
    )
    model = network()
    before = model.linear1.weight.copy()
    if fits:
        list(fit(model, learning, validation, optimizer(model), MSELoss(), epochs=1))
        return
    with pytest.raises(InputError, match=r"pixels from 0 to 255|numbers from 0 to 1"):
        list(fit(model, learning, validation, optimizer(model), MSELoss(), epochs=1))
    np.testing.assert_array_equal(model.linear1.weight, before)


@pytest.mark.parametrize("loader", [lambda x, y: Batches(x, y, 100, seed=1), lambda x, y: [(x, y)]])
@pytest.mark.parametrize("dtype", [float, np.float32, np.uint8, int])
def test_raw_bytes_do_not_train_as_they_are(loader, dtype, few):
    images, labels = few.train.images[:200].astype(dtype), few.train.labels[:200]
    if isinstance(loader(images, labels), Batches) and dtype in (np.uint8, int):
        return  # these it normalises
    model = network()
    with pytest.raises(InputError, match=r"look like bytes, .*; if they are not pixels, set model\.pixels = False"):
        train(model, loader(images, labels), optimizer(model), MSELoss())
    model.pixels = False
    train(model, loader(images, labels), optimizer(model, 1e-6), MSELoss())
    assert model.pixels is False
    assert (model.inputs.low, model.inputs.high) == (0, 255)


def test_other_features_are_numbers_like_any_others():
    rng = np.random.default_rng(4)
    model = MLP(5, 4, 2, rng=rng)
    x = rng.normal(0, 100, (20, 5))
    assert np.isfinite(model.scores(x)).all()
    whole = np.round(x).astype(np.int64)
    np.testing.assert_array_equal(model.scores(whole), model.scores(whole.astype(float)))
    assert gradcheck(model, MSELoss(), x[:3], np.eye(2)[[0, 1, 0]], verbose=False).right


CONTRACTS = {
    "nothing": None,
    "bytes": Inputs.of_bytes(shape=(2, 3), classes="xyz", reading=Reading(pictures="digits", low=1, high=16)),
    "observed": Inputs.as_given(-0.123456789, 7),
    "features": Inputs.as_given(kind="features", classes=["x", "y", "z"]),
    "levels": Inputs(kind="pixels", low=0, high=16, exact=True, offset=8, factor=1 / 8),
}


@pytest.mark.parametrize("name", CONTRACTS)
def test_a_model_file_keeps_the_contract(name, tmp_path):
    model = MLP(6, 4, 3, rng=np.random.default_rng(1))
    model.inputs = CONTRACTS[name]
    save_model(model, tmp_path / "model")
    for same in (load_model(tmp_path / "model"), model.astype(np.float64), pickle.loads(pickle.dumps(model))):
        assert (same.inputs, same.classes, same.pixels) == (model.inputs, model.classes, model.pixels)
    numbers = np.array([[5, 3, 1, 0, 2, 4], [1, 6, 2, 4, 3, 0]])
    np.testing.assert_array_equal(load_model(tmp_path / "model").scores(numbers), model.scores(numbers))


@pytest.mark.parametrize("pixels", [None, True, False])
def test_whether_inputs_are_pixels_survives_saving(pixels, tmp_path):
    model = MLP(4, 3, 3, rng=np.random.default_rng(0))
    model.pixels = pixels
    save_model(model, tmp_path / "model")
    loaded = load_model(tmp_path / "model")
    assert loaded.pixels is model.pixels is pixels
    numbers = np.array([[5, 3, 1, 0], [6, 2, 4, 250]])
    np.testing.assert_array_equal(loaded.scores(numbers), model.scores(numbers))


def test_a_model_file_takes_what_the_caller_says(tmp_path, taught):
    fresh = network()
    save_model(fresh, tmp_path / "a", image_shape=(28, 28))
    assert load_model(tmp_path / "a").inputs == Inputs.of_bytes(shape=(28, 28))
    save_model(fresh, tmp_path / "b", classes=list("abcdefghij"))
    loaded = load_model(tmp_path / "b")
    assert (loaded.classes, loaded.pixels) == (tuple("abcdefghij"), None)
    save_model(taught, tmp_path / "c", classes=list("abcdefghij"), image_shape=(14, 56), reading=Reading(low=3))
    assert load_model(tmp_path / "c").inputs == Inputs.of_bytes(
        shape=(14, 56), classes=list("abcdefghij"), reading=Reading(low=3)
    )
    assert fresh.inputs is None


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ("bytes", "expected inputs such as Inputs.of_bytes"),
        (Inputs.of_bytes(classes=["a"]), "expected 10 class names, got 1"),
        (Inputs.of_bytes(shape=(28, 27)), "expected images of 784 pixels"),
    ],
)
def test_a_contract_that_does_not_fit_is_refused(wrong, message):
    with pytest.raises(InputError, match=message):
        network().inputs = wrong


@pytest.mark.parametrize(
    "wrong",
    [
        {"low": 2, "high": 1},
        {"low": 1},
        {"factor": 0},
        {"low": "a", "high": "b"},
        {"factor": True},
        {"offset": np.nan},
        {"shape": (0, 3)},
        {"classes": "aa"},
        {"kind": "digits"},
        {"shape": 784},
    ],
)
def test_a_contract_that_means_nothing_is_refused(wrong):
    with pytest.raises(InputError, match="Inputs: expected"):
        Inputs(**wrong)


# Loaders -----------------------------------------------------------------------------------------


def test_a_word_for_whether_inputs_are_pixels(taught):
    with pytest.raises(InputError, match=r"MLP.*\.pixels: expected True, False or None, got 'yes'"):
        taught.pixels = "yes"


def test_a_wrong_seed_beside_a_generator():
    with pytest.raises(InputError, match="seed: expected an integer from 0"):
        MLP(4, 3, 2, seed=-1, rng=np.random.default_rng(0))


@pytest.mark.parametrize("form", [form for form in FORMS if "float" not in form])
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
    with pytest.raises(InputError, match=r"got images and labels; create one: Batches\(images, labels, 100, seed=0\)"):
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


def test_a_layer_that_is_no_activation():
    with pytest.raises(InputError, match=r"BatchNorm.* to make a layer when called with dtype=.*'features'"):
        MLP(6, 5, 3, activation=BatchNorm)


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
