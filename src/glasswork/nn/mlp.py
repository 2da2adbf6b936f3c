"""MLP: a multi-layer perceptron, Linear layers with activations between them.

images → Linear → Sigmoid → Linear → Sigmoid → scores
         linear1  act1      linear2  act2
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from glasswork.arrays import FloatArray, Labels
from glasswork.errors import InputError
from glasswork.nn.activations import Identity
from glasswork.nn.assembly import ActivationMaker, build_layers, widths
from glasswork.nn.batchnorm import BatchNorm
from glasswork.nn.layer import Layer
from glasswork.nn.linear import Linear
from glasswork.nn.losses import softmax
from glasswork.nn.network import Network
from glasswork.nn.random_layer import RandomLayer
from glasswork.pixels import as_numbers, as_rows, check_scale, normalize

#: Rows that ``scores`` sends through the network at a time: enough to be fast, few enough to be small.
ROWS_AT_A_TIME = 1000

#: What an evaluator gets as it is; other numbers are converted first.
_READ_BY_EVALUATORS = (np.uint8, np.float32, np.float64)


class MLP(Network):
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
    activation : str or callable, or a sequence of them
        Of the hidden layers, or of each: a word such as ``"relu"``, a class such as `ReLU`, or anything that makes a
        layer when called with ``dtype=...``, as ``functools.partial(LeakyReLU, slope=0.2)`` does.
    output_activation : str or callable, or None
        Of the output layer. None, or ``"none"``, leaves its sums as they are: logits, for `CrossEntropyLoss`.
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
        The same layers, by the handout's names; ``norm1``, ``drop1``, ``noise1`` where there are any. Assigning to
        one, as ``model.act1 = ReLU()``, replaces the layer; make a new optimiser then.
    pixels : bool or None
        Whether the inputs are pixels. None, at first: unknown. True once the network was trained on bytes, or was
        loaded from the file of such a network: `scores`, `predict` and `train` then refuse floats on another scale
        than -1 to 1. Set it to False for features that are no pixels: integers are then numbers like any others.
    evaluator : callable or None
        Computes `scores` in the place of the layers, from the network and rows of images, which are bytes or floats:
        see `glasswork.compiled`.

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

    #: Whether the inputs are pixels; None if that is not known.
    pixels: bool | None = None

    #: What computes scores in the place of the layers.
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
        """Return the scores of images; `forward` does the same without the conversions.

        Parameters
        ----------
        x : (batch, in_features), (batch, height, width), or one image
            Anything that ``numpy.asarray`` takes. Integers are pixels from 0 to 255, and are normalised to [-1, 1];
            floats are taken as they are. All are converted to the network's dtype.

        Returns
        -------
        (batch, out_features)
            A new array. One image is a batch of one.
        """
        return self.forward(self.prepare(x)).copy()

    def scores(self, images: ArrayLike) -> FloatArray:
        """Return the network's scores for any number of images, in little memory.

        Parameters
        ----------
        images : (N, in_features), (N, height, width), or one image
            As for calling the model; but where the inputs are pixels, floats have to be on the scale from -1 to 1.

        Returns
        -------
        (N, out_features)
            One score for each class, in a new array.

        Raises
        ------
        InputError
            If the images have another size, are not numbers or on another scale, or if scores are not finite.
        """
        rows = self._rows(images)
        check_scale(self, rows, pixels=self.pixels)
        if self.evaluator is not None:
            result = self.evaluator(self, rows if rows.dtype in _READ_BY_EVALUATORS else self._as_floats(rows))
        else:
            result = self._scores(rows)
        if not np.isfinite(result).all():
            raise InputError(
                f"{self}: its scores are not finite; are there NaN or infinite pixels, or weights from a training that "
                "diverged?"
            )
        return result

    def _scores(self, rows: NDArray[Any]) -> FloatArray:
        layers = [layer.for_evaluation() for layer in self.named_layers.values()]
        parts = []
        with np.errstate(over="ignore", invalid="ignore"):  # found and reported by the caller
            for start in range(0, max(len(rows), 1), ROWS_AT_A_TIME):
                x = self._as_floats(rows[start : start + ROWS_AT_A_TIME])
                for layer in layers:
                    x = layer.forward(x)
                parts.append(x.copy())
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def probabilities(self, images: ArrayLike) -> FloatArray:
        """Return the estimated probability of each class: ``(N, out_features)``, rows that sum to 1.

        Logits go through `softmax`. The outputs of an activation, trained on squared error, are estimates of the
        probabilities already (Richard and Lippmann 1991); they are only clipped at 0 and divided by their sum. Images
        are those of `scores`.
        """
        scores = self.scores(images)
        if self.output_activation is None or isinstance(self.output_activation, Identity):
            return softmax(scores)
        scores = np.maximum(scores, np.finfo(self.dtype).tiny)
        probabilities: FloatArray = scores / scores.sum(axis=1, keepdims=True)
        return probabilities

    def predict(self, images: ArrayLike) -> Labels:
        """Return the label with the highest score for each image: ``(N,)`` int64; images are those of `scores`."""
        labels: Labels = self.scores(images).argmax(axis=1)
        return labels

    def prepare(self, images: ArrayLike) -> FloatArray:
        """Return images as the layers take them, whatever their shape and dtype."""
        if isinstance(images, np.ndarray) and images.dtype == self.dtype and images.shape[1:] == (self.in_features,):
            return images  # a batch of a loader, ready to use
        return self._as_floats(self._rows(images))

    def _rows(self, images: ArrayLike) -> NDArray[Any]:
        return as_rows(self, as_numbers(self, images, pixels=self.pixels), self.in_features)

    def _as_floats(self, rows: NDArray[Any]) -> FloatArray:
        return normalize(rows, dtype=self.dtype) if rows.dtype == np.uint8 else rows.astype(self.dtype, copy=False)

    def save(
        self, path: str | Path, *, classes: Sequence[str] | None = None, image_shape: tuple[int, int] | None = None
    ) -> None:
        """Write this network into a model file, which `glasswork.load_model` reads; see `glasswork.save_model`."""
        import glasswork  # files are the business of a room above this one, which only the package's front door knows

        glasswork.save_model(self, path, classes=classes, image_shape=image_shape)

    def __repr__(self) -> str:
        return f"MLP({'-'.join(str(width) for width in (self.in_features, *self.hidden_size, self.out_features))})"
