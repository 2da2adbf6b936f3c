"""One decoder: a picture of any format and mode is the same picture for Python, for the command and for a data set."""

import io
import json
import re

import numpy as np
import pillow_heif
import pytest
from PIL import Image, ImageDraw

from glasswork import MLP, FileError, load_dataset, read_digits, save_model
from glasswork.data.decode import FORMATS, decode, format_of, picture_facts
from glasswork.data.photos import read_picture
from glasswork.data.sources.picture import read_image
from glasswork.models.model_file import Reading

pillow_heif.register_heif_opener()


def seven(mode="L"):
    """A seven, dark on light, 90 pixels wide and 120 high."""
    image = Image.new("L", (90, 120), 235)
    ImageDraw.Draw(image).line([(20, 25), (70, 25), (35, 95)], fill=20, width=10, joint="curve")
    return image.convert(mode)


def fine(scale, dtype):
    return Image.fromarray((np.asarray(seven(), np.float64) * scale).astype(dtype))


def with_alpha(mode):
    ink = Image.new("LA", (90, 120), (20, 0))
    ink.putalpha(Image.eval(seven(), lambda level: 235 - level))
    return ink.convert(mode)


def turned():
    flags = Image.Exif()
    flags[0x0112] = 6
    return {"exif": flags}


#: Pictures of one seven: the file's name, the picture, how it is saved.
PICTURES = {
    "plain.png": (seven(), {}),
    "two-levels.png": (seven().point(lambda v: 255 * (v > 128)).convert("1", dither=Image.Dither.NONE), {}),
    "two-levels.tiff": (seven().convert("1", dither=Image.Dither.NONE), {"compression": "group4"}),
    "palette.png": (seven("RGB").quantize(16), {}),
    "palette.gif": (seven("RGB").quantize(16), {}),
    "transparent-palette.png": (with_alpha("RGBA").quantize(8), {}),
    "grey-alpha.png": (with_alpha("LA"), {}),
    "colour-alpha.png": (with_alpha("RGBA"), {}),
    "alpha.webp": (with_alpha("RGBA"), {"lossless": True}),
    "colour.bmp": (Image.merge("RGB", (seven(), seven(), Image.new("L", (90, 120), 235))), {}),
    "cmyk.jpg": (seven("CMYK"), {"quality": 95}),
    "cmyk.tiff": (seven("CMYK"), {}),
    "grey.jpg": (seven(), {"quality": 95}),
    "lying.jpg": (seven().transpose(Image.Transpose.ROTATE_90), {"quality": 95, **turned()}),
    "sixteen.png": (fine(257, np.uint16), {}),
    "sixteen-big-endian.tiff": (fine(257, ">u2"), {}),
    "integers.tiff": (fine(200, np.int32), {}),
    "floats.tiff": (fine(1 / 255, np.float32), {}),
    "jpeg2000.jp2": (seven(), {"irreversible": False}),
    "codestream.j2k": (seven("RGB"), {"irreversible": False}),
    "telephone.heic": (seven("RGB"), {"quality": 95, "format": "HEIF"}),
    "web.avif": (seven("RGB"), {"quality": 95}),
    "plain.pgm": (seven(), {}),
    "plain.ppm": (seven("RGB"), {}),
    "pages.tiff": (seven(), {"save_all": True, "append_images": [Image.new("L", (90, 120), 9)]}),
    "moving.gif": (seven("P"), {"save_all": True, "append_images": [Image.new("P", (90, 120), 9)]}),
    "plain.pcx": (seven(), {}),
    "plain.qoi": (seven("RGB"), {}),
    "plain.sgi": (seven(), {}),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("pictures")
    for name, (image, options) in PICTURES.items():
        image.save(place / name, **options)
        (place / f"{name}.unnamed").write_bytes((place / name).read_bytes())  # its name says nothing
    save_model(
        MLP(784, 8, 10, rng=np.random.default_rng(0)), place / "m.safetensors", reading=Reading(pictures="digits")
    )
    return place


@pytest.mark.parametrize("name", PICTURES)
def test_photographs_and_data_sets_see_the_same_picture(folder, name):
    path = folder / name
    assert format_of(path.read_bytes()[:64]) in FORMATS
    photograph = read_picture(path)
    assert (photograph.size, picture_facts(path)[0]) == ((90, 120), (90, 120))
    assert len(photograph.digits) == 1
    grey, _ = read_image(path)
    from_bytes, _ = read_image(path.read_bytes())
    assert grey.shape == (120, 90)
    assert np.array_equal(grey, from_bytes)
    ink = photograph.pixels.mean(axis=2)
    likeness = np.corrcoef(ink.ravel(), grey.ravel())[0, 1]
    assert likeness > 0.99
    truth = np.asarray(seven(), float)
    assert np.corrcoef(truth.ravel(), grey.ravel())[0, 1] > 0.97
    assert read_picture(path).frames == (2 if name in ("pages.tiff", "moving.gif") else 1)


def test_the_command_reads_what_python_reads(folder, glasswork):
    """By name, without a name that says anything, and in a folder: each picture has one answer, and the same boxes."""
    (folder / "all").mkdir(exist_ok=True)
    for name in PICTURES:
        (folder / "all" / f"{name}.unnamed").write_bytes((folder / name).read_bytes())
    names = list(PICTURES)
    printed = glasswork(
        "predict", "m.safetensors", *names, *(f"{name}.unnamed" for name in names), "all", "--json", folder=folder
    )
    entries = json.loads(printed[: printed.index("\n]\n") + 3])
    assert len(entries) == 3 * len(names)
    boxes = {name: [list(digit.box) for digit in read_digits(folder / name)] for name in names}
    for entry in entries:
        assert [digit["box"] for digit in entry["digits"]] == boxes[entry["item"].removesuffix(".unnamed")]
    assert len(re.findall(r"only the first of its 2 pictures is read", printed)) == 6


def test_a_data_set_of_every_format(folder, tmp_path):
    for label in ("a", "b"):
        (tmp_path / label).mkdir()
        for name in PICTURES:
            (tmp_path / label / name).write_bytes((folder / name).read_bytes())
    data = load_dataset(tmp_path)
    assert len(data) == 2 * len(PICTURES)
    assert data.origin.skipped == ()


# Not a picture --------------------------------------------------------------------------------------


def test_cut_short_anywhere_is_one_error(folder):
    for name in PICTURES:
        content = (folder / name).read_bytes()
        for share in (0.05, 0.5, 0.9):
            error = refusal(content[: int(share * len(content))])
            assert error is None or "cannot be read as a picture" in error
            assert "\n" not in (error or "")
            assert not re.search(r"\(\w+\)", error or ""), error  # a reason, not the name of an exception


def refusal(content):
    try:
        decode(content)
    except FileError as error:
        return str(error)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "an empty file"),
        (b"%PDF-1.7 ...", "a PDF document"),
        (b"P1 P2 P3\n1 2 3\n", "expected PNG, JPEG, HEIC"),
        (b"BM and text", "expected PNG, JPEG, HEIC"),
        (bytes(99), "expected PNG, JPEG, HEIC"),
    ],
)
def test_what_is_no_picture_is_refused_with_what_it_is_or_what_is_expected(content, why):
    assert format_of(content[:64]) is None
    with pytest.raises(FileError, match=f"^cannot be read as a picture: {why}"):
        decode(content)


