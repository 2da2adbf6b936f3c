"""The pictures: what they show is what they were given, and nothing in them overlaps or is cut."""

import re
import subprocess
import sys

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text
from PIL import Image

from glasswork import figures
from glasswork.errors import FileError, InputError
from glasswork.figures.line_ends import keep_apart
from glasswork.runs.ladder import RUNGS

NAMES = [
    "classwork",
    "classwork, biases by sum",
    "adam",
    "784–1024–1024–10 relu",
    "tiny",
    "2026-05-01-a-very-long-name-of-a-recipe-indeed-2",
    "momentum",
    "costs $5 and $6",
]
RNG = np.random.default_rng(0)
IMAGES = RNG.integers(0, 256, (40, 784), dtype=np.uint8)
LABELS = np.concatenate([np.arange(10)[::-1], RNG.integers(0, 10, 30)])
RIM = 8  # pixels, at 160 an inch
WEIGHT = RNG.normal(0, 0.1, (784, 300)).astype(np.float32)
CONFUSIONS = np.diag(np.arange(900, 1000, 10)) + RNG.integers(0, 30, (10, 10))


FASHION = ("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot")
TWELVE = tuple(f"glyph {letter}" for letter in "ABCDEFGHIJKL")
LONG = ("a class with a very long name indeed, longer than any", "b", "costs $5 and $6")


def shown(count, shape, classes):
    """Return figures.digits of random images: a shape and classes that are not MNIST's."""
    rng = np.random.default_rng(3)
    images = rng.integers(0, 256, (count, shape[0] * shape[1]), dtype=np.uint8)
    return figures.digits(images, np.arange(count) % len(classes), classes=classes, shape=shape)


def confused(classes):
    rng = np.random.default_rng(3)
    size = len(classes)
    return figures.confusion(np.diag(rng.integers(90, 99, size)) + rng.integers(0, 9, (size, size)), classes=classes)


def learnt(epochs, seed=0, name=""):
    rng = np.random.default_rng(seed)
    steps = np.arange(1, epochs + 1)
    loss = 0.08 + 0.6 * np.exp(-8 * steps / epochs) + rng.uniform(0, 0.01, epochs)
    return figures.Curve(name, steps.tolist(), (0.9 * loss).tolist(), loss.tolist(), (98 - 20 * loss).tolist())


def curves(run, **options):
    return figures.curves(run.epochs, run.train_loss, run.valid_loss, run.valid_accuracy, **options)


def compared(count, *, same_loss, epochs=(50, 50, 50, 200, 5, 100, 2, 1)):
    runs = [learnt(e, i, n) for i, (e, n) in enumerate(zip(epochs, NAMES, strict=True))]
    return figures.compare(runs[:count], same_loss=same_loss)


def ladder(rungs, seeds=5):
    """Made-up results of the real rungs, from about 5 % of errors down to 1 %, or from 80 % in one epoch."""
    rng = np.random.default_rng(7)
    errors = np.geomspace(80 if seeds == 1 else 5, 1, len(RUNGS))[:rungs, np.newaxis] * rng.uniform(
        0.95, 1.05, (rungs, seeds)
    )
    gains = ["", *(["+2.04", "no measurable gain (−0.03)"] * 6)][:rungs]
    changes = [rung.change for rung in RUNGS[:rungs]]
    return figures.ladder(changes, (100 - errors).tolist(), gains, title="What each idea is worth: official split")


def network(*sizes, **options):
    return figures.diagram(sizes, ["sigmoid"] * (len(sizes) - 2) + [None], **options)


