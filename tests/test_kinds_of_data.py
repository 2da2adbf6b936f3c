"""Thirteen kinds of data: a network gives one answer to what it was trained on, whichever way it is asked."""

import io
import json
import struct

import numpy as np
import onnxruntime
import pandas as pd
import polars as pl
import pytest
from PIL import Image

from browser import browser
from glasswork import InputError, Run, load_dataset, load_model, named_recipe, predict_file
from glasswork.interop import to_onnx
from glasswork.models.model_file import read_model_file
from glasswork.report import gather, write_report
from glasswork.runs.folder import RunFolder

SIDE, COUNT, ASKED = 12, 90, 6
RNG = np.random.default_rng(7)
LABELS = np.arange(COUNT) % 3


def bars(labels, side, classes):
    """Bright bars on a dark ground, at a place that depends on the class: (n, side, side) bytes."""
    images = RNG.integers(0, 40, (len(labels), side, side))
    images[np.arange(len(labels)), 1 + labels * (side - 2) // classes, 2 : side - 2] = 250
    return images.astype(np.uint8)


IMAGES = bars(LABELS, SIDE, 3)


def idx(folder):
    for name, array in (("images-idx3", IMAGES), ("labels-idx1", LABELS.astype(np.uint8))):
        head = struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape)
        (folder / f"train-{name}-ubyte").write_bytes(head + array.tobytes())
    path = folder / "train-images-idx3-ubyte"
    return path, path, IMAGES


def npz(scale, dtype):
    def write(folder):
        images = (IMAGES * (scale / 255)).astype(dtype)
        np.savez(folder / "d.npz", X=images, y=LABELS)
        return folder / "d.npz", folder / "d.npz", images

    return write


def pictures(make, suffix="png", size=SIDE):
    """Return what writes a folder for each class; the pictures that are asked about are those of the training."""

    def write(folder):
        for k, (image, label) in enumerate(zip(IMAGES, LABELS, strict=True)):
            place = folder / "d" / "abc"[label]
            place.mkdir(parents=True, exist_ok=True)
            picture = Image.fromarray(make(image))
            picture = picture if size == SIDE or k % 9 == 0 else picture.resize((size, size), Image.Resampling.NEAREST)
            picture.save(place / f"{k:03}.{suffix}")
        return folder / "d", folder / "d", None

    return write


