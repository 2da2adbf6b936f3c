"""ModelFile: a network with all that its file says: how data are read for it, and training images to compare with.

file ──read──► ModelFile ──for_bytes──► what the file leaves open is assumed, and reported
"""

import copy
import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from glasswork.arrays import FloatArray, Images
from glasswork.errors import InputError
from glasswork.inputs import Inputs, Reading
from glasswork.models.committee import Committee
from glasswork.models.doubt import ReferenceSet
from glasswork.nn import MLP
from glasswork.pixels import as_array, as_rows
from glasswork.reading import size_in_words


@dataclass(frozen=True)
class ModelFile:
    """What a model file holds.

    Attributes
    ----------
    model : MLP
        It knows its ``inputs`` and ``classes``.
    reference : ReferenceSet or None
        Training images to compare with.
    no_reference : str
        Why there is no reference set, as the file says it.
    """

    model: MLP
    reference: ReferenceSet | None
    no_reference: str = ""

    @property
    def why_no_reference(self) -> str:
        """Why nothing is known about strange images; empty where there is a reference set."""
        if self.reference is not None:
            return ""
        return self.no_reference or "its model file holds no training images to compare with"

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the classes, in the order of the scores."""
        return self.model.classes

    @property
    def image_shape(self) -> tuple[int, ...] | None:
        """The shape of an image; square where it is not known, and None where the features are not an image."""
        inputs = self.model.inputs
        if inputs is not None and (inputs.shape or inputs.kind == "features"):
            return inputs.shape
        side = math.isqrt(self.model.in_features)
        return (side, side) if side * side == self.model.in_features else None

    @property
    def reading(self) -> Reading:
        """How pictures were read; where that is not known, pictures of MNIST's digits are photographs."""
        if self.model.inputs is not None and self.model.inputs.reading is not None:
            return self.model.inputs.reading
        digits = self.classes == tuple("0123456789") and self.image_shape == (28, 28)
        return Reading(pictures="digits" if digits else "as they are")

    @property
    def like(self) -> Inputs:
        """What data are read like; whether they are pixels or features is then known."""
        known = self.model.inputs or Inputs()
        shape = known.shape if known.width else self.image_shape or (1, self.model.in_features)
        return replace(known, kind="features" if self.takes_features else "pixels", shape=shape)

    @property
    def wanted(self) -> str:
        """How many numbers a row has to have, in words."""
        if self.takes_features:
            return f"rows of {self.model.in_features:,} features"
        shape = self.image_shape
        return size_in_words(shape) if shape else f"{self.model.in_features:,} numbers"

    @property
    def no_images(self) -> str:
        """Why the network cannot be asked about images."""
        return (
            f"this network was trained on {(self.model.inputs or Inputs()).words()}, but images are pixels from 0 to "
            "255; use it from Python, with numbers like those it was trained on: load_model(...).predict(rows)"
        )

    @property
    def takes_features(self) -> bool:
        """Whether the network takes the columns of a table as they are: it learnt from numbers that are no bytes."""
        known = self.model.inputs or Inputs()
        if known.kind is not None or known.low is None:
            return known.kind == "features"
        return not known.equals_at_first_layer(Inputs.of_bytes())

    def for_bytes(self) -> "tuple[ModelFile, str]":
        """Return this file with a network that takes bytes, or features, and a note on what was assumed.

        Raises
        ------
        InputError
            If it takes pixels on another scale, which no source of data is read to.
        """
        known = self.model.inputs or Inputs()
        said = f"this network takes {known.words()}, {known.derived}" if known.derived else ""
        if known.are_bytes or self.takes_features:
            return self, said
        bytes_ = Inputs.of_bytes(shape=known.shape, classes=known.classes, reading=known.reading)
        if known.low is not None and not known.equals_at_first_layer(bytes_):
            raise InputError(self.no_images)
        model = copy.copy(self.model)
        model.inputs = bytes_
        said = "its file does not say what this network was trained on"
        said = said if known.low is None else f"it takes {known.words()}"
        return replace(self, model=model), f"{said}; images are read as {bytes_.words()}"

    def for_page(self) -> "ModelFile":
        """Return this file with a network that takes bytes, or the columns of a table, as a `Dataset` holds them.

        Of a committee, it is the first member: a page shows a single network from inside.

        Raises
        ------
        InputError
            If it takes pixels on another scale, or features whose columns are not described.
        """
        single = self.model.members[0] if isinstance(self.model, Committee) else self.model
        file, _ = replace(self, model=single).for_bytes()
        if file.takes_features:
            if (file.model.inputs or Inputs()).features is None:
                raise InputError(self.no_images)
            return file
        model = copy.copy(file.model)
        model.inputs = replace(file.like, reading=replace(self.reading, low=0, high=255))
        return replace(file, model=model)

    def probabilities(self, rows: NDArray[Any]) -> FloatArray:
        """Return the probability of each class for each row of a `Dataset`, ``(N, classes)``."""
        return self.model.probabilities(self.prepared(rows), prepared=True)

    def rows(self, numbers: ArrayLike) -> NDArray[Any]:
        """Return raw data in an array as rows of a `Dataset`, bytes or features.

        Raises
        ------
        InputError
            If they have another size, or cannot be on the scale of the training data.
        """
        model, inputs = self.model, self.model.inputs or Inputs()
        rows = as_rows(model, as_array(model, numbers), model.in_features, inputs.shape)
        if not inputs.are_bytes:
            inputs.prepared(rows, model.dtype, who=model)  # which checks them
            return np.asarray(rows, np.float64)
        if inputs.reading is not None and inputs.reading.rescales:
            rows = inputs.reading.to_bytes(rows)
        inputs.check(rows, who=model)
        pixels: Images = np.rint(rows).astype(np.uint8)
        return pixels

    def prepared(self, rows: NDArray[Any]) -> FloatArray:
        """Return the rows of a `Dataset`, bytes or features, as the network's first layer takes them."""
        inputs = self.model.inputs or Inputs()
        if inputs.are_bytes:
            inputs = Inputs.of_bytes()  # of a Dataset, and not on the scale of a source
        return inputs.prepared(rows, self.model.dtype, who=self.model)