def test_size_is_checked_before_memory_is_taken():
    """Headers of a few bytes that state enormous pictures."""
    pgm = b"P5 60000 60000 255\n" + bytes(100)
    bmp = bytearray(io.BytesIO().getvalue())
    stream = io.BytesIO()
    seven().save(stream, "BMP")
    bmp = bytearray(stream.getvalue())
    bmp[18:26] = (40_000).to_bytes(4, "little") * 2
    stream = io.BytesIO()
    seven().save(stream, "GIF")
    gif = bytearray(stream.getvalue())
    gif[6:10] = b"\xff\xff\xff\xff"
    for content in (pgm, bytes(bmp), bytes(gif)):
        with pytest.raises(FileError, match=r"too many: at most 50,000,000.*save it smaller"):
            decode(content)
        with pytest.raises(FileError, match="too many"):
            picture_facts(content)


def test_pipes_and_folders_are_named(tmp_path):
    import os

    os.mkfifo(tmp_path / "pipe.png")
    with pytest.raises(FileError, match="got a device or a pipe"):
        decode(tmp_path / "pipe.png")
    with pytest.raises(FileError, match="got a folder"):
        decode(tmp_path)
    with pytest.raises(FileError, match="there is no such file"):
        decode(tmp_path / "none.png")


@pytest.mark.parametrize("ink", [0, 120, 200, 255])
def test_transparency_gets_the_paper_on_which_it_can_be_seen(ink):
    image = Image.new("LA", (40, 40), (ink, 0))
    image.paste((ink, 255), (10, 10, 30, 30))
    stream = io.BytesIO()
    image.save(stream, "PNG")
    decoded = np.asarray(decode(stream.getvalue()).image, int)
    assert decoded[20, 20] == ink
    assert abs(decoded[0, 0] - ink) > 50


@pytest.mark.parametrize(("dots", "reduced"), [((204, 98), (180, 115)), ((100, 200), (90, 240))])
@pytest.mark.parametrize("suffix", ["tiff", "png", "jpg", "bmp"])
def test_pixels_that_are_not_square_are_made_square(tmp_path, suffix, dots, reduced):
    """A fax has about twice as many dots an inch across as down; its digits are not squeezed."""
    whole = seven().resize((180, 240))
    whole.resize(reduced).save(tmp_path / f"fax.{suffix}", dpi=dots)
    photograph, (grey, _) = read_picture(tmp_path / f"fax.{suffix}"), read_image(tmp_path / f"fax.{suffix}")
    assert grey.shape[::-1] == photograph.size == picture_facts(tmp_path / f"fax.{suffix}")[0]
    assert grey.shape[0] / grey.shape[1] == pytest.approx(240 / 180, abs=0.02)
    truth = np.asarray(whole.resize(photograph.size), float)
    assert np.corrcoef(truth.ravel(), grey.ravel())[0, 1] > 0.97
    assert np.corrcoef(truth.ravel(), photograph.pixels.mean(axis=2).ravel())[0, 1] > 0.97


def test_a_statement_of_dots_that_cannot_be_right_is_not_believed(tmp_path):
    for dots in ((300, 1), (72, 72), (204, 196)):
        seven().save(tmp_path / "a.tiff", dpi=dots)
        assert picture_facts(tmp_path / "a.tiff")[0] == (90, 120)
