"""The pictures: what they show is what they were given, and nothing in them overlaps or is cut."""

import io
import os
import re
import subprocess
import sys

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text
from PIL import Image
from scipy.optimize import isotonic_regression

from glasswork import MLP, Dataset, EpochResult, Layer, Linear, ReLU, figures
from glasswork.data import split
from glasswork.errors import FileError, InputError
from glasswork.features import Features
from glasswork.figures.line_ends import keep_apart
from glasswork.inputs import Inputs
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
DIGITS = tuple("0123456789")
TWELVE = tuple(f"glyph {letter}" for letter in "ABCDEFGHIJKL")
LONG = ("a class with a very long name indeed, longer than any", "b", "costs $5 and $6")


def shown(count, shape, classes):
    """Return figures.digits of random images: a shape and classes that are not MNIST's."""
    rng = np.random.default_rng(3)
    images = rng.integers(0, 256, (count, shape[0] * shape[1]), dtype=np.uint8)
    return figures.digits(Dataset.of(images, np.arange(count) % len(classes), classes=classes, shape=shape))


def sheet(classes, shape):
    """Return figures.distortions of random images."""
    rng = np.random.default_rng(3)
    pixels = int(np.prod(shape))
    return figures.distortions(
        rng.integers(0, 256, (len(classes), pixels), dtype=np.uint8),
        rng.uniform(0, 255, (len(classes), 12, pixels)),
        classes=classes,
        shape=shape,
        subtitle="adam: rotation 15, scale 0.15, shear 0.15, shift 2, elastic 1.2, smoothness 4, end strength 0.6 " * 2,
    )


def first_layer(weight):
    """Return a network whose first layer has these weights, and nothing behind it."""
    layer = Linear(*weight.shape)
    layer.weight = weight
    return MLP.from_layers({"linear1": layer})


def network(*sizes, **options):
    return MLP(sizes[0], sizes[1:-1], sizes[-1], output_activation=None, **options)


def confused(classes):
    rng = np.random.default_rng(3)
    size = len(classes)
    return figures.confusion(np.diag(rng.integers(90, 99, size)) + rng.integers(0, 9, (size, size)), classes=classes)


def learnt(epochs, seed=0):
    rng = np.random.default_rng(seed)
    steps = np.arange(1, epochs + 1)
    loss = 0.08 + 0.6 * np.exp(-8 * steps / epochs) + rng.uniform(0, 0.01, epochs)
    return history(steps.tolist(), 0.9 * loss, loss, 98 - 20 * loss)


def history(epochs, train_loss, valid_loss, accuracy):
    return [EpochResult(*row, 0.1, 0.1) for row in zip(epochs, train_loss, valid_loss, accuracy, strict=True)]


NAN = float("nan")
FLAT = history([1, 2, 3], [0.9] * 3, [0.9] * 3, [9.8, 10.2, 9.8])
BLOWN_UP = history(range(1, 9), np.geomspace(0.1, 1e6, 8), np.geomspace(0.1, 1e6, 8), np.linspace(80, 10, 8))
DIVERGED = history([1, 2, 3, 4], [0.5, 0.4, NAN, NAN], [0.6, 0.5, float("inf"), NAN], [80, 90, 9.8, 9.8])


def compared(count, *, same_loss, epochs=(50, 50, 50, 200, 5, 100, 2, 1), note="activation relu, learning rate 0.05"):
    runs = {name: learnt(e, i) for i, (e, name) in enumerate(zip(epochs[:count], NAMES[:count], strict=True))}
    losses = "MSE" if same_loss else {name: ("MSE", "cross-entropy")[i % 2] for i, name in enumerate(runs)}
    return figures.compare(runs, losses=losses, notes=dict.fromkeys(runs, note))


def ladder(rungs, seeds=5):
    """Made-up results of the real rungs, from about 5 % of errors down to 1 %, or from 80 % in one epoch."""
    rng = np.random.default_rng(7)
    errors = np.geomspace(80 if seeds == 1 else 5, 1, len(RUNGS))[:rungs, np.newaxis] * rng.uniform(
        0.95, 1.05, (rungs, seeds)
    )
    gains = ["", *(["+2.04", "no measurable gain (−0.03)"] * 8)][:rungs]
    changes = [rung.change for rung in RUNGS[:rungs]]
    return figures.ladder(changes, (100 - errors).tolist(), gains, title="What each idea is worth: official split")


