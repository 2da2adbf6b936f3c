"""Augmentation: SciPy is the oracle; an image of an epoch is the same in any batch and on any engine."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter, map_coordinates

from glasswork import MLP, SGD, Augmentation, Batches, CrossEntropyLoss, InputError, Recipe, RecipeError, Run, fit
from glasswork.data.augment import sample
from glasswork.data.augment.elastic import ElasticFields
from glasswork.data.augment.sampling import pad
from glasswork.data.mapped import MappedRows
from glasswork.engine.compiled.sampling import sampler
from glasswork.randomness import Purpose, random_words, uniform

ALL = {"rotation": 15.0, "scale": 0.15, "shear": 0.15, "shift": 2.0, "elastic": 1.2}
SHAPES = [(28, 28), (5, 9), (1, 6), (12, 7, 3)]

compiled = sampler(2, np.dtype(np.float32))


def images(count, shape=(12, 9), *, seed=0):
    """Blots on a dark ground, that touch no border."""
    drawn = np.random.default_rng(seed).integers(0, 256, (count, *shape), dtype=np.uint8)
    drawn[:, [0, -1]] = drawn[:, :, [0, -1]] = 10
    return drawn


def loader(count=40, shape=(12, 9), batch=7, *, seed=3, **settings):
    labels = np.arange(count) % 4
    options = settings.pop("options", {})
    return Batches(
        images(count, shape), labels, batch, seed=seed, classes=4, augment=Augmentation(**(settings or ALL)), **options
    )


def network(seed=0):
    return MLP(108, 16, 4, activation="relu", output_activation=None, rng=np.random.default_rng(seed))


# Where pixels are sampled -------------------------------------------------------------------------


@pytest.mark.parametrize("function", [sample, compiled], ids=["numpy", "compiled"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_pixels_are_those_of_scipy(shape, function):
    """Bilinear interpolation, with ground outside, at any place inside and outside of the image."""
    rng = np.random.default_rng(1)
    height, width, channels = *shape[:2], int(np.prod(shape[2:]))
    given = rng.integers(0, 256, (6, height, width, channels), dtype=np.uint8)
    ground = rng.integers(0, 256, channels, dtype=np.uint8)
    matrices = (np.eye(2, 3) + rng.normal(0, 0.3, (6, 2, 3))).astype(np.float32)
    fields = rng.normal(0, 3, (6, 2, height, width)).astype(np.float32)
    got = np.empty((6, height * width * channels), np.float32)
    function(pad(given, ground), matrices, fields, got)
    row, column = np.mgrid[:height, :width]
    for i in range(6):
        x, y = (matrices[i, k].astype(float) @ np.stack([column, row, column * 0 + 1]).reshape(3, -1) for k in (0, 1))
        places = np.stack([y + fields[i, 1].ravel(), x + fields[i, 0].ravel()])
        for k in range(channels):
            expected = map_coordinates(
                given[i, :, :, k].astype(float), places, order=1, mode="grid-constant", cval=ground[k]
            )
            np.testing.assert_allclose(got[i, k::channels], expected / 127.5 - 1, rtol=0, atol=1e-5)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_both_functions_agree(shape):
    batches = loader(30, shape)
    rows = np.arange(30)
    np.testing.assert_allclose(
        batches.distorted(rows, 2, compiled), batches.distorted(rows, 2), rtol=0, atol=1e-5, strict=True
    )


def test_no_strength_changes_no_bit():
    """Nor does the compiled function, but for the last digit."""
    batches = loader(**ALL, start_strength=0.0, end_strength=0.0, epochs=3)
    (plain,) = Batches(batches.images, batches.labels, 40, seed=0, shuffle=False, classes=4).batches(1)
    assert batches.distorted(np.arange(40), 1).tobytes() == plain[0].tobytes()
    np.testing.assert_allclose(batches.distorted(np.arange(40), 1, compiled), plain[0], rtol=0, atol=2e-7)


# The field ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("smoothness", [1.0, 4.0, 9.0])
def test_the_field_is_that_of_simard(smoothness):
    """Its mean, its spread and its correlation are those of uniform noise, a number a pixel, after SciPy's filter."""
    size = 20, 26
    fields = ElasticFields(size, smoothness)
    words = random_words(5, Purpose.DISTORTION, epoch=1, part=1, indices=np.arange(1500), count=fields.words)
    drawn = fields.fields(words, 1.5)
    assert drawn.shape == (1500, 2, *size)
    np.testing.assert_allclose(drawn.mean(axis=0), 0, atol=1.5 * 5 / np.sqrt(1500))
    np.testing.assert_allclose(drawn.std(axis=0), 1.5, rtol=0.1)
    noise = np.random.default_rng(0).uniform(-1, 1, (400, 400))
    smooth = gaussian_filter(noise, smoothness)
    for apart in (1, 3, 6):
        expected = np.corrcoef(smooth[:, apart:].ravel(), smooth[:, :-apart].ravel())[0, 1]
        for one, other in (
            (drawn[..., apart:], drawn[..., :-apart]),
            (drawn[..., apart:, :], drawn[..., :-apart, :]),
        ):
            assert np.corrcoef(one.ravel(), other.ravel())[0, 1] == pytest.approx(expected, abs=0.05)
    assert abs(np.corrcoef(drawn[:, 0].ravel(), drawn[:, 1].ravel())[0, 1]) < 0.02


