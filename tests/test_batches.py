"""Batches: every image once an epoch, with its own label, in an order that is a function of seed and epoch."""

import numpy as np
import pytest
from hypothesis import given, strategies as st

from glasswork import (
    MLP,
    SGD,
    Batches,
    CrossEntropyLoss,
    InputError,
    fit,
    int_to_onehot,
    minibatch_generator,
    normalize,
    valid,
)

CLASSES = 7


def dataset(rows, features=3):
    """Images that say which row they are, in their first byte, and labels that follow from it."""
    images = np.arange(rows, dtype=np.uint8)[:, None] + np.arange(features, dtype=np.uint8) * 5
    return images, np.arange(rows) * 3 % CLASSES


def loader(rows, batch_size, **options):
    return Batches(*dataset(rows), batch_size, **{"seed": 1, "classes": CLASSES, **options})


def rows_of(batch):
    """Read a batch's row numbers off its normalised pixels."""
    x, _ = batch
    return np.rint((x[:, 0].astype(np.float64) + 1) * 255 / 2).astype(int).tolist()


@st.composite
def sizes(draw):
    rows = draw(st.integers(1, 200))
    return rows, draw(st.integers(1, rows))


SEEDS = st.integers(0, 2**64 - 1)
EPOCHS = st.integers(1, 10_000)


# An epoch ----------------------------------------------------------------------------------------


