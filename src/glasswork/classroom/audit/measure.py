"""Where the handout's given code departs from the mathematics: measured on that very code, with its effects.

the template's classes ──► gradient check   ──► ratios: 1 is right, 1/batch is "averaged twice"
                       ──► printed loss     ──► ratio to the true mean squared error
                       ──► short trainings on MNIST, as given and mended
"""

import ast
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from glasswork import gradcheck, load_mnist, split
from glasswork.arrays import FloatArray, Labels
from glasswork.classroom.exercise.write import read_template

BATCH, CLASSES = 100, 10  # as in the handout


@dataclass(frozen=True)
class Departure:
    """One place of the given code: its line, the line that mends it, and what the given line does."""

    part: str
    given: str
    mended: str
    what: str


#: The three places.
BIAS = Departure(
    "Linear.backward",
    "np.mean(grad_output, axis=0)",
    "np.sum(grad_output, axis=0)",
    "MSELoss.backward has already divided by the batch size. The mean divides a second time, so the biases get a "
    "gradient that is 1/batch of the true one, and hardly move.",
)
REPORTED = Departure(
    "train, valid",
    "total_loss += loss",
    "total_loss += loss * len(y_batch)",
    "The loss of a batch is a mean. Adding up means and dividing by the number of images divides by the batch size "
    "twice: the printed MSE is 1/batch of the MSE. Training is not affected.",
)
GLOBAL = Departure(
    "train",
    "loss_fn.backward()",
    "criterion.backward()",
    "train uses the criterion for the loss, and a global variable for its gradient. That works only while both are "
    "the same object.",
)
DEPARTURES = (BIAS, REPORTED, GLOBAL)

#: Not a mistake of the code, but a formula that can be read in two ways; the given backward fits the first.
AMBIGUOUS = Departure(
    "MSELoss.forward",
    "np.mean((pred - target) ** 2)",
    "np.sum((pred - target) ** 2) / target.shape[0]",
    "The mean over all elements also divides by the number of classes. The given MSELoss.backward does not, so its "
    "gradient is 10 times that of the loss. Training is not affected: only backward moves the weights.",
)


@dataclass(frozen=True)
class Ratio:
    """A quantity, and how many times its true value the code returns.

    Attributes
    ----------
    code : str
        Which code was measured.
    quantity : str
        An array, whose gradient is measured, or ``printed MSE``.
    value : float
        Returned over true; 1 is right.
    """

    code: str
    quantity: str
    value: float

    @property
    def is_right(self) -> bool:
        """Whether the code returns the true value."""
        return bool(np.isclose(self.value, 1.0, rtol=1e-4))

    @property
    def reading(self) -> str:
        """What the ratio means, in words."""
        meanings = {
            1.0: "right",
            1 / BATCH: "1/batch: averaged twice",
            CLASSES: f"{CLASSES}: the number of classes",
            CLASSES / BATCH: f"{CLASSES}/batch: both of these",
        }
        return next((words for ratio, words in meanings.items() if np.isclose(self.value, ratio, rtol=1e-4)), "?")


@dataclass(frozen=True)
class Training:
    """One short training: which code, and for each epoch the printed training loss and the validation accuracy."""

    code: str
    losses: tuple[float, ...]
    accuracies: tuple[float, ...]


def handout_code(*changes: Departure, reverse: bool = False) -> dict[str, Any]:
    """Return the handout's classes and functions, its gaps solved, by name.

    Parameters
    ----------
    *changes : Departure
        The places to mend.
    reverse : bool
        Put the given line where the mended one is, instead.

    Returns
    -------
    dict
        A namespace with ``Linear``, ``MLP``, ``train`` and the others.
    """
    source = "\n\n".join(cell.source for cell in read_template(solution=True) if not cell.is_text)
    for change in changes:
        old, new = (change.mended, change.given) if reverse else (change.given, change.mended)
        assert old in source, f"the template has no {old!r}"
        source = source.replace(old, new)
    tree = ast.parse(source)
    tree.body = [node for node in tree.body if isinstance(node, ast.ClassDef | ast.FunctionDef)]
    namespace: dict[str, Any] = {"np": np, "__name__": "handout"}
    exec(compile(tree, "handout", "exec"), namespace)
    return namespace