PICTURES = {
    "digits": lambda: figures.digits(IMAGES, LABELS),
    "digits, some absent": lambda: figures.digits(IMAGES[:7], LABELS[:7]),
    **{f"curves {n}": lambda n=n: curves(learnt(n, n)) for n in (1, 2, 50, 200)},
    "curves, all equal": lambda: figures.curves([1, 2], [0.0, 0.0], [0.0, 0.0], [100.0, 100.0]),
    "curves, wide numbers": lambda: figures.curves([98, 99], [1.5e6, 2e-7], [99.99, 1e-5], [0.0, 12.345678]),
    "curves, long title": lambda: curves(learnt(3), title="a long $title$ " * 10, loss_name="cross-\nentropy"),
    **{f"compare {n} {s}": lambda n=n, s=s: compared(n, same_loss=s) for n in (1, 8) for s in (True, False)},
    "compare 8 alike": lambda: compared(8, same_loss=True, epochs=[9] * 8),
    **{f"weights {n}": lambda n=n: figures.weights(WEIGHT[:, :n]) for n in (1, 3, 8, 50, 300)},
    **{
        f"diagram {sizes}": lambda sizes=sizes: network(*sizes)
        for sizes in ([784, 50, 10], [784, 300, 100, 10], [784, *[1024] * 5, 10], [2, 1, 1], [4, 10, 11], [784, 10])
    },
    "digits of Fashion-MNIST": lambda: shown(40, (28, 28), FASHION),
    "digits, 12 classes of 8 × 8": lambda: shown(40, (8, 8), TWELVE),
    "digits, 26 wide ones": lambda: shown(26, (16, 40), [chr(97 + k) for k in range(26)]),
    "digits, 3 tall ones of long names": lambda: shown(40, (40, 16), LONG),
    "digits, too many": lambda: shown(62, (4, 4), [f"{k}" for k in range(62)]),
    "digits of one row": lambda: shown(40, (1, 90), TWELVE),
    **{
        f"weights {shape} {n}": lambda shape=shape, n=n: figures.weights(WEIGHT[: shape[0] * shape[1], :n], shape=shape)
        for shape in ((8, 8), (12, 30), (30, 12), (1, 90))
        for n in (1, 20)
    },
    "diagram, named": lambda: figures.diagram([64, 20, 3], ["relu", None], shape=(8, 8), classes=LONG),
    "diagram, twelve": lambda: figures.diagram([64, 20, 12], ["relu", None], shape=(8, 8), classes=TWELVE),
    "confusion of Fashion-MNIST": lambda: confused(FASHION),
    "confusion, 3 of long names": lambda: confused(LONG),
    **{f"confusion {n}": lambda n=n: confused([f"{k}" for k in range(n)]) for n in (12, 60, 100)},
    "confusion, 26 words": lambda: confused([f"class {k}" for k in range(26)]),
    "confusion": lambda: figures.confusion(CONFUSIONS, title="784–50–10 on the test set"),
    "confusion, large": lambda: figures.confusion(np.full((10, 10), 888_888)),
    "ladder": lambda: ladder(len(RUNGS)),
    "ladder, low": lambda: ladder(2),
    "ladder, one rung, one seed": lambda: ladder(1, seeds=1),
    "ladder, wide": lambda: ladder(len(RUNGS), seeds=1),
    "confusion 2": lambda: figures.confusion([[5, 0], [0, 0]]),
}


@pytest.mark.parametrize("name", PICTURES)
def test_no_text_overlaps_another_and_nothing_reaches_the_rim(name):
    figure = PICTURES[name]()
    figure.canvas.draw()
    pixels = np.asarray(figure.canvas.buffer_rgba())[..., :3].copy()
    height, width = pixels.shape[:2]
    boxes = [(text.get_text(), text.get_window_extent()) for text in visible_texts(figure)]
    assert boxes
    for text, box in boxes:
        assert RIM <= box.x0 <= box.x1 <= width - RIM, text
        assert RIM <= box.y0 <= box.y1 <= height - RIM, text
    assert (pixels != 255).any()
    pixels[RIM:-RIM, RIM:-RIM] = 255
    assert (pixels == 255).all()
    x0, y0, x1, y1 = np.array([(box.x0, box.y0, box.x1, box.y1) for _, box in boxes]).T[:, :, None]
    apart = (x1 <= x0.T) | (x0 >= x1.T) | (y1 <= y0.T) | (y0 >= y1.T)
    overlapping = [(boxes[i][0], boxes[j][0]) for i, j in np.argwhere(~apart) if i < j]
    assert not overlapping


def visible_texts(figure: Figure):
    """The texts that are drawn: tick labels outside an axis's limits are not."""
    hidden = set()
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            drawn = set(axis._update_ticks()) if axes.axison else set()
            for tick in [*axis.get_major_ticks(), *axis.get_minor_ticks()]:
                if tick not in drawn:
                    hidden |= {tick.label1, tick.label2}
    return [t for t in figure.findobj(Text) if t.get_visible() and t.get_text().strip() and t not in hidden]


def range_of(count):
    return [str(k) for k in range(count)]


def texts(thing):
    return [text.get_text() for text in thing.findobj(Text) if text.get_text()]


