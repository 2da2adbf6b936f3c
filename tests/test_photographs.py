"""What people photograph: several digits, frames, edges, shadows, specks; and what is no digit at all."""

import importlib.util
import itertools
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pillow_heif
import pytest
from PIL import Image, ImageDraw
from scipy import ndimage
from typer.testing import CliRunner

from glasswork import (
    MLP,
    Adam,
    CrossEntropyLoss,
    Digit,
    FileError,
    InputError,
    ReLU,
    Run,
    fit,
    named_recipe,
    read_digits,
    read_image,
)
from glasswork.data.photos import read_picture
from glasswork.models.doubt import ReferenceSet

HERE = Path(__file__).parent
PAIRS = sorted(path for path in (HERE / "pictures").iterdir() if "-row" in path.name and "clean" not in path.stem)
FIRST_TEST = 60_000


@pytest.fixture(scope="module")
def photos():
    """The module that makes photographs."""
    place = HERE.parent / "benchmarks" / "photos.py"
    spec = importlib.util.spec_from_file_location("photos", place)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def network(parts):
    """A network that has seen MNIST for two epochs, as the handout's section 3 splits it."""
    model = MLP(784, [100], 10, activation=ReLU, output_activation=None, rng=np.random.default_rng(1))
    optimizer = Adam(model.parameters(), model.gradients(), 0.002)
    for _ in fit(model, parts.train, parts.valid, optimizer, CrossEntropyLoss(), epochs=2):
        pass
    return model


def close(got, wanted, least=0.95):
    """Whether two images show the same digit: the best correlation, once smoothed and moved by a pixel at most.

    A centre of mass that lies between two pixels is rounded to either, and the outline with it.
    """
    soft = [ndimage.gaussian_filter(np.pad(np.reshape(one, (28, 28)).astype(float), 1), 1) for one in (got, wanted)]
    moved = [np.roll(soft[0], (down, right), axis=(0, 1)) for down in (-1, 0, 1) for right in (-1, 0, 1)]
    return max(np.corrcoef(one.ravel(), soft[1].ravel())[0, 1] for one in moved) > least


# The pairs: a picture with one nuisance, and its clean twin -----------------------------------------


@pytest.mark.parametrize("path", PAIRS, ids=lambda path: path.stem)
def test_a_picture_reads_like_its_clean_twin(path, network):
    found, twin = read_digits(path), read_image(path.with_name(f"{path.stem}-clean.png"))
    assert len(found) == (2 if "two-digits" in path.name else 1)
    assert close(found[0].image, twin)
    answers = network.probabilities(np.stack([found[0].image, twin])).argmax(axis=1)
    assert answers.tolist() == [int(path.stem[-1])] * 2


def test_there_are_as_many_pairs_as_were_collected():
    assert len(PAIRS) == 14


def test_one_dark_pixel_is_too_small():
    with pytest.raises(InputError, match="smaller than 6 pixels; come closer"):
        read_image(HERE / "pictures" / "17-one-dark-pixel-and-nothing-else.png")


# Photographs ----------------------------------------------------------------------------------------

NUISANCES = [
    "hard_shadow", "texture", "ruled_dark", "ruled_grey", "squared_thin_blue", "thin_pen", "thick_marker", "pencil",
    "chalk", "off_centre", "frame", "sheet_edge", "specks", "creases", "finger", "jpeg_small",
]  # fmt: skip


@pytest.mark.parametrize("kind", NUISANCES)
def test_a_nuisance_changes_nothing(photos, kind, mnist):
    """The same digit with and without the nuisance gives almost the same image."""
    for row in range(FIRST_TEST, FIRST_TEST + (6 if kind == "ruled_grey" else 2)):
        digit = mnist[0][row]
        rng = np.random.default_rng([5, row])
        (found,) = read_digits(np.asarray(getattr(photos, kind)(digit, rng)))
        pen = 0.17 if kind == "thick_marker" else 0.085
        assert close(found.image, read_image(255 * photos.in_ink(digit, pen)))


@pytest.mark.parametrize("kind", ["two_digits", "house_number", "form", "page"])
def test_several_digits_in_reading_order(photos, kind, mnist):
    make = getattr(photos, kind)
    rows = FIRST_TEST + np.arange(photos.SEVERAL[make])
    rows[rows == FIRST_TEST + 8] = FIRST_TEST + 20  # a five in two strokes
    found = read_digits(np.asarray(make([mnist[0][row] for row in rows], np.random.default_rng(6))))
    assert len(found) == len(rows)
    for digit, row in zip(found, rows, strict=True):
        assert close(digit.image, read_image(255 * photos.in_ink(mnist[0][row])))


