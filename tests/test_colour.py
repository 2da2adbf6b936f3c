"""Colour: three planes are inputs with ``data.colour = "rgb"``, and every way in reads pictures as training did."""

import io

import numpy as np
import polars as pl
import pytest
from PIL import Image

from browser import browser
from glasswork import (
    MLP,
    Batches,
    Dataset,
    InputError,
    Inputs,
    Run,
    load_dataset,
    load_model,
    named_recipe,
    predict_file,
)
from glasswork.figures import digits, weights
from glasswork.models.model_file import read_model_file
from glasswork.report import gather, write_report
from glasswork.report.evaluation import evaluate
from glasswork.runs.folder import RunFolder

SIDE, COUNT = 12, 90
RNG = np.random.default_rng(3)
LABELS = np.arange(COUNT) % 3
NAMES = np.array(["blue", "green", "red"])

#: Hues of nearly the same grey: 0.299 red + 0.587 green + 0.114 blue is 90.1, 90.4 and 90.1.
HUES = np.array([[60, 82, 211], [40, 124, 50], [200, 40, 60]])
NOISE = RNG.normal(0, 15, (COUNT, SIDE, SIDE, 1)) + RNG.normal(0, 12, (COUNT, 1, 1, 1))
IMAGES = np.clip(HUES[LABELS][:, None, None, :] + NOISE, 0, 255).astype(np.uint8)


def folder_of_pictures(place, images=IMAGES):
    for k, (image, name) in enumerate(zip(images, NAMES[LABELS], strict=True)):
        (place / "d" / name).mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(place / "d" / name / f"{k:03}.png")
    return place / "d"


def parquet(place):
    cells = []
    for image in IMAGES:
        stream = io.BytesIO()
        Image.fromarray(image).save(stream, "PNG")
        cells.append({"bytes": stream.getvalue(), "path": None})
    pl.DataFrame({"image": cells, "label": NAMES[LABELS]}).write_parquet(place / "train.parquet")
    return place / "train.parquet"


def npz(change):
    def write(place):
        np.savez(place / "d.npz", X=change(IMAGES), y=NAMES[LABELS])
        return place / "d.npz"

    return write


SOURCES = {
    "folders of pictures": folder_of_pictures,
    "Parquet": parquet,
    "NPZ": npz(lambda images: images),
    "NPZ, channels first": npz(lambda images: images.transpose(0, 3, 1, 2)),
    "NPZ, floats and transparency": npz(lambda images: np.insert(images / 255, 3, 1, axis=3)),
}


def train(place, source, colour, **settings):
    asked = {"data.source": str(source), "data.colour": colour, "network.hidden": [16], "training.batch_size": 20}
    recipe = named_recipe("adam").override(
        {**asked, "training.epochs": 12, "optimizer.learning_rate": 0.004} | settings
    )
    with Run(recipe, place) as run:
        list(run.epochs())
    return run


@pytest.fixture(scope="module")
def hues(tmp_path_factory):
    """A folder of pictures that differ in their hues only, and the folders of runs on them."""
    place = tmp_path_factory.mktemp("hues")
    source = folder_of_pictures(place)
    return source, {colour: train(place / colour, source, colour) for colour in ("rgb", "grey")}


@pytest.mark.parametrize("kind", SOURCES)
def test_every_reader_keeps_the_planes(kind, tmp_path):
    data = load_dataset(SOURCES[kind](tmp_path), colour="rgb")
    assert (data.shape, data.classes) == ((SIDE, SIDE, 3), tuple(NAMES))
    order = np.argsort(LABELS, kind="stable") if kind.startswith("folders") else np.arange(COUNT)
    np.testing.assert_array_equal(data.images.reshape(-1, SIDE, SIDE, 3), IMAGES[order])
    grey = load_dataset(SOURCES[kind](tmp_path))
    assert grey.shape == (SIDE, SIDE)
    assert np.abs(grey.images - IMAGES[order].reshape(COUNT, -1, 3) @ [0.299, 0.587, 0.114]).max() < 1.01


def test_only_a_network_that_sees_colours_tells_hues_apart(hues):
    accuracy = {colour: run.test_accuracy for colour, run in hues[1].items()}
    assert accuracy["rgb"] == 100
    assert accuracy["grey"] < 70


def test_findings_on_right_colour_data(hues):
    assert not hues[1]["rgb"].findings