def of_table(columns, hidden=40):
    """Return a network for a table whose columns have long names and short ones."""
    rows = np.random.default_rng(0).normal(size=(20, columns))
    names = [["hue", "od280/od315_of_diluted_wines", "$price$"][k % 3] + f" {k}" for k in range(columns)]
    model = network(columns, hidden, 3)
    model.inputs = Inputs.of_features(Features.fit(rows), columns=tuple(names), classes=("a", "b", "c"))
    return model


PICTURES = {
    "digits": lambda: figures.digits(IMAGES, labels=LABELS),
    "digits, some absent": lambda: figures.digits(IMAGES[:7], labels=LABELS[:7]),
    "distortions": lambda: sheet(DIGITS, (28, 28)),
    "distortions of many classes": lambda: sheet(LONG * 20, (8, 12)),
    "distortions in colour": lambda: sheet(TWELVE, (6, 5, 3)),
    **{f"curves {n}": lambda n=n: figures.curves(learnt(n, n)) for n in (1, 2, 50, 200)},
    "curves, all zero": lambda: figures.curves(history([1, 2], [0, 0], [0, 0], [100, 100]), classes=2),
    "curves, wide numbers": lambda: figures.curves(history([98, 99], [1.5e6, 2e-7], [99.99, 1e-5], [0, 12.345678])),
    "curves, long name": lambda: figures.curves(learnt(3), name="a long $title$ " * 10, loss_name="cross-\nentropy"),
    "curves, flat": lambda: figures.curves(FLAT, classes=10, test_accuracy=9.8),
    "curves, two classes": lambda: figures.curves(history([1, 2], [0.5, 0.5], [0.5, 0.5], [50, 50]), classes=2),
    "curves, blown up": lambda: figures.curves(BLOWN_UP, classes=26, planned=50),
    "curves, diverged": lambda: figures.curves(DIVERGED, classes=10, planned=50),
    "curves, diverged at once": lambda: figures.curves(DIVERGED[3:], classes=10),
    **{f"compare {n} {s}": lambda n=n, s=s: compared(n, same_loss=s) for n in (1, 8) for s in (True, False)},
    "compare 8 alike": lambda: compared(8, same_loss=True, epochs=[9] * 8, note=""),
    "compare 8 in many ways": lambda: compared(8, same_loss=False, note=", ".join(["learning rate 0.05"] * 12)),
    "compare with one that diverged": lambda: figures.compare({"a": DIVERGED, "b": learnt(2), "c": DIVERGED[3:]}),
    **{f"weights {n}": lambda n=n: figures.weights(first_layer(WEIGHT[:, :n])) for n in (1, 3, 8, 50, 300)},
    **{
        f"diagram {sizes}": lambda sizes=sizes: figures.diagram(network(*sizes))
        for sizes in ([784, 50, 10], [784, 300, 100, 10], [784, *[1024] * 5, 10], [2, 1, 1], [4, 10, 11])
    },
    "diagram of one layer": lambda: figures.diagram(first_layer(WEIGHT[:480, :3]), shape=(12, 40)),
    "diagram with everything": lambda: figures.diagram(
        network(1024, *[1000] * 5, 26, batch_norm=True, dropout=0.2, input_dropout=0.1, noise=0.1)
    ),
    "digits of Fashion-MNIST": lambda: shown(40, (28, 28), FASHION),
    "digits, 12 classes of 8 × 8": lambda: shown(40, (8, 8), TWELVE),
    "digits, 26 wide ones": lambda: shown(26, (16, 40), [chr(97 + k) for k in range(26)]),
    "digits, 3 tall ones of long names": lambda: shown(40, (40, 16), LONG),
    "digits, too many": lambda: shown(62, (4, 4), [f"{k}" for k in range(62)]),
    "digits of one row": lambda: shown(40, (1, 90), TWELVE),
    **{
        f"weights {shape} {n}": lambda shape=shape, n=n: figures.weights(
            first_layer(WEIGHT[: shape[0] * shape[1], :n]), shape=shape
        )
        for shape in ((8, 8), (12, 30), (30, 12), (1, 90))
        for n in (1, 20)
    },
    **{f"weights of a table {n}": lambda n=n: figures.weights(of_table(n)) for n in (1, 13, 60)},
    "diagram of a table": lambda: figures.diagram(of_table(16)),
    "diagram, named": lambda: figures.diagram(network(64, 20, 3), shape=(8, 8), classes=LONG),
    "diagram, twelve": lambda: figures.diagram(network(64, 20, 12), shape=(8, 8), classes=TWELVE),
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
    figure = figures.digits(IMAGES, labels=LABELS)
    assert len(figure.axes) == 10
    for digit, axes in enumerate(figure.axes):
        (image,) = axes.images
        np.testing.assert_array_equal(image.get_array(), IMAGES[9 - digit].reshape(28, 28))
        assert (image.norm.vmin, image.norm.vmax) == (0, 255)
        assert image.cmap(0.0)[:3] == pytest.approx((1, 1, 1))  # paper is light, ink is dark
        assert {str(digit), f"row {9 - digit}"} <= set(texts(axes))


def test_digits_say_which_are_absent():
    figure = figures.digits(IMAGES[:2], labels=[3, 3])
    assert [len(axes.images) for axes in figure.axes] == [0, 0, 0, 1, 0, 0, 0, 0, 0, 0]
    assert texts(figure).count("absent") == 9


@pytest.mark.parametrize("hidden", [1, 3, 50, 300])
def test_weights_image_is_the_column_and_zero_is_white(hidden):
    axes = figures.weights(first_layer(WEIGHT[:, :hidden])).axes[0]
    assert len(axes.images) == min(hidden, 100)
    numbers = [int(text.get_text()) for text in axes.texts]
    assert hidden > 100 or numbers == list(range(hidden))
    for i, image in zip(numbers, axes.images, strict=True):
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
    for i, image in enumerate(figures.weights(first_layer(weight), shape=shape).axes[0].images):
        np.testing.assert_array_equal(image.get_array(), weight[:, i].reshape(shape))
    figure = figures.digits(IMAGES[:12, : height * width], labels=np.arange(12), classes=TWELVE, shape=shape)
    for i, axes in enumerate(figure.axes):
        np.testing.assert_array_equal(axes.images[0].get_array(), IMAGES[i, : height * width].reshape(shape))
        assert {TWELVE[i], f"row {i}"} <= set(texts(axes))
    assert "The first image of each class" in texts(figure)


def test_of_many_neurons_the_strongest_are_shown():
    weight = WEIGHT.copy()
    weight[:, [299, 7]] *= [3, 2]
    figure = figures.weights(first_layer(weight))
    assert [text.get_text() for text in figure.axes[0].texts[:2]] == ["299", "7"]
    assert "What the 100 strongest of 300 neurons look for" in texts(figure)
    assert "strongest" not in " ".join(texts(figures.weights(first_layer(weight[:, :100]))))


def test_weights_that_are_all_zero_can_be_drawn():
    assert figures.weights(first_layer(np.zeros((784, 2)))).axes[0].images[0].norm.vmax > 0


def test_curves_show_what_they_were_given_and_mark_the_first_best_epoch_of_accuracy_alone():
    figure = figures.curves(history([3, 4, 5, 6], [4.0, 3.0, 2.0, 1.0], [4.5, 3.5, 2.5, 2.75], [80, 95.25, 95.25, 90]))
    loss, accuracy = figure.axes
    drawn = [line.get_ydata() for line in loss.lines if len(line.get_ydata()) == 4]
    assert np.array_equal(drawn, [[4.0, 3.0, 2.0, 1.0], [4.5, 3.5, 2.5, 2.75]])
    assert all(line.get_markersize() < 6 for line in loss.lines if line.get_marker() == "o")
    drawn = [line.get_xydata() for line in accuracy.lines if len(line.get_ydata()) == 4]
    assert np.array_equal(drawn, [[[3, 80], [4, 95.25], [5, 95.25], [6, 90]]])
    assert "best: 95.25% in epoch 4" in texts(accuracy)
    assert [[4, 95.25]] in [line.get_xydata().tolist() for line in accuracy.lines]


def test_curves_say_whose_they_are_and_how_the_run_ended():
    said = texts(figures.curves(learnt(5), name="relu", test_accuracy=97.031, classes=10))
    assert {"How relu learnt", "5 epochs; test accuracy 97.03%"} <= set(said)
    assert "stopped after 5 of 50 epochs" in texts(figures.curves(learnt(5), planned=50))
    assert "4 epochs; diverged in epoch 3: the loss is not a finite number" in texts(figures.curves(DIVERGED))
    assert "diverged" in texts(figures.curves(DIVERGED).axes[0])


def test_curves_of_a_run_that_is_hardly_better_than_chance_show_chance():
    accuracy = figures.curves(FLAT, classes=[str(k) for k in range(10)]).axes[1]
    assert "chance, 10%" in texts(accuracy)
    assert accuracy.get_ylim() == (0, 40)
    assert "chance" not in " ".join(texts(figures.curves(learnt(5), classes=10)))


def test_a_loss_over_many_powers_of_ten_is_drawn_on_a_logarithmic_scale():
    assert figures.curves(BLOWN_UP).axes[0].get_yscale() == "log"
    assert figures.curves(learnt(5)).axes[0].get_yscale() == "linear"


@pytest.mark.parametrize("epochs", [1, 2, 3, 50, 200])
def test_epochs_are_counted_in_whole_numbers(epochs):
    loss, accuracy = figures.curves(learnt(epochs)).axes
    for axes in (loss, accuracy):
        low, high = axes.get_xlim()
        ticks = [tick for tick in axes.get_xticks() if low <= tick <= high]
        assert ticks
        assert all(tick == int(tick) and 1 <= tick <= epochs for tick in ticks)


def test_compare_shows_losses_only_if_they_can_be_compared():
    runs = {"a": learnt(5, 1), "b": learnt(9, 2)}

    def drawn(axes):
        return [line.get_ydata().tolist() for line in axes.lines if len(line.get_ydata()) > 2]

    left, right = figures.compare(runs, losses="MSE").axes
    assert drawn(left) == [[e.valid_loss for e in run] for run in runs.values()]
    assert drawn(right) == [[e.valid_accuracy for e in run] for run in runs.values()]
    assert left.get_yscale() == "log"
    figure = figures.compare(runs, losses={"a": "MSE", "b": "cross-entropy"})
    (only,) = figure.axes
    assert drawn(only) == drawn(right)
    assert "their losses cannot be compared: MSE, cross-entropy" in " ".join(texts(figure))


def test_compare_names_the_best_run_first_and_says_what_differs():
    notes = {"slow": "learning rate 0.01", "fast": "learning rate 1"}
    runs = {"slow": history([1], [1], [1], [80]), "fast": history([1], [1], [1], [95])}
    said = texts(figures.compare(runs, notes=notes).axes[1])
    wanted = ["95.00%  fast", "learning rate 1", "80.00%  slow", "learning rate 0.01"]
    assert [text for text in said if text in wanted] == wanted


def test_compare_can_draw_a_loss_of_zero():
    perfect = history([1, 2], [1, 0], [1, 0], [100, 100])
    left = figures.compare({"perfect": perfect, "other": learnt(3)}).axes[0]
    assert len(left.lines) >= 2
    assert all(np.min(line.get_ydata()) > 0 for line in left.lines)
    figures.compare({"perfect": perfect}).canvas.draw()


def test_weights_of_a_table_that_is_not_scaled_are_bars_by_column():
    model = of_table(13)
    model.inputs = Inputs(kind="features")  # as a classifier that takes numbers as they are has it
    named = [label.get_text() for label in figures.weights(model).axes[0].get_yticklabels()]
    assert named == [f"column {k}" for k in range(1, 14)]


def test_weights_of_a_table_are_bars_by_column():
    model = of_table(5, hidden=7)
    weight = next(layer for layer in model.layers if isinstance(layer, Linear)).weight
    drawn = figures.weights(model).axes
    assert [axes.get_title("left") for axes in drawn] == [f"neuron {k}" for k in range(7)]
    for k, axes in enumerate(drawn):
        assert [bar.get_width() for bar in axes.patches] == pytest.approx(weight[:, k].tolist())
    named = [label.get_text() for label in drawn[0].get_yticklabels()]
    assert named == ["hue 0", "od280/od315_of_diluted_wines 1", "$price$ 2", "hue 3", "od280/od315_of_diluted_wines 4"]
    assert "pixels" not in " ".join(texts(figures.diagram(of_table(16))))
    with pytest.raises(InputError, match="expected images, got a table of features"):
        figures.digits(Dataset(images=np.ones((4, 2)), labels=np.arange(4) % 2, classes=("a", "b"), name="x",
                               shape=(1, 2), kind="features"))  # fmt: skip


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


def test_keep_apart_moves_as_little_as_possible():
    """SciPy's isotonic regression moves them by the least squares."""
    for seed in range(20):
        heights = np.sort(np.random.default_rng(seed).uniform(0.3, 0.7, 6))
        gaps = 0.04 * np.arange(6)
        assert keep_apart(heights.tolist(), 0.04) == pytest.approx(isotonic_regression(heights - gaps).x + gaps)


def test_diagram_names_layers_and_counts_parameters():
    said = "\n".join(texts(figures.diagram(network(784, 300, 100, 10))))
    for words in ("input 784", "28 × 28 pixels", "hidden 300", "sigmoid", "hidden 100", "output 10", "logits"):
        assert re.search(rf"^{words}$", said, re.MULTILINE), words
    for words in ("235,200 weights\n+ 300 biases", "30,000 weights\n+ 100 biases", "1,000 weights\n+ 10 biases"):
        assert words in said
    assert "266,610 numbers to learn; not every neuron and weight is drawn" in said
    assert all(re.search(rf"^{digit}$", said, re.MULTILINE) for digit in range(10))
    said = texts(figures.diagram(network(2, 1, 1)))
    assert {"2 weights\n+ 1 bias", "5 numbers to learn"} <= set(said)


@pytest.mark.parametrize("batch_norm", [True, False])
@pytest.mark.parametrize("hidden", [50, 300, 1000])
def test_diagram_counts_every_parameter_and_every_neuron_left_out(hidden, batch_norm):
    model = network(64, hidden, 26, batch_norm=batch_norm, dropout=0.5, activation=ReLU)
    figure = figures.diagram(model, classes=[chr(97 + k) for k in range(26)])
    said = texts(figure)
    total = sum(p.size for p in model.parameters())
    assert f"{total:,} numbers to learn; not every neuron and weight is drawn" in said
    summed = sum(int(n.replace(",", "")) for n in re.findall(r"([\d,]+) (?:weight|bias|scale|shift)", "\n".join(said)))
    assert summed == total
    circles = [len(c.get_offsets()) for c in figure.axes[0].collections if hasattr(c, "set_widths")]
    more = [int(n.replace(",", "")) for n in re.findall(r"([\d,]+) more", "\n".join(said))]
    assert [a + b for a, b in zip(circles, more, strict=True)] == [64, hidden, 26]
    assert {"a", "z"} <= set(said)
    assert ("batch norm → relu → dropout" if batch_norm else "relu → dropout") in said


def test_wider_layers_are_drawn_taller():
    heights = [len(figures.diagram(network(4, n, 2)).axes[0].collections[3].get_offsets()) for n in (50, 300, 1000)]
    assert heights == sorted(set(heights))


class Scale(Layer):
    """A layer of the user's own, with a parameter that nobody has a word for."""

    def __init__(self):
        super().__init__()
        self.factor = np.ones(3, np.float32)

    def parameters(self):
        return [self.factor]

    def gradients(self):
        return [np.zeros(3, np.float32)]


def test_diagram_of_a_layer_of_the_users_own():
    figure = figures.diagram(MLP.from_layers({"linear1": Linear(4, 3), "scale": Scale()}))
    assert {"Scale", "12 weights\n+ 3 biases\n+ 3 numbers of Scale", "18 numbers to learn"} <= set(texts(figure))


def test_ladder_shows_a_dot_a_seed_and_a_bar_at_their_mean():
    figure = figures.ladder(["first", "second"], [[95.0, 96.0], [98.0, 99.0]], ["", "+3.00"], title="t")
    (axes,) = figure.axes
    dots, bars = axes.lines[::2], axes.lines[1::2]
    assert [line.get_xdata().tolist() for line in dots] == [[5, 4], [2, 1]]
    assert [set(line.get_xdata()) for line in bars] == [{4.5}, {1.5}]
    assert axes.get_xlim()[0] > axes.get_xlim()[1]  # fewer errors are further right
    assert {"first", "second", "95.50%", "98.50%", "+3.00"} <= {text.get_text() for text in axes.texts}


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
    assert "recall" in texts(axes)


def test_confusion_counts_labels_and_predictions():
    figure = figures.confusion([0, 1, 2, 2, 2], [0, 1, 1, 1, 2], classes=["a", "b", "c"])
    counts = figure.axes[0].images[0].get_array().data
    assert counts.tolist() == [[1, 0, 0], [0, 1, 0], [0, 2, 1]]
    said = " ".join(texts(figure))
    assert "3 of 5 correct (60.00%); most often, c is taken for b: 2 times" in said


def test_confusion_of_many_classes_lists_the_most_frequent_mistakes():
    matrix = 50 * np.eye(26, dtype=int)
    matrix[4, 11], matrix[8, 11] = 9, 7
    figure = figures.confusion(matrix, classes=[chr(97 + k) for k in range(26)])
    said = [text.get_text() for text in figure.axes[0].texts]
    assert said[-4:] == ["9", "e taken for l", "7", "i taken for l"]
    assert "digit" not in " ".join(texts(figure))


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
        (lambda: figures.digits(IMAGES, labels=LABELS[:3]), r"Dataset or a Split.*shapes \(40, 784\) and \(3,\)"),
        (lambda: figures.digits(IMAGES), r"labels=\(N,\)"),
        (
            lambda: figures.digits(IMAGES[:, :783], labels=LABELS),
            r"27 × 27 pixels, got 783.*pass shape=\(height, width",
        ),
        (lambda: figures.digits(IMAGES, labels=LABELS, shape=(28, 27)), r"28 × 27 pixels, got 784"),
        (lambda: figures.digits(IMAGES, labels=LABELS + 5), "got 14; pass classes"),
        (lambda: figures.digits(IMAGES, labels=LABELS / 2), "integers"),
        (lambda: figures.weights(first_layer(WEIGHT[:700])), r"26 × 26 pixels, got 700"),
        (lambda: figures.weights(first_layer(np.where(WEIGHT > 0.4, np.nan, WEIGHT))), "NaN"),
        (lambda: figures.weights(WEIGHT), "a model with linear layers, such as an MLP, got ndarray"),
        (lambda: figures.curves([]), "at least one"),
        (lambda: figures.curves([1, 2]), "expected a history: a list of EpochResult, a Run or a RunFolder, got list"),
        (lambda: figures.curves(None), "got NoneType"),
        (lambda: figures.curves(history([2, 1], [1, 2], [1, 2], [1, 2])), "increasing"),
        (lambda: figures.curves(history([1], [1], [1], [101])), "percent"),
        (lambda: figures.curves(history([1], [1], [1], [NAN])), "percent"),
        (lambda: figures.compare({}), "1 to 8"),
        (lambda: figures.compare({"a": learnt(2), "b": []}), "compare: b: .*at least one"),
        (lambda: figures.compare({str(i): learnt(2) for i in range(9)}), "got 9"),
        (lambda: figures.diagram(MLP.from_layers({"act1": ReLU()})), "linear layers"),
        (lambda: figures.diagram(network(784, 10, 10), shape=(8, 8)), "8 × 8 pixels, got 784"),
        (lambda: figures.diagram(network(784, 10, 10), classes="abc"), "names of 10 classes, got 3"),
        (lambda: figures.confusion(CONFUSIONS, classes=["a"]), "names of 10 classes, got 1"),
        (lambda: figures.confusion(np.zeros((10, 9), int)), r"\(10, 9\)"),
        (lambda: figures.confusion(-np.eye(10, dtype=int)), "0 or more"),
        (lambda: figures.confusion(np.eye(10)), "integers"),
        (lambda: figures.confusion([1, 2]), r"labels and predictions, or a square table.*\(2,\)"),
        (lambda: figures.confusion([1, 2], [1]), r"shapes \(2,\) and \(1,\)"),
        (lambda: figures.confusion([1, 2], [1, 2], classes=["a", "b"]), "names of 3 classes, got 2"),
        (
            lambda: figures.save(figures.diagram(network(2, 1, 1)), "picture.gif"),
            r"\.png, \.svg, \.pdf; got 'picture\.gif'",
        ),
        (lambda: figures.save(None, "picture.png"), "expected a figure .* got None"),
        (lambda: figures.compare([learnt(2)]), r"expected histories by name, .* got \["),
    ],
)
def test_bad_input_is_one_clear_error(call, words):
    with pytest.raises(InputError, match=words):
        call()