@given(sizes(), SEEDS, st.booleans(), st.booleans())
def test_every_image_once_and_batches_of_the_right_size(size, seed, drop_last, shuffle):
    rows, batch_size = size
    batches = loader(rows, batch_size, seed=seed, drop_last=drop_last, shuffle=shuffle)
    seen = [rows_of(batch) for batch in batches]
    lengths = [len(batch) for batch in seen]
    flat = [row for batch in seen for row in batch]

    expected = [batch_size] * (rows // batch_size)
    if rows % batch_size and not drop_last:
        expected.append(rows % batch_size)
    assert lengths == expected
    assert len(batches) == len(lengths)
    assert batches.samples == len(flat) == len(set(flat)) == sum(expected)
    assert set(flat) <= set(range(rows))
    if not shuffle:
        assert flat == list(range(len(flat)))


@given(sizes(), SEEDS)
def test_images_keep_their_labels(size, seed):
    rows, batch_size = size
    images, labels = dataset(rows)
    for x, t in loader(rows, batch_size, seed=seed, drop_last=False):
        picked = rows_of((x, t))
        np.testing.assert_allclose(x, (images[picked] / 255.0 - 0.5) * 2, atol=3e-7)  # the handout's formula
        assert t.sum(axis=1).tolist() == [1] * len(picked)
        assert t.max(axis=1).tolist() == [1] * len(picked)
        assert t.argmax(axis=1).tolist() == labels[picked].tolist()
        assert t.shape == (len(picked), CLASSES)


@given(SEEDS, EPOCHS, EPOCHS)
def test_order_is_a_function_of_seed_and_epoch(seed, epoch, other):
    used, fresh = loader(60, 7, seed=seed), loader(60, 7, seed=seed)
    np.random.rand(3)
    list(used.batches(other))
    np.testing.assert_array_equal(used.order(epoch), fresh.order(epoch))
    assert sorted(fresh.order(epoch)) == list(range(60))
    if epoch != other:
        assert not np.array_equal(fresh.order(epoch), fresh.order(other))
    assert not np.array_equal(fresh.order(epoch), loader(60, 7, seed=seed ^ 1).order(epoch))


@given(sizes(), SEEDS, EPOCHS, st.data())
def test_start_gives_the_tail_of_the_epoch(size, seed, epoch, data):
    rows, batch_size = size
    drop_last = data.draw(st.booleans())
    batches = loader(rows, batch_size, seed=seed, drop_last=drop_last)
    start = data.draw(st.integers(0, len(batches)))
    whole = [(x.copy(), t.copy()) for x, t in batches.batches(epoch)]
    tail = [(x.copy(), t.copy()) for x, t in batches.batches(epoch, start)]
    assert len(tail) == len(whole) - start
    for (x, t), (x_whole, t_whole) in zip(tail, whole[start:], strict=True):
        np.testing.assert_array_equal(x, x_whole)
        np.testing.assert_array_equal(t, t_whole)


def test_looping_again_is_the_next_epoch():
    batches = loader(50, 10)
    assert batches.epoch == 1
    first, second = ([rows_of(batch) for batch in batches] for _ in range(2))
    assert batches.epoch == 3
    assert first != second
    assert first == [rows_of(batch) for batch in loader(50, 10).batches(1)]
    assert second == [rows_of(batch) for batch in loader(50, 10).batches(2)]
    batches.epoch = 1
    assert [rows_of(batch) for batch in batches] == first


def test_every_place_is_as_likely_as_any_other():
    """10 images, 3,000 epochs: each is first 300 times, give or take five standard deviations."""
    batches = loader(10, 10)
    orders = np.array([batches.order(epoch) for epoch in range(3000)])
    for place in (0, 4, 9):
        counts = np.bincount(orders[:, place], minlength=10)
        assert np.abs(counts - 300).max() < 5 * np.sqrt(3000 * 0.1 * 0.9)


def test_leaves_the_global_state_and_the_data_alone():
    images, labels = dataset(50)
    images.flags.writeable = labels.flags.writeable = False
    np.random.seed(4)
    before = np.random.get_state()[1].copy()
    list(Batches(images, labels, 10, seed=1))
    np.testing.assert_array_equal(np.random.get_state()[1], before)
    assert np.random.get_state()[2] == 624


def test_memory_is_reused():
    """Images are gathered into one batch's memory, targets are rows of one array that is made once an epoch."""
    batches = list(loader(50, 10))
    assert len({x.ctypes.data for x, _ in batches}) == 1
    assert len({id(t.base) for _, t in batches}) == 1


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("images_dtype", [np.uint8, np.float32, np.float64])
def test_dtype(dtype, images_dtype):
    """Bytes are normalised; floats are taken as prepared."""
    images, labels = dataset(20)
    batches = Batches(images.astype(images_dtype), labels, 20, seed=1, shuffle=False, dtype=dtype)
    ((x, t),) = batches
    assert x.dtype == t.dtype == dtype
    np.testing.assert_array_equal(x, normalize(images, dtype=dtype) if images_dtype == np.uint8 else images)


def test_float_images_give_the_same_batches_as_bytes():
    images, labels = dataset(50)
    for (a, s), (b, t) in zip(
        Batches(images, labels, 8, seed=2), Batches(normalize(images), labels, 8, seed=2), strict=True
    ):
        np.testing.assert_array_equal(a, b)
        np.testing.assert_array_equal(s, t)


# The handout's functions -------------------------------------------------------------------------


@given(sizes(), st.integers(0, 2**32 - 1))
def test_minibatch_generator_is_the_handouts(size, seed):
    rows, batch_size = size
    images, labels = dataset(rows)
    np.random.seed(seed)
    order = np.arange(rows)
    np.random.shuffle(order)
    after = np.random.get_state()[1:3]
    np.random.seed(seed)
    got = list(minibatch_generator(images, labels, minibatch_size=batch_size))
    np.testing.assert_array_equal(np.random.get_state()[1], after[0])
    assert np.random.get_state()[2] == after[1]  # not one draw more
    assert [len(x) for x, _ in got] == [batch_size] * (rows // batch_size)
    for i, (x, y) in enumerate(got):
        picked = order[i * batch_size : (i + 1) * batch_size]
        np.testing.assert_array_equal(x, images[picked])
        np.testing.assert_array_equal(y, labels[picked])
        assert (x.dtype, y.dtype) == (images.dtype, labels.dtype)


def test_minibatch_generator_is_that_of_the_listing(listing):
    images, labels = dataset(105)
    runs = []
    for generate in (minibatch_generator, listing.minibatch_generator):
        np.random.seed(123)
        runs.append([[(x.tolist(), y.tolist()) for x, y in generate(images, labels, 10)] for _ in range(3)])
    assert runs[0] == runs[1]
    assert [len(epoch) for epoch in runs[0]] == [10, 10, 10]


@pytest.mark.parametrize(
    ("images", "labels", "size", "message"),
    [
        (20, 19, 5, r"as many labels as images, got shapes \(20, 3\) and \(19,\)"),
        (19, 20, 5, r"as many labels as images, got shapes \(19, 3\) and \(20,\)"),
        (20, 20, 0, "minibatch_size of 1 or more, got 0"),
        (20, 20, 2.5, r"minibatch_size of 1 or more, got 2\.5"),
    ],
)
def test_minibatch_generator_refuses_at_once(images, labels, size, message):
    with pytest.raises(InputError, match=f"minibatch_generator: expected (a )?{message}"):
        minibatch_generator(dataset(images)[0], dataset(labels)[1], size)


def test_minibatch_generator_takes_lists():
    np.random.seed(0)
    ((x, y),) = minibatch_generator([[1, 2], [3, 4]], [0, 1], 2)
    assert sorted(zip(x.tolist(), y.tolist(), strict=True)) == [([1, 2], 0), ([3, 4], 1)]


@given(st.lists(st.integers(0, 9), min_size=1), st.sampled_from([np.float32, np.float64]))
def test_onehot(labels, dtype):
    onehot = int_to_onehot(np.array(labels), dtype=dtype)
    assert onehot.dtype == dtype
    assert onehot.tolist() == [[float(column == label) for column in range(10)] for label in labels]


def test_onehot_of_other_widths():
    assert int_to_onehot([2, 0], 3).tolist() == [[0, 0, 1], [1, 0, 0]]
    assert int_to_onehot([2, 0]).dtype == np.float32
    assert int_to_onehot(np.array([1], np.uint8), num_labels=2).tolist() == [[0, 1]]


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (
            [3, 10, 11],
            "expected 0 to 9, got 10 at row 1 and 1 more like it; for 12 classes pass (classes|num_labels)=12",
        ),
        ([3, 25], "expected 0 to 9, got 25 at row 1; for 26 classes pass (classes|num_labels)=26"),
        ([1, 10], "expected 0 to 9, got 10 at row 1; labels count from 0: subtract 1"),
        ([3, -1], "expected 0 to 9, got -1 at row 1; labels count from 0"),
        ([1.0, 2.0], r"expected integers of shape \(N,\), got float64 of shape \(2,\)"),
        (["1", "2"], r"expected integers of shape \(N,\), got <U1"),
        ([[1], [2]], r"expected integers of shape \(N,\), got int64 of shape \(2, 1\)"),
        ([True, False], "got bool"),
    ],
)
def test_bad_labels(labels, message):
    with pytest.raises(InputError, match=f"labels: .*{message}"):
        int_to_onehot(labels)
    with pytest.raises(InputError, match=f"labels: .*{message}"):
        Batches(np.zeros((len(labels), 4), np.uint8), labels, 1, seed=1)


