"""A picture of a digit becomes an image like those of MNIST, whatever it was saved as."""

import io
import zlib

import numpy as np
import pytest
from hypothesis import assume, given, settings, strategies as st
from PIL import Image, ImageDraw, ImageFilter

from glasswork import FileError, InputError, read_image
from glasswork.data import decode

FIRST_TEST = 60_000


@pytest.fixture(scope="module")
def digits(mnist):
    """Twenty test digits, (20, 784) uint8."""
    return mnist[0][FIRST_TEST : FIRST_TEST + 20]


@pytest.fixture
def save(tmp_path):
    """A function that saves a picture and returns its path."""

    def to(picture, name="digit.png", **options):
        picture.save(tmp_path / name, **options)
        return tmp_path / name

    return to


def picture(digit):
    return Image.fromarray(digit.reshape(28, 28))


def enlarged(digit, times=10, how=Image.Resampling.BICUBIC):
    return picture(digit).resize((28 * times, 28 * times), how)


def inverted(grey):
    return Image.eval(grey, lambda level: 255 - level)


def off(got, digit):
    """Mean absolute difference in grey levels of 255, over all 784 pixels."""
    assert (got.shape, got.dtype) == ((784,), np.uint8)
    return np.abs(got.astype(int) - digit).mean()


def centre_of_mass(got):
    field = got.reshape(28, 28).astype(float)
    return [field.sum(axis=1 - axis) @ np.arange(28) / field.sum() for axis in (0, 1)]


def box(got):
    field = got.reshape(28, 28)
    return [np.ptp(np.flatnonzero(field.any(axis=1 - axis))) + 1 for axis in (0, 1)]


def as_mnist_would(got):
    assert got.max() >= 254
    assert max(box(got)) <= 20
    assert np.allclose(centre_of_mass(got), 14, atol=0.51)  # rounding to bytes moves it a little


# MNIST itself --------------------------------------------------------------------------------------


def test_mnist_lies_where_we_put_it(mnist):
    """The convention: counted from 0, the centre of mass of each digit is within half a pixel of 14."""
    fields = mnist[0].reshape(-1, 28, 28)
    columns = fields.sum(axis=1, dtype=np.int64)
    rows = fields.sum(axis=2, dtype=np.int64)
    for profile in (rows, columns):
        places = profile @ np.arange(28) / profile.sum(axis=1)
        assert np.mean(np.abs(places - 14) <= 0.5) > 0.9999
        assert np.mean(np.abs(places - 13.5) <= 0.5) < 0.6


def test_mnist_comes_back_from_a_file(mnist, save):
    digits = mnist[0][FIRST_TEST : FIRST_TEST + 500]
    offs = np.array([off(read_image(save(picture(digit))), digit) for digit in digits])
    assert np.mean(offs == 0) > 0.97  # measured: 98.3 % of all digits
    assert np.quantile(offs, 0.995) < 0.1


@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64])
def test_an_array_of_bytes_or_floats(digits, dtype):
    for digit in digits:
        grey = digit.reshape(28, 28).astype(dtype)
        assert off(read_image(grey), digit) < 0.05
        assert off(read_image(255 - grey), digit) < 0.05


def test_an_array_is_left_alone(digits):
    grey = digits[0].reshape(28, 28).astype(np.float64)
    before = grey.copy()
    read_image(grey)
    assert np.array_equal(grey, before)


def test_a_digit_is_moved_to_the_middle(digits):
    for digit in digits:
        field = np.zeros((60, 90), np.uint8)
        field[30:58, 2:30] = digit.reshape(28, 28)
        assert off(read_image(field), digit) < 0.05


def test_whole_enlargements_are_undone_exactly(digits, save):
    for digit in digits:
        for times in (2, 3, 10):
            assert off(read_image(save(enlarged(digit, times, Image.Resampling.NEAREST))), digit) < 0.05


# Ways to save a picture ----------------------------------------------------------------------------


def plain(digit, save):
    return save(inverted(enlarged(digit)))


def off_centre(digit, save):
    canvas = Image.new("L", (900, 600), 255)
    canvas.paste(inverted(enlarged(digit)), (580, 30))
    return save(canvas)


def exif(digit, save):
    """A camera held sideways: the pixels lie on their side and flag 6 says so."""
    turned = inverted(enlarged(digit)).transpose(Image.Transpose.ROTATE_90)
    flags = Image.Exif()
    flags[0x0112] = 6
    return save(turned, "digit.jpg", exif=flags)


