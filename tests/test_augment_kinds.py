"""Each kind of augmentation by itself: what it changes, what it leaves alone, and how often."""

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

from glasswork import Augmentation, Batches, Dataset, RecipeError, Run, named_recipe
from glasswork.data.augment import distortion, sample
from glasswork.data.augment.thickness import change_thickness
from glasswork.engine.compiled.sampling import sampler
from glasswork.randomness import random_words
from glasswork.recipes.augmented import augmented_images

EVERY = {
    "rotation": 15.0, "scale": 0.15, "shear": 0.15, "shift": 2.0, "elastic": 1.2, "thickness": 0.5, "variants": 0.5,
    "pixel_noise": 0.2, "erase": 0.5,
}  # fmt: skip


@pytest.fixture(scope="module")
def digits(mnist):
    images, labels = mnist
    return images[:1000].reshape(-1, 28, 28), labels[:1000]


def distorted(images, labels, *, epoch=1, seed=1, **settings):
    """Return the images of an epoch, as numbers from 0 to 255 in the shape of the images."""
    batches = Batches(images, labels, 10, seed=seed, augment=Augmentation(**settings))
    x = batches.distorted(np.arange(len(images)), epoch)
    assert x.min() >= -1
    assert x.max() <= 1
    return ((x.astype(np.float64) + 1) * 127.5).reshape(images.shape)


@pytest.mark.parametrize("name", EVERY)
def test_a_kind_depends_on_nothing_but_seed_epoch_and_index(digits, name):
    images, labels = (part[:200] for part in digits)
    batches = Batches(images, labels, 10, seed=1, augment=Augmentation(**{name: EVERY[name]}))
    rows = np.arange(200)
    first = batches.distorted(rows, 3)
    assert batches.distorted(rows[::-1], 3)[::-1].tobytes() == first.tobytes()
    assert batches.distorted(rows[77:78], 3).tobytes() == first[77:78].tobytes()
    together = Batches(images, labels, 10, seed=1, augment=Augmentation(**{name: EVERY[name]}), drop_last=False)
    assert together.distorted(rows, 3, sampler(1, together.dtype)).shape == first.shape
    changed = np.abs(first - batches.distorted(rows, 4)).max(axis=1) > 0.01
    assert changed.mean() > (0.9 if name not in ("variants", "erase") else 0.05)
    plain = (images.reshape(200, -1) - 127.5) / 127.5
    assert (np.abs(first - plain).max(axis=1) > 0.01).mean() > (0.9 if name not in ("variants", "erase") else 0.05)


@pytest.mark.parametrize("name", EVERY)
def test_strength_multiplies_every_kind(digits, name):
    images, labels = (part[:100] for part in digits)
    weak = {"start_strength": 0.5, "end_strength": 0.5, "epochs": 1}
    half = distorted(images, labels, **{name: EVERY[name]}, **weak)
    np.testing.assert_allclose(half, distorted(images, labels, **{name: EVERY[name] / 2}), atol=1e-3)
    none = distorted(images, labels, **{name: EVERY[name]}, **(weak | {"start_strength": 0.0, "end_strength": 0.0}))
    np.testing.assert_allclose(none, images, atol=1e-4)


def test_no_two_kinds_share_random_numbers(digits, monkeypatch):
    """Otherwise an image that is turned far would also be a thick one."""
    drawn = []

    def record(*position, **rest):
        drawn.append(random_words(*position, **rest))
        return drawn[-1]

    monkeypatch.setattr(distortion, "random_words", record)
    images, labels = (part[:100] for part in digits)
    distorted(images, labels, **EVERY)
    assert len(drawn) == 6
    words = np.concatenate([part.ravel() for part in drawn])
    assert len(np.unique(words)) == len(words)


def test_all_kinds_at_once_on_both_functions(digits):
    images, labels = digits
    batches = Batches(images, labels, 10, seed=1, augment=Augmentation(**EVERY))
    rows = np.random.default_rng(0).permutation(1000)[:300]
    compiled = batches.distorted(rows, 2, sampler(2, batches.dtype))
    np.testing.assert_allclose(compiled, batches.distorted(rows, 2, sample), rtol=0, atol=1e-5, strict=True)