# What is refused ---------------------------------------------------------------------------------


@pytest.mark.parametrize("batch_size", [0, -1, 21, 2.0, 2.5, "10", None])
def test_bad_batch_size(batch_size):
    with pytest.raises(InputError) as error:
        loader(20, batch_size)
    assert str(error.value).startswith(
        f"Batches: expected a batch size from 1 to 20, the number of images, got {batch_size}"
    )


@pytest.mark.parametrize("batch_size", [20, 21, 64, 2**40])
def test_a_short_last_batch_may_be_the_only_one(batch_size):
    batches = loader(20, batch_size, drop_last=False)
    assert (len(batches), batches.samples, [len(t) for _, t in batches]) == (1, 20, [20])


@pytest.mark.parametrize("outputs", [3, 4, 12])
def test_unstated_classes_are_the_networks(outputs):
    images, labels = np.random.default_rng(0).random((45, 4)), np.arange(45) % 3
    batches, model = Batches(images, labels, 20, seed=0), MLP(4, [3], outputs, output_activation=None)
    for _ in fit(
        model, batches, batches, SGD(model.parameters(), model.gradients(), lr=0.1), CrossEntropyLoss(), epochs=1
    ):
        assert [t.shape for _, t in batches.for_evaluation()] == [(20, outputs), (20, outputs), (5, outputs)]
    stated = Batches(images, labels, 20, seed=0, classes=10)
    with pytest.raises(InputError, match=rf"targets \(20, {outputs}\).* got \(20, 10\); .*classes={outputs}"):
        valid(model, stated, CrossEntropyLoss())
    with pytest.raises(InputError, match="for 3 classes"):
        valid(MLP(4, [3], 2, output_activation=None), batches, CrossEntropyLoss())


def test_images_of_wrong_shape():
    with pytest.raises(InputError) as error:
        Batches(np.zeros(20, np.uint8), dataset(20)[1], 5, seed=1)
    message = "Batches: expected images of shape (N, features) or (N, height, width), got shape (20,)"
    assert str(error.value) == message


@pytest.mark.parametrize("dtype", [bool, complex, "U3"])
def test_images_of_wrong_dtype(dtype):
    with pytest.raises(InputError, match=rf"expected .* bytes or floats, got {np.dtype(dtype)} of shape \(20, 3\)"):
        Batches(np.zeros((20, 3), dtype), dataset(20)[1], 5, seed=1)


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
def test_images_that_are_not_finite(wrong):
    images, labels = dataset(20)
    images = images.astype(np.float32)
    images[13, 2] = wrong
    with pytest.raises(InputError, match="expected finite pixels, got NaN or infinity in image 13"):
        Batches(images, labels, 5, seed=1)


@pytest.mark.parametrize(("images", "labels"), [(20, 19), (19, 20), (0, 20), (20, 0), (0, 0)])
def test_other_length_or_nothing(images, labels):
    with pytest.raises(InputError) as error:
        Batches(np.zeros((images, 3), np.uint8), np.zeros(labels, int), 1, seed=1)
    message = "Batches: expected as many labels as images and at least one, got "
    assert str(error.value) == f"{message}{images} images and {labels} labels"