def alpha(digit, save):
    ink = Image.new("RGBA", (280, 280), (20, 20, 120, 0))
    ink.putalpha(enlarged(digit))
    return save(ink)


def white_on_nothing(digit, save):
    ink = Image.new("LA", (280, 280), 255)
    ink.putalpha(enlarged(digit))
    return save(ink)


def jpeg(digit, save):
    return save(inverted(enlarged(digit)), "digit.jpg")


def cmyk(digit, save):
    return save(inverted(enlarged(digit)).convert("CMYK"), "digit.jpg")


def palette(digit, save):
    return save(inverted(enlarged(digit)).convert("RGB").quantize(32))


def transparent_palette(digit, save):
    few = inverted(enlarged(digit)).convert("RGB").quantize(32)
    ground = few.getpixel((0, 0))
    return save(few, "digit.gif", transparency=ground)


def sixteen_bits(digit, save):
    return save(Image.fromarray(np.asarray(inverted(enlarged(digit))).astype(np.uint16) * 257))


def two_levels(digit, save):
    return save(inverted(enlarged(digit)).convert("1", dither=Image.Dither.NONE))


def floats(digit, save):
    return save(Image.fromarray(np.asarray(enlarged(digit), np.float32) / 255 - 0.5), "digit.tiff")


def integers(digit, save):
    return save(Image.fromarray(np.asarray(enlarged(digit)).astype(np.int32) * 1000), "digit.tiff")


def colours(digit, save):
    return save(
        Image.composite(Image.new("RGB", (280, 280), "navy"), Image.new("RGB", (280, 280), "khaki"), enlarged(digit))
    )


def large(digit, save):
    return save(inverted(enlarged(digit, 50)), "digit.jpg")


def webp(digit, save):
    return save(inverted(enlarged(digit)).convert("RGB"), "digit.webp", lossless=True)


def photograph(digit, save):
    """Grey pen on paper, light from the left, dark corners, grain."""
    ink = np.zeros((500, 420))
    ink[60:396, 40:376] = np.asarray(enlarged(digit, 12)) / 255
    y, x = np.mgrid[-1:1:500j, -1:1:420j]
    paper = 180 - 30 * x - 20 * y - 12 * (x * x + y * y)
    grain = np.random.default_rng(0).normal(0, 8, ink.shape)
    return save(
        Image.fromarray(np.clip(paper * (1 - 0.6 * ink) + grain, 0, 255).astype(np.uint8)), "photo.jpg", quality=85
    )


# Mean and greatest distance over the twenty digits, a little above what was measured: most of it is the smooth
# enlargement, whose edges are wider than the digit's own. Two different test digits are 39 apart on average.
SMOOTH = (8.5, 16)
WAYS = {
    plain: SMOOTH,
    off_centre: SMOOTH,
    exif: SMOOTH,
    alpha: SMOOTH,
    white_on_nothing: SMOOTH,
    jpeg: SMOOTH,
    cmyk: SMOOTH,
    palette: SMOOTH,
    transparent_palette: SMOOTH,
    sixteen_bits: SMOOTH,
    two_levels: (6.5, 24),
    floats: SMOOTH,
    integers: SMOOTH,
    colours: SMOOTH,
    large: SMOOTH,
    webp: SMOOTH,
    photograph: (11.5, 28),
}


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_each_way_comes_back_close(digits, save, way):
    got = [read_image(way(digit, save)) for digit in digits]
    offs = [off(one, digit) for one, digit in zip(got, digits, strict=True)]
    for one in got:
        as_mnist_would(one)
    mean, greatest = WAYS[way]
    assert np.mean(offs) < mean
    assert np.max(offs) < greatest


def test_a_small_jpeg_is_not_misled_by_ripples(digits, save):
    offs = [off(read_image(save(picture(digit), "digit.jpg")), digit) for digit in digits]
    assert np.median(offs) < 2.5
    assert np.max(offs) < 27


def test_dark_and_light_are_the_same(digits, save):
    for digit in digits:
        both = [read_image(save(grey)) for grey in (enlarged(digit), inverted(enlarged(digit)))]
        assert off(*both) < 0.01


# Drawings ------------------------------------------------------------------------------------------