def coloured(image):
    return np.stack([image, image // 2, np.full_like(image, 30)], axis=-1)


def hues(folder):
    """Pictures of bars that are red, green or blue, on a ground that hides them in grey; sizes are mixed."""
    ink = np.array([[200, 40, 60], [40, 124, 50], [60, 82, 211]])[LABELS][:, None, None, :]
    images = np.where(IMAGES[..., None] > 100, ink, 90).astype(np.uint8)
    for k, (image, label) in enumerate(zip(images, LABELS, strict=True)):
        (folder / "d" / "abc"[label]).mkdir(parents=True, exist_ok=True)
        picture = Image.fromarray(image)
        picture = picture.resize((30, 25), Image.Resampling.NEAREST) if k % 9 == 5 else picture
        picture.save(folder / "d" / "abc"[label] / f"{k:03}.png")
    return folder / "d", folder / "d", None


def table(numbers, names, reorder):
    """Return what writes a CSV with a header, and asks about its rows with the columns in another order."""

    def write(folder):
        frame = pd.DataFrame(numbers, columns=names)
        frame["target"] = np.array(list("abc"))[LABELS]
        frame.to_csv(folder / "train.csv", index=False)
        frame[reorder(names)].to_csv(folder / "ask.csv", index=False)
        return folder / "train.csv", folder / "ask.csv", numbers

    return write


def emnist(folder):
    labels = np.arange(468) % 26
    lying = bars(labels, 28, 26).swapaxes(1, 2).reshape(468, 784)
    np.savetxt(folder / "emnist-letters-train.csv", np.column_stack([labels + 1, lying]), "%d", ",")
    path = folder / "emnist-letters-train.csv"
    return path, path, None


def parquet(folder):
    cells = []
    for image in IMAGES:
        stream = io.BytesIO()
        Image.fromarray(image).save(stream, "PNG")
        cells.append({"bytes": stream.getvalue(), "path": None})
    pl.DataFrame({"image": cells, "label": LABELS}).write_parquet(folder / "train.parquet")
    return folder / "train.parquet", folder / "train.parquet", None


FEATURES = np.column_stack(
    [RNG.normal(LABELS, 0.2) * 1000, RNG.normal(-LABELS, 0.2), RNG.normal(0, 1e-3, COUNT), RNG.normal(LABELS**2, 0.3)]
)
PIXEL_NAMES = [f"pixel{k}" for k in range(SIDE * SIDE)]
KINDS = {
    "MNIST's IDX": (idx, "digits"),
    "bytes in .npz": (npz(255, np.uint8), ""),
    "floats from 0 to 1 in .npz": (npz(1, np.float32), "read from values of 0 to 1"),
    "0 to 16 in .npz": (npz(16, np.uint8), "read from values of 0 to 16"),
    "pictures of 16 bits": (pictures(lambda image: image.astype(np.uint16) * 257), "light on dark"),
    "black on white pictures": (pictures(lambda image: 255 - image), "dark on light"),
    "pictures in colour": (pictures(coloured), ""),
    "pictures in three planes": (hues, "12×12 in colour (the red, green and blue of each pixel in turn)"),
    "CSV of pixels": (table(IMAGES.reshape(COUNT, -1), PIXEL_NAMES, lambda names: names[::-1]), "in columns pixel0"),
    "CSV of features": (
        table(FEATURES, ["mass", "charge", "shift", "age"], lambda names: ["age", "target", *names[:3]]),
        "4 features",
    ),
    "a folder of classes, sizes mixed": (pictures(lambda image: image, "bmp", 30), "light on dark"),
    "EMNIST's CSV": (emnist, "images of 28×28"),
    "Hugging Face's Parquet": (parquet, "light on dark"),
}


@pytest.fixture(scope="module")
def chromium():
    with browser() as started:
        yield started


@pytest.mark.parametrize("kind", KINDS)
def test_one_answer_to_the_training_data(kind, tmp_path, glasswork, chromium):
    write, words = KINDS[kind]
    source, ask, raw = write(tmp_path)
    stated = [0, 16] if kind.startswith("0 to 16") else []
    colour = "rgb" if kind.endswith("three planes") else "grey"
    asked = {"data.source": str(source), "data.range": stated, "data.colour": colour}
    asked |= {"network.hidden": [24], "training.batch_size": 20}
    recipe = named_recipe("adam").override({**asked, "training.epochs": 30, "optimizer.learning_rate": 0.004})
    with Run(recipe, tmp_path / "run") as run:
        assert list(run.epochs())[-1].valid_accuracy > 60
    model, data = load_model(tmp_path / "run"), load_dataset(source, data_range=tuple(stated) or None, colour=colour)
    assert (model.classes, model.inputs.kind) == (data.classes, data.kind)
    assert words in str(model.inputs) or words == "digits"

    labels = [model.classes[k] for k in model.predict(data.images)]
    assert np.mean(np.array(labels) == np.array(data.classes)[data.labels]) > 0.8
    if raw is not None:
        assert [model.classes[k] for k in model.predict(raw)] == labels

    answers = predict_file(model, ask)
    assert [answer.label for answer in answers] == labels
    told = glasswork("predict", tmp_path / "run", ask, "--json", folder=tmp_path)
    printed = json.JSONDecoder().raw_decode(told)[0]
    assert [(one["label"], one["confidence"], one["unlike"]) for one in printed] == [
        (answer.label, round(answer.confidence, 6), answer.unlike) for answer in answers
    ]

    to_onnx(model, tmp_path / "model.onnx")
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx")
    facts = session.get_modelmeta().custom_metadata_map
    prepared = read_model_file(tmp_path / "run").prepared(data.images)
    (scores,) = session.run(None, {"images": prepared})
    assert [json.loads(facts["classes"])[k] for k in scores.argmax(axis=1)] == labels
    assert json.loads(facts["inputs"])["kind"] == data.kind

    write_report(gather(RunFolder(tmp_path / "run"), read_model_file(tmp_path / "run"), run.parts), tmp_path / "p.html")
    page = chromium.new_page()
    page.goto((tmp_path / "p.html").as_uri())
    page.wait_for_selector("html[data-complete]")
    asked = data.images if data.kind == "features" else data.images[:ASKED]
    found = np.array(page.evaluate("all => all.map(bytes => glasswork.scores(bytes))", asked.tolist()))
    np.testing.assert_allclose(found, model.scores(asked), rtol=1e-5, atol=1e-5)
    shares = page.evaluate("all => all.map(bytes => glasswork.shares(bytes))", data.images[:ASKED].tolist())
    assert [model.classes[int(np.argmax(one))] for one in shares] == labels[:ASKED]
    np.testing.assert_allclose([max(one) for one in shares], [a.confidence for a in answers[:ASKED]], atol=0.02)
    if ask.is_dir():
        files = [answer.item for answer in answers][:: len(answers) // ASKED][:ASKED]
        for answer in answers[:: len(answers) // ASKED][:ASKED]:
            page.locator("#picture").set_input_files(ask / answer.item)
            page.locator(".drop [role=status]:not(:empty)").wait_for()
            assert page.locator(".verdict strong").first.text_content().rstrip("?") == answer.label, files
            page.evaluate("document.querySelector('.drop [role=status]').textContent = ''")
    page.close()


def test_a_table_with_other_columns(tmp_path, glasswork):
    source, _, _ = KINDS["CSV of features"][0](tmp_path)
    recipe = named_recipe("adam").override(
        {"data.source": str(source), "training.epochs": 2, "training.batch_size": 20}
    )
    with Run(recipe, tmp_path / "run") as run:
        list(run.epochs())
    frame = pd.read_csv(source)
    frame.drop(columns=["charge"]).to_csv(tmp_path / "missing.csv", index=False)
    frame.assign(colour=1.5).to_csv(tmp_path / "surplus.csv", index=False)
    with pytest.raises(InputError, match="the columns charge are missing, which the network was trained on"):
        predict_file(load_model(tmp_path / "run"), tmp_path / "missing.csv")
    for words in (("evaluate", "run", "--data", "missing.csv"), ("predict", "run", "missing.csv")):
        assert "columns charge are missing" in glasswork(*words, folder=tmp_path, status=1)
    printed = glasswork("predict", "run", "surplus.csv", folder=tmp_path)
    assert "not used, as the network was not trained on them: the columns colour" in printed
    assert printed.count("% sure") == COUNT
    whole = glasswork("evaluate", "run", "--data", "surplus.csv", folder=tmp_path).splitlines()[0]
    assert whole.split("(")[0] == glasswork("evaluate", "run", "--data", "train.csv", folder=tmp_path).split("(")[0]

    unlabelled = frame.drop(columns=["target", "age"]).assign(site=np.arange(COUNT) % 2)  # which looks like labels
    unlabelled[["site", "shift", "charge", "mass"]].to_csv(tmp_path / "asked.csv", index=False)
    with pytest.raises(InputError, match=r"the columns age are missing.*has site in their place"):
        predict_file(load_model(tmp_path / "run"), tmp_path / "asked.csv")
    (tmp_path / "twice.csv").write_text("mass,charge,shift,age,charge\n1000,-1,0,1,7\n2000,-2,0,4,7\n")
    assert "two columns are called 'charge'" in glasswork("predict", "run", "twice.csv", folder=tmp_path, status=1)
    frame.drop(columns="target").to_csv(tmp_path / "bare.csv", index=False, header=False)
    bare = glasswork("predict", "run", "bare.csv", folder=tmp_path)
    assert "columns have no names: they are taken in the order of the training data" in bare
    assert bare.count("% sure") == COUNT


@pytest.mark.parametrize("top", [16, 1023, 4095])
@pytest.mark.parametrize("form", ["folder", "shards"])
def test_pictures_whose_levels_have_a_stated_range(top, form, tmp_path):
    """Cameras of 12 bits write TIFFs of 16, and masks hold 0 to 16: a picture is read again as in training."""
    raw = np.rint(IMAGES / 255.0 * top).astype(np.uint16 if top > 255 else np.uint8)
    suffix, source = "tif" if top > 255 else "png", tmp_path / "d"
    cells = []
    for k, (image, label) in enumerate(zip(raw, LABELS, strict=True)):
        stream = io.BytesIO()
        Image.fromarray(image).save(stream, {"tif": "TIFF", "png": "PNG"}[suffix])
        cells.append({"bytes": stream.getvalue(), "path": None})
        if form == "folder":
            (source / "abc"[label]).mkdir(parents=True, exist_ok=True)
            (source / "abc"[label] / f"{k:03}.{suffix}").write_bytes(stream.getvalue())
    if form == "shards":
        (source / "data").mkdir(parents=True)
        for shard in range(2):
            rows = slice(shard * COUNT // 2, (shard + 1) * COUNT // 2)
            frame = pl.DataFrame({"image": cells[rows], "label": LABELS[rows]})
            frame.write_parquet(source / "data" / f"train-0000{shard}-of-00002.parquet")
    dim = load_dataset(source)
    assert any("--data-range" in note for note in dim.origin.assumed)
    asked = {"data.source": str(source), "data.range": [0, top], "training.epochs": 25, "training.batch_size": 10}
    with Run(named_recipe("adam").override({**asked, "network.hidden": [24]}), tmp_path / "run") as run:
        list(run.epochs())
    model = load_model(tmp_path / "run")
    data = load_dataset(source, data_range=(0, top))
    shown = raw[np.argsort(LABELS, kind="stable")] if form == "folder" else raw
    np.testing.assert_array_equal(data.images, np.rint(shown.reshape(COUNT, -1) * (255 / top)))
    labels = [model.classes[k] for k in model.predict(data.images)]
    assert np.mean(np.array(labels) == np.array(data.classes)[data.labels]) > 0.9
    assert f"read from values of 0 to {top}" in str(model.inputs)
    assert [model.classes[k] for k in model.predict(shown)] == labels
    asked_about = source if form == "folder" else source / "data"
    assert [answer.label for answer in predict_file(model, asked_about)] == labels
    np.testing.assert_array_equal(load_dataset(source, like=model.inputs).images, data.images)
    with pytest.raises(InputError, match="expected 0 to 10, as the range says"):
        load_dataset(source, data_range=(0, 10))


def test_shards_of_pictures_keep_their_colours(tmp_path):
    cells = [{"bytes": io.BytesIO(), "path": None} for _ in range(8)]
    for k, cell in enumerate(cells):
        Image.new("RGB", (6, 6), [(250, 10, 10), (10, 10, 250)][k % 2]).save(cell["bytes"], "PNG")
        cell["bytes"] = cell["bytes"].getvalue()
    for shard in range(2):
        frame = pl.DataFrame({"image": cells[:4], "label": [0, 1, 0, 1]})
        frame.write_parquet(tmp_path / f"train-0000{shard}-of-00002.parquet")
    data = load_dataset(tmp_path, colour="rgb")
    assert data.shape == (6, 6, 3)
    assert data.images[:2, :3].tolist() == [[250, 10, 10], [10, 10, 250]]


def test_doubt_about_images_that_are_not_square(tmp_path, glasswork, chromium):
    """Figures on tall paper, and scribbles: command, JSON, Python and page say alike which are strange."""
    labels = np.arange(240) % 3
    images = RNG.integers(0, 30, (240, 18, 10))
    for image, label, at in zip(images, labels, RNG.integers(2, 6, 240), strict=True):
        image[at : at + 10, 3 + label] = 250
        image[at + 3 * label, 2:8] = 250
    images = images.astype(np.uint8)
    np.savez(tmp_path / "tall.npz", X=images, y=labels)
    scribbles = RNG.integers(0, 2, (8, 18, 10)) * np.uint8(255)
    np.save(tmp_path / "ask.npy", np.concatenate([images[:8], scribbles]))
    recipe = named_recipe("adam").override(
        {"data.source": str(tmp_path / "tall.npz"), "training.epochs": 8, "training.batch_size": 20}
    )
    with Run(recipe, tmp_path / "run") as run:
        list(run.epochs())
    read = read_model_file(tmp_path / "run")
    answers = predict_file(load_model(tmp_path / "run"), tmp_path / "ask.npy")
    assert sum(answer.unlike for answer in answers[:8]) <= 1
    assert all(answer.unlike for answer in answers[8:])
    assert max(answer.confidence for answer in answers[8:]) < 0.9 < max(answer.confidence for answer in answers[:8])
    told = json.JSONDecoder().raw_decode(glasswork("predict", "run", "ask.npy", "--json", folder=tmp_path))[0]
    assert [one["strangeness"] for one in told] == [round(answer.strangeness, 3) for answer in answers]

    write_report(gather(RunFolder(tmp_path / "run"), read, run.parts), tmp_path / "p.html")
    page = chromium.new_page()
    page.goto((tmp_path / "p.html").as_uri())
    page.wait_for_selector("html[data-complete]")
    rows = np.load(tmp_path / "ask.npy").reshape(16, 180).tolist()
    strange, shares = page.evaluate("all => [all.map(glasswork.strangeness), all.map(glasswork.shares)]", rows)
    np.testing.assert_allclose(strange, [answer.strangeness for answer in answers], atol=0.01)
    np.testing.assert_allclose([max(one) for one in shares], [answer.confidence for answer in answers], atol=0.01)
    page.close()
