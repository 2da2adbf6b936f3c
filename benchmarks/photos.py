"""How well photographs of digits are read: synthesised from MNIST's last 10,000 images, one nuisance a kind.

    python benchmarks/photos.py RUN [KIND ...] [--each 200] [--seed 1] [--keep FOLDER]

Each kind is asked of ``glasswork predict --json``, as a user would. A row says how many of 100 were read right, and how
many of all were wrong with a confidence of 0.9 or more; for what holds no digit, how many were answered so.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont
from scipy import ndimage

WIDE, HIGH = 800, 600
PAPER, PEN, BLUE_PEN = (233, 231, 225), (52, 54, 60), (56, 76, 176)
LETTERS = "AEFHKMNRTWXYkmwx"

# A digit in ink -------------------------------------------------------------------------------------


def thinned(mask):
    """Peel a mask down to lines one pixel wide (Zhang and Suen, 1984)."""
    field = np.pad(mask, 1).astype(np.uint8)
    around = [(0, 1), (0, 2), (1, 2), (2, 2), (2, 1), (2, 0), (1, 0), (0, 0)]
    rows, columns = mask.shape
    changed = True
    while changed:
        changed = False
        for kept in ((0, 2, 4, 6), (6, 0, 2, 4)):
            near = np.stack([field[y : y + rows, x : x + columns] for y, x in around])
            steps = ((near == 0) & (np.roll(near, -1, axis=0) == 1)).sum(axis=0)
            first, second = (near[list(kept[i : i + 3])].all(axis=0) for i in (0, 1))
            if kept[0] == 6:
                first, second = near[[0, 2, 6]].all(axis=0), near[[0, 4, 6]].all(axis=0)
            else:
                first, second = near[[0, 2, 4]].all(axis=0), near[[2, 4, 6]].all(axis=0)
            many = near.sum(axis=0)
            off = (field[1:-1, 1:-1] == 1) & (steps == 1) & (many >= 2) & (many <= 6) & ~first & ~second
            if off.any():
                field[1:-1, 1:-1][off] = 0
                changed = True
    return field[1:-1, 1:-1].astype(bool)


@lru_cache(maxsize=2000)
def depth_of(pixels):
    """Distance from the middle line of a digit, in pixels of a field of 560: (560, 560)."""
    big = Image.frombytes("L", (28, 28), pixels).resize((140, 140), Image.Resampling.BICUBIC)
    line = thinned(np.asarray(big.filter(ImageFilter.GaussianBlur(1))) > 110)
    canvas = Image.new("L", (560, 560), 255)
    pen = ImageDraw.Draw(canvas)
    there = {(int(x), int(y)) for y, x in zip(*np.nonzero(line), strict=True)}
    for x, y in there:
        pen.point((4 * x + 2, 4 * y + 2), fill=0)
        for dx, dy in ((1, 0), (0, 1), (1, 1), (-1, 1)):
            if (x + dx, y + dy) in there:
                pen.line([(4 * x + 2, 4 * y + 2), (4 * (x + dx) + 2, 4 * (y + dy) + 2)], fill=0)
    return ndimage.distance_transform_edt(np.asarray(canvas) > 0).astype(np.float32)


def in_ink(digit, width=0.085):
    """A digit drawn with a pen whose width is a share of the digit's box: (560, 560) shares of ink."""
    return np.clip(width * 200 - depth_of(digit.tobytes()) + 0.5, 0, 1)


def on_sheet(ink, height, middle, turn=0.0):
    """Place ink, its field so many pixels tall, on an empty sheet: (HIGH, WIDE)."""
    field = Image.fromarray(ink.astype(np.float32)).resize((height, height), Image.Resampling.BILINEAR)
    if turn:
        field = field.rotate(turn, Image.Resampling.BILINEAR)
    sheet = Image.new("F", (WIDE, HIGH), 0)
    sheet.paste(field, (round(middle[0] - height / 2), round(middle[1] - height / 2)))
    return np.asarray(sheet)


# Paper, light and camera ----------------------------------------------------------------------------

Y, X = np.mgrid[0:HIGH, 0:WIDE].astype(np.float32)


def plain_paper(colour=PAPER):
    return np.ones((HIGH, WIDE, 3), np.float32) * np.array(colour, np.float32)


def blend(picture, share, colour):
    share = share[:, :, np.newaxis]
    return picture * (1 - share) + np.array(colour, np.float32) * share