def test_a_drawn_four_by_the_light_of_a_lamp(save):
    """Strokes of a pen on unevenly lit, grainy paper; the same drawing, clean, is what should come out."""
    drawing = Image.new("L", (640, 480), 0)
    pen = ImageDraw.Draw(drawing)
    pen.line([(330, 60), (220, 260), (440, 260)], fill=255, width=24, joint="curve")
    pen.line([(370, 130), (360, 420)], fill=255, width=24)
    clean = read_image(save(drawing))
    ink = np.asarray(drawing.filter(ImageFilter.GaussianBlur(1.5)), float) / 255
    y, x = np.mgrid[-1:1:480j, -1:1:640j]
    paper = 170 + 45 * x - 30 * y
    rng = np.random.default_rng(1)
    for grain in (0, 4, 12, 25):
        grey = np.clip(paper * (1 - ink) + 70 * ink + rng.normal(0, grain, ink.shape), 0, 255)
        got = read_image(save(Image.fromarray(grey.astype(np.uint8)), "photo.jpg", quality=80))
        as_mnist_would(got)
        assert off(got, clean) < 4  # measured: 2.3 to 3.0


@settings(max_examples=60)
@given(
    size=st.tuples(st.integers(60, 900), st.integers(60, 900)),
    corner=st.tuples(st.floats(0.05, 0.5), st.floats(0.05, 0.5)),
    share=st.tuples(st.floats(0.15, 0.45), st.floats(0.15, 0.45)),
    ground=st.integers(0, 255),
    contrast=st.integers(60, 200),
    shape=st.sampled_from(["zero", "vee", "cross"]),
    pen=st.floats(0.08, 0.2),
)
def test_any_size_any_place_any_grey(size, corner, share, ground, contrast, shape, pen):
    level = ground + contrast if ground + contrast <= 255 else max(0, ground - contrast)
    drawing = Image.new("L", size, ground)
    left, top, wide, high = (f * s for f, s in zip((*corner, *share), (*size, *size), strict=True))
    right, bottom, width = left + wide, top + high, max(1, round(pen * max(wide, high)))
    draw = ImageDraw.Draw(drawing)
    if shape == "zero":
        draw.ellipse([left, top, right, bottom], outline=level, width=width)
    elif shape == "vee":
        draw.line([(left, top), ((left + right) / 2, bottom), (right, top)], fill=level, width=width, joint="curve")
    else:
        draw.line([(left, top), (right, bottom)], fill=level, width=width)
        draw.line([(left, bottom), (right, top)], fill=level, width=width)
    assume(max(wide, high) < 5 * min(wide, high))  # what is longer is a line
    pixels = np.asarray(drawing) != ground
    h, w = (np.ptp(np.flatnonzero(pixels.any(axis=axis))) + 1 for axis in (1, 0))
    got = read_image(np.asarray(drawing))
    as_mnist_would(got)
    tall, broad = box(got)
    assert max(tall, broad) == 20
    assert abs(tall - 20 * h / max(h, w)) < 1
    assert abs(broad - 20 * w / max(h, w)) < 1


@pytest.mark.parametrize("shape", ["rectangle", "ellipse"])
def test_a_filled_shape_is_written_with_a_very_thick_pen(shape):
    """Its outline moves in until its stroke, by the mean depth, is 4.5 of 20 pixels wide."""
    drawing = Image.new("L", (300, 300), 255)
    getattr(ImageDraw.Draw(drawing), shape)([100, 60, 180, 220], fill=0)
    got = read_image(np.asarray(drawing))
    as_mnist_would(got)
    tall, broad = box(got)
    assert tall == 20
    assert 4 <= broad < 10  # as drawn it would be 10


def test_no_ink_is_lost_where_the_middle_would_push_it_out():
    """A long thin tail: its mass is at one end, and the field is 28 wide."""
    grey = np.zeros((100, 300), np.uint8)
    grey[40:60, 50:60] = 255
    grey[49:51, 60:250] = 40
    got = read_image(grey).reshape(28, 28)
    assert box(got)[1] == 20
    assert got[:, 27].any()


# Not a digit, not a picture ------------------------------------------------------------------------

BLANK = "no digit found"


@pytest.mark.parametrize("level", [0, 100, 255])
def test_blank(save, level):
    path = save(Image.new("L", (50, 40), level))
    with pytest.raises(InputError, match=rf"digit\.png: {BLANK}") as error:
        read_image(path)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("mode", ["RGBA", "LA", "I;16", "I", "F", "1", "P"])
