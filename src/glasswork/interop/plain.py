"""Plain: the layers of a network as another library wrote them down, and the MLP that computes the same."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from glasswork.errors import InputError
from glasswork.inputs import Inputs
from glasswork.nn import MLP, BatchNorm, Layer, Linear
from glasswork.nn.batchnorm import EPSILON
from glasswork.nn.layers import make_layer
from glasswork.nn.scores import ScoresAre


@dataclass(eq=False)
class Plain:
    """Layers in order, as tuples that begin with a word, and what else a file says.

    ``("linear", weight (out, in), bias)``, ``("stretch", factor, shift)``, ``("activation", kind, slope)`` or
    ``("batch-norm", gamma, beta, mean, variance, epsilon)``.
    """

    layers: list[tuple[Any, ...]] = field(default_factory=list)
    scores_are: ScoresAre | None = None
    classes: tuple[str, ...] | None = None
    facts: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def to_model(self, who: object) -> MLP:
        """Return the network in float32, with the classes and the input contract as far as they are known.

        Parameters
        ----------
        who : object
            The file that an error message names.

        Raises
        ------
        InputError
            If the layers do not fit each other, or there is none.
        """
        self.notes = list(dict.fromkeys(self.notes))
        layers: dict[str, Layer] = {}
        for step in self._folded(who):
            number = sum(isinstance(layer, Linear) for layer in layers.values())
            word, layer = _layer(step)
            name = f"{word}{number + (word == 'linear')}"
            layers[name if name not in layers else f"{name}_{len(layers)}"] = layer
        if not any(isinstance(layer, Linear) for layer in layers.values()):
            raise InputError(f"{who}: expected a multi-layer perceptron, got a file without a layer of weights")
        try:
            said = self.facts.get("scores")
            known: ScoresAre | None = "logits" if said == "logits" else "probabilities" if said else self.scores_are
            model = MLP.from_layers(layers, scores_are=known)
            model.inputs = self._inputs()
        except InputError as error:
            raise InputError(f"{who}: its layers do not fit each other ({error})") from None
        return model

    def _folded(self, who: object) -> list[tuple[Any, ...]]:
        """Return the layers without stretches: each becomes part of the weights before or behind it."""
        found: list[tuple[Any, ...]] = []
        waiting: tuple[NDArray[Any], NDArray[Any]] | None = None
        for word, *rest in self.layers:
            if word == "stretch" and found and found[-1][0] == "linear":
                _, weight, bias = found.pop()
                found.append(("linear", weight * rest[0][:, np.newaxis], bias * rest[0] + rest[1]))
            elif word == "stretch":
                factor, shift = waiting or (np.ones_like(rest[0]), np.zeros_like(rest[0]))
                waiting = factor * rest[0], shift * rest[0] + rest[1]
            elif word == "linear" and waiting is not None:
                weight, bias = rest
                factor, shift = (np.broadcast_to(each, weight.shape[1]) for each in waiting)
                found.append(("linear", weight * factor, bias + weight @ shift))
                waiting = None
            elif waiting is not None:
                break
            else:
                found.append((word, *rest))
        if waiting is not None:
            raise InputError(f"{who}: scales numbers behind an activation, where no layer of weights follows")
        return found

    def _inputs(self) -> Inputs | None:
        """Return the input contract that a file of glasswork's states; otherwise only the classes."""
        if "inputs" in self.facts:
            try:
                return msgspec.convert(msgspec.json.decode(self.facts["inputs"]), Inputs)
            except (msgspec.MsgspecError, InputError) as error:
                self.notes.append(f"what the file says of its inputs is damaged, and left out ({error})")
        return None if self.classes is None else Inputs(classes=self.classes)


def _layer(step: tuple[Any, ...]) -> tuple[str, Layer]:
    """Return the word of a layer's name, and the layer."""
    if step[0] == "linear":
        _, weight, bias = step
        linear = make_layer("linear", {"in_features": weight.shape[1], "out_features": len(weight)}, dtype="float32")
        assert isinstance(linear, Linear)
        linear.weight[...], linear.bias[...] = weight.T, bias
        return "linear", linear
    if step[0] == "batch-norm":
        _, gamma, beta, mean, variance, epsilon = step
        norm = BatchNorm(len(gamma))
        norm.gamma[...], norm.beta[...], norm.running_mean[...] = gamma, beta, mean
        norm.running_variance[...] = variance + (epsilon - EPSILON)
        return "norm", norm
    _, kind, slope = step
    return "act", make_layer(kind, {"slope": slope} if kind == "leaky-relu" else {}, dtype="float32")
