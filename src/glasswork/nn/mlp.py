"""MLP: a multi-layer perceptron, Linear layers with activations between them.

images → Linear → Sigmoid → Linear → Sigmoid → scores
         linear1  act1      linear2  act2
"""

import copy
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from glasswork.arrays import FloatArray, Labels
from glasswork.errors import InputError
from glasswork.nn.activations import Identity, Sigmoid
from glasswork.nn.assembly import ActivationMaker, build_layers, check_layers, give_indices, widths
from glasswork.nn.batchnorm import BatchNorm
from glasswork.nn.layer import Layer
from glasswork.nn.linear import Linear
from glasswork.nn.losses import softmax
from glasswork.nn.random_layer import RandomLayer
from glasswork.pixels import normalize

#: Rows that ``scores`` sends through the network at a time: enough to be fast, few enough to be small.
ROWS_AT_A_TIME = 1000


class MLP:
    """A network of fully connected layers (handout, section 6), any number of them.

    Several threads may ask one network for `scores`, `predict` and `probabilities`, and call it, at the same time;
    training it is for one thread.

    Parameters
    ----------
    in_features : int
        Numbers in an image: 784 for MNIST.
    hidden_size : int or sequence of int
        Neurons in the hidden layer, or in each of them, from the input on.
    out_features : int
        Classes: 10 for MNIST.
    activation : callable, or a sequence of them
        Makes the activation of the hidden layers, or of each, when called with ``dtype=...``: a class such as
        `ReLU`, or ``functools.partial(LeakyReLU, slope=0.2)``.
    output_activation : the same, or None
        Of the output layer; None leaves its sums as they are: logits, for `CrossEntropyLoss`.
    batch_norm : bool
        Whether a `BatchNorm` follows each hidden Linear layer.
    dropout, input_dropout : float
        The chance with which `Dropout` leaves out each hidden neuron, and each pixel, in training.
    noise, input_noise : float
        The standard deviation of the `GaussianNoise` on the input of each hidden activation, and on each pixel,
        in training.
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
    named_layers : dict of str to Layer
        In the order in which an image passes them.
    linear1, act1, linear2, act2, ... : Layer
        The same ones, by the handout's names; ``norm1``, ``drop1``, ``noise1`` where there are such. Assigning to
        one, as ``model.act1 = ReLU()``, replaces the layer; an optimiser has to be made anew then.

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

    #: True while `glasswork.train` runs, and only then; so it is for each layer.
    training = False

    def __init__(
        self,
        in_features: int,
        hidden_size: int | Sequence[int],
        out_features: int,
        *,
        activation: ActivationMaker | Sequence[ActivationMaker] = Sigmoid,
        output_activation: ActivationMaker | None = Sigmoid,
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
            seed=seed,
        )
        self._take(layers)

    @classmethod
    def from_layers(cls, layers: Mapping[str, Layer]) -> Self:
        """Return a network of given layers.

        Parameters
        ----------
        layers : mapping of str to Layer
            Names as in the handout, in the order in which an image passes the layers.

        Raises
        ------
        InputError
            If a layer does not take what the one before it gives, or works in another dtype.

        Examples
        --------
        >>> from glasswork import Linear, ReLU
        >>> MLP.from_layers({"linear1": Linear(784, 30), "act1": ReLU(), "linear2": Linear(30, 10)})
        MLP(784-30-10)
        """
        model = cls.__new__(cls)
        model._take(dict(layers))
        return model

    def _take(self, layers: dict[str, Layer]) -> None:
        """Become the network of these layers."""
        check_layers(layers, reserved=dir(type(self)))
        give_indices([layer for layer in layers.values() if isinstance(layer, RandomLayer)])
        self.named_layers = layers
        self.dtype = next(iter(layers.values())).dtype

    def __getattr__(self, name: str) -> Any:
        layers = self.__dict__.get("named_layers", {})
        if name in layers:
            return layers[name]
        raise AttributeError(f"{type(self).__name__} has no attribute {name!r}; its layers are {', '.join(layers)}")

    def __setattr__(self, name: str, value: Any) -> None:
        if name in self.__dict__.get("named_layers", {}):
            self._replace(name, value)
        elif isinstance(value, Layer):
            raise InputError(
                f"{self}: has no layer called {name} to replace; its layers are {', '.join(self.named_layers)}"
            )
        else:
            super().__setattr__(name, value)

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self.named_layers]

    def _replace(self, name: str, layer: Any) -> None:
        if not isinstance(layer, Layer):
            raise InputError(f"{self}: expected {name} to be a layer, such as {self.named_layers[name]}, got {layer!r}")
        old = self.named_layers[name]
        for end in ("in_features", "out_features"):
            if getattr(old, end) and getattr(layer, end) not in (0, getattr(old, end)):
                raise InputError(f"{self}: expected a layer of the widths of {name}, which is {old}, got {layer}")
        check_layers(self.named_layers | {name: layer}, reserved=dir(type(self)))
        layer.set_training(self.training)
        self.named_layers[name] = layer

    @property
    def layers(self) -> list[Layer]:
        """The layers, in the order in which an image passes them."""
        return list(self.named_layers.values())

    @property
    def in_features(self) -> int:
        """Numbers in an image."""
        return next((layer.in_features for layer in self.layers if layer.in_features), 0)

    @property
    def out_features(self) -> int:
        """Classes."""
        return next((layer.out_features for layer in reversed(self.layers) if layer.out_features), 0)

    @property
    def hidden_size(self) -> tuple[int, ...]:
        """Neurons in each hidden layer."""
        return tuple(layer.out_features for layer in self.layers if isinstance(layer, Linear))[:-1]

    @property
    def output_activation(self) -> Layer | None:
        """The layer whose outputs are the scores; None where the scores are a Linear layer's sums."""
        last = self.layers[-1]
        return None if isinstance(last, Linear | BatchNorm | RandomLayer) else last

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
        """Send the loss's gradient back through all layers, filling ``gradients()`` in place (the chain rule).

        It stops at the first layer that has parameters, as in the handout: nothing trains the pixels.
        """
        first = next((layer for layer in self.named_layers.values() if layer.parameters()), None)
        for layer in reversed(self.named_layers.values()):
            if layer is first:
                layer.backward_parameters(grad_output)
                break
            grad_output = layer.backward(grad_output)

    def set_position(self, step: int, row: int = 0) -> None:
        """Tell the layers that draw random numbers which step the next forward belongs to; see `RandomLayer`.

        Parameters
        ----------
        step : int
            From 0; `glasswork.train` counts the steps of a run.
        row : int
            The first image's row in its batch: 0 unless the batch is cut into parts.
        """
        for layer in self.named_layers.values():
            if isinstance(layer, RandomLayer):
                layer.set_position(step, row)

    def parameters(self) -> list[FloatArray]:
        """Return all weights and biases, from the input on; always the same arrays."""
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
        layers = [layer.for_evaluation() for layer in self.named_layers.values()]
        parts = []
        with np.errstate(over="ignore", invalid="ignore"):  # found and reported below
            for start in range(0, max(len(images), 1), ROWS_AT_A_TIME):
                x = self._prepare(images[start : start + ROWS_AT_A_TIME])
                for layer in layers:
                    x = layer.forward(x)
                parts.append(x.copy())
        result = np.concatenate(parts)
        if not np.isfinite(result).all():
            raise InputError(
                f"{self}: its scores are not finite; are there NaN or infinite pixels, or weights from a training that "
                "diverged?"
            )
        return result

    def probabilities(self, images: ArrayLike) -> FloatArray:
        """Return the estimated probability of each class: ``(N, out_features)``, rows that sum to 1.

        Logits go through `softmax`. Scores of an output activation, trained on squared error, estimate
        each class's probability by themselves (Richard and Lippmann 1991): they are cut off at 0 and
        made to sum to 1.
        """
        scores = self.scores(images)
        if self.output_activation is None or isinstance(self.output_activation, Identity):
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
        """Context manager: sets training or evaluation mode, and restores the mode on exit.

        Only dropout, noise and batch normalisation behave differently; in training, layers also reuse memory. A
        network is in evaluation mode unless `glasswork.train` sets it otherwise.
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
            layer.set_training(training)

    def summary(self) -> str:
        """Return a table of the layers, their output widths and their parameters; print it to see it."""
        rows = [("layer", "", "output", "parameters")]
        width = self.in_features
        for name, layer in self.named_layers.items():
            width = layer.out_features or width
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
