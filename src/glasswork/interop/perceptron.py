"""The base of the estimators: scikit-learn's constructor, its checks of data, and a network of glasswork inside.

X, y ──checked──► rows, targets, weights ──► training        X ──checked──► rows ──► model_.scores
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace
from numbers import Integral, Real
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Self, TypeAlias, get_args, get_type_hints

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, is_classifier
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, Options, StrOptions
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from glasswork.arrays import FloatArray
from glasswork.data.targets import check_weights
from glasswork.errors import InputError
from glasswork.inputs import Inputs
from glasswork.interop.fitting import Objective, Samples, described, draw_weights, linear_layers, train, train_at_once
from glasswork.models.committee import Committee
from glasswork.nn import ACTIVATIONS, MLP, Dropout
from glasswork.nn.assembly import widths
from glasswork.training.engines import EngineName

Count: TypeAlias = Annotated[int, Interval(Integral, 1, None, closed="left")]
Amount: TypeAlias = Annotated[float, Interval(Real, 0, None, closed="left")]
Positive: TypeAlias = Annotated[float, Interval(Real, 0, None, closed="neither")]
Share: TypeAlias = Annotated[float, Interval(Real, 0, 1, closed="left")]
Switch: TypeAlias = Annotated[bool, "boolean"]
Widths: TypeAlias = Annotated[Any, "array-like", Interval(Integral, 1, None, closed="left")]
Activations: TypeAlias = Annotated[Any, StrOptions({"logistic", *ACTIVATIONS}), "array-like"]


def _arrays(name: str, doc: str) -> property:
    """Return an attribute for the weights or biases; set before the first training, they are what that begins with."""

    def get(self: Any) -> list[FloatArray]:
        if not hasattr(self, "model_"):
            if f"_initial_{name}" not in vars(self):
                raise AttributeError(f"this {type(self).__name__} is not fitted yet; call fit")
            return vars(self)[f"_initial_{name}"]  # type: ignore[no-any-return]
        return [getattr(layer, name) for layer in linear_layers(self.model_)]

    def put(self: Any, arrays: list[FloatArray]) -> None:
        if not hasattr(self, "model_"):
            setattr(self, f"_initial_{name}", arrays)
            return
        for layer, array in zip(linear_layers(self.model_), arrays, strict=True):
            setattr(layer, name, array)

    return property(get, put, doc=doc)


@dataclass(eq=False, repr=False, kw_only=True)
class Perceptron(BaseEstimator):  # type: ignore[misc]
    """Base of `MLPClassifier` and `MLPRegressor`: the arguments of both, with scikit-learn's defaults, and `fit`."""

    solver: Annotated[str, StrOptions({"adam", "sgd", "lbfgs"})] = "adam"
    alpha: Amount = 0.0001
    batch_size: Annotated[int | str, StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")] = "auto"
    learning_rate: Annotated[str, StrOptions({"constant", "invscaling", "adaptive"})] = "constant"
    learning_rate_init: Positive = 0.001
    power_t: Amount = 0.5
    max_iter: Count = 200
    shuffle: Switch = True
    random_state: Annotated[Any, "random_state"] = None
    tol: Amount = 1e-4
    verbose: Annotated[bool | int, "verbose"] = False
    warm_start: Switch = False
    momentum: Share = 0.9
    nesterovs_momentum: Switch = True
    early_stopping: Switch = False
    validation_fraction: Share = 0.1
    beta_1: Share = 0.9
    beta_2: Share = 0.999
    epsilon: Positive = 1e-8
    n_iter_no_change: Annotated[float, Interval(Integral, 1, None, closed="left"), Options(Real, {np.inf})] = 10
    max_fun: Count = 15000
    dropout: Annotated[float, Interval(Real, 0, 0.99, closed="both")] = 0.0
    batch_norm: Switch = False
    engine: Annotated[EngineName, StrOptions({"auto", "numpy", "compiled"})] = "auto"
    threads: Annotated[int | None, Interval(Integral, 1, None, closed="left"), None] = None

    if TYPE_CHECKING:  # a subclass has them, in its own order
        hidden_layer_sizes: Widths = ()
        activation: Activations = ""
        classes_: NDArray[Any]

    _parameter_constraints: ClassVar[dict[str, list[Any]]]

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        hints = get_type_hints(cls, include_extras=True)
        cls._parameter_constraints = {
            name: list(get_args(hint)[1:]) for name, hint in hints.items() if hasattr(hint, "__metadata__")
        }

    # What a subclass adds -----------------------------------------------------------------------------

    def _targets(self, y: Any, *, role: str = "validation", classes: Any = None) -> NDArray[Any]:
        """Check ``y`` and return a row of targets for each sample, ``(N, outputs)``.

        ``role`` is ``"validation"``, ``"fit"`` for a training that begins, ``"warm"`` for one that continues, or
        ``"partial"``.
        """
        raise NotImplementedError

    def _output(self) -> str:
        """Return what turns the network's sums into answers."""
        raise NotImplementedError

    def _objective(self) -> Objective:
        raise NotImplementedError

    def _score_of(self, scores: FloatArray, targets: NDArray[Any], weights: NDArray[np.float64] | None) -> float:
        """Return the score for these outputs of the network."""
        raise NotImplementedError

    # A network, there and back ------------------------------------------------------------------------

    @classmethod
    def from_model(cls, model: MLP, **parameters: Any) -> Self:
        """Return a fitted estimator that computes what a network does, and can be trained further.

        Parameters
        ----------
        model : MLP
            Such as ``run.model`` or ``load_model(path)``. It is copied together with its input contract, so the
            estimator takes the same raw data, and knows the names of classes and columns.
        **parameters
            Of the constructor. Hidden layers, activations, dropout and batch normalisation are the network's.
        """
        if not isinstance(model, MLP):
            raise InputError(f"{cls.__name__}: expected an MLP such as run.model or load_model(path), got {model!r}")
        if isinstance(model, Committee):
            raise InputError(f"{cls.__name__}: expected one network, got {model}; give one of its members")
        own = copy.deepcopy(model)
        arguments = described(own)
        acts = arguments.pop("activation")
        self = cls(activation=acts[0] if len(set(acts)) == 1 else acts, **arguments, **parameters)
        self._begin(own, seed=0)
        self.n_features_in_ = own.in_features
        if own.inputs is not None and own.inputs.columns is not None:
            self.feature_names_in_ = np.array(own.inputs.columns, object)
        return self

    def _begin(self, model: MLP, seed: int) -> None:
        """Forget all earlier training."""
        self.model_, self._seed = model, seed
        self.n_layers_, self.n_outputs_ = len(linear_layers(model)) + 1, model.out_features
        self.out_activation_ = self._output()
        self.coefs_ = self.__dict__.pop("_initial_weight", self.coefs_)
        self.intercepts_ = self.__dict__.pop("_initial_bias", self.intercepts_)
        self._optimizer_state: dict[str, FloatArray] = {}
        self.n_iter_ = self.t_ = self._epochs = self._no_improvement_count = 0
        self.loss_curve_: list[float] = []
        self.validation_loss_curve_: list[float] | None = None
        self.validation_scores_: list[float] | None = None
        self.best_loss_ = self.best_validation_score_ = None
        self._share = 1.0  # of the initial learning rate, as "adaptive" divides it

    coefs_ = _arrays("weight", "The weights of each layer, ``(inputs, outputs)``: the network's own arrays.")
    intercepts_ = _arrays("bias", "The biases of each layer: the network's own arrays.")

    def activations(self, X: ArrayLike) -> list[FloatArray]:
        """Return the outputs of each hidden layer for samples ``(N, features)``: ``[(N, neurons), ...]``."""
        rows = self._rows(X)
        x, network, outputs = self.model_.prepare(rows), self.model_.for_evaluation(), []
        later = linear_layers(network)[1:]
        for layer in network.layers:
            if layer in later:
                outputs.append(x.copy())
            x = layer.forward(x)
        return outputs

    def _rows(self, X: ArrayLike) -> NDArray[Any]:
        check_is_fitted(self)
        return self._prepared(validate_data(self, X, reset=False, **self._accepted()))

    def _accepted(self) -> dict[str, Any]:
        """Return which samples are accepted: with NaN, if the network's input contract fills them in."""
        inputs = self.model_.inputs if hasattr(self, "model_") else None
        fills = inputs is not None and inputs.features is not None and inputs.features.missing is not None
        finite = "allow-nan" if fills else True
        return {"accept_sparse": ["csr", "csc"], "dtype": (np.float64, np.float32), "ensure_all_finite": finite}

    def _prepared(self, X: Any) -> NDArray[Any]:
        X, inputs = _dense(X), self.model_.inputs
        return inputs.prepared(X, self.model_.dtype, who=self) if inputs is not None and inputs.scales else X

    def _scores(self, X: ArrayLike) -> FloatArray:
        rows = self._rows(X)
        return self.model_.scores(rows, prepared=True)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    # Training -----------------------------------------------------------------------------------------

    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        X_val: ArrayLike | None = None,
        y_val: ArrayLike | None = None,
    ) -> Self:
        """Train on samples; with ``warm_start``, continue where the last call ended, the optimiser included.

        Parameters
        ----------
        X : array, data frame or sparse matrix, (N, features)
            The network computes in its dtype, float32 or float64, and in float64 if it is another one. A sparse matrix
            becomes a dense array.
        y : (N,) or (N, outputs)
            Classes, or the numbers to estimate.
        sample_weight : (N,), optional
            Factor of each sample's loss, 0 or more.
        X_val, y_val : optional
            Validation samples, in place of a part of X. Without ``early_stopping`` they are only watched.

        Raises
        ------
        InputError
            If the training diverges, or only one of X_val and y_val is given. Samples or arguments that are not allowed
            raise a ValueError, as in scikit-learn.
        """
        return self._fit(X, y, sample_weight, X_val, y_val)

    def _fit(
        self, X: Any, y: Any, weights: Any, X_val: Any = None, y_val: Any = None, *, once: bool = False,
        classes: Any = None,
    ) -> Self:  # fmt: skip
        """Train until a rule says that it is enough, or for one epoch."""
        self._validate_params()
        if once and self.early_stopping:
            raise InputError(f"{self}: partial_fit does not support early_stopping=True")
        if (X_val is None) != (y_val is None):
            raise InputError(f"{self}: expected both X_val and y_val, or neither of them")
        begins = not hasattr(self, "model_") or not (self.warm_start or once)
        both = {**self._accepted(), "multi_output": True, "y_numeric": not is_classifier(self)}
        X, y = validate_data(self, X, y, reset=begins, **both)
        role = "partial" if once else "fit" if begins else "warm"
        X, targets = _dense(X), self._targets(y, role=role, classes=classes)
        if weights is not None:
            weights = check_weights(_check_sample_weight(weights, X), len(X))
        if getattr(self, "class_weight", None) is not None:
            weights = compute_sample_weight(self.class_weight, y) * (1 if weights is None else weights)
        random = check_random_state(self.random_state)
        if begins:
            self._begin(*self._new_model(X, targets.shape[1], random))
        else:
            self._check_continues()
        samples: Samples = self._prepared(X), targets, weights
        samples, validation = self._divide(samples, X_val, y_val, both, random)
        if share := getattr(self, "label_smoothing", 0):
            classes = self.n_outputs_ if self.out_activation_ == "softmax" else 2
            samples = samples[0], samples[1] * (1 - share) + share / classes, samples[2]
        inputs = self.model_.inputs or Inputs()
        if not inputs.scales:  # then the contract states the range of all samples so far
            ends = [end for end in (inputs.low, inputs.high, X.min(), X.max()) if end is not None]
            self.model_.inputs = replace(inputs, low=float(min(ends)), high=float(max(ends)))
        if self.solver == "lbfgs":
            train_at_once(self, samples)
        else:
            train(self, samples, validation, once=once)
        return self

    def _new_model(self, X: NDArray[Any], outputs: int, random: Any) -> tuple[MLP, int]:
        """Return an untrained network, and the seed of its masks and of the order of samples."""
        hidden, acts = widths(self.hidden_layer_sizes), self._activations()
        if len(acts) != len(hidden):
            raise InputError(f"{self}: expected an activation for each of {len(hidden)} hidden layers, got {acts}")
        model = MLP(
            X.shape[1], hidden, outputs, activation=acts, output_activation=None, batch_norm=self.batch_norm,
            dropout=self.dropout, dtype=X.dtype,
        )  # fmt: skip
        draw_weights(model, [act == "sigmoid" for act in (*acts, *(acts[-1:] or ["identity"]))], random)
        seed = int(random.randint(2**31 - 1))
        for layer in model.layers:
            if isinstance(layer, Dropout):
                layer.seed = seed
        names = tuple(map(str, self.classes_)) if is_classifier(self) and len(self.classes_) > 1 else None
        columns = tuple(self.feature_names_in_) if hasattr(self, "feature_names_in_") else None
        model.inputs = Inputs(kind="features", classes=names, columns=columns)
        return model, seed

    def _activations(self) -> list[Any]:
        """Return the activation of each hidden layer, by glasswork's words."""
        one = isinstance(self.activation, str)
        words = [self.activation] * len(widths(self.hidden_layer_sizes)) if one else self.activation
        return ["sigmoid" if word == "logistic" else word for word in words]

    def _check_continues(self) -> None:
        """Refuse to continue a training with arguments that describe another network than the one it has."""
        given = {
            "hidden_layer_sizes": tuple(widths(self.hidden_layer_sizes)), "activation": tuple(self._activations()),
            "dropout": self.dropout, "batch_norm": self.batch_norm,
        }  # fmt: skip
        own: dict[str, Any] = described(self.model_)
        if hasattr(self, "loss"):
            given["loss"], own["loss"] = self._output(), self.out_activation_
        for name, value in own.items():
            if given[name] != value:
                raise InputError(
                    f"{self}: expected the {name} that this training began with, got another; set it back, or begin "
                    "a new training: fit with warm_start=False"
                )

    def _divide(
        self, samples: Samples, X_val: Any, y_val: Any, accepted: dict[str, Any], random: Any
    ) -> tuple[Samples, Samples | None]:
        """Return the samples to learn from and, if there are any, those to validate on."""
        if X_val is None and (not self.early_stopping or self.solver == "lbfgs"):
            return samples, None
        if self.validation_scores_ is None:
            self.validation_loss_curve_, self.validation_scores_ = [], []
        if X_val is not None:
            X_val, y_val = validate_data(self, X_val, y_val, reset=False, **accepted)
            return samples, (self._prepared(X_val), self._targets(y_val), None)
        from sklearn.model_selection import train_test_split

        stratify = samples[1] if is_classifier(self) and samples[1].shape[1] == 1 else None
        given = [part for part in samples if part is not None]
        parts = train_test_split(*given, test_size=self.validation_fraction, random_state=random, stratify=stratify)
        learnt, valid = [*parts[::2], None], [*parts[1::2], None]
        if len(valid[0]) < 2:
            raise InputError(
                f"{self}: The validation set is too small. Increase 'validation_fraction' or the size of your dataset."
            )
        return (learnt[0], learnt[1], learnt[2]), (valid[0], valid[1], valid[2])


def _dense(X: Any) -> NDArray[Any]:
    """Return samples as an array."""
    if not hasattr(X, "toarray"):
        return np.asarray(X)
    try:
        return np.asarray(X.toarray())
    except MemoryError:
        raise InputError(
            f"X: a sparse matrix of {X.shape[0]:,} × {X.shape[1]:,} is too large as a dense array; give it in parts to "
            "partial_fit, or reduce its columns, as by TruncatedSVD"
        ) from None