def test_figures_take_what_the_library_has():
    whole = Dataset.of(IMAGES[:, :64], np.arange(40) % 2, classes=["left", "right"], shape=(8, 8))
    parts = split(whole)
    assert {"left", "right", "among 40 images of 8 × 8 pixels"} <= set(texts(figures.digits(whole)))
    assert f"among {len(parts.train)} images of 8 × 8 pixels" in texts(figures.digits(parts))


def tiny():
    return figures.diagram(network(2, 1, 1))


def test_a_notebook_shows_a_picture():
    figure = tiny()
    with Image.open(io.BytesIO(figure._repr_png_())) as image:
        image.load()
        assert image.size == tuple(int(inches * 160) for inches in figure.get_size_inches())


@pytest.mark.parametrize("kind", ["png", "svg", "pdf"])
def test_equal_pictures_are_equal_whole_files(tmp_path, kind):
    path = tmp_path / f"diagram.{kind}"
    path.write_bytes(b"an older picture")
    figures.save(tiny(), path)
    content = path.read_bytes()
    assert content.startswith({"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}[kind])
    assert content.rstrip().endswith({"png": b"IEND\xaeB`\x82", "svg": b"</svg>", "pdf": b"%%EOF"}[kind])
    assert list(tmp_path.iterdir()) == [path]
    figures.save(tiny(), path)
    assert path.read_bytes() == content


def test_save_into_a_missing_folder_leaves_nothing(tmp_path):
    with pytest.raises(FileError, match="missing"):
        figures.save(tiny(), tmp_path / "missing" / "picture.png")
    assert list(tmp_path.iterdir()) == []


def test_save_that_fails_at_the_end_leaves_what_was_there(tmp_path):
    (tmp_path / "picture.png").mkdir()
    with pytest.raises(FileError):
        figures.save(tiny(), tmp_path / "picture.png")
    assert [path.name for path in tmp_path.iterdir()] == ["picture.png"]


PROGRAM = """
import hashlib, sys
import glasswork.figures as figures
from glasswork import EpochResult
assert "matplotlib.pyplot" not in sys.modules
picture = figures.curves([EpochResult(1, 0.5, 0.5, 50.0, 0.1, 0.1)], name="$x$")
import matplotlib
assert matplotlib.rcParams["font.size"] == float(sys.argv[1])
print(hashlib.sha256(picture.encode()).hexdigest())
assert matplotlib.rcParams["font.size"] == float(sys.argv[1])
"""


def test_the_users_matplotlib_does_not_reach_a_picture_nor_the_other_way_round(tmp_path):
    (tmp_path / "matplotlibrc").write_text(
        "font.size: 31\ntext.usetex: True\nfigure.facecolor: red\nsavefig.bbox: tight\naxes.grid: True\n"
    )

    def digest(folder, size, **environment):
        words = [sys.executable, "-W", "error", "-c", PROGRAM, size]
        done = subprocess.run(
            words, cwd=folder, env={**os.environ, **environment}, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    plain = digest("/", "10")
    assert digest(tmp_path, "31", MPLBACKEND="nonsense") == plain