def test_a_box_is_in_the_pixels_of_the_picture(tmp_path):
    canvas = Image.new("L", (3000, 2000), 255)
    ImageDraw.Draw(canvas).ellipse([600, 500, 1000, 1300], outline=0, width=80)
    canvas.save(tmp_path / "zero.png")
    (digit,) = read_digits(tmp_path / "zero.png")
    assert isinstance(digit, Digit)
    assert np.abs(np.array(digit.box) - (600, 500, 1001, 1301)).max() <= 8


def test_the_bar_of_a_five_belongs_to_it(mnist):
    split_fives = mnist[0][FIRST_TEST + np.array([8, 856, 897])]
    for five in split_fives:
        field = np.zeros((70, 90), np.uint8)
        field[20:48, 30:58] = five.reshape(28, 28)
        (digit,) = read_digits(field)
        assert np.abs(digit.image.astype(int) - five).mean() < 0.1


def windows(digits, rng, *, dark=25, edge=30, touching=0):
    """White windows in a dark frame, one digit in each, as on a water meter; perhaps touching the left or right bar."""
    framed = []
    for digit in digits:
        pixels = np.full((300 + 2 * edge, 240 + 2 * edge), float(dark))
        ink = np.asarray(Image.fromarray(digit.reshape(28, 28)).resize((220, 220)), float) / 255
        pixels[edge : edge + 300, edge : edge + 240] = 225
        if touching:
            columns = np.flatnonzero((ink > 0.5).any(axis=0))
            ink = np.roll(ink, 229 - columns[-1] if touching > 0 else -columns[0], axis=1)
        pixels[edge + 40 : edge + 260, edge + 10 : edge + 230] -= 190 * ink
        framed.append(pixels)
    row = np.hstack(framed)
    return np.clip(row + rng.normal(0, 3, row.shape), 0, 255).astype(np.uint8)


@pytest.mark.parametrize(("count", "dark", "edge"), [(2, 60, 15), (3, 25, 30), (5, 25, 30)])
def test_the_bars_between_windows_are_no_ones(count, dark, edge, mnist):
    digits = mnist[0][FIRST_TEST + np.arange(count)]
    reading = read_picture(windows(digits, np.random.default_rng(4), dark=dark, edge=edge))
    assert len(reading.digits) == count
    assert all(close(digit.image, image, 0.8) for digit, image in zip(reading.digits, digits, strict=True))


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("touching", [-1, 1])
def test_a_digit_that_touches_a_bar_stays(touching, turned, mnist):
    digits = mnist[0][FIRST_TEST + np.arange(4)]
    if turned:  # bars across, above and below the windows
        digits = digits.reshape(-1, 28, 28).swapaxes(1, 2).reshape(-1, 784)
    row = windows(digits, np.random.default_rng(4), touching=touching)
    reading = read_picture(row.T if turned else row)
    assert len(reading.digits) == 4
    assert {part.dropped for part in reading.parts if part.extent > 100} <= {"", "a frame"}


def dashes(pen, start, end, piece=28, gap=11):
    """Draw a line that the pen broke again and again."""
    start, end = np.array(start, float), np.array(end, float)
    long = np.hypot(*(end - start))
    for at in np.arange(0, long, piece + gap):
        ends = [tuple(start + (end - start) * min(place, long) / long) for place in (at, at + piece)]
        pen.line(ends, fill=60, width=4)


def hairlines():
    """A seven, a zero and a three of broken hairlines, each with the same one in a whole line: ten times as thick."""
    zero = [(300 + 90 * np.sin(t), 300 - 180 * np.cos(t)) for t in np.linspace(0, 2 * np.pi, 24)]
    three = [(230, 120), (370, 120), (290, 260), (370, 330), (360, 440), (290, 480), (220, 440)]
    for corners in ([(200, 120), (400, 120), (270, 480)], zero, three):
        broken, whole = Image.new("L", (600, 600), 255), Image.new("L", (600, 600), 255)
        for start, end in itertools.pairwise(corners):
            dashes(ImageDraw.Draw(broken), start, end)
        ImageDraw.Draw(whole).line(corners, fill=60, width=40, joint="curve")
        yield np.asarray(broken), np.asarray(whole)


