"""Committee: networks that answer together, by the mean of their probabilities.

            ┌──► member 1 ──► probabilities ──┐
prepared ───┼──► member 2 ──► probabilities ──┼──► mean ──► the committee's probabilities
numbers     └──► member 3 ──► probabilities ──┘
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields

import numpy as np
from numpy.typing import ArrayLike

from glasswork.arrays import FloatArray
from glasswork.errors import InputError, StateError
from glasswork.inputs import Inputs
from glasswork.nn import MLP, Layer
from glasswork.nn.random_layer import RandomLayer


class Members(Layer):
    """The layer of a `Committee`: the mean of its members' probabilities."""

    scores_are = "probabilities"

    def __init__(self, members: Sequence[MLP]) -> None:
        super().__init__(dtype=members[0].dtype)
        self.members = list(members)
        self.in_features, self.out_features = members[0].in_features, len(members[0].classes)

    def forward(self, x: FloatArray) -> FloatArray:
        """Map ``(batch, in)`` to the mean of the probabilities, ``(batch, classes)``."""
        mean: FloatArray = np.mean([member.probabilities(x, prepared=True) for member in self.members], axis=0)
        return mean

    def backward(self, grad_output: FloatArray) -> FloatArray:
        """Refuse to train."""
        raise StateError(f"{self}: a committee is not trained; train its members")

    def __repr__(self) -> str:
        kinds = dict.fromkeys(map(repr, self.members))
        return f"{len(self.members)} × {' or '.join(kinds)}"


class Committee(MLP):
    """Networks that answer together: the mean of their probabilities. It is used in every way in which a network is.

    Parameters
    ----------
    members : sequence of MLP
        Two or more networks that take the same inputs and tell the same classes apart. The committee shares their
        weights; if some work in float64, all do. The first one stands for the others where only one can be shown.
    names : sequence of str, optional
        What the members are called, each differently; by default "1", "2", ...

    Attributes
    ----------
    members : list of MLP
    names : tuple of str

    Raises
    ------
    InputError
        If there are fewer than two, one is given twice, or their inputs or classes differ; the message names the
        difference.

    Examples
    --------
    >>> committee = Committee([MLP(784, 50, 10, seed=1), MLP(784, 30, 10, seed=2)])
    >>> committee.probabilities(np.zeros((5, 784))).shape
    (5, 10)
    """

    committee: Members

    def __init__(self, members: Sequence[MLP], *, names: Sequence[str] | None = None) -> None:
        members = [members] if isinstance(members, MLP) else list(members)
        if len(members) < 2 or len({id(member) for member in members}) < len(members):
            raise InputError(f"Committee: expected two or more different networks, got {members}")
        self.names = tuple(map(str, names or range(1, len(members) + 1)))
        if len(set(self.names)) < len(members) or len(self.names) > len(members):
            raise InputError(f"Committee: expected a different name for each network, got {', '.join(self.names)}")
        for name, member in zip(self.names, members, strict=True):
            if not isinstance(member, MLP) or isinstance(member, Committee):
                raise InputError(f"Committee: expected members to be networks, of class MLP, got {member!r} as {name}")
            if difference := _difference(members[0], member):
                raise InputError(f"Committee: {name} and {self.names[0]} cannot answer together: {difference}")
        dtype = np.result_type(*(member.dtype for member in members))
        self._take({"committee": Members([one if one.dtype == dtype else one.astype(dtype) for one in members])})
        self.inputs = members[0].inputs

    @property
    def members(self) -> list[MLP]:
        """The networks."""
        return self.committee.members

    def ask(self, images: ArrayLike, *, prepared: bool = False) -> tuple[FloatArray, FloatArray]:
        """Return the probabilities, and how far the members agree about each image.

        Parameters
        ----------
        images : array_like
            As for `MLP.scores`.
        prepared : bool
            As for `MLP.scores`.

        Returns
        -------
        probabilities : (N, classes)
            The mean of the members' probabilities.
        agreement : (N,)
            The share of the members that give the committee's label.
        """
        probabilities = self.probabilities(images, prepared=prepared)
        given = [member.predict(images, prepared=prepared) for member in self.members]
        return probabilities, np.mean(np.stack(given) == probabilities.argmax(axis=1), axis=0)

    def _random_layers(self) -> list[RandomLayer]:
        return []  # the members' own, which are not to change

    def __repr__(self) -> str:
        return f"Committee({self.committee!r})"


def _difference(first: MLP, other: MLP) -> str:
    """Return in what two networks' inputs or classes differ; empty if in nothing."""
    if first.in_features != other.in_features:
        return f"it takes {other.in_features} numbers, not {first.in_features}"
    if first.classes != other.classes:
        return f"its classes are {', '.join(other.classes)}, not {', '.join(first.classes)}"
    one, two = first.inputs or Inputs(), other.inputs or Inputs()
    for field in fields(Inputs):
        a, b = getattr(one, field.name), getattr(two, field.name)
        if a == b or field.name in ("classes", "derived"):
            continue
        if field.name == "features":
            return "the columns of its table are scaled differently; train both on the same rows"
        return f"{field.name} of its inputs is {b}, not {a}"
    return ""