def side_of_line(rng, off=80):
    """Signed distance from a line through the picture, at any angle."""
    angle = rng.uniform(0, 2 * np.pi)
    return np.cos(angle) * (X - WIDE / 2) + np.sin(angle) * (Y - HIGH / 2) - rng.uniform(-off, off)


def ruling(rng, gap, colour, width, squares):
    paper = plain_paper()
    slope = np.tan(np.radians(rng.uniform(-3, 3)))
    for along in (Y + slope * X, X - slope * Y)[: 1 + squares]:
        away = np.abs((along + rng.uniform(0, gap)) % gap - gap / 2)
        paper = blend(paper, np.clip(width / 2 - away + 0.5, 0, 1), colour)
    return paper


def noise_of(rng, *scales):
    total = np.zeros((HIGH, WIDE), np.float32)
    for scale in scales:
        one = ndimage.gaussian_filter(rng.normal(size=(HIGH, WIDE)), scale)
        total += one / one.std()
    return total / total.std()


def photographed(picture, rng, fall=0.1, grain=2.5):
    """Light that falls off, a lens that blurs, a sensor that adds grain."""
    angle = rng.uniform(0, 2 * np.pi)
    ramp = (np.cos(angle) * (2 * X / WIDE - 1) + np.sin(angle) * (2 * Y / HIGH - 1) + 1.4) / 2.8
    lit = np.clip(picture * (1 - fall * ramp)[:, :, np.newaxis], 0, 255).astype(np.uint8)
    blurred = np.asarray(Image.fromarray(lit).filter(ImageFilter.GaussianBlur(rng.uniform(1, 1.6))), np.float32)
    grainy = blurred + rng.normal(0, grain, (HIGH, WIDE, 1)) + rng.normal(0, grain / 2, (HIGH, WIDE, 3))
    return Image.fromarray(np.clip(grainy, 0, 255).astype(np.uint8))


# Kinds of photograph of one digit: (digit, rng) → picture -------------------------------------------


def usual(digit, rng, pen=PEN, paper=None, width=0.085, height=(430, 520), turn=0.0, off=1.0):
    middle = WIDE / 2 + off * rng.uniform(-60, 60), HIGH / 2 + off * rng.uniform(-40, 40)
    ink = on_sheet(in_ink(digit, width), int(rng.uniform(*height)), middle, turn)
    return blend(plain_paper() if paper is None else paper, ink, pen)


def plain(d, rng):
    return photographed(usual(d, rng), rng)


def uneven_light(d, rng):
    return photographed(usual(d, rng), rng, fall=rng.uniform(0.4, 0.6))


def hard_shadow(d, rng):
    edge = side_of_line(rng) + 25 * np.sin((X + Y) / rng.uniform(60, 140))
    shade = 1 - rng.uniform(0.35, 0.55) / (1 + np.exp(-np.clip(edge / rng.uniform(1, 25), -50, 50)))
    return photographed(usual(d, rng) * shade[:, :, np.newaxis], rng)


def texture(d, rng):
    paper = plain_paper((222, 214, 198)) + rng.uniform(7, 12) * noise_of(rng, 1, 2.5, 7, (0.8, 6))[:, :, np.newaxis]
    return photographed(usual(d, rng, paper=paper), rng)


def ruled(d, rng):
    return photographed(usual(d, rng, paper=ruling(rng, rng.uniform(70, 110), (150, 175, 215), 2, False)), rng)


def ruled_dark(d, rng):
    return photographed(usual(d, rng, paper=ruling(rng, rng.uniform(70, 110), (110, 130, 185), 3, False)), rng)


def ruled_grey(d, rng):
    return photographed(usual(d, rng, paper=ruling(rng, rng.uniform(70, 110), (120, 120, 122), 3, False)), rng)


def squared_thin_blue(d, rng):
    paper = ruling(rng, rng.uniform(45, 100), (150, 175, 215), 2, True)
    return photographed(usual(d, rng, BLUE_PEN, paper, rng.uniform(0.02, 0.03)), rng)


def thin_pen(d, rng):
    return photographed(usual(d, rng, width=0.02), rng)


def thick_marker(d, rng):
    return photographed(usual(d, rng, width=0.17), rng)


def blue_ink(d, rng):
    return photographed(usual(d, rng, BLUE_PEN), rng)


def pencil(d, rng):
    return photographed(usual(d, rng, (150, 150, 152), width=0.05), rng)


def rotated(d, rng):
    return photographed(usual(d, rng, turn=float(rng.choice([-1, 1]) * rng.uniform(5, 15))), rng)