def test_digits_show_the_first_image_of_each_class():
    figure = figures.digits(IMAGES, LABELS)
    for digit, axes in enumerate(figure.axes):
        (image,) = axes.images
        np.testing.assert_array_equal(image.get_array(), IMAGES[9 - digit].reshape(28, 28))
        assert (image.norm.vmin, image.norm.vmax) == (0, 255)
        assert image.cmap(0.0)[:3] == pytest.approx((1, 1, 1))  # paper is light, ink is dark
        assert {str(digit), f"row {9 - digit}"} <= set(texts(axes))


def test_digits_say_which_are_absent():
    figure = figures.digits(IMAGES[:2], np.array([3, 3]))
    assert [len(axes.images) for axes in figure.axes] == [0, 0, 0, 1, 0, 0, 0, 0, 0, 0]
    assert texts(figure).count("absent") == 9


@pytest.mark.parametrize("hidden", [1, 3, 50, 300])
def test_weights_image_is_the_column_and_zero_is_white(hidden):
    axes = figures.weights(WEIGHT[:, :hidden]).axes[0]
    assert len(axes.images) == min(hidden, 100)
    for i, image in enumerate(axes.images):
        np.testing.assert_array_equal(image.get_array(), WEIGHT[:, i].reshape(28, 28))
        assert image.norm is axes.images[0].norm
        assert image.norm.vmin == -image.norm.vmax
        left, right, bottom, top = image.get_extent()
        assert right > left, "images are not mirrored"
        assert bottom > top, "row 0 is at the top, on axes whose y goes down"
    assert axes.yaxis_inverted()
    assert axes.images[0].cmap(0.5)[:3] == pytest.approx((0.97, 0.97, 0.97), abs=0.01)
    assert axes.images[0].cmap(1.0)[0] > axes.images[0].cmap(1.0)[2], "red is positive"


@pytest.mark.parametrize("shape", [(8, 8), (12, 30), (1, 90)])
def test_images_of_another_shape(shape):
    height, width = shape
    weight = WEIGHT[: height * width, :20]
    for i, image in enumerate(figures.weights(weight, shape=shape).axes[0].images):
        np.testing.assert_array_equal(image.get_array(), weight[:, i].reshape(shape))
    figure = figures.digits(IMAGES[:12, : height * width], np.arange(12), classes=TWELVE, shape=shape)
    for i, axes in enumerate(figure.axes):
        np.testing.assert_array_equal(axes.images[0].get_array(), IMAGES[i, : height * width].reshape(shape))
        assert {TWELVE[i], f"row {i}"} <= set(texts(axes))
    assert "The first image of each class" in texts(figure)


def test_weights_say_how_many_are_left_out():
    assert "first 100 of 300" in " ".join(texts(figures.weights(WEIGHT)))
    assert "first" not in " ".join(texts(figures.weights(WEIGHT[:, :100])))


def test_weights_that_are_all_zero_can_be_drawn():
    assert figures.weights(np.zeros((784, 2))).axes[0].images[0].norm.vmax > 0


def test_curves_show_what_they_were_given_and_mark_the_first_best_epoch():
    figure = figures.curves([3, 4, 5, 6], [4.0, 3.0, 2.0, 1.0], [4.5, 3.5, 2.5, 2.75], [80, 95.25, 95.25, 90])
    loss, accuracy = figure.axes
    drawn = [line.get_ydata() for line in loss.lines if len(line.get_ydata()) == 4]
    assert np.array_equal(drawn, [[4.0, 3.0, 2.0, 1.0], [4.5, 3.5, 2.5, 2.75]])
    drawn = [line.get_xydata() for line in accuracy.lines if len(line.get_ydata()) == 4]
    assert np.array_equal(drawn, [[[3, 80], [4, 95.25], [5, 95.25], [6, 90]]])
    assert "epoch 4: 95.25%" in texts(accuracy)
    assert "epoch 4: valid 3.5000" in texts(loss)
    assert [[4, 95.25]] in [line.get_xydata().tolist() for line in accuracy.lines]


@pytest.mark.parametrize("epochs", [1, 2, 3, 50, 200])
def test_epochs_are_counted_in_whole_numbers(epochs):
    for axes in curves(learnt(epochs)).axes:
        low, high = axes.get_xlim()
        ticks = [tick for tick in axes.get_xticks() if low <= tick <= high]
        assert ticks
        assert all(tick == int(tick) and 1 <= tick <= epochs for tick in ticks)