# A function of seed, epoch and index --------------------------------------------------------------


@pytest.mark.parametrize("function", [sample, compiled], ids=["numpy", "compiled"])
def test_an_image_of_an_epoch_is_always_the_same(function):
    """Whatever its batch is and wherever it is in it."""
    batches = loader(300)
    whole = batches.distorted(np.arange(300), 7, function)
    order = np.random.default_rng(2).permutation(300)
    assert batches.distorted(order, 7, function).tobytes() == whole[order].tobytes()
    for row in (0, 41, 299):
        assert batches.distorted(np.array([row]), 7, function)[0].tobytes() == whole[row].tobytes()
    others = batches.distorted(np.arange(300), 8, function), loader(300, seed=4).distorted(np.arange(300), 7, function)
    for other in others:
        assert (np.abs(other - whole).max(axis=1) > 0.01).all()


def test_random_words_are_those_of_splitmix():
    """The reference values for the seed 1234567 that its authors publish, and nothing shared between positions."""
    from glasswork import randomness

    state = np.array([1234567], np.uint64) + np.uint64(randomness._GOLDEN) * np.arange(1, 6, dtype=np.uint64)
    assert randomness._mix(state).tolist() == [
        6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431, 16408922859458223821,
    ]  # fmt: skip
    drawn = [
        random_words(seed, Purpose.DISTORTION, epoch=epoch, part=part, indices=np.arange(100), count=20)
        for seed in (0, 1)
        for epoch in (1, 2)
        for part in (0, 1)
    ]
    assert len(np.unique(drawn)) == 2 * 2 * 2 * 100 * 20
    numbers = uniform(np.concatenate(drawn))
    assert 0 <= numbers.min() < 0.001
    assert 0.999 < numbers.max() < 1
    np.testing.assert_allclose(np.bincount((numbers * 10).astype(int).ravel()), 1600, rtol=0.1)


def test_the_loader_distorts_for_training_only():
    batches = loader(options={"drop_last": False})
    first = [x.copy() for x, _ in batches]
    again = [x.copy() for x, _ in batches.batches(1)]
    second = [x.copy() for x, _ in batches]
    assert [x.tobytes() for x in first] == [x.tobytes() for x in again] != [x.tobytes() for x in second]
    order = batches.order(1)
    assert np.concatenate(first).tobytes() == batches.distorted(order, 1).tobytes()
    plain = np.concatenate([x.copy() for x, _ in batches.for_evaluation()])
    np.testing.assert_allclose(plain, (batches.images / 127.5) - 1, atol=1e-6)


def test_images_that_are_mapped_from_the_disk_are_the_same(tmp_path):
    """On both engines, which read them a batch at a time."""
    np.save(tmp_path / "images.npy", images(60).reshape(60, -1))
    rows = np.random.default_rng(3).permutation(60)[:40]
    mapped = MappedRows(np.load(tmp_path / "images.npy", mmap_mode="r"), rows)
    weights = []
    for held in (mapped, mapped[:]):
        for engine in ("numpy", "compiled"):
            model = network()
            batches = Batches(held, np.arange(40) % 4, 9, seed=3, augment=Augmentation(**ALL), shape=(12, 9), classes=4)
            optimizer = SGD(model.parameters(), model.gradients(), lr=0.1)
            assert len(list(fit(model, batches, None, optimizer, CrossEntropyLoss(), epochs=2, engine=engine))) == 2
            weights.append(np.concatenate([array.ravel() for array in model.parameters()]))
    np.testing.assert_array_equal(weights[0], weights[2])
    np.testing.assert_array_equal(weights[1], weights[3])
    np.testing.assert_allclose(weights[1], weights[0], rtol=0, atol=1e-5)


