"""Batches: a dataset in batches, in a new order every epoch.

index     0 1 2 3 4 5 6 7 8 9        shuffled by (seed, epoch): the images themselves stay in place
          └─ batch ─┘                gathered, normalised, targets one-hot, into reused memory
"""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from glasswork.arrays import FloatArray, Images, Labels
from glasswork.data.augment import Augmentation, Distortion, Sample, check_images, sample
from glasswork.data.ground import ground_of
from glasswork.data.labels import check_labels, check_lengths
from glasswork.data.mapped import MappedRows, in_blocks
from glasswork.data.targets import check_targets, check_weights, targets_by_label
from glasswork.errors import InputError
from glasswork.inputs import Inputs
from glasswork.pixels import as_bytes_or_floats, normalize
from glasswork.randomness import Purpose, generator
from glasswork.reading import checked_shape, shape_in
from glasswork.settings import check_number


def int_to_onehot(y: ArrayLike, num_labels: int = 10, *, dtype: DTypeLike = np.float32) -> FloatArray:
    """Return one row per label: 1 in the label's column, 0 elsewhere (handout, section 7).

    Parameters
    ----------
    y : (N,) integers
        From 0 to ``num_labels - 1``.
    num_labels : int
        The number of classes.
    dtype : data type
        The dtype of the result; float32 by default.

    Returns
    -------
    (N, num_labels)
        A new array.

    Raises
    ------
    InputError
        If labels are not integers, one is out of range, or ``num_labels`` is not an integer of at least 1.
    """
    labels = check_labels(y, num_labels, argument="num_labels")
    onehot = np.zeros((len(labels), num_labels), dtype)
    onehot[np.arange(len(labels)), labels] = 1
    return onehot


def minibatch_generator(X: ArrayLike, y: ArrayLike, minibatch_size: int) -> Iterator[tuple[Images, Labels]]:
    """Yield ``(X, y)`` in shuffled batches, once (handout, section 3).

    Parameters
    ----------
    X : (N, features)
        The images, or any rows.
    y : (N,)
        Their labels.
    minibatch_size : int
        Rows in a batch; a last batch that would be shorter is dropped.

    Yields
    ------
    X_batch : (minibatch_size, features)
    y_batch : (minibatch_size,)
        With the dtypes of the inputs. The order comes from NumPy's global random state, as in the handout.

    Raises
    ------
    InputError
        If there are not as many labels as images, or the batch size is not an integer of 1 or more.

    See Also
    --------
    Batches : The loader to build once, outside the loop over epochs.
    """
    X, y = np.asarray(X), np.asarray(y)
    if X.ndim == 0 or y.ndim == 0 or len(X) != len(y):
        raise InputError(f"minibatch_generator: expected as many labels as images, got shapes {X.shape} and {y.shape}")
    if not isinstance(minibatch_size, int | np.integer) or minibatch_size < 1:
        raise InputError(f"minibatch_generator: expected a minibatch_size of 1 or more, got {minibatch_size!r}")
    return _minibatches(X, y, int(minibatch_size))


def _minibatches(X: Images, y: Labels, minibatch_size: int) -> Iterator[tuple[Images, Labels]]:
    """Yield the batches; a separate generator, so that arguments are checked at the call, not at the first batch."""
    indices = np.arange(X.shape[0])
    np.random.shuffle(indices)
    for start in range(0, len(indices) - minibatch_size + 1, minibatch_size):
        batch = indices[start : start + minibatch_size]
        yield X[batch], y[batch]