def test_compare_shows_losses_only_if_they_can_be_compared():
    runs = [learnt(5, 1, "a"), learnt(9, 2, "b")]
    for same_loss, of in ((True, lambda r: r.valid_loss), (False, lambda r: 100 - np.array(r.valid_accuracy))):
        left, right = figures.compare(runs, same_loss=same_loss).axes
        for axes, values in ((left, of), (right, lambda r: r.valid_accuracy)):
            drawn = [line.get_ydata() for line in axes.lines if len(line.get_ydata()) > 2]
            assert len(drawn) == 2
            for line, run in zip(drawn, runs, strict=True):
                np.testing.assert_allclose(line, values(run))
        assert left.get_yscale() == "log"
        assert ("Validation error" in " ".join(texts(left))) is not same_loss


def test_compare_can_draw_an_error_of_zero():
    perfect = figures.Curve("perfect", [1, 2], [1, 0], [1, 0], [100, 100])
    figure = figures.compare([perfect, learnt(3, 0, "other")], same_loss=False)
    assert all(np.min(line.get_ydata()) > 0 for line in figure.axes[0].lines if len(line.get_ydata()) > 2)
    figures.compare([perfect], same_loss=True).canvas.draw()


def test_keep_apart_moves_only_what_is_too_close():
    assert keep_apart([0.9, 0.1, 0.5], 0.2) == pytest.approx([0.9, 0.1, 0.5])
    assert keep_apart([0.5, 0.5], 0.2) == pytest.approx([0.4, 0.6])
    assert keep_apart([1.0, 1.0, 0.0], 0.25) == pytest.approx([0.75, 1.0, 0.0])


def test_keep_apart_keeps_order_gap_and_bounds():
    for seed in range(50):
        heights = np.random.default_rng(seed).uniform(-0.2, 1.2, 8).tolist()
        moved = np.array(keep_apart(heights, 0.08))[np.argsort(heights)]
        assert (np.diff(moved) >= 0.08 - 1e-9).all()
        assert moved[0] >= 0
        assert moved[-1] <= 1 + 1e-9


def test_diagram_names_layers_and_counts_parameters():
    said = "\n".join(texts(network(784, 300, 100, 10, shape=(28, 28), classes=range_of(10))))
    for words in (
        "input 784",
        "28 × 28 pixels",
        "hidden 300",
        "sigmoid",
        "hidden 100",
        "sigmoid",
        "output 10",
        "logits",
    ):
        assert re.search(rf"^{words}$", said, re.MULTILINE), words
    for words in ("235,200 weights\n+ 300 biases", "30,000 weights\n+ 100 biases", "1,000 weights\n+ 10 biases"):
        assert words in said
    assert "266,610 numbers" in said
    assert all(re.search(rf"^{digit}$", said, re.MULTILINE) for digit in range(10))
    assert "2 weights\n+ 1 bias" in texts(network(2, 1, 1))


def test_ladder_shows_a_dot_a_seed_and_a_bar_at_their_mean():
    figure = figures.ladder(["first", "second"], [[95.0, 96.0], [98.0, 99.0]], ["", "+3.00"], title="t")
    (axes,) = figure.axes
    dots, bars = axes.lines[::2], axes.lines[1::2]
    assert [line.get_xdata().tolist() for line in dots] == [[5, 4], [2, 1]]
    assert [set(line.get_xdata()) for line in bars] == [{4.5}, {1.5}]
    assert axes.get_xlim()[0] > axes.get_xlim()[1]  # fewer errors are further right
    assert {"first", "second", "95.50 %", "98.50 %", "+3.00"} <= {text.get_text() for text in axes.texts}


def test_confusion_shows_counts_and_the_accuracy_of_each_row():
    matrix = CONFUSIONS.copy()
    matrix[3] = 0
    figure = figures.confusion(matrix)
    (axes,) = figure.axes
    cells = {t.get_position(): t.get_text() for t in axes.texts}
    for (t, p), count in np.ndenumerate(matrix):
        assert cells.get((p, t), "0") == str(count)
    rows = [100 * matrix[t, t] / max(matrix[t].sum(), 1) for t in range(10)]
    shares = [t.get_text() for t in axes.texts if t.get_text().endswith(("%", "no image"))]
    assert shares == [f"{share:.1f}%" if t != 3 else "no image" for t, share in enumerate(rows)]
    assert f"{100 * np.trace(matrix) / matrix.sum():.2f}%" in " ".join(texts(figure))


