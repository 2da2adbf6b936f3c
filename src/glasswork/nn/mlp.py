"""MLP: a multi-layer perceptron, Linear layers with activations between them.

images → Linear → Sigmoid → Linear → Sigmoid → scores
         linear1  act1      linear2  act2
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from glasswork.arrays import FloatArray, Labels
from glasswork.errors import InputError
from glasswork.features import in_order
from glasswork.inputs import Inputs
from glasswork.nn.assembly import ActivationMaker, build_layers, widths
from glasswork.nn.batchnorm import BatchNorm
from glasswork.nn.layer import Layer
from glasswork.nn.linear import Linear
from glasswork.nn.network import Network
from glasswork.nn.random_layer import RandomLayer
from glasswork.nn.scores import ScoresAre, declared_by, labels_of, probabilities_of
from glasswork.pixels import as_array, as_rows
from glasswork.randomness import Purpose, generator

#: The contract of numbers that are taken as they are.
_AS_GIVEN = Inputs()

#: Rows that ``scores`` sends through the network at a time: enough to be fast, at little memory.
ROWS_AT_A_TIME = 1000


class MLP(Network):
    """A network of fully connected layers, in any number (handout, section 6).

    Several threads may use one network for predictions at the same time; only one thread may train it.

    Parameters
    ----------
    in_features : int
        Numbers in an image: 784 for MNIST.
    hidden_size : int or sequence of int
        Neurons in the hidden layer, or in each hidden layer, starting at the input.
    out_features : int
        Classes: 10 for MNIST.
    activation : str or callable, or a sequence of them
        Of all hidden layers, or of each one: a word such as ``"relu"``, a class such as `ReLU`, or anything that
        returns a layer when called with ``dtype=...``, as ``functools.partial(LeakyReLU, slope=0.2)`` does.
    output_activation : str or callable, or None
        Of the output layer. None, or ``"none"``, leaves its sums as they are: logits, for `CrossEntropyLoss`.
    batch_norm : bool
        Whether a `BatchNorm` follows each hidden Linear layer.
    dropout, input_dropout : float
        The probability with which `Dropout` sets each hidden neuron, or each pixel, to 0 in training.
    noise, input_noise : float
        The standard deviation of the `GaussianNoise` on the input of each hidden activation, or on each pixel.
    initializer : str, optional
        Of the weights; by default the one that suits the next activation.
    bias_grad : {"sum", "mean"}
        See `Linear`.
    dtype : data type
        The network's own; float32 unless told otherwise.
    rng : numpy.random.Generator, optional
        Where initial weights come from; by default the seed, or without one NumPy's global state, which
        ``np.random.seed`` sets.
    seed : int, optional
        The seed of initial weights, dropout masks and noise; by default masks and noise have the seed 0.

    Attributes
    ----------
    named_layers : dict of str to Layer
        In the order in which an image passes them.
    linear1, act1, linear2, act2, ... : Layer
        The same layers, by the handout's names; ``norm1``, ``drop1``, ``noise1`` where there are any. Assigning to
        one, as in ``model.act1 = ReLU()``, replaces the layer; create a new optimiser then.
    inputs : Inputs or None
        What the network was trained on; see `glasswork.inputs`. None, as at first, if unknown: nothing is applied.
        `MLP.scores`, `MLP.predict` and `MLP.probabilities` apply it to raw data, and refuse data on another scale.
    pixels : bool or None
        Whether the inputs are pixels, as ``inputs`` says; None if it does not say. Setting it to True declares bytes
        from 0 to 255, scaled to -1 to 1; to False, features that are taken as they are. The classes stay.
    classes : tuple of str
        The names of the classes; "0", "1", "2", ... unless ``inputs`` has others.
    scores_are : {"logits", "probabilities"}
        What the scores are. The last layer determines it, and so does the loss of the last training: `CrossEntropyLoss`
        makes the scores logits, `MSELoss` estimates of probabilities.
    evaluator : callable or None
        Computes `MLP.scores` instead of the layers, from the network and rows of bytes or floats; see `compiled`.

    Raises
    ------
    InputError
        If a width is below 1, a number or a word is not allowed, or the number of activations is not that of the
        hidden layers.

    Examples
    --------
    >>> model = MLP(in_features=784, hidden_size=50, out_features=10)
    >>> model.linear1.weight.shape, sum(p.size for p in model.parameters())
    ((784, 50), 39760)
    """

    _inputs: Inputs | None = None
    _scores_are: ScoresAre | None = None
    _trained_on: ScoresAre | None = None

    #: Computes scores instead of the layers.
    evaluator: Callable[[MLP, NDArray[Any]], FloatArray] | None = None

    def __init__(
        self,
        in_features: int,
        hidden_size: int | Sequence[int],
        out_features: int,
        *,
        activation: str | ActivationMaker | Sequence[str | ActivationMaker] = "sigmoid",
        output_activation: str | ActivationMaker | None = "sigmoid",
        batch_norm: bool = False,
        dropout: float = 0.0,
        input_dropout: float = 0.0,
        noise: float = 0.0,
        input_noise: float = 0.0,
        initializer: str | None = None,
        bias_grad: Literal["sum", "mean"] = "sum",
        dtype: DTypeLike = np.float32,
        rng: np.random.Generator | None = None,
        seed: int | None = None,
    ) -> None:
        if seed is not None:
            seeded = generator(seed, Purpose.WEIGHTS)  # which refuses a wrong seed
            rng = seeded if rng is None else rng
        layers = build_layers(
            (in_features, *widths(hidden_size), out_features),
            activation,
            output_activation,
            batch_norm=batch_norm,
            dropout=dropout,
            input_dropout=input_dropout,
            noise=noise,
            input_noise=input_noise,
            initializer=initializer,
            bias_grad=bias_grad,
            dtype=dtype,
            rng=rng,
            seed=seed or 0,
        )
        self._take(layers)

    @classmethod
    def from_layers(cls, layers: Mapping[str, Layer], *, scores_are: ScoresAre | None = None) -> Self:
        """Create a network from layers; an `InputError` names one that does not fit the layer before it.

        Parameters
        ----------
        layers : mapping of str to Layer
            Names as in the handout, in the order in which an image passes the layers.
        scores_are : {"logits", "probabilities"}, optional
            What the scores are; by default what the last layers state, see `Layer`.

        Examples
        --------
        >>> from glasswork import Linear, ReLU
        >>> MLP.from_layers({"linear1": Linear(784, 30), "act1": ReLU(), "linear2": Linear(30, 10)})
        MLP(784-30-10)
        """
        model = cls.__new__(cls)
        model._take(layers)
        if scores_are is not None:
            model.scores_are = scores_are
        return model

    @property
    def hidden_size(self) -> tuple[int, ...]:
        """Neurons in each hidden layer."""
        return tuple(layer.out_features for layer in self.layers if isinstance(layer, Linear))[:-1]

    @property
    def output_activation(self) -> Layer | None:
        """The layer whose outputs are the scores; None where the scores are a Linear layer's sums."""
        last = self.layers[-1]
        return None if isinstance(last, Linear | BatchNorm | RandomLayer) else last

    # What it was trained on ---------------------------------------------------------------------------

    @property
    def inputs(self) -> Inputs | None:
        """What the network was trained on; None if that is not known."""
        return self._inputs

    @inputs.setter
    def inputs(self, inputs: Inputs | None) -> None:
        self.check_inputs(inputs)
        self._inputs = inputs

    def check_inputs(self, inputs: Inputs | None) -> None:
        """Raise an InputError if a contract does not fit the network's inputs and outputs."""
        if not isinstance(inputs, Inputs | None):
            raise InputError(f"{self}: expected inputs such as Inputs.of_bytes(), or None, got {inputs!r}")
        features, outputs = self.in_features, self.out_features and max(self.out_features, 2)  # 0: not known
        if inputs and inputs.classes is not None and outputs not in (0, len(inputs.classes)):
            raise InputError(f"{self}: expected {outputs} class names, got {len(inputs.classes)}")
        given = inputs and (inputs.columns or inputs.features)
        if given and features not in (0, len(given)):
            raise InputError(f"{self}: expected {features} columns, got {len(given)}")
        if inputs and inputs.shape is not None and features not in (0, math.prod(inputs.shape)):
            raise InputError(f"{self}: expected images of {features} pixels, got the shape {inputs.shape}")

    @property
    def pixels(self) -> bool | None:
        """Whether the inputs are pixels; None if that is not known."""
        return None if self._inputs is None or self._inputs.kind is None else self._inputs.kind == "pixels"

    @pixels.setter
    def pixels(self, pixels: bool | None) -> None:
        if not isinstance(pixels, bool | None):
            raise InputError(f"{self}.pixels: expected True, False or None, got {pixels!r}")
        if pixels is None:
            self.inputs = None
        else:
            known = self._inputs or Inputs()
            as_bytes = Inputs.of_bytes(shape=known.shape, classes=known.classes, reading=known.reading)
            self.inputs = as_bytes if pixels else Inputs.as_given(kind="features", classes=known.classes)

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the classes, in the order of the scores; a single score tells two classes apart."""
        if self._inputs is not None and self._inputs.classes is not None:
            return self._inputs.classes
        return tuple(str(k) for k in range(max(self.out_features, 2)))

    @property
    def scores_are(self) -> ScoresAre:
        """What the scores are: "logits" or "probabilities"."""
        return self._trained_on or self.built_for

    @scores_are.setter
    def scores_are(self, scores_are: ScoresAre) -> None:
        if scores_are not in ("logits", "probabilities"):
            raise InputError(f"{self}: expected scores_are to be 'logits' or 'probabilities', got {scores_are!r}")
        self._scores_are, self._trained_on = scores_are, None

    @property
    def built_for(self) -> ScoresAre:
        """What the scores are by the network's layers or by declaration, whatever loss it was trained on since."""
        return self._scores_are or declared_by(self.named_layers.values())

    def _replace(self, name: str, layer: Any) -> None:
        before = self.built_for
        super()._replace(name, layer)
        if self.built_for != before:
            self._trained_on = None

    def trained_on(self, scores_are: ScoresAre) -> None:
        """Record what the loss of a training made the scores."""
        self._trained_on = scores_are

    # Answers ------------------------------------------------------------------------------------------

    def scores(self, images: ArrayLike, *, prepared: bool = False) -> FloatArray:
        """Return the network's scores for any number of images, using little memory.

        Parameters
        ----------
        images : (N, in_features), (N, height, width), (N, height, width, 3) in colour, or one image
            Anything that ``numpy.asarray`` takes: raw data, which are prepared according to ``inputs``, a data frame by
            the names of its columns; without ``inputs``, taken as they are. The dtype does not matter.
        prepared : bool
            Whether the images are already prepared for the first layer, as the batches of a loader are.

        Returns
        -------
        (N, out_features)
            In a new array.

        Raises
        ------
        InputError
            If the images have a wrong size, are not finite numbers or cannot be on the scale of the training data, or
            if scores are not finite.
        """
        rows = self._rows(images)
        inputs = _AS_GIVEN if prepared else self._inputs or _AS_GIVEN
        with np.errstate(over="ignore", invalid="ignore"):  # numbers that are not finite are found below
            if self.evaluator is None:
                result = self._scores(rows, inputs)
            elif inputs.are_rows_of_bytes and inputs.normalizes and rows.dtype == np.uint8:
                result = self.evaluator(self, rows)
            else:
                result = self.evaluator(self, inputs.prepared(rows, self.dtype, who=self))
        if not np.isfinite(result).all():
            raise InputError(f"{self}: its scores are not finite; do its weights come from a training that diverged?")
        return result

    def prepared(self, images: ArrayLike) -> FloatArray:
        """Return raw data as the first layer takes them, ``(N, in_features)``; images are those of `MLP.scores`."""
        return (self._inputs or _AS_GIVEN).prepared(self._rows(images), self.dtype, who=self)

    def _rows(self, images: ArrayLike) -> NDArray[Any]:
        known = self._inputs or _AS_GIVEN
        table = in_order(images, known.columns, known.label, who=self)
        return as_rows(self, as_array(self, table), self.in_features, known.shape)

    def _scores(self, rows: NDArray[Any], inputs: Inputs) -> FloatArray:
        """Send rows through ``forward``, which a subclass may have replaced, some rows at a time."""
        network = self.for_evaluation()
        if len(rows) <= ROWS_AT_A_TIME:
            return network(inputs.prepared(rows, self.dtype, who=self))
        parts = []
        for start in range(0, len(rows), ROWS_AT_A_TIME):
            x = inputs.prepared(rows[start : start + ROWS_AT_A_TIME], self.dtype, who=self, first_row=start)
            parts.append(network(x))
        return np.concatenate(parts)

    def probabilities(self, images: ArrayLike, *, prepared: bool = False) -> FloatArray:
        """Return the estimated probability of each class: ``(N, classes)``, rows that sum to 1.

        Logits go through `softmax`; other scores are only clipped at 0 and divided by their sum. A single score gives
        the probabilities of two classes. Images are those of `MLP.scores`.
        """
        return probabilities_of(self.scores(images, prepared=prepared), self.scores_are)

    def predict(self, images: ArrayLike, *, prepared: bool = False) -> Labels:
        """Return the most probable label of each image: ``(N,)`` int64; images are those of `MLP.scores`."""
        scores = self.scores(images, prepared=prepared)
        return scores.argmax(axis=1) if scores.shape[1] > 1 else labels_of(scores, self.scores_are)

    def summary(self) -> str:
        """Return a table of the layers, their output widths and numbers of parameters, and what the network takes."""
        rows = [("layer", "", "output", "parameters")]
        width = self.in_features
        for name, layer in self.named_layers.items():
            width = layer.out_features or width
            rows.append((name, repr(layer), str(width), f"{sum(p.size for p in layer.parameters()):,}"))
        rows.append(("all", repr(self), str(width), f"{sum(p.size for p in self.parameters()):,}"))
        wide = [max(len(row[column]) for row in rows) for column in range(4)]
        lines = [f"{a:<{wide[0]}}  {b:<{wide[1]}}  {c:>{wide[2]}}  {d:>{wide[3]}}".rstrip() for a, b, c, d in rows]
        return "\n".join(lines if self._inputs is None else [*lines, f"inputs: {self._inputs}"])

    def save(
        self, path: str | Path, *, classes: Sequence[str] | None = None, image_shape: tuple[int, int] | None = None
    ) -> None:
        """Write this network into a model file, which `glasswork.load_model` reads; see `glasswork.save_model`."""
        import glasswork  # files belong to a package above this one, which only glasswork's public names can reach

        glasswork.save_model(self, path, classes=classes, image_shape=image_shape)

    def __repr__(self) -> str:
        return f"MLP({'-'.join(str(width) for width in (self.in_features, *self.hidden_size, self.out_features))})"