def test_the_pieces_of_a_broken_hairline_are_one_digit():
    for broken, whole in hairlines():
        (digit,) = read_digits(broken)
        assert close(digit.image, read_image(whole), 0.85)


def test_thin_digits_close_to_each_other_stay_two(mnist):
    field = Image.new("L", (400, 300), 255)
    pen = ImageDraw.Draw(field)
    pen.ellipse([60, 60, 160, 240], outline=0, width=5)
    pen.ellipse([172, 60, 272, 240], outline=0, width=5)
    assert len(read_digits(np.asarray(field))) == 2


# What is no digit -----------------------------------------------------------------------------------


def test_reasons_are_kept_with_the_parts(photos, mnist):
    reading = read_picture(np.asarray(photos.frame(mnist[0][FIRST_TEST], np.random.default_rng(3))))
    assert "a frame" in {part.dropped for part in reading.parts}
    assert len(reading.digits) == 1


@pytest.mark.parametrize(
    ("draw", "reason"),
    [
        (lambda pen: pen.rectangle([0, 90, 40, 200], fill=0), "at the picture's edge; leave some paper"),
        (lambda pen: pen.line([(20, 100), (280, 100)], fill=0, width=4), "a line; write on plain paper"),
        (lambda pen: pen.rectangle([60, 40, 240, 200], outline=0, width=4), "a frame; crop the picture"),
        (lambda pen: pen.point((100, 100), fill=0), "smaller than 6 pixels; come closer"),
    ],
    ids=["edge", "line", "frame", "point"],
)
def test_a_refusal_names_its_cause_and_a_remedy(draw, reason):
    canvas = Image.new("L", (300, 240), 255)
    draw(ImageDraw.Draw(canvas))
    with pytest.raises(InputError, match=reason):
        read_digits(np.asarray(canvas))


def test_thousands_of_parts_are_bounded():
    dots = np.full((600, 800), 255, np.uint8)
    for y in range(8):
        for x in range(8):
            if 1 < x < 7 and 1 < y < 7:
                dots[y::12, x::12] = 0
    with pytest.raises(InputError, match="more than 300 parts"):
        read_digits(dots)


def test_an_animation_whose_first_frame_is_blank(tmp_path):
    frames = [Image.new("L", (60, 60), level) for level in (255, 0)]
    frames[0].save(tmp_path / "moving.gif", save_all=True, append_images=frames[1:])
    with pytest.raises(InputError, match=r"moving\.gif: no digit found.*the first of 2 frames"):
        read_image(tmp_path / "moving.gif")


# Files ----------------------------------------------------------------------------------------------


def test_heic_is_read(tmp_path, mnist):
    path = tmp_path / "photo.heic"
    big = Image.fromarray(255 - mnist[0][FIRST_TEST].reshape(28, 28)).resize((280, 280)).convert("RGB")
    pillow_heif.from_pillow(big).save(path)
    assert close(read_image(path), mnist[0][FIRST_TEST])


def test_without_its_extra_heic_is_named(tmp_path, monkeypatch):
    path = tmp_path / "photo.heic"
    path.write_bytes(b"\x00\x00\x00\x18ftypheic" + bytes(40))
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    with pytest.raises(FileError, match=r"HEIC.*pip install 'glasswork\[heic\]'.*JPEG"):
        read_image(path)


def test_twelve_megapixels_take_little_memory(tmp_path):
    canvas = Image.new("RGB", (4000, 3000), (230, 228, 220))
    ImageDraw.Draw(canvas).line([(1800, 600), (2200, 600), (1900, 2400)], fill=(50, 50, 60), width=150)
    canvas.save(tmp_path / "large.jpg")
    code = (
        "import sys; from glasswork import read_digits; assert len(read_digits(sys.argv[1])) == 1;"
        "print(next(int(line.split()[1]) // 1024 for line in open('/proc/self/status') if line.startswith('VmHWM')))"
    )
    printed = subprocess.run(
        [sys.executable, "-c", code, tmp_path / "large.jpg"], capture_output=True, text=True, check=True
    ).stdout
    assert int(printed) < 300  # MB; measured: 136


# Confidence -----------------------------------------------------------------------------------------