def chalk(d, rng):
    board = plain_paper((48, 66, 58)) + 3 * noise_of(rng, 2, 20)[:, :, np.newaxis]
    return photographed(usual(d, rng, (215, 214, 208), board), rng)


def off_centre(d, rng):
    middle = rng.choice([140, WIDE - 140]), rng.choice([130, HIGH - 130])
    ink = on_sheet(in_ink(d), int(rng.uniform(150, 210)), middle)
    return photographed(blend(plain_paper(), ink, PEN), rng)


def frame(d, rng):
    picture = Image.fromarray(usual(d, rng, height=(340, 400), off=0.2).astype(np.uint8))
    half, thick = rng.uniform(190, 230), int(rng.uniform(3, 7))
    x, y = WIDE / 2 + rng.uniform(-15, 15), HIGH / 2 + rng.uniform(-15, 15)
    lines = Image.new("L", picture.size, 0)
    ImageDraw.Draw(lines).rectangle([x - half, y - half, x + half, y + half], outline=255, width=thick)
    picture.paste(PEN, mask=lines.rotate(rng.uniform(-3, 3), Image.Resampling.BILINEAR))
    return photographed(np.asarray(picture, np.float32), rng)


def sheet_edge(d, rng):
    picture = usual(d, rng, height=(330, 400), off=0.5)
    slope = np.tan(np.radians(rng.uniform(-4, 4)))
    desk = np.array((96, 68, 48)) + 8 * noise_of(rng, (1, 20))[:, :, np.newaxis]
    for side in rng.choice(4, size=rng.integers(1, 3), replace=False):
        deep = rng.uniform(25, 70) + slope * (Y if side < 2 else X)
        away = (X, WIDE - X, Y, HIGH - Y)[side] - deep
        on_desk = np.clip(0.5 - away / 2, 0, 1)[:, :, np.newaxis]
        picture = picture * (1 - on_desk) + desk * on_desk
    return photographed(picture, rng)


def specks(d, rng):
    picture = usual(d, rng)
    for _ in range(rng.integers(2, 6)):
        x, y, radius = rng.uniform(20, WIDE - 20), rng.uniform(20, HIGH - 20), rng.uniform(2.5, 5)
        picture = blend(picture, 0.7 * np.clip(radius - np.hypot(X - x, Y - y) + 0.5, 0, 1), (0, 0, 0))
    return photographed(picture, rng)


def creases(d, rng):
    picture = usual(d, rng)
    for _ in range(rng.integers(1, 4)):
        away = side_of_line(rng, 200) + 4 * np.sin(X / rng.uniform(40, 90))
        fold = 1 - rng.uniform(0.1, 0.3) * np.exp(-((away / 3) ** 2)) + 0.05 * np.tanh(away / 30)
        picture = picture * fold[:, :, np.newaxis]
    return photographed(np.clip(picture, 0, 255), rng)


def finger(d, rng):
    picture = usual(d, rng, height=(330, 400), off=0.3)
    side, along = rng.integers(4), rng.uniform(-60, 60)
    x, y = [(0, HIGH / 2 + along), (WIDE, HIGH / 2 + along), (WIDE / 2 + along, 0), (WIDE / 2 + along, HIGH)][side]
    long, thick = rng.uniform(70, 130), rng.uniform(35, 60)
    reach = (X - x) ** 2 / (long if side < 2 else thick) ** 2 + (Y - y) ** 2 / (thick if side < 2 else long) ** 2
    cover = np.clip((1 - np.sqrt(reach)) * 20, 0, 1)
    skin = np.array((205, 150, 125), np.float32) * (0.75 + 0.25 * np.sqrt(np.clip(1 - reach, 0, 1)))[:, :, np.newaxis]
    shadowed = picture * (1 - 0.35 * np.exp(-np.clip(reach - 1, 0, 9) * 2))[:, :, np.newaxis]
    return photographed(shadowed * (1 - cover[:, :, np.newaxis]) + skin * cover[:, :, np.newaxis], rng)


def jpeg_small(d, rng):
    return photographed(usual(d, rng), rng).resize((200, 150), Image.Resampling.BICUBIC)


ONE = [
    plain, uneven_light, hard_shadow, texture, ruled, ruled_dark, ruled_grey, squared_thin_blue, thin_pen, thick_marker,
    blue_ink, pencil, rotated, chalk, off_centre, frame, sheet_edge, specks, creases, finger, jpeg_small,
]  # fmt: skip


# Several digits: (digits, rng) → picture ------------------------------------------------------------


