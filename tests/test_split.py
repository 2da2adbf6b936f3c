"""Three parts: disjoint, whole, with every class's share, and those of the handout."""

import numpy as np
import pytest
from hypothesis import given, strategies as st
from sklearn.model_selection import StratifiedKFold, train_test_split

from glasswork import InputError, split

SCHEMES = ["handout", "official"]


def in_parts(result):
    return {"train": result.train, "valid": result.valid, "test": result.test}


@pytest.fixture(scope="module", params=SCHEMES)
def scheme(request):
    return request.param


@pytest.fixture(scope="module")
def cut(mnist, scheme, parts):
    return parts if scheme == "handout" else split(*mnist, scheme=scheme)


def test_sizes(cut, scheme):
    assert {name: len(part) for name, part in in_parts(cut).items()} == {
        "train": 55_000,
        "valid": 5_000,
        "test": 10_000,
    }
    assert cut.scheme == scheme


def test_every_image_is_in_one_part(cut):
    rows = np.concatenate([part.indices for part in in_parts(cut).values()])
    assert rows.shape == (70_000,)
    np.testing.assert_array_equal(np.sort(rows), np.arange(70_000))


def test_parts_hold_the_rows_they_name(cut, mnist):
    images, labels = mnist
    for part in in_parts(cut).values():
        np.testing.assert_array_equal(part.labels, labels[part.indices])
        np.testing.assert_array_equal(part.images[::97], images[part.indices[::97]])
        np.testing.assert_array_equal(part.images.sum(axis=1), images.sum(axis=1)[part.indices])
        assert part.images.shape == (len(part), 784)
        assert part.images.dtype == np.uint8


def test_every_class_has_its_share(parts, mnist):
    """Of all 70,000, to within the one image that rounding takes."""
    counts = np.bincount(mnist[1])
    for part in in_parts(parts).values():
        assert np.abs(np.bincount(part.labels) - counts * len(part) / 70_000).max() < 2
    assert np.abs(np.bincount(parts.test.labels) - counts / 7).max() <= 1


def test_official_test_set_is_the_last_10000(mnist):
    cut = split(*mnist, scheme="official")
    np.testing.assert_array_equal(cut.test.indices, np.arange(60_000, 70_000))
    counts = np.bincount(mnist[1][:60_000])
    assert np.abs(np.bincount(cut.valid.labels) - counts / 12).max() <= 1
    assert not np.array_equal(cut.valid.indices, np.sort(cut.valid.indices))


@pytest.mark.parametrize("seed", [123, 7])
def test_is_train_test_split_twice_on_the_arrays(mnist, parts, seed):
    """As the handout's section 2 asks for, done on the data themselves."""
    images, labels = mnist
    cut = parts if seed == 123 else split(images, labels, seed=seed)
    X, X_test, y, y_test = train_test_split(images, labels, test_size=10_000, stratify=labels, random_state=seed)
    X_train, X_valid, y_train, y_valid = train_test_split(X, y, test_size=5_000, stratify=y, random_state=seed)
    for part, X_part, y_part in (
        (cut.train, X_train, y_train),
        (cut.valid, X_valid, y_valid),
        (cut.test, X_test, y_test),
    ):
        np.testing.assert_array_equal(part.images, X_part)
        np.testing.assert_array_equal(part.labels, y_part)


def test_official_split_draws_what_train_test_split_draws(mnist):
    images, labels = mnist
    rows = np.arange(60_000)
    train, valid = train_test_split(rows, test_size=5_000, stratify=labels[:60_000], random_state=123)
    cut = split(images, labels, scheme="official")
    np.testing.assert_array_equal(cut.train.indices, train)
    np.testing.assert_array_equal(cut.valid.indices, valid)


def test_another_seed_is_another_split(mnist, parts):
    other = split(*mnist, seed=124)
    assert not np.array_equal(np.sort(other.test.indices), np.sort(parts.test.indices))


@given(st.lists(st.integers(30, 120), min_size=2, max_size=6), st.integers(0, 2**32 - 1))
def test_other_sizes_in_proportion(counts, seed):
    labels = np.repeat(np.arange(len(counts)), counts)
    images = np.arange(len(labels), dtype=np.uint8)[:, None]
    cut = split(images, labels, seed=seed)
    rows = np.concatenate([part.indices for part in in_parts(cut).values()])
    assert sorted(rows) == list(range(len(labels)))
    for part, share in ((cut.train, 11 / 14), (cut.valid, 1 / 14), (cut.test, 1 / 7)):
        assert abs(len(part) - share * len(labels)) <= 1
        assert np.abs(np.bincount(part.labels, minlength=len(counts)) - share * np.array(counts)).max() < 2
        np.testing.assert_array_equal(part.images[:, 0], part.indices.astype(np.uint8))


# What is refused ---------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", [None, -1, 1.0, "123"])
def test_a_seed_that_draws_no_images_twice_is_refused(seed):
    with pytest.raises(InputError, match=f"split: expected seed to be an integer of at least 0, got {seed!r}"):
        split(np.zeros((100, 4), np.uint8), np.arange(100) % 2, seed=seed)


IMAGES, LABELS = np.zeros((140, 4), np.uint8), np.arange(140) % 2