def test_confidence_is_limited_only_in_doubt(mnist):
    images, labels = mnist
    reference = ReferenceSet.choose(images[:50_000], labels[:50_000], images[55_000:60_000])
    digits, truth = images[FIRST_TEST : FIRST_TEST + 1000], labels[FIRST_TEST : FIRST_TEST + 1000]
    certain = np.eye(10)[truth]
    tempered = reference.temper(digits, certain)
    assert np.allclose(tempered.sum(axis=1), 1)
    assert np.array_equal(tempered.argmax(axis=1), truth)
    assert np.mean(tempered.max(axis=1) >= 0.9) > 0.85
    doubtful = reference.unlike(digits)
    assert tempered[doubtful].max() <= 0.89 + 1e-6
    wrong = reference.temper(digits, np.eye(10)[(truth + 1) % 10])
    assert np.mean(wrong.max(axis=1) > 0.9) < 0.03  # the nearest images contradict


# The command ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    from glasswork.cli.app import app

    folder = tmp_path_factory.mktemp("runs") / "quick"
    result = CliRunner().invoke(app, ["train", "relu", "--epochs", "1", "--quiet", "--out", str(folder)])
    assert result.exit_code == 0, result.output
    return folder


@pytest.fixture
def two(tmp_path, photos, mnist):
    picture = photos.two_digits([mnist[0][FIRST_TEST], mnist[0][FIRST_TEST + 2]], np.random.default_rng(2))
    picture.save(tmp_path / "two.png")
    return tmp_path / "two.png"


def predict(*words):
    from glasswork.cli.app import app

    return CliRunner().invoke(app, ["predict", *map(str, words)])


def test_predict_answers_for_each_digit(run, two):
    printed = predict(run, two).stdout.splitlines()
    assert printed[0].endswith("two.png  7 1")
    assert [line.split()[0] for line in printed[1:]] == ["7", "1"]
    assert all("% sure" in line and ", at " in line for line in printed[1:])


def test_predict_json_keeps_its_keys_and_adds_digits(run, two):
    (entry,) = json.loads(predict(run, two, "--json").stdout)
    first, second = entry["digits"]
    assert (first["digit"], second["digit"]) == (7, 1)
    for digit in entry["digits"]:
        assert {"digit", "confidence", "box", "probabilities", "unlike", "label"} <= set(digit)
        assert digit["confidence"] == max(digit["probabilities"])
        assert digit["unlike"] in (True, False)
    assert first["box"][2] < second["box"][0]
    assert entry["note"] == "2 digits found: label is the first in reading order, digits has all of them"
    assert {key: entry[key] for key in ("digit", "confidence", "probabilities")} == {
        key: first[key] for key in ("digit", "confidence", "probabilities")
    }


def test_predict_single_says_that_there_are_more(run, two):
    result = predict(run, two, "--single", "--json")
    (entry,) = json.loads(result.stdout)
    assert len(entry["digits"]) == 1
    assert "note" not in entry
    assert "2 digits found; this is the largest" in result.stderr


def test_predict_says_why_a_network_of_five_digits_does_not_look_for_digits(two, mnist):
    images, labels = mnist
    few = labels[:2000] < 5
    np.savez(two.with_name("five.npz"), x=images[:2000][few], y=labels[:2000][few])
    recipe = named_recipe("relu").override({"training.epochs": 3, "data.source": str(two.with_name("five.npz"))})
    with Run(recipe, two.with_name("five")) as run:
        list(run.epochs())
    result = predict(run.folder, two, two)
    assert result.stdout.count("unlike anything it was trained on") == 2
    assert "answered whole, as one image" in result.stderr
    assert "answered whole" not in predict(run.folder, two.with_name("five.npz")).stderr


def test_a_digit_is_shown_in_a_line(two):
    assert repr(read_digits(two)[0]).startswith("Digit(at ")


def test_predict_show_draws_a_refusal_too(run, tmp_path):
    Image.new("L", (300, 200), 255).save(tmp_path / "blank.png")
    result = predict(run, tmp_path / "blank.png", "--show")
    assert result.exit_code == 1
    assert "nothing stands out" in result.stderr
    assert (run / "figures" / "readings" / "blank-reading.png").is_file()


def test_predict_says_what_is_unlike_a_digit(run, tmp_path):
    canvas = Image.new("L", (300, 300), 255)
    pen = ImageDraw.Draw(canvas)
    pen.line([(60, 60), (240, 240)], fill=0, width=22)
    pen.line([(240, 60), (60, 240)], fill=0, width=22)
    canvas.save(tmp_path / "cross.png")
    (entry,) = json.loads(predict(run, tmp_path / "cross.png", "--json").stdout)
    assert entry["digits"][0]["unlike"] is True
    assert entry["confidence"] <= 0.89
    assert "unlike anything it was trained on" in predict(run, tmp_path / "cross.png").stdout