def test_the_contract_travels_with_the_network(hues, glasswork, tmp_path):
    source, runs = hues
    model = load_model(runs["rgb"].folder)
    assert (model.inputs.shape, model.inputs.colour, model.inputs.reading.colour) == ((SIDE, SIDE, 3), "rgb", "rgb")
    words = "in images of 12×12 in colour (the red, green and blue of each pixel in turn)"
    assert words in str(model.inputs)
    assert words in glasswork("data", "inspect", source, "--colour", "rgb", "-o", tmp_path / "s.png", folder=tmp_path)
    assert load_model(runs["grey"].folder).inputs.reading.colour == "grey"
    assert "100.00%" in glasswork("evaluate", runs["rgb"].folder, "--data", source, folder=tmp_path)


def test_pictures_are_read_as_training_read_them(hues, tmp_path):
    source, runs = hues
    rgb, grey = (load_model(runs[colour].folder) for colour in ("rgb", "grey"))
    level = RNG.integers(0, 255, (20, 20)).astype(np.uint8)
    Image.fromarray(level).save(tmp_path / "grey.png")
    small = np.asarray(Image.fromarray(level).resize((SIDE, SIDE), Image.Resampling.BILINEAR))
    [answer] = predict_file(rgb, tmp_path / "grey.png")
    np.testing.assert_allclose(answer.probabilities, rgb.probabilities(np.stack([small] * 3, axis=-1))[0], rtol=1e-5)
    picture = next((source / "red").iterdir())
    pixels = np.asarray(Image.open(picture).convert("L"))
    [answer] = predict_file(grey, picture)
    np.testing.assert_allclose(answer.probabilities, grey.probabilities(pixels)[0], atol=0.02)  # doubt may limit it


def test_images_with_other_planes_are_refused(hues):
    rgb, grey = (load_model(run.folder) for run in hues[1].values())
    np.testing.assert_array_equal(NAMES[rgb.predict(IMAGES)], NAMES[LABELS])
    with pytest.raises(InputError, match=r"colours in the last axis.*images.transpose\(0, 2, 3, 1\)"):
        rgb.predict(IMAGES.transpose(0, 3, 1, 2))
    with pytest.raises(InputError, match=r"numpy.stack\(\[images\] \* 3, axis=-1\)"):
        rgb.predict(IMAGES[..., 0])
    with pytest.raises(InputError, match="convert colours to grey first"):
        grey.predict(IMAGES)


def test_data_without_colours_are_refused_by_key(tmp_path):
    np.savez(tmp_path / "rows.npz", X=IMAGES.reshape(COUNT, -1), y=LABELS)
    (tmp_path / "t.csv").write_text("mass,age,class\n" + "".join(f"{k / 7},{k},{k % 2}\n" for k in range(30)))
    for name in ("rows.npz", "t.csv"):
        with pytest.raises(InputError, match=r"data\.colour: rgb is for pictures"):
            load_dataset(tmp_path / name, colour="rgb")
    with pytest.raises(InputError, match=r'colour="rgb"\) keeps the colours'):
        Dataset.of(IMAGES, LABELS)
    equal = load_dataset("digits", colour="rgb")
    assert equal.shape == (8, 8, 3)
    np.testing.assert_array_equal(equal.images.reshape(-1, 64, 3)[..., 2], load_dataset("digits").images)


def test_arrays_in_colour(tmp_path):
    data = Dataset.of(IMAGES, NAMES[LABELS], colour="rgb")
    recipe = named_recipe("adam").override({"training.batch_size": 20, "training.epochs": 1})
    with Run(recipe, tmp_path / "r", dataset=data) as run:
        list(run.epochs())
        assert run.recipe.data.colour == "rgb"
    assert Batches(IMAGES, LABELS, 10, seed=1).inputs.shape == (SIDE, SIDE, 3)
    asked = named_recipe("adam").override({"data.colour": "rgb"})
    with pytest.raises(InputError, match=r"data\.colour: the recipe says rgb, but the dataset is grey"):
        Run(asked, Dataset.of(IMAGES[..., 0], LABELS))


def shown(figure):
    return [axes.images[0] for axes in figure.axes if axes.images]