def test_targets_and_a_single_column_are_distorted_alike():
    """Without labels no class is calm; with one column there are two classes."""
    given, settings = images(40), {**ALL, "calm": ("1",)}
    labels = np.arange(40) % 2
    options = {"seed": 3, "augment": Augmentation(**settings)}
    plain = Batches(given, labels, 8, classes=2, **options).distorted(np.arange(40), 1)
    single = Batches(given, labels, 8, classes=1, **options).distorted(np.arange(40), 1)
    np.testing.assert_array_equal(single, plain)
    targets = Batches(given, np.eye(2)[labels], 8, targets=True, **options).distorted(np.arange(40), 1)
    np.testing.assert_array_equal(targets[::2], plain[::2])
    assert (np.abs(targets[1::2] - plain[1::2]).max(axis=1) > 0.01).mean() > 0.8  # but for the smallest angles


def test_the_strength_over_the_epochs():
    plain = Augmentation(rotation=5)
    assert [plain.strength(epoch) for epoch in (1, 9)] == [1, 1]
    weak_end = Augmentation(rotation=5, end_strength=0.6, epochs=20)  # 15 % of 20 are 3
    assert [weak_end.strength(epoch) for epoch in (1, 17, 18, 20, 25)] == [1, 1, 0.6, 0.6, 0.6]
    strong_start = Augmentation(rotation=5, start_strength=1.5, end_share=0, epochs=5)
    assert [strong_start.strength(epoch) for epoch in (1, 3, 5)] == pytest.approx([1.5, 1.25, 1])


def places(**settings):
    """Return where the pixels of 600 images are sampled, ``(600, 2, 3)``, read off images that are a slope."""
    found = []
    for axis in (1, 0):
        slope = np.broadcast_to(np.moveaxis(np.arange(0, 250, 10, dtype=np.uint8)[None], 1, axis), (600, 25, 25))
        batches = Batches(slope, np.arange(600) % 2, 10, seed=0, classes=2, augment=Augmentation(**settings))
        inside = batches.distorted(np.arange(600), 1).reshape(-1, 25, 25)[:, 8:17, 8:17] * 12.75 + 12.75 - 12  # pixels
        found.append([
            np.gradient(inside, axis=2).mean(axis=(1, 2)),
            np.gradient(inside, axis=1).mean(axis=(1, 2)),
            inside.mean(axis=(1, 2)),
        ])  # fmt: skip
    return np.array(found).transpose(2, 0, 1)


@pytest.mark.parametrize(
    ("name", "largest", "entries"),
    [("scale", 0.2, [(0, 0), (1, 1)]), ("shear", 0.3, [(0, 1)]), ("shift", 3.0, [(0, 2), (1, 2)])],
)
def test_an_affine_setting_is_the_largest_change(name, largest, entries):
    """Uniform, one entry of the matrix independent of the other; the rest stays that of an image as it is."""
    changes = places(**{name: largest}) - np.eye(2, 3)
    drawn = [changes[:, row, column].copy() for row, column in entries]
    for values in drawn:
        assert np.abs(values).max() == pytest.approx(largest, rel=0.02)
        assert values.min() < -0.97 * largest
        assert values.std() == pytest.approx(largest / 3**0.5, rel=0.1)
        assert values.mean() == pytest.approx(0, abs=0.08 * largest)
    if len(drawn) > 1:
        assert abs(np.corrcoef(drawn)[0, 1]) < 0.15
    for row, column in entries:
        changes[:, row, column] = 0
    np.testing.assert_allclose(changes, 0, atol=1e-4)


def test_calm_classes_turn_half_as_far():
    turned = places(rotation=30, calm=("1",))
    np.testing.assert_allclose(turned[:, 0, 0] ** 2 + turned[:, 1, 0] ** 2, 1, atol=1e-3)
    angles = np.degrees(np.arctan2(turned[:, 1, 0], turned[:, 0, 0]))
    for label, largest in ((0, 30), (1, 15)):
        assert 0.97 * largest < np.abs(angles[label::2]).max() <= largest * 1.001
        assert angles[label::2].std() == pytest.approx(largest / 3**0.5, rel=0.1)