def test_confusion_names_the_classes():
    figure = confused(FASHION)
    (axes,) = figure.axes
    assert [label.get_text() for label in axes.get_yticklabels()] == list(FASHION)
    assert [label.get_text() for label in axes.get_xticklabels()] == list(FASHION)
    assert {"Which class is taken for which", "true class"} <= set(texts(figure))
    assert "Which digit is taken for which" in texts(figures.confusion(CONFUSIONS))


def test_confusion_is_coloured_by_the_mistakes_alone():
    (image,) = figures.confusion(np.diag([5000] * 10) + np.eye(10, k=1, dtype=int) * 7).axes[0].images
    assert image.norm.vmax == 7
    assert image.get_array().mask.diagonal().all()


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: figures.digits(IMAGES, LABELS[:3]), r"got shapes \(40, 784\) and \(3,\)"),
        (lambda: figures.digits(IMAGES[:, :783], LABELS), r"27 × 27 pixels, got 783.*pass shape=\(height, width\)"),
        (lambda: figures.digits(IMAGES, LABELS, shape=(28, 27)), r"28 × 27 pixels, got 784"),
        (lambda: figures.digits(IMAGES, LABELS + 5), "got 14; pass classes"),
        (lambda: figures.confusion(CONFUSIONS, classes=["a"]), "names of 10 classes, got 1"),
        (lambda: network(784, 10, shape=(8, 8)), "8 × 8 pixels, got 784"),
        (lambda: network(784, 10, classes="abc"), "names of 10 classes, got 3"),
        (lambda: figures.digits(IMAGES, LABELS / 2), "integers"),
        (lambda: figures.weights(WEIGHT[:700]), r"26 × 26 pixels, got 700"),
        (lambda: figures.weights(WEIGHT[:, :0]), "at least one neuron"),
        (lambda: figures.weights(np.where(WEIGHT > 0.4, np.nan, WEIGHT)), "NaN"),
        (lambda: figures.curves([], [], [], []), "at least one"),
        (lambda: figures.curves([1, 2], [1, 2], [1], [1, 2]), "2, 2, 1, 2"),
        (lambda: figures.curves([2, 1], [1, 2], [1, 2], [1, 2]), "increasing"),
        (lambda: figures.curves([1], [float("nan")], [1], [1]), "diverged"),
        (lambda: figures.curves([1], [1], [1], [101]), "percent"),
        (lambda: figures.compare([], same_loss=True), "1 to 8"),
        (lambda: figures.compare([learnt(2)] * 2, same_loss=True), "name of its own"),
        (lambda: figures.compare([learnt(2, 0, str(i)) for i in range(9)], same_loss=True), "got 9"),
        (lambda: figures.diagram([784], []), "two layers"),
        (lambda: figures.diagram([784, 0, 10], ["a", "b"]), "1 neuron"),
        (lambda: figures.diagram([784, 10], ["a", "b"]), "activation"),
        (lambda: figures.diagram([784, 1.5], ["a"]), "integers"),
        (lambda: figures.confusion(np.zeros((10, 9), int)), r"\(10, 9\)"),
        (lambda: figures.confusion(-np.eye(10, dtype=int)), "0 or more"),
        (lambda: figures.confusion(np.eye(10)), "integers"),
        (lambda: figures.save(network(2, 1), "picture.svg"), "png"),
    ],
)
def test_bad_input_is_one_clear_error(call, words):
    with pytest.raises(InputError, match=words):
        call()


def test_saved_picture_is_a_whole_png_and_nothing_else(tmp_path):
    path = tmp_path / "diagram.png"
    path.write_bytes(b"an older picture")
    figure = network(784, 50, 10)
    figures.save(figure, path)
    with Image.open(path) as image:
        image.load()
        assert image.format == "PNG"
        assert image.size == tuple(int(inches * 160) for inches in figure.get_size_inches())
    assert list(tmp_path.iterdir()) == [path]


def test_save_into_a_missing_folder_leaves_nothing(tmp_path):
    with pytest.raises(FileError, match="missing"):
        figures.save(network(2, 1), tmp_path / "missing" / "picture.png")
    assert list(tmp_path.iterdir()) == []


def test_save_that_fails_at_the_end_leaves_what_was_there(tmp_path):
    (tmp_path / "picture.png").mkdir()
    with pytest.raises(FileError):
        figures.save(network(2, 1), tmp_path / "picture.png")
    assert [path.name for path in tmp_path.iterdir()] == ["picture.png"]


def test_figures_leave_pyplot_alone():
    code = (
        "import sys, glasswork.figures as f; f.diagram([2, 1], [None]); assert 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