def test_blank_of_each_mode(save, mode):
    with pytest.raises(InputError, match=BLANK):
        read_image(save(Image.new(mode, (50, 40), 0), "blank.tiff" if mode in ("I", "F") else "blank.png"))


@pytest.mark.parametrize("size", [(28, 28), (200, 150), (512, 512)])
@pytest.mark.parametrize("noise", [1, 4, 8])
def test_faint_noise_is_blank(size, noise):
    rng = np.random.default_rng(2)
    for _ in range(5):
        with pytest.raises(InputError, match=BLANK):
            read_image(np.clip(rng.normal(200, noise, size), 0, 255))


@pytest.mark.parametrize("size", [(1, 1), (1, 50), (2, 2)])
def test_too_small_to_hold_a_digit(size):
    with pytest.raises(InputError, match=BLANK):
        read_image(np.full(size, 7, np.uint8))


@pytest.mark.parametrize(
    "wrong",
    [
        np.zeros(784, np.uint8),
        np.zeros((28, 28, 2), np.uint8),
        np.zeros((0, 28), np.uint8),
        np.zeros((28, 28), bool),
        np.full((28, 28), "x"),
        np.full((28, 28), np.nan),
        np.full((28, 28), 256.0),
        np.full((28, 28), -1),
    ],
    ids=lambda array: f"{array.shape}-{array.dtype}-{array.flat[0] if array.size else ''}",
)
def test_an_array_that_is_no_picture(wrong):
    with pytest.raises(InputError, match="a picture: expected"):
        read_image(wrong)


def test_missing_file(tmp_path):
    with pytest.raises(FileError, match=r"none\.png: there is no such file"):
        read_image(tmp_path / "none.png")


def test_folder(tmp_path):
    with pytest.raises(FileError, match="expected a picture, got a folder"):
        read_image(tmp_path)


def bytes_of(image_format):
    stream = io.BytesIO()
    noise = np.random.default_rng(3).integers(0, 255, (100, 100)).astype(np.uint8)
    Image.fromarray(noise).save(stream, image_format)
    return stream.getvalue()


@pytest.mark.parametrize("content", [b"", b"hello", b"\x89PNG\r\n\x1a\n", bytes(1000), b"\xff\xd8\xff"])
def test_not_a_picture(tmp_path, content):
    path = tmp_path / "digit.png"
    path.write_bytes(content)
    with pytest.raises(FileError, match=r"digit\.png: cannot be read as a picture") as error:
        read_image(path)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("image_format", ["PNG", "JPEG", "GIF", "TIFF", "WEBP", "BMP"])
def test_cut_short(tmp_path, image_format):
    whole = bytes_of(image_format)
    path = tmp_path / "digit"
    for share in (0.1, 0.5, 0.9):
        path.write_bytes(whole[: int(share * len(whole))])
        with pytest.raises(FileError, match="cannot be read as a picture"):
            read_image(path)


@pytest.mark.parametrize("image_format", ["PNG", "JPEG"])
@settings(max_examples=60)
@given(data=st.data())
def test_damage_gives_an_image_or_one_error(tmp_path_factory, image_format, data):
    whole = bytearray(bytes_of(image_format))
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, min(len(whole), 400) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.getbasetemp() / "damaged"
    path.write_bytes(whole)
    try:
        assert read_image(path).shape == (784,)
    except (FileError, InputError) as error:
        assert str(path) in str(error)  # noqa: PT017  either will do


@pytest.mark.parametrize("size", [(10_000, 5_001), (12_000, 12_000), (60_000, 60_000)])
def test_an_enormous_picture_is_not_decoded(tmp_path, size):
    """A PNG's header alone says how large it is: these few bytes would fill gigabytes."""
    small = bytearray(bytes_of("PNG"))
    small[16:24] = b"".join(side.to_bytes(4, "big") for side in size)
    small[29:33] = crc(small[12:29])
    path = tmp_path / "bomb.png"
    path.write_bytes(small)
    with pytest.raises(FileError, match=r"bomb\.png: .*pixels.*save it smaller"):
        read_image(path)


def crc(chunk):
    return zlib.crc32(chunk).to_bytes(4, "big")


def test_the_limit_is_fifty_megapixels():
    assert decode.MAX_PIXELS == 50_000_000


def test_not_finite(save):
    levels = np.full((50, 50), np.nan, np.float32)
    with pytest.raises((FileError, InputError), match="digit"):
        read_image(save(Image.fromarray(levels), "digit.tiff"))