# Both engines, recipes and runs -------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_both_engines_learn_from_the_same_images(dtype):
    weights = []
    for engine in ("numpy", "compiled"):
        model = MLP(108, 16, 4, activation="relu", output_activation=None, rng=np.random.default_rng(0), dtype=dtype)
        batches = loader(batch=9, options={"dtype": dtype, "drop_last": False, "weights": np.linspace(0, 2, 40)})
        optimizer = SGD(model.parameters(), model.gradients(), lr=0.1)
        results = list(fit(model, batches, None, optimizer, CrossEntropyLoss(), epochs=3, engine=engine))
        assert len(results) == 3
        weights.append(np.concatenate([array.ravel() for array in model.parameters()]))
    np.testing.assert_allclose(weights[1], weights[0], rtol=0, atol=1e-5)


def recipe(**changes):
    return Recipe.from_dict({
        "name": "distorted", "augment": {"rotation": 20, "elastic": 1.0, "end_strength": 0.5, "calm": ["1"]},
        "network": {"hidden": [8], "activation": "relu"}, "training": {"epochs": 4, "batch_size": 16},
    }).override(changes)  # fmt: skip


def data():
    return images(160), np.arange(160) % 4


@pytest.mark.parametrize("engine", ["numpy", "compiled"])
def test_a_stopped_run_resumes_bit_for_bit(engine, tmp_path):
    """Stopped within an epoch, by an exception between two steps."""

    def stop(progress):
        if progress.step == 14:
            raise KeyboardInterrupt

    with Run(recipe(), tmp_path / "whole", dataset=data(), engine=engine) as run:
        list(run.epochs())
    cut = Run(recipe(), tmp_path / "cut", dataset=data(), engine=engine, checkpoint_every=0)
    with pytest.raises(KeyboardInterrupt), cut:
        list(cut.epochs(after_step=stop))
    with Run.resume(tmp_path / "cut") as run:
        list(run.epochs())
    whole, resumed = ((tmp_path / name / "model.safetensors").read_bytes() for name in ("whole", "cut"))
    assert whole == resumed
    with Run(recipe(**{"augment.rotation": 0.0}), tmp_path / "other", dataset=data(), engine=engine) as run:
        list(run.epochs())
    assert (tmp_path / "other" / "model.safetensors").read_bytes() != whole


def test_a_run_with_a_weak_end_cannot_be_extended(tmp_path):
    with Run(recipe(), tmp_path / "run", dataset=data()) as run:
        list(run.epochs())
    with pytest.raises(RecipeError, match=r"strength of the distortions of .* was planned for 4 epochs"):
        Run.resume(tmp_path / "run", epochs=5)


def test_a_recipe_names_its_keys():
    with pytest.raises(RecipeError, match=r"augment\.rotatoin: no such key; did you mean rotation\?"):
        Recipe.from_dict({"name": "x", "augment": {"rotatoin": 3}})
    with pytest.raises(
        RecipeError, match=r"augment\.scale: expected a finite number, at least 0 and at most 0.5, got 2"
    ):
        recipe(**{"augment.scale": 2})
    assert Recipe.from_dict(recipe().to_dict()) == recipe()


# What cannot be distorted -------------------------------------------------------------------------


def test_what_is_no_image_is_refused(tmp_path):
    labels = np.arange(40) % 4
    table = np.random.default_rng(0).normal(size=(40, 5))
    augment = Augmentation(rotation=5)
    with pytest.raises(InputError, match="augment: expected images, with pixels as bytes from 0 to 255, got float64"):
        Batches(table, labels, 10, seed=0, augment=augment)
    with pytest.raises(
        InputError, match=r"expected images of a known shape, got rows of 108 pixels; .*shape=\(28, 28\)"
    ):
        Batches(images(40).reshape(40, 108), labels, 10, seed=0, augment=augment)
    with pytest.raises(InputError, match=r"expected images of shape \(5, 5\), got rows of 108 pixels"):
        Batches(images(40).reshape(40, 108), labels, 10, seed=0, augment=augment, shape=(5, 5))
    assert Batches(table, labels, 10, seed=0, augment=Augmentation()).augment is None
    with pytest.raises(RecipeError, match=r"augment: expected images, .* a table of features"):
        Run(recipe(), tmp_path / "run", dataset=(table, labels))
    with pytest.raises(
        InputError, match="Augmentation: expected rotation to be a finite number, at least 0 and at most"
    ):
        Augmentation(rotation=-1)
    for epochs in (0, 1.5, "20"):
        with pytest.raises(
            InputError, match=f"Augmentation: expected epochs to be an integer of at least 1, got {epochs!r}"
        ):
            Augmentation(rotation=5, epochs=epochs)
    with pytest.raises(InputError, match="a strength that changes needs epochs"):
        Augmentation(rotation=5, end_strength=0.5)