class Batches:
    """A loader: each loop over it is one epoch, in a new order.

    The order of epoch e depends on ``(seed, e)`` only. The images are not copied or converted as a whole: each batch
    is gathered and normalised when it is needed.

    Parameters
    ----------
    images : (N, features), (N, height, width) or (N, height, width, 3)
        Integers from 0 to 255, kept as bytes and normalised to [-1, 1] batch by batch, or floats, used as they are.
    labels : (N,) integers from 0 to classes - 1
        Or, with ``targets=True``, a row of numbers for each image, (N, outputs). Copied.
    batch_size : int
        From 1 to N; with ``drop_last=False`` more than N gives one batch of all images.
    seed : int
        Determines the random orders.
    drop_last : bool
        True, for training: all batches have the same size, and the images left over are not used in this epoch.
        False, for evaluation: the last batch may be smaller, and every image is used.
    shuffle : bool
        False keeps the rows in order, in every epoch.
    classes : int, optional
        Columns of the targets; 1 is a single column, for labels 0 and 1. By default as many as the network has outputs
        that `fit`, `train`, `valid` or `test` is given; without a network 10.
    dtype : data type
        The dtype of batches and targets: that of the network, float32 by default.
    weights : (N,), optional
        Weights of the images' losses in training, 0 or more: batches are then ``(x, t, weights)``. Evaluation does not
        use them.
    targets : bool
        Whether ``labels`` are targets, as for a regression or for several labels that hold at once.
    augment : Augmentation, optional
        How the images are distorted, each differently in every epoch; only for images of bytes, in training.
    shape : (height, width), or (height, width, 3) in colour, optional
        The shape of an image, where images are rows.

    Attributes
    ----------
    epoch : int
        The epoch that the next loop goes through, from 1.
    has_targets : bool
        Whether ``labels`` are rows of targets.
    pixels : bool
        Whether the images are bytes.
    inputs : Inputs
        What the images are, as the network that learns from them records it: bytes, or floats with their range.

    Raises
    ------
    InputError
        If there are no images, or not as many labels; if a pixel is NaN, infinite or an integer outside 0 to 255, or
        a label is out of range; if ``classes`` is below 1, or ``shape`` is not that of the images; or if the batch
        size is below 1, or above N where short batches are dropped.

    Examples
    --------
    >>> images, labels = np.zeros((250, 784), np.uint8), np.arange(250) % 10
    >>> loader = Batches(images, labels, 100, seed=123)
    >>> for x, t in loader:  # one epoch
    ...     print(x.shape, x.dtype, x.min(), t.shape)
    (100, 784) float32 -1.0 (100, 10)
    (100, 784) float32 -1.0 (100, 10)

    The next batch overwrites ``x``: copy it to keep it.
    """

    def __init__(
        self,
        images: ArrayLike | MappedRows,
        labels: ArrayLike,
        batch_size: int,
        *,
        seed: int,
        drop_last: bool = True,
        shuffle: bool = True,
        classes: int | None = None,
        dtype: DTypeLike = np.float32,
        weights: ArrayLike | None = None,
        targets: bool = False,
        augment: Augmentation | None = None,
        shape: tuple[int, ...] | None = None,
    ) -> None:
        rows = check_targets(labels) if targets else None
        if classes is not None:
            check_number("Batches", "classes", classes, 1)
        self.has_targets, self._classes_stated = targets, targets or classes is not None
        self.classes = 10 if classes is None else classes
        if rows is not None:
            self.classes = rows.shape[1]
        known = check_labels(labels, max(self.classes, 2)) if rows is None else rows
        self.labels = np.array(known, dtype if targets else np.int64)  # a copy: callers may change theirs
        self.labels.flags.writeable = False
        held: Any = images if isinstance(images, MappedRows) else as_bytes_or_floats("Batches", images)
        if held.ndim < 2 or math.prod(held.shape[1:]) == 0:
            raise InputError(
                f"Batches: expected images of shape (N, features) or (N, height, width), got shape {held.shape}"
            )
        self._shape = shape_in(held.shape) if shape is None else checked_shape("Batches", shape)
        if not isinstance(held, MappedRows):
            held = held.reshape(len(held), math.prod(held.shape[1:]))
        check_lengths("Batches", held, self.labels)
        if self._shape is not None and math.prod(self._shape) != held.shape[1]:
            raise InputError(
                f"Batches: expected images of shape {self._shape}, got rows of {held.shape[1]:,} "
                f"{'pixels' if held.dtype == np.uint8 else 'numbers'}"
            )
        if not isinstance(batch_size, int | np.integer) or batch_size < 1 or (drop_last and batch_size > len(held)):
            raise InputError(
                f"Batches: expected a batch size from 1 to {len(held):,}, the number of images, got {batch_size}"
                + ("; drop_last=False allows a smaller last batch" if drop_last else "")
            )
        if held.dtype.kind == "f" and not np.isfinite(held).all():
            row = int(np.flatnonzero(~np.isfinite(held).all(axis=1))[0])
            raise InputError(
                f"Batches: expected finite pixels, got NaN or infinity in image {row}; repair or remove it"
            )
        generator(seed, Purpose.SHUFFLE)
        self.images, self.pixels = held, held.dtype == np.uint8
        self.batch_size, self.drop_last = int(batch_size), drop_last
        self.seed, self.shuffle = seed, shuffle
        self.weights = None if weights is None else check_weights(weights, len(held))
        self.dtype = np.dtype(dtype)
        if self.dtype.kind != "f":
            raise InputError(f"Batches: expected a floating dtype such as numpy.float32, got {self.dtype}")
        if not isinstance(augment, Augmentation | None):
            raise InputError(f"Batches: expected augment such as Augmentation(rotation=15), or None, got {augment!r}")
        self.augment = augment if augment is not None and augment.is_on else None
        if self.augment is not None:
            check_images(held.dtype, self._shape, held.shape[1])
        self.seek(1)

    @cached_property
    def inputs(self) -> Inputs:
        """What the images are; the range of floats is that of all rows."""
        if self.pixels:
            return Inputs.of_bytes(shape=self._shape)
        ends = [(float(block.min()), float(block.max())) for block in in_blocks(self.images)]
        return Inputs.as_given(min(low for low, _ in ends), max(high for _, high in ends), shape=self._shape)

    @cached_property
    def _distortion(self) -> Distortion:
        shape, augment = self._shape, self.augment
        assert shape is not None
        assert augment is not None
        classes = self.inputs.classes or tuple(map(str, range(max(self.classes, 2))))
        return Distortion(augment, shape, seed=self.seed, classes=classes, ground=ground_of(self.images, shape))

    def distorted(self, rows: Labels, epoch: int, sample: Sample = sample) -> FloatArray:
        """Return rows as ``augment`` distorts them in an epoch: ``(n, features)``, scaled from -1 to 1.

        ``sample`` may be a faster function than NumPy's, such as the compiled engine's.
        """
        x = np.empty((len(rows), self.images.shape[1]), self.dtype)
        labels = None if self.has_targets else self.labels.take(rows)
        self._distortion(self.images.take(rows, axis=0), rows, labels, epoch, x, sample)
        return x

    def suit(self, outputs: int) -> None:
        """Give the targets as many columns as a network has outputs, unless ``classes`` was stated."""
        if not self._classes_stated and outputs != self.classes:
            check_labels(self.labels, max(outputs, 2))
            self.classes = outputs

    def for_evaluation(self) -> Self:
        """Return a loader of every image, in the order of the rows. This loader and its epoch do not change."""
        _ = self.inputs  # compute it once, for both
        twin = copy.copy(self)
        twin.drop_last = twin.shuffle = False
        twin.weights = twin.augment = None
        twin.seek(1)
        return twin

    def __repr__(self) -> str:
        return (
            f"Batches({len(self.labels):,} rows, {len(self):,} batches of {self.batch_size:,}, {self.classes} classes)"
        )

    def __len__(self) -> int:
        """Return the number of batches in an epoch."""
        full, rest = divmod(len(self.labels), self.batch_size)
        return full + (rest > 0 and not self.drop_last)

    @property
    def samples(self) -> int:
        """The number of images used in an epoch."""
        return len(self) * self.batch_size if self.drop_last else len(self.labels)

    def __iter__(self) -> Iterator[tuple[FloatArray, ...]]:
        """Go through the next epoch, batch by batch."""
        return self.batches(*self.begin())

    def begin(self) -> tuple[int, int]:
        """Return the epoch and the batch at which the next loop starts, and count that loop as begun."""
        epoch, start = self.epoch, self._start
        self.seek(epoch + 1)
        return epoch, start

    def seek(self, epoch: int, batch: int = 0) -> None:
        """Start the next loop at this batch of this epoch; later loops are whole epochs again."""
        self.epoch, self._start = epoch, batch

    def order(self, epoch: int) -> Labels:
        """Return the rows in the order of an epoch, ``(N,)``."""
        small = isinstance(self.images, MappedRows)  # to save memory
        rows: NDArray[Any] = np.arange(len(self.labels), dtype=np.int32 if small else np.int64)
        if self.shuffle:
            generator(self.seed, Purpose.SHUFFLE, epoch=epoch).shuffle(rows)
        return rows

    def batches(self, epoch: int, start: int = 0) -> Iterator[tuple[FloatArray, ...]]:
        """Go through one epoch from batch ``start`` on.

        Parameters
        ----------
        epoch : int
            From 1; it determines the order of the images, and how they are distorted.
        start : int
            The first batch, counted from 0.

        Yields
        ------
        x : (batch, features) of ``dtype``
        t : (batch, classes) of ``dtype``, one-hot unless targets were given
        weights : (batch,) float64
            Only where there are weights.
        """
        rows = self.order(epoch)
        x = np.empty((min(self.batch_size, len(rows)), self.images.shape[1]), self.dtype)
        gathered: NDArray[Any] = x if self.images.dtype == self.dtype else np.empty(x.shape, self.images.dtype)
        one_hot = targets_by_label(self.classes, self.dtype)
        for i in range(start, len(self)):
            chosen = rows[i * self.batch_size : (i + 1) * self.batch_size]
            n = len(chosen)
            t = self.labels.take(chosen, axis=0)
            t = t if self.has_targets else one_hot.take(t, axis=0)
            if self.augment is not None:
                x[:n] = self.distorted(chosen, epoch)
            else:
                self.images.take(chosen, axis=0, out=gathered[:n], mode="clip")
                if self.pixels:
                    normalize(gathered[:n], out=x[:n])
                elif gathered is not x:
                    np.copyto(x[:n], gathered[:n], casting="same_kind")
            yield (x[:n], t) if self.weights is None else (x[:n], t, self.weights.take(chosen))