def measure() -> list[Ratio]:
    """Return the ratios: of every gradient to central differences, of the printed loss to the mean squared error."""
    rng = np.random.default_rng(0)
    x, labels = rng.normal(size=(3 * BATCH, 12)), rng.integers(0, CLASSES, 3 * BATCH)
    return [*_gradient_ratios(x, labels), *_printed_ratios(x, labels)]


def _gradient_ratios(x: FloatArray, labels: Labels) -> Iterator[Ratio]:
    """Compare the gradients of one batch with central differences."""
    for name, code in (
        ("as given", handout_code()),
        ("bias gradient mended", handout_code(BIAS)),
        ("given, loss by np.mean", handout_code(AMBIGUOUS, reverse=True)),
    ):
        target = code["int_to_onehot"](labels[:BATCH])
        report = gradcheck(_model(code, 12, 7), code["MSELoss"](), x[:BATCH], target, verbose=False)
        for check in report.checks:
            yield Ratio(name, check.name, check.ratio)


def _printed_ratios(x: FloatArray, labels: Labels) -> Iterator[Ratio]:
    """Compare what ``valid`` returns for three batches with the mean squared error of all their images."""
    for name, code in (("as given", handout_code()), ("printed loss mended", handout_code(REPORTED))):
        model = _model(code, 12, 7)
        printed, _ = code["valid"](model, code["minibatch_generator"](x, labels, BATCH), code["MSELoss"]())
        true = ((model(x) - code["int_to_onehot"](labels)) ** 2).sum(axis=1).mean()
        yield Ratio(name, "printed MSE", float(printed / true))


def _model(code: dict[str, Any], in_features: int, hidden_size: int) -> Any:
    """Return a network with the handout's seed."""
    np.random.seed(123)
    return code["MLP"](in_features, hidden_size, CLASSES)


def trainings(epochs: int = 3, *, after_epoch: Callable[[], None] = lambda: None) -> Iterator[Training]:
    """Train the handout's network on MNIST, as given and mended, from the same random numbers.

    Parameters
    ----------
    epochs : int
        Of each training; an epoch takes about a second.
    after_epoch : callable
        Called after each epoch.

    Yields
    ------
    Training
    """
    parts = split(*load_mnist())
    data = [((part.images / 255.0 - 0.5) * 2, part.labels) for part in (parts.train, parts.valid)]
    for name, code, is_shared in VARIANTS:
        with threadpool_limits(1):  # such small matrix products are no faster on several threads
            result = _train(name, code(), data, epochs, is_shared, after_epoch)
        yield result


#: What is trained: its name, its code, and whether train's criterion is the global loss_fn.
VARIANTS: tuple[tuple[str, Callable[[], dict[str, Any]], bool], ...] = (
    ("as given", handout_code, True),
    ("bias gradient mended", lambda: handout_code(BIAS), True),
    ("printed loss mended", lambda: handout_code(REPORTED), True),
    ("given, with a second loss object", handout_code, False),
    ("the same, gradient line mended", lambda: handout_code(GLOBAL), False),
)


def _train(
    name: str,
    code: dict[str, Any],
    data: Sequence[tuple[FloatArray, Labels]],
    epochs: int,
    is_shared: bool,
    after_epoch: Callable[[], None],
) -> Training:
    """Run the handout's sections 8 and 9."""
    (x_train, y_train), (x_valid, y_valid) = data
    model = _model(code, 28 * 28, 50)
    code["loss_fn"] = criterion = code["MSELoss"]()
    if not is_shared:  # the global one has seen another batch, as in a notebook where it was tried out
        code["loss_fn"](model(x_train[:BATCH]), code["int_to_onehot"](y_train[:BATCH]))
        criterion = code["MSELoss"]()
    optimizer = code["SGD"](model.parameters(), model.gradients(), lr=0.1)
    losses, accuracies = [], []
    for _ in range(epochs):
        loader = code["minibatch_generator"](x_train, y_train, BATCH)
        valid_loader = code["minibatch_generator"](x_valid, y_valid, BATCH)
        losses.append(float(code["train"](model, loader, optimizer, criterion)))
        accuracies.append(float(code["valid"](model, valid_loader, criterion)[1]))
        after_epoch()
    return Training(name, tuple(losses), tuple(accuracies))