def tight(digit):
    """A digit's ink cropped to its box."""
    ink = in_ink(digit)
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def row_of(digits, rng, tall, left, middle, gap):
    """Digits side by side, as one writes them: ink on a sheet, and where the next would begin."""
    sheet = Image.new("F", (WIDE, HIGH), 0)
    for digit in digits:
        ink = tight(digit)
        size = max(1, round(tall * ink.shape[1] / ink.shape[0])), round(tall * rng.uniform(0.92, 1.08))
        sheet.paste(
            Image.fromarray(ink.astype(np.float32)).resize(size, Image.Resampling.BILINEAR),
            (round(left), round(middle - size[1] / 2 + rng.uniform(-4, 4))),
        )
        left += size[0] + gap * tall
    return np.asarray(sheet), left


def two_digits(digits, rng):
    ink, _ = row_of(digits, rng, rng.uniform(220, 260), rng.uniform(80, 160), HIGH / 2, rng.uniform(0.2, 0.5))
    return photographed(blend(plain_paper(), ink, PEN), rng)


def house_number(digits, rng):
    plate = plain_paper((28, 48, 112))
    ink, _ = row_of(digits, rng, rng.uniform(150, 190), 50, HIGH / 2, rng.uniform(0.15, 0.3))
    return photographed(blend(plate, ink, (240, 240, 236)), rng)


def form(digits, rng):
    """One digit in each of the boxes of a form."""
    sheet = Image.fromarray(plain_paper().astype(np.uint8))
    pen, side, left, top = ImageDraw.Draw(sheet), 130, 60, 230
    ink = np.zeros((HIGH, WIDE), np.float32)
    for k, digit in enumerate(digits):
        pen.rectangle([left + k * side, top, left + (k + 1) * side, top + side], outline=(90, 90, 95), width=3)
        one = tight(digit)
        tall = min(80, round(80 * one.shape[0] / one.shape[1]))
        size = max(1, round(tall * one.shape[1] / one.shape[0])), tall
        field = Image.new("F", (WIDE, HIGH), 0)
        x, y = left + (k + 0.5) * side + rng.uniform(-8, 8), top + side / 2 + rng.uniform(-8, 8)
        field.paste(Image.fromarray(one.astype(np.float32)).resize(size), (round(x - size[0] / 2), round(y - tall / 2)))
        ink = np.maximum(ink, np.asarray(field))
    return photographed(blend(np.asarray(sheet, np.float32), ink, BLUE_PEN), rng)


def page(digits, rng):
    """Twelve digits in three rows."""
    ink = np.zeros((HIGH, WIDE), np.float32)
    for k in range(3):
        one, _ = row_of(digits[4 * k : 4 * k + 4], rng, 95, rng.uniform(60, 120), 120 + 180 * k, 0.6)
        ink = np.maximum(ink, one)
    return photographed(blend(plain_paper(), ink, PEN), rng)


SEVERAL = {two_digits: 2, house_number: 3, form: 5, page: 12}


# Nothing that is a digit: rng → picture -------------------------------------------------------------


def written(text, size, rng, turn=8.0):
    fonts = Path(ImageFont.__file__).parent, Path(__import__("matplotlib").get_data_path()) / "fonts" / "ttf"
    names = [n for n in ("DejaVuSans.ttf", "DejaVuSerif.ttf", "DejaVuSans-Bold.ttf") if (fonts[1] / n).is_file()]
    font = ImageFont.truetype(str(fonts[1] / names[rng.integers(len(names))]), size)
    ink = Image.new("L", (WIDE, HIGH), 0)
    ImageDraw.Draw(ink).text((WIDE / 2, HIGH / 2), text, fill=255, font=font, anchor="mm")
    return np.asarray(ink.rotate(rng.uniform(-turn, turn)), np.float32) / 255


def letters(rng):
    return photographed(blend(plain_paper(), written(LETTERS[rng.integers(len(LETTERS))], 380, rng), PEN), rng)


def words(rng):
    text = "\n".join("".join(rng.choice(list("abcdefghkmnprstuvwxyz"), rng.integers(3, 8))) for _ in range(3))
    return photographed(blend(plain_paper(), written(text, int(rng.uniform(40, 120)), rng, 3), PEN), rng)