@pytest.mark.parametrize("seed", [-1, 2**64, 0.5, "1", None])
def test_bad_seed_is_refused_at_once(seed):
    with pytest.raises(InputError, match=r"seed: expected an integer from 0 to 2\*\*64 - 1, got "):
        loader(20, 5, seed=seed)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"classes": 0}, "Batches: expected classes to be an integer of at least 1, got 0"),
        ({"classes": -1}, "Batches: expected classes to be an integer of at least 1, got -1"),
        ({"classes": "3"}, "Batches: expected classes to be an integer of at least 1, got '3'"),
        ({"shape": (3, 3)}, r"Batches: expected images of shape \(3, 3\), got rows of 3 pixels"),
        ({"shape": 3}, "Batches: expected the shape of an image, .*, got 3"),
        (
            {"augment": {"rotation": 5}},
            "Batches: expected augment such as Augmentation.*, or None, got {",
        ),
        ({"weights": ["a"] * 20}, r"weights: expected 20 numbers, one for each image, got shape \(20,\) of <U1"),
        ({"weights": [[1]] * 19 + [[1, 2]]}, "weights: expected weights of one size"),
    ],
)
def test_settings_that_do_not_fit_the_images(wrong, message):
    with pytest.raises(InputError, match=message):
        loader(20, 5, **wrong)


def test_images_of_no_numbers():
    with pytest.raises(InputError, match=r"expected images of shape .*, got shape \(20, 0\)"):
        Batches(np.zeros((20, 0)), dataset(20)[1], 5, seed=1)


@pytest.mark.parametrize("num_labels", [0, -2, 2.0, "2", None, True])
def test_numbers_of_labels_that_cannot_be(num_labels):
    with pytest.raises(InputError, match=f"expected num_labels to be an integer of at least 1, got {num_labels!r}"):
        int_to_onehot([0], num_labels)


@pytest.mark.parametrize(
    ("images", "options", "message"),
    [
        (None, {}, "normalize: expected images as bytes or floats, got object"),
        ([1j], {}, "normalize: expected images as bytes or floats, got complex128"),
        (["a"], {}, "normalize: expected images as bytes or floats, got <U1"),
        ([0, 255], {"dtype": np.uint8}, r"normalize: expected a result of floats of shape \(2,\), got uint8"),
        ([0, 255], {"out": np.zeros((3, 2))}, r"result of floats of shape \(2,\), got float64 of \(3, 2\)"),
    ],
)
def test_what_cannot_be_normalized(images, options, message):
    with pytest.raises(InputError, match=message):
        normalize(images, **options)


# What belongs to whom ----------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.int64, np.int32, np.uint8])
def test_labels_are_the_loaders_own(dtype):
    """As where the caller's array is used again for the next data."""
    images, labels = dataset(10)
    mine = labels.astype(dtype)
    batches = Batches(images, mine, 5, seed=1, classes=CLASSES)
    mine += 1
    np.testing.assert_array_equal(batches.labels, labels)
    with pytest.raises(ValueError, match="read-only"):
        batches.labels[0] = 3


@given(sizes(), st.booleans())
def test_evaluation_gives_every_image_once_and_leaves_the_epochs_alone(size, drop_last):
    batches = loader(*size, drop_last=drop_last)
    batches.seek(3, 1)
    seen = [row for batch in batches.for_evaluation() for row in rows_of(batch)]
    assert seen == list(range(size[0]))
    assert (batches.begin(), batches.drop_last, batches.shuffle) == ((3, 1), drop_last, True)


@pytest.mark.parametrize("outputs", [1, 3])
def test_rows_of_targets_stay_beside_their_images(outputs):
    """As for a regression, or for several labels that hold at once."""
    images = np.arange(20.0).reshape(10, 2)
    targets = images[:, :1] * np.arange(1.0, outputs + 1)
    batches = Batches(images, targets, 4, seed=1, drop_last=False, dtype=np.float64, targets=True)
    targets += 1  # the loader has its own
    seen = [(x.copy(), t) for x, t in batches]
    assert [t.shape for _, t in seen] == [(4, outputs), (4, outputs), (2, outputs)]
    for x, t in seen:
        np.testing.assert_array_equal(t, x[:, :1] * np.arange(1.0, outputs + 1))
    assert sorted(x[0] for x, _ in seen for x in x) == list(images[:, 0])


@pytest.mark.parametrize(
    "targets", [np.full((10, 2), np.nan), np.zeros((10, 0)), np.full((10, 1), np.inf), np.zeros(10), [["a"]] * 10]
)
def test_targets_are_finite_numbers(targets):
    with pytest.raises(InputError, match="targets: expected finite numbers"):
        Batches(np.zeros((10, 2)), targets, 5, seed=0, targets=True)
