"""MLP: a multi-layer perceptron, Linear layers with activations between them.

images → Linear → Sigmoid → Linear → Sigmoid → scores
         linear1  act1      linear2  act2
"""

import copy
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from glasswork.arrays import FloatArray, Labels
from glasswork.errors import InputError
from glasswork.nn.activations import Activation, Identity, Sigmoid
from glasswork.nn.batchnorm import BatchNorm
from glasswork.nn.dropout import Dropout
from glasswork.nn.layer import Layer
from glasswork.nn.linear import Linear
from glasswork.nn.losses import softmax
from glasswork.nn.noise import GaussianNoise
from glasswork.pixels import normalize

#: Rows that ``scores`` sends through the network at a time: enough to be fast, few enough to be small.
ROWS_AT_A_TIME = 1000


class MLP:
    """A network of fully connected layers (handout, section 6), any number of them.

    It works in memory of its own, so a network is for one thread at a time: give each a ``copy.deepcopy``.

    Parameters
    ----------
    in_features : int
        Numbers in an image: 784 for MNIST.
    hidden_size : int or sequence of int
        Neurons in the hidden layer, or in each of them, from the input on.
    out_features : int
        Classes: 10 for MNIST.
    activation : class of a Layer, or a sequence of them
        Of the hidden layers, or of each.
    output_activation : the same, or None
        Of the output layer; None leaves its sums as they are: logits, for `CrossEntropyLoss`.
    batch_norm : bool
        Whether a `BatchNorm` follows each hidden Linear layer.
    dropout, input_dropout : float
        The chance with which `Dropout` leaves out each hidden neuron, and each pixel, while training.
    noise, input_noise : float
        The standard deviation of the `GaussianNoise` on what each hidden activation gets, and on each pixel,
        while training.
    initializer : str, optional
        Of the weights; by default the one that suits the activation behind them.
    bias_grad : {"sum", "mean"}
        See `Linear`.
    dtype : data type
        The network's own; float32 unless told otherwise.
    rng : numpy.random.Generator, optional
        Where initial weights come from; by default NumPy's global state, which ``np.random.seed`` sets.
    seed : int
        Of dropout masks and of noise.

    Attributes
    ----------
    layers : list of Layer
        In the order in which an image passes them.
    linear1, act1, linear2, act2, ... : Layer
        The same ones, by the handout's names; ``norm1``, ``drop1``, ``noise1`` where there are such.

    Raises
    ------
    InputError
        If a width is below 1, or there is not one activation for each hidden layer.

    Examples
    --------
    >>> model = MLP(in_features=784, hidden_size=50, out_features=10)
    >>> model.linear1.weight.shape, sum(p.size for p in model.parameters())
    ((784, 50), 39760)
    """

    #: True while `glasswork.train` is at work, and only then; so it is for each layer.
    training = False

    def __init__(
        self,
        in_features: int,
        hidden_size: int | Sequence[int],
        out_features: int,
        *,
        activation: type[Activation] | Sequence[type[Activation]] = Sigmoid,
        output_activation: type[Activation] | None = Sigmoid,
        batch_norm: bool = False,
        dropout: float = 0.0,
        input_dropout: float = 0.0,
        noise: float = 0.0,
        input_noise: float = 0.0,
        initializer: str | None = None,
        bias_grad: Literal["sum", "mean"] = "sum",
        dtype: DTypeLike = np.float32,
        rng: np.random.Generator | None = None,
        seed: int = 0,
    ) -> None:
        self.in_features, self.out_features = in_features, out_features
        self.hidden_size = tuple(hidden_size) if isinstance(hidden_size, Sequence) else (hidden_size,)
        depth = len(self.hidden_size)
        self.activations = tuple(activation) if isinstance(activation, Sequence) else (activation,) * depth
        if len(self.activations) != depth:
            raise InputError(f"{self}: expected {depth} activations, one a hidden layer, got {len(self.activations)}")
        for kind in (*self.activations, output_activation or Identity):
            if not (isinstance(kind, type) and issubclass(kind, Activation)):
                raise InputError(
                    f"{self}: expected activations to be subclasses of glasswork.Activation, such as ReLU, got {kind!r}"
                )
        self.output_activation, self.initializer, self.bias_grad = output_activation, initializer, bias_grad
        self.batch_norm, self.dropout, self.input_dropout = batch_norm, dropout, input_dropout
        self.noise, self.input_noise = noise, input_noise
        self.dtype = np.dtype(dtype)
        self.named_layers: dict[str, Layer] = {}
        if input_dropout:
            self._add("drop0", Dropout(input_dropout, seed=seed, index=0, dtype=dtype))
        if input_noise:
            self._add("noise0", GaussianNoise(input_noise, seed=seed, index=0, dtype=dtype))
        widths = (in_features, *self.hidden_size, out_features)
        for i, act in enumerate((*self.activations, output_activation), start=1):
            weights = initializer or (act or Identity).initializer
            self._add(
                f"linear{i}",
                Linear(widths[i - 1], widths[i], bias_grad=bias_grad, dtype=dtype, rng=rng, initializer=weights),
            )
            hidden = i <= depth
            if hidden and batch_norm:
                self._add(f"norm{i}", BatchNorm(widths[i], dtype=dtype))
            if hidden and noise:
                self._add(f"noise{i}", GaussianNoise(noise, seed=seed, index=i, dtype=dtype))
            if act is not None:
                self._add(f"act{i}", act(dtype=dtype))
            if hidden and dropout:
                self._add(f"drop{i}", Dropout(dropout, seed=seed, index=i, dtype=dtype))

    def _add(self, name: str, layer: Layer) -> None:
        self.named_layers[name] = layer
        setattr(self, name, layer)

    @property
    def layers(self) -> list[Layer]:
        """The layers, in the order in which an image passes them."""
        return list(self.named_layers.values())

    def __call__(self, x: ArrayLike) -> FloatArray:
        """Return the scores of images from outside; `forward` is the same without the conversions.

        Parameters
        ----------
        x : (batch, in_features)
            Bytes, which are normalised to [-1, 1], or floats, taken as prepared already and converted
            to the network's dtype.

        Returns
        -------
        (batch, out_features)
            An array that is the caller's own.
        """
        return self.forward(self._prepare(x)).copy()

    def forward(self, x: FloatArray) -> FloatArray:
        """Send ``(batch, in_features)`` through all layers: the scores, ``(batch, out_features)``."""
        for layer in self.named_layers.values():
            x = layer.forward(x)
        return x

    def backward(self, grad_output: FloatArray) -> None:
        """Send the loss's gradient back through all layers, filling ``gradients()`` in place.

        It stops at the first layer's own gradients, as in the handout: nobody moves the pixels.
        """
        for layer in reversed(self.named_layers.values()):
            if layer is self.named_layers["linear1"]:
                layer.backward_parameters(grad_output)
                break
            grad_output = layer.backward(grad_output)

    def parameters(self) -> list[FloatArray]:
        """Return all weights and biases, from the input on; they are never rebound."""
        return [parameter for layer in self.named_layers.values() for parameter in layer.parameters()]

    def gradients(self) -> list[FloatArray]:
        """Return the gradient of each of ``parameters()``, in the same order."""
        return [gradient for layer in self.named_layers.values() for gradient in layer.gradients()]

    def state(self) -> dict[str, FloatArray]:
        """Return every array of every layer by name, as ``{"linear1.weight": ..., ...}``."""
        return {
            f"{name}.{part}": array
            for name, layer in self.named_layers.items()
            for part, array in layer.state().items()
        }

    def scores(self, images: ArrayLike) -> FloatArray:
        """Return the network's scores for any number of images, in little memory.

        Parameters
        ----------
        images : (N, in_features)
            As for calling the model.

        Returns
        -------
        (N, out_features)
            One score a class; an array that is the caller's own.

        Raises
        ------
        InputError
            If images are of another width or kind, or scores are not finite.
        """
        images = np.asarray(images)
        if images.ndim != 2:
            raise InputError(f"{self}: expected images of shape (N, {self.in_features}), got shape {images.shape}")
        if self.training:
            with self.mode(training=False):
                return self.scores(images)
        result = np.empty((len(images), self.out_features), self.dtype)
        with np.errstate(over="ignore", invalid="ignore"):  # found and said below
            for start in range(0, len(images), ROWS_AT_A_TIME):
                rows = slice(start, start + ROWS_AT_A_TIME)
                result[rows] = self.forward(self._prepare(images[rows]))
        if not np.isfinite(result).all():
            raise InputError(
                f"{self}: its scores are not finite; are there NaN or infinite pixels, or weights from a training that "
                "diverged?"
            )
        return result

    def probabilities(self, images: ArrayLike) -> FloatArray:
        """Return how likely the network takes each class to be: ``(N, out_features)``, rows that sum to 1.

        Logits go through `softmax`. Scores of an output activation, trained on squared error, estimate
        each class's probability by themselves (Richard and Lippmann 1991): they are cut off at 0 and
        made to sum to 1.
        """
        scores = self.scores(images)
        if self.output_activation in (None, Identity):
            return softmax(scores)
        scores = np.maximum(scores, np.finfo(self.dtype).tiny)
        probabilities: FloatArray = scores / scores.sum(axis=1, keepdims=True)
        return probabilities

    def predict(self, images: ArrayLike) -> Labels:
        """Return the label with the highest score for each of ``(N, in_features)`` images: ``(N,)`` int64."""
        labels: Labels = self.scores(images).argmax(axis=1)
        return labels

    def _prepare(self, images: ArrayLike) -> FloatArray:
        array: NDArray[Any] = np.asarray(images)
        if array.dtype == np.uint8:
            return normalize(array, dtype=self.dtype)
        if array.dtype.kind != "f":
            raise InputError(f"{self}: expected images as bytes (uint8) or floats, got {array.dtype}")
        return array.astype(self.dtype, copy=False)

    @contextmanager
    def mode(self, *, training: bool) -> Iterator[None]:
        """Train or evaluate for a while; then it is again as it was.

        Only dropout, noise and batch normalisation know a difference. A network evaluates unless it is told
        otherwise, and `glasswork.train` tells it.
        """
        before = self.training
        self._switch(training)
        try:
            yield
        finally:
            self._switch(before)

    def _switch(self, training: bool) -> None:
        self.training = training
        for layer in self.layers:
            layer.training = training

    def summary(self) -> str:
        """Return a table of the layers, their output widths and their parameters; print it to see it."""
        rows = [("layer", "", "output", "parameters")]
        width = self.in_features
        for name, layer in self.named_layers.items():
            width = layer.out_features if isinstance(layer, Linear) else width
            rows.append((name, repr(layer), str(width), f"{sum(p.size for p in layer.parameters()):,}"))
        rows.append(("all", repr(self), str(width), f"{sum(p.size for p in self.parameters()):,}"))
        wide = [max(len(row[column]) for row in rows) for column in range(4)]
        return "\n".join(
            f"{a:<{wide[0]}}  {b:<{wide[1]}}  {c:>{wide[2]}}  {d:>{wide[3]}}".rstrip() for a, b, c, d in rows
        )

    def astype(self, dtype: DTypeLike) -> Self:
        """Return a copy of this network that works in another dtype."""
        twin = copy.deepcopy(self)
        twin.dtype = np.dtype(dtype)
        if twin.dtype.kind != "f":
            raise InputError(f"{self}: expected a floating dtype such as numpy.float32, got {twin.dtype}")
        for layer in twin.layers:
            layer.convert(twin.dtype)
        return twin

    def __repr__(self) -> str:
        return f"MLP({'-'.join(str(width) for width in (self.in_features, *self.hidden_size, self.out_features))})"