def scribbles(rng):
    sheet = Image.new("L", (WIDE, HIGH), 0)
    corners = rng.uniform((180, 100), (WIDE - 180, HIGH - 100), (rng.integers(7, 22), 2))
    steps = np.linspace(0, len(corners) - 1, 12 * len(corners))
    path = np.stack([np.interp(steps, np.arange(len(corners)), corners[:, k]) for k in (0, 1)], axis=1)
    path = ndimage.uniform_filter1d(path, 9, axis=0)
    ImageDraw.Draw(sheet).line([tuple(p) for p in path], fill=255, width=int(rng.uniform(12, 28)), joint="curve")
    return photographed(blend(plain_paper(), np.asarray(sheet, np.float32) / 255, PEN), rng)


def only_specks(rng):
    picture = plain_paper()
    for _ in range(rng.integers(1, 8)):
        x, y, radius = rng.uniform(20, WIDE - 20), rng.uniform(20, HIGH - 20), rng.uniform(2.5, 9)
        picture = blend(picture, 0.8 * np.clip(radius - np.hypot(X - x, Y - y) + 0.5, 0, 1), (0, 0, 0))
    return photographed(picture, rng)


def textures(rng):
    scale = rng.uniform(1, 12)
    cloth = noise_of(rng, scale, (scale, 6 * scale)) if rng.random() < 0.5 else np.sin(X / scale) + np.sin(Y / scale)
    return photographed(plain_paper((180, 160, 140)) + rng.uniform(10, 45) * cloth[:, :, np.newaxis], rng)


def blank(rng):
    return photographed(plain_paper(), rng)


NOTHING = [letters, words, scribbles, only_specks, textures, blank]


# Measuring ------------------------------------------------------------------------------------------


def make(kind, folder, rows, images, labels, seed):
    """Write the photographs of a kind; return what each holds, in the order of their names."""
    truth = []
    for i, row in enumerate(rows):
        rng = np.random.default_rng([seed, i, *map(ord, kind.__name__)])
        if kind in NOTHING:
            picture, holds = kind(rng), []
        elif kind in SEVERAL:
            some = [row, *rng.choice(rows, SEVERAL[kind] - 1)]
            picture, holds = kind([images[r] for r in some], rng), [int(labels[r]) for r in some]
        else:
            picture, holds = kind(images[row], rng), [int(labels[row])]
        picture.save(folder / f"{i:04d}.jpg", quality=40 if kind is jpeg_small else 90)
        truth.append(holds)
    return truth


def ask(run, folder, count):
    names = [str(folder / f"{i:04d}.jpg") for i in range(count)]
    command = [Path(sys.executable).parent / "glasswork", "predict", run, "--json", *names]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=False).stdout)


def measure(kind, answers, truth):
    sure = [[d for d in answer.get("digits", []) if d["confidence"] >= 0.9] for answer in answers]
    if kind in NOTHING:
        return None, sum(bool(some) for some in sure)
    got = [[d["digit"] for d in answer.get("digits", [])] for answer in answers]
    right = [one == holds for one, holds in zip(got, truth, strict=True)]
    wrong = [not ok and len(some) == len(one) > 0 for ok, some, one in zip(right, sure, got, strict=True)]
    return 100 * float(np.mean(right)), sum(wrong)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run")
    parser.add_argument("kinds", nargs="*")
    parser.add_argument("--each", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path)
    asked = parser.parse_intermixed_args()
    from glasswork import load_mnist

    images, labels = load_mnist()
    rng = np.random.default_rng(asked.seed)
    rows = 60_000 + np.concatenate(
        [rng.choice(np.flatnonzero(labels[60_000:] == k), -(-asked.each // 10), replace=False) for k in range(10)]
    )
    rows = rng.permutation(rows)[: asked.each]
    print("| kind | right | wrong, or no digit, and 90 % sure | refused |\n|---|--:|--:|--:|", flush=True)
    for kind in [*ONE, *SEVERAL, *NOTHING]:
        if asked.kinds and kind.__name__ not in asked.kinds:
            continue
        with tempfile.TemporaryDirectory() as made:
            folder = asked.keep / kind.__name__ if asked.keep else Path(made)
            folder.mkdir(parents=True, exist_ok=True)
            truth = make(kind, folder, rows, images, labels, asked.seed)
            start = time.perf_counter()
            answers = ask(asked.run, folder, len(rows))
            seconds = time.perf_counter() - start
        right, sure = measure(kind, answers, truth)
        share = "–" if right is None else f"{right:.1f} %"
        refused = sum("error" in answer for answer in answers)
        print(f"| {kind.__name__.replace('_', ' ')} | {share} | {sure} of {len(rows)} | {refused} |", flush=True)
        print(f"{kind.__name__}: {1000 * seconds / len(rows):.0f} ms a photograph", file=sys.stderr)


if __name__ == "__main__":
    main()