@pytest.mark.parametrize(("images", "labels"), [(140, 139), (139, 140), (0, 0), (140, 0)])
def test_other_length_or_nothing(images, labels):
    with pytest.raises(InputError) as error:
        split(IMAGES[:images], LABELS[:labels])
    message = "split: expected as many labels as images and at least one, got "
    assert str(error.value) == f"{message}{images} images and {labels} labels"


def test_a_number_in_place_of_images():
    with pytest.raises(InputError, match="split: expected images, one in each row of an array; got 5"):
        split(5, [1])


def test_unknown_scheme():
    with pytest.raises(InputError, match="split: expected scheme 'handout', 'official' or 'source', got 'random'"):
        split(IMAGES, LABELS, scheme="random")


def test_official_split_is_mnists():
    with pytest.raises(
        InputError, match="the official split needs the 70,000 images of MNIST or a similar dataset, got 140"
    ):
        split(IMAGES, LABELS, scheme="official")


@pytest.mark.parametrize("labels", [np.arange(140), np.r_[2, np.arange(139) % 2]], ids=["all alone", "one alone"])
def test_class_too_small_to_share(labels):
    with pytest.raises(InputError, match="split: 140 images cannot be divided by class into three parts: "):
        split(IMAGES, labels)


@pytest.mark.parametrize(("count", "classes"), [(12, 2), (30, 10), (20, 3)])
def test_small_sets_have_each_class_in_each_part(count, classes):
    parts = split(np.zeros((count, 4), np.uint8), np.arange(count) % classes)
    assert [len(np.unique(part.labels)) for part in (parts.train, parts.valid, parts.test)] == [classes] * 3


# Sizes -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ({"test": 200}, (1100, 100, 200)), ({"test": 0.2}, (1020, 100, 280)), ({"valid": 0.5}, (500, 700, 200)),
        ({"test": 100, "valid": 50}, (1250, 50, 100)),
        ({"test": np.int64(30), "valid": np.float64(0.1)}, (1230, 140, 30)),
    ],
)  # fmt: skip
def test_sizes_or_shares(sizes, expected, mnist):
    images, labels = (array[::50] for array in mnist)
    parts = split(images, labels, **sizes)
    assert (len(parts.train), len(parts.valid), len(parts.test)) == expected
    counts = np.bincount(labels)
    for part in in_parts(parts).values():
        assert np.abs(np.bincount(part.labels, minlength=10) - counts * len(part) / 1400).max() < 2


def test_the_default_sizes_are_a_seventh_and_a_fourteenth(mnist):
    images, labels = (array[::50] for array in mnist)
    for name, part in in_parts(split(images, labels, test=200, valid=100)).items():
        np.testing.assert_array_equal(part.indices, in_parts(split(images, labels))[name].indices)


def test_the_official_test_set_has_its_size(mnist):
    parts = split(*mnist, scheme="official", valid=1000)
    assert (len(parts.train), len(parts.valid), len(parts.test)) == (59_000, 1_000, 10_000)
    with pytest.raises(InputError, match=r"the official test set has 10,000 images, got test=0\.5; leave it out"):
        split(*mnist, scheme="official", test=0.5)


@pytest.mark.parametrize("wrong", [0, -1, 0.0, 1.0, 1.5, -0.1, True, "10", float("nan")])
@pytest.mark.parametrize("name", ["test", "valid"])
def test_sizes_of_no_meaning(name, wrong, mnist):
    with pytest.raises(InputError, match=f"split: expected {name} to be a number of images, 1 or more, or a share"):
        split(*(array[::50] for array in mnist), **{name: wrong})


def test_nothing_left_to_train_on(mnist):
    with pytest.raises(InputError, match=r"split: 1,000 images for testing and 400 for validation leave none of 1,400"):
        split(*(array[::50] for array in mnist), test=1000, valid=400)


def test_folds_are_those_of_scikit_learn_and_leave_the_test_images_alone(mnist):
    images, labels = mnist[0][:3500], mnist[1][:3500]
    whole = split(images, labels)
    rest = np.sort(np.concatenate([whole.train.indices, whole.valid.indices]))
    peer = StratifiedKFold(5, shuffle=True, random_state=123).split(rest, labels[rest])
    for number, (_, held_out) in enumerate(peer, 1):
        fold = split(images, labels, fold=(number, 5))
        np.testing.assert_array_equal(fold.test.indices, rest[held_out])
        np.testing.assert_array_equal(np.sort(np.concatenate([p.indices for p in in_parts(fold).values()])), rest)
        np.testing.assert_array_equal(fold.test.images, images[fold.test.indices])
        assert len(fold.valid) == len(whole.valid) * 4 // 5
        assert (fold.division, whole.division) == (f"handout split, fold {number} of 5", "handout split")


@pytest.mark.parametrize("fold", [(1,), (0, 5), (6, 5), (1, 1), (1, 2, 3), 5, "25", (1.0, 5)])
def test_a_fold_that_there_cannot_be_is_refused(fold):
    with pytest.raises(InputError, match=r"expected a fold such as \[2, 5\], the second of five, got"):
        split(np.zeros((100, 4), np.uint8), np.arange(100) % 2, fold=fold)


def test_more_folds_than_images_of_a_class_are_refused():
    with pytest.raises(InputError, match="40 folds need 40 images of every class besides the test images, got 39"):
        split(np.zeros((100, 4), np.uint8), np.arange(100) % 2, test=22, fold=(1, 40))
