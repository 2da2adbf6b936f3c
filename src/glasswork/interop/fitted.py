"""scikit-learn: fitted MLPs, glasswork's estimators, and pipelines of scalers before one, as a network.

Pipeline(StandardScaler, MLPClassifier) ──► MLP whose input contract holds the scaler: raw rows in
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glasswork.errors import InputError
from glasswork.features import Features
from glasswork.inputs import Inputs
from glasswork.interop.arrays import modules_of
from glasswork.interop.found import Found, Module, steps_of
from glasswork.interop.translation import opened

_Scaling = tuple[NDArray[np.float64], NDArray[np.float64]]


def _scale(scaler: Any, spread: str, centre: str) -> _Scaling:
    """Return centre and spread of a scaler; an attribute is None if that is switched off."""
    width = scaler.n_features_in_
    given = [getattr(scaler, name, None) for name in (centre, spread)]
    middle, wide = (np.full(width, k) if a is None else np.asarray(a, np.float64) for k, a in enumerate(given))
    return middle, wide


#: The centre and the spread by which scalers compute ``(x - centre) / spread``.
_SCALERS: dict[str, Callable[[Any], _Scaling]] = {
    "StandardScaler": lambda s: _scale(s, "scale_", "mean_"),
    "RobustScaler": lambda s: _scale(s, "scale_", "center_"),
    "MaxAbsScaler": lambda s: _scale(s, "scale_", ""),
    "MinMaxScaler": lambda s: (-np.asarray(s.min_) / s.scale_, 1 / np.asarray(s.scale_)),
}


def is_fitted_network(source: Any) -> bool:
    """Whether an object is an estimator or a pipeline that holds a network."""
    return any(hasattr(source, name) for name in ("coefs_", "best_estimator_", "steps"))


def check_classifies(source: Any) -> None:
    """Raise an InputError if an estimator, or the last step of a pipeline, does not give one class for each row."""
    source = getattr(source, "best_estimator_", source)
    last = source.steps[-1][1] if hasattr(source, "steps") else source
    several = getattr(last, "out_activation_", "") == "logistic" and last.n_outputs_ > 1
    if hasattr(last, "coefs_") and (several or not hasattr(last, "classes_")):
        raise InputError(
            f"export: {type(last).__name__} predicts {'several labels at once' if several else 'numbers'}, but such a "
            "file gives one label for each row; write the scores alone: interop.to_onnx(interop.load(estimator), path)"
        )


def read_fitted(source: Any) -> Found:
    """Return what a fitted estimator, a pipeline of scalers before one, or a search computes on raw rows."""
    source = getattr(source, "best_estimator_", source)
    *before, (name, last) = getattr(source, "steps", [("", source)])
    if hasattr(last, "steps") or hasattr(last, "best_estimator_"):
        raise InputError(f"{type(source).__name__}: {name} holds another estimator; give {name} itself")
    if not hasattr(last, "coefs_"):
        raise InputError(
            f"{type(last).__name__}: expected a fitted MLPClassifier or MLPRegressor, or a pipeline that ends in one"
        )
    found = _of_glasswork(last) if hasattr(last, "model_") else _of_sklearn(last)
    scalings = []
    for name, scaler in before:
        if scaler is None or isinstance(scaler, str):  # "passthrough"
            continue
        if type(scaler).__name__ not in _SCALERS or getattr(scaler, "clip", False):
            raise InputError(
                f"{type(source).__name__}: {name} is of class {type(scaler).__name__}; expected only "
                f"{', '.join(_SCALERS)} (without clip) before the network; otherwise give pipeline[-1] alone, which "
                "takes what they give"
            )
        scalings.append(_SCALERS[type(scaler).__name__](scaler))
    if scalings:
        found.inputs = _scaled(found.inputs or Inputs(), scalings, type(source).__name__)
    names = getattr(before[0][1] if before else last, "feature_names_in_", None)
    if names is not None and found.inputs is not None and found.inputs.columns is None:
        found.inputs = replace(found.inputs, columns=tuple(names))
    return found


def _scaled(inputs: Inputs, scalings: list[_Scaling], who: str) -> Inputs:
    """Return a contract for what enters the first of some scalers; without a known range it has four spreads."""
    if inputs.scales:
        raise InputError(f"{who}: its network scales its inputs itself; expected no scaler before it")
    centre, spread = 0.0 * scalings[0][0], 1.0 + 0.0 * scalings[0][0]
    for middle, wide in scalings:
        centre, spread = centre + spread * middle, spread * wide
    low, high = (-4.0, 4.0) if inputs.low is None or inputs.high is None else (inputs.low, inputs.high)
    ends = centre + spread * low, centre + spread * high
    features = Features(low=tuple(ends[0]), high=tuple(ends[1]), centre=tuple(centre), spread=tuple(spread))
    derived = "with a range estimated from its scaler"
    return replace(inputs, kind="features", low=None, high=None, features=features, derived=derived)


def _of_glasswork(estimator: Any) -> Found:
    model = estimator.model_
    return Found(steps_of(type(estimator).__name__, modules_of(model)), model.scores_are, model.inputs)


def _of_sklearn(estimator: Any) -> Found:
    """Return the layers of scikit-learn's own MLPClassifier or MLPRegressor."""
    found, who = Found(), type(estimator).__name__
    words = [estimator.activation] * (len(estimator.coefs_) - 1) + [estimator.out_activation_]
    for number, (weight, bias) in enumerate(zip(estimator.coefs_, estimator.intercepts_, strict=True)):
        found.steps += steps_of(who, [Module(f"coefs_[{number}]", "linear", {}, {"weight": weight.T, "bias": bias})])
        found.act(who, words[number])
    if hasattr(estimator, "classes_"):
        found.name_classes(estimator.classes_)
    return found


def read_skops(path: Path) -> Found:
    """Return what a ``.skops`` file says of such an estimator; nothing in it is executed, and no class is imported."""
    with opened(path, "a .skops file") as archive:
        try:
            return read_fitted(_value(json.loads(archive.read("schema.json")), archive, {}))
        except InputError as error:
            raise InputError(f"{path}: {error}") from None


def _value(node: Mapping[str, Any], archive: zipfile.ZipFile, seen: dict[Any, Any]) -> Any:
    """Return what a node of the schema stands for: plain values, arrays, and objects with the attributes of theirs."""
    kind, content = node["__loader__"], node.get("content")
    found: Any = None
    if kind == "CachedNode":
        found = seen.get(node["__id__"])
    elif kind == "JsonNode":
        found = json.loads(content) if isinstance(content, str) else content
    elif kind in ("ListNode", "TupleNode"):
        found = [_value(inner, archive, seen) for inner in content or ()]
    elif kind == "DictNode":
        found = {name: _value(inner, archive, seen) for name, inner in (content or {}).items()}
    elif kind == "NdArrayNode" and node["type"] == "numpy":
        found = np.load(io.BytesIO(archive.read(node["file"])), allow_pickle=False)
    elif kind == "NdArrayNode":
        found = np.array(_value(content or {}, archive, seen), object)
    elif kind == "ObjectNode":
        found = type(str(node["__class__"]), (SimpleNamespace,), {})(**_value(content or {}, archive, seen))
    seen[node.get("__id__")] = found
    return found