@pytest.mark.parametrize("name", [name for name in EVERY if name not in ("thickness", "pixel_noise")])
def test_dark_ink_on_a_light_ground_is_treated_alike(digits, name):
    images, labels = (part[:100] for part in digits)
    on_dark = distorted(images, labels, **{name: EVERY[name]})
    on_light = distorted(255 - images, labels, **{name: EVERY[name]})
    np.testing.assert_allclose(
        on_light, 255 - on_dark, atol=1.01 if name == "variants" else 1e-3
    )  # a stroke is rounded


@pytest.mark.parametrize("name", [name for name in EVERY if name != "pixel_noise"])  # each plane has its own noise
def test_the_planes_of_an_image_in_colour_move_together(digits, name):
    images, labels = (part[:60] for part in digits)
    grey = distorted(images, labels, **{name: EVERY[name]})
    coloured = distorted(np.stack([images, images // 2, images * 0], axis=-1), labels, **{name: EVERY[name]})
    np.testing.assert_allclose(coloured[..., 0], grey, atol=1e-3)
    np.testing.assert_allclose(coloured[..., 1], grey / 2, atol=1.5)
    np.testing.assert_allclose(coloured[..., 2], 0, atol=1e-3)


# Thickness ----------------------------------------------------------------------------------------


def test_thickness_is_dilation_and_erosion_taken_in_part(digits):
    images = digits[0][:5, :, :, None]
    cross = ndimage.generate_binary_structure(2, 1)[..., None]
    for i, image in enumerate(images):
        thick = ndimage.grey_dilation(image, footprint=cross)
        thin = ndimage.grey_erosion(image, footprint=cross, mode="nearest")
        for amount, expected in ((1, thick), (-1, thin), (0, image)):
            assert (change_thickness(images[i : i + 1], np.array([amount]))[0] == expected).all()
        half = change_thickness(images[i : i + 1], np.array([-0.5]))[0]
        np.testing.assert_allclose(half, (image / 2 + thin / 2), atol=0.5)
    amounts = np.array([1, -1, 0, 0.5, -0.5])
    together = change_thickness(images, amounts)
    for i in range(5):
        assert (together[i] == change_thickness(images[i : i + 1], amounts[i : i + 1])[0]).all()


def test_strokes_become_as_much_thicker_as_thinner(digits):
    images, labels = digits
    ink = distorted(images, labels, thickness=0.6).sum(axis=(1, 2)) / images.sum(axis=(1, 2))
    assert 0.2 < (ink < 1).mean() < 0.8
    assert ink.min() < 0.75
    assert ink.max() > 1.3


# Noise and erasing --------------------------------------------------------------------------------


def test_noise_has_the_spread_that_is_asked_for():
    grey = np.full((400, 20, 21), 128, np.uint8)
    drawn = distorted(grey, np.zeros(400, int), pixel_noise=0.2) / 127.5 - 1
    assert drawn.mean() == pytest.approx(128 / 127.5 - 1, abs=0.002)
    assert drawn.std() == pytest.approx(0.2, rel=0.01)
    assert abs(np.corrcoef(drawn[:, :-1].ravel(), drawn[:, 1:].ravel())[0, 1]) < 0.01
    assert abs(np.corrcoef(drawn[:-1].ravel(), drawn[1:].ravel())[0, 1]) < 0.01
    assert np.percentile(np.abs(drawn), 95) == pytest.approx(1.96 * 0.2, rel=0.03)  # as a normal number


def test_a_rectangle_of_some_images_is_erased():
    rng = np.random.default_rng(0)
    images = rng.integers(50, 200, (2000, 16, 20), dtype=np.uint8)
    images[:, [0, -1]] = images[:, :, [0, -1]] = 7  # the ground
    erased = np.abs(distorted(images, np.zeros(2000, int), erase=0.3, erase_area=0.25) - images) > 0.5
    hit = erased.any(axis=(1, 2))
    assert 0.26 < hit.mean() < 0.34
    sizes = []
    for i in np.flatnonzero(hit):
        rows, columns = np.flatnonzero(erased[i].any(axis=1)), np.flatnonzero(erased[i].any(axis=0))
        assert erased[i][rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].all()
        sizes.append(len(rows) * len(columns) / 320)
    assert max(sizes) < 0.25 * 1.2  # whole pixels
    assert max(sizes) > 0.2
    assert min(sizes) < 0.04


# Digits as others write them ----------------------------------------------------------------------


def test_some_of_0_1_and_9_get_a_stroke_and_no_other_digit(digits):
    images, labels = digits
    drawn = distorted(images, labels, variants=0.4)
    added = drawn - images
    assert added.min() > -0.6  # ink is only added
    changed = (added > 60).sum(axis=(1, 2)) >= 3
    for label in range(10):
        share = changed[labels == label].mean()
        assert (0.25 < share < 0.55) if label in (0, 1, 9) else share == 0


@pytest.mark.parametrize(("digit", "where"), [(0, "through"), (1, "beside"), (9, "below")])
def test_a_stroke_is_one_piece_with_its_digit(digits, digit, where):
    """It begins at the ink, is about as thick, and lies where such a stroke does."""
    images = digits[0][digits[1] == digit]
    drawn = distorted(images, np.full(len(images), digit), variants=1.0)
    whole = old = 0
    for before, after in zip(images, drawn, strict=True):
        pieces = [ndimage.label(image > 100, structure=np.ones((3, 3)))[1] for image in (before, after)]
        whole, old = whole + (pieces[1] <= pieces[0]), old + 1
        rows, columns = np.nonzero((after > 128) & (before < 64))
        ink_rows, ink_columns = np.nonzero(before > 128)
        if where == "through" and len(rows):
            assert np.ptp(rows) > 0.5 * np.ptp(ink_rows)
        elif where == "below" and len(rows):
            assert rows.mean() > ink_rows.mean()
            assert columns.mean() < ink_columns[ink_rows > ink_rows.max() - 3].mean() + 2
    assert whole >= 0.97 * old


# A recipe's sheet ---------------------------------------------------------------------------------


def test_a_sheet_of_originals_and_distortions(digits):
    images, labels = digits
    data = Dataset.of(images[:300], labels[:300])
    recipe = named_recipe("relu").override({"augment.rotation": 10.0, "augment.calm": ["1", "seven"]})
    sheet = augmented_images(recipe, data, epochs=3)
    assert sheet.classes == list("0123456789")
    assert sheet.distorted.shape == (10, 3, 784)
    assert sheet.settings == "rotation 10, calm 1 and seven"
    assert sheet.notes == ["augment.calm: no class is called seven; nothing turns less for it"]
    assert (np.abs(sheet.distorted - sheet.originals[:, None]).max(axis=2) > 5).all()
    with pytest.raises(RecipeError, match="relu: distorts no images; switch a kind on, such as --rotation 15"):
        augmented_images(named_recipe("relu"), data, epochs=3)


def test_show_augment_draws_the_sheet(glasswork, tmp_path):
    words = "show", "augment", "deep", "--data", "digits"
    printed = glasswork(*words, "--rotation", "10", "--calm", "1,7", "-o", "sheet.png", folder=tmp_path)
    assert printed == "Figure saved to sheet.png\n"
    with Image.open(tmp_path / "sheet.png") as picture:
        assert picture.width > 1000
    assert "distorts no images" in glasswork(*words, folder=tmp_path, status=2)
    assert "expected augment and a recipe" in glasswork("show", "augment", folder=tmp_path, status=2)
    assert "only augment takes these" in glasswork("show", "curves", "--rotation", "5", folder=tmp_path, status=2)


def test_a_run_says_which_classes_it_does_not_have(tmp_path):
    rng = np.random.default_rng(0)
    data = Dataset.of(rng.integers(0, 256, (60, 8, 8), dtype=np.uint8), np.arange(60) % 2, classes=["a", "b"])
    recipe = named_recipe("relu").override(
        {"augment.rotation": 5.0, "augment.calm": ["a", "7"], "augment.variants": 0.1}
    )
    notes = Run(recipe, tmp_path / "run", dataset=data).notes
    assert "augment.calm: no class is called 7; nothing turns less for it" in notes
    assert "augment.variants: no class is called 0 or 1 or 9, so no image gets a stroke" in notes