def test_figures_show_pictures_as_they_are(hues):
    data = load_dataset(hues[0], colour="rgb")
    for image, label in zip(shown(digits(data)), range(3), strict=True):
        first = data.images[data.labels == label][0].reshape(SIDE, SIDE, 3)
        np.testing.assert_array_equal(np.asarray(image.get_array()), first)
    bars = np.zeros((30, 9, 9), np.uint8)
    bars[:, 2:7, 4] = 255
    for images, black, white in ((255 - bars, 0, 1), (bars, 1, 0), (IMAGES[:30, ..., 1], 0, 1)):
        one = shown(digits(Dataset.of(images, np.arange(30) % 2)))[0]
        np.testing.assert_allclose(one.to_rgba([0, 255])[:, 0], [black, white])


def test_weights_of_three_planes_are_side_by_side(hues):
    model = load_model(hues[1]["rgb"].folder)
    planes = np.asarray(shown(weights(model, shape=(SIDE, SIDE, 3)))[0].get_array())
    kept = model.linear1.weight.reshape(SIDE, SIDE, 3, -1)
    some = [np.abs(kept[..., 2, j] - planes[:, -SIDE:]).max() for j in range(kept.shape[3])]
    assert min(some) < 1e-6
    assert planes.shape[1] >= 3 * SIDE


@pytest.fixture(scope="module")
def chromium():
    with browser() as started:
        yield started


@pytest.mark.parametrize("kind", ["rgb", "black on white"])
def test_the_page_shows_pictures_as_they_are(kind, hues, tmp_path, chromium):
    if kind == "rgb":
        run = hues[1]["rgb"]
    else:
        images = np.full((COUNT, SIDE, SIDE), 250, np.uint8)
        images[np.arange(COUNT), 2 + LABELS * 3, 2:-2] = 10
        run = train(tmp_path / "run", folder_of_pictures(tmp_path, images), "grey", **{"training.epochs": 2})
    folder = RunFolder(run.folder)
    write_report(gather(folder, read_model_file(folder.path), run.parts), tmp_path / "p.html")
    page = chromium.new_page()
    page.goto((tmp_path / "p.html").as_uri())
    page.wait_for_selector("html[data-complete]")
    read = "c => Array.from(c.getContext('2d').getImageData(0, 0, c.width, c.height).data)"
    painted = np.array(page.locator(".strip canvas").first.evaluate(read)).reshape(SIDE, SIDE, 4)[..., :3]
    own = run.parts.test.images[0].reshape(SIDE, SIDE, -1)
    np.testing.assert_array_equal(painted, np.broadcast_to(own, painted.shape))
    if kind == "rgb":
        assert (
            "This network sees colours, and a drawing would have none"
            in page.locator("[data-part=board]").text_content()
        )
        large = Image.fromarray(RNG.integers(0, 255, (30, 31, 3)).astype(np.uint8))
        large.save(tmp_path / "large.png")
        page.locator("#picture").set_input_files(tmp_path / "large.png")
        page.get_by_text("Read in colour, at the size of the training images.").wait_for()
        painted = np.array(page.locator(".input").evaluate(read)).reshape(SIDE, SIDE, 4)[..., :3]
        np.testing.assert_array_equal(painted, large.resize((SIDE, SIDE), Image.Resampling.BOX))
    page.close()


def test_changes_move_the_planes_alike(hues):
    run = hues[1]["rgb"]
    folder = RunFolder(run.folder)
    found = {one.name: one for one in gather(folder, read_model_file(folder.path), run.parts).evaluation.robustness}
    assert min(found["Shift"].accuracies[:3] + found["Rotation"].accuracies) == 100


def test_black_on_white_is_changed_like_its_negative():
    images = np.where(RNG.random((COUNT, SIDE * SIDE)) > 0.8, 255, 0).astype(np.uint8)
    light, dark = (MLP(SIDE * SIDE, 16, 3, seed=2) for _ in range(2))
    dark.linear1.weight[...] = -light.linear1.weight  # pixels are scaled to -1 to 1, so it answers to the negative
    for model in (light, dark):
        model.inputs = Inputs.of_bytes(shape=(SIDE, SIDE))
    labels = light.predict(images)
    assert len(np.unique(labels)) > 1
    ours = evaluate(light, images, labels, (SIDE, SIDE), 3)
    theirs = evaluate(dark, 255 - images, labels, (SIDE, SIDE), 3, dark=True)
    assert min(min(one.accuracies) for one in ours.robustness) < 90
    for one, other in zip(ours.robustness, theirs.robustness, strict=True):
        np.testing.assert_allclose(other.accuracies, one.accuracies, atol=100 * 1.1 / COUNT)  # one image on the edge
