"""MLPClassifier and MLPRegressor: scikit-learn's estimators of these names, trained by glasswork.

MLPClassifier().fit(X, y) ──► model_, an MLP with an input contract     MLPClassifier.from_model(mlp)
"""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from numbers import Real
from typing import Annotated, Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import ClassifierMixin, RegressorMixin
from sklearn.preprocessing import label_binarize
from sklearn.utils import column_or_1d
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import (
    _check_partial_fit_first_call,
    check_classification_targets,
    type_of_target,
    unique_labels,
)

from glasswork.arrays import FloatArray
from glasswork.errors import InputError
from glasswork.interop.fitting import Objective
from glasswork.interop.perceptron import Activations, Perceptron, Widths
from glasswork.nn import MLP, BinaryCrossEntropyLoss, CrossEntropyLoss, MSELoss, PoissonLoss
from glasswork.nn.scores import labels_of, probabilities_of


def _trains_in_steps(estimator: Any) -> bool:
    return bool(estimator.solver != "lbfgs")


@dataclass(eq=False, repr=False)
class MLPClassifier(ClassifierMixin, Perceptron):  # type: ignore[misc]
    """A classifier with the arguments, attributes and loss of scikit-learn's ``MLPClassifier``, trained by `fit`.

    It also predicts several labels at once, for ``y`` of ones and zeros, ``(N, labels)``. docs/lookup/estimators.md
    says what is new and what differs.

    Parameters
    ----------
    hidden_layer_sizes : int or sequence of int
        Neurons in the hidden layer, or in each of several.
    activation : str or sequence of str
        "identity", "logistic", "tanh", "relu", "leaky-relu", "silu" or "gelu", for all hidden layers or one for each.
    class_weight : dict, "balanced" or None
        Factors of the weights of each class's samples.
    label_smoothing : float
        From 0 to 1: this share of each target is spread evenly over the classes.
    dropout, batch_norm : float, bool
        Of the hidden layers; see `MLP`.
    engine, threads : str, int
        See `glasswork.fit`.
    **others
        Those of scikit-learn, with its defaults.

    Attributes
    ----------
    model_ : MLP
        The network, with its input contract, the names of the classes and of the columns.
    validation_loss_curve_ : list of float or None
        The loss on the validation samples after each epoch, without the L2 term.
    **others
        Those of scikit-learn, such as ``classes_``, ``coefs_``, ``loss_curve_`` and ``validation_scores_``.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> model = MLPClassifier(max_iter=1000, random_state=0).fit(X, y)
    >>> bool(model.score(X, y) > 0.95), model.model_
    (True, MLP(4-100-3))
    """

    hidden_layer_sizes: Widths = (100,)
    activation: Activations = "relu"
    _: KW_ONLY
    _multilabel = False  # whether several labels may hold at once
    class_weight: Annotated[Any, dict, StrOptions({"balanced"}), None] = None
    label_smoothing: Annotated[float, Interval(Real, 0, 1, closed="both")] = 0.0

    @classmethod
    def from_model(cls, model: MLP, **parameters: Any) -> Self:
        """Return a fitted classifier that computes what a network does; see `Perceptron.from_model`."""
        self: Self = super().from_model(model, **parameters)
        names = model.classes
        self.classes_ = np.array(list(map(int, names)) if all(map(str.isdecimal, names)) else names)
        return self

    @available_if(_trains_in_steps)  # type: ignore[untyped-decorator]
    def partial_fit(
        self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None, classes: ArrayLike | None = None
    ) -> Self:
        """Train for one epoch on these samples; the first call needs ``classes``, all that will ever occur."""
        if self.class_weight == "balanced":
            raise InputError(f"{self}: partial_fit does not see all classes; give class_weight as a dict of weights")
        return self._fit(X, y, sample_weight, once=True, classes=classes)

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Return the class of each sample, ``(N,)``, or ones and zeros, ``(N, labels)``."""
        said = self._decide(self._scores(X))
        return said if self._multilabel else np.asarray(self.classes_.take(said, mode="clip"))

    def predict_proba(self, X: ArrayLike) -> FloatArray:
        """Return the probability of each class, ``(N, classes)``, in the order of ``classes_``."""
        scores = self._scores(X)
        if self._multilabel:
            return np.asarray(0.5 + 0.5 * np.tanh(0.5 * scores))
        return probabilities_of(scores, self.model_.scores_are)[:, : len(self.classes_)]

    def predict_log_proba(self, X: ArrayLike) -> FloatArray:
        """Return the logarithms of `predict_proba`."""
        with np.errstate(divide="ignore"):
            return np.asarray(np.log(self.predict_proba(X)))

    def _decide(self, scores: FloatArray) -> NDArray[Any]:
        """Return the number of the class of each row, or which labels it has."""
        if scores.shape[1] > 1 and not self._multilabel:
            return np.asarray(scores.argmax(axis=1))
        said = (scores > (0 if self.model_.scores_are == "logits" else 0.5)).astype(np.int64)
        return said if self._multilabel else said[:, 0]

    def _targets(self, y: Any, *, role: str = "validation", classes: Any = None) -> NDArray[Any]:
        check_classification_targets(y)
        y = column_or_1d(y, warn=True) if y.ndim == 2 and y.shape[1] == 1 else y
        found, begins = unique_labels(y), role == "fit" or not hasattr(self, "model_")
        if role == "partial":
            _check_partial_fit_first_call(self, classes)
        elif role == "fit":
            self.classes_ = found
        if begins:
            self._multilabel = type_of_target(y).startswith("multilabel")
        if role == "warm" and set(found) != set(self.classes_):
            raise InputError(
                "warm_start can only be used where `y` has the same classes as in the previous call to fit. Previously "
                f"got {self.classes_}, `y` has {found}"
            )
        if len(unknown := np.setdiff1d(found, self.classes_)):
            raise InputError(f"{self}: expected the classes {self.classes_}, got {unknown} as well")
        targets: NDArray[Any] = label_binarize(y, classes=self.classes_).astype(bool)
        two_scores = not begins and self.n_outputs_ == 2 and targets.shape[1] == 1  # one for each class
        return np.hstack([~targets, targets]) if two_scores else targets

    def _output(self) -> str:
        return "softmax" if self.n_outputs_ > 1 and not self._multilabel else "logistic"

    def _objective(self) -> Objective:
        if self.model_.scores_are == "probabilities":
            return Objective(MSELoss())
        return Objective(CrossEntropyLoss() if self.out_activation_ == "softmax" else BinaryCrossEntropyLoss())

    def _score_of(self, scores: FloatArray, targets: NDArray[Any], weights: NDArray[np.float64] | None) -> float:
        said = self._decide(scores)
        right = (said == targets).all(axis=1) if self._multilabel else said == labels_of(targets, "probabilities")
        return float(np.average(right, weights=weights))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags


@dataclass(eq=False, repr=False)
class MLPRegressor(RegressorMixin, Perceptron):  # type: ignore[misc]
    """A regressor with the arguments, attributes and losses of scikit-learn's ``MLPRegressor``, trained by `fit`.

    Parameters
    ----------
    loss : {"squared_error", "poisson"}
        Half the squared error; or half the Poisson deviance, of a network that estimates the logarithm of a rate.
    hidden_layer_sizes, activation, dropout, batch_norm, engine, threads, **others
        As for `MLPClassifier`.

    Attributes
    ----------
    model_ : MLP
        The network. Its scores are the predictions, or their logarithms with the Poisson loss.
    **others
        As for `MLPClassifier`.

    Examples
    --------
    >>> X = np.linspace(-1, 1, 50).reshape(-1, 1)
    >>> model = MLPRegressor(solver="lbfgs", random_state=0).fit(X, np.sin(3 * X[:, 0]))
    >>> bool(model.score(X, np.sin(3 * X[:, 0])) > 0.99), model.model_
    (True, MLP(1-100-1))
    """

    loss: Annotated[str, StrOptions({"squared_error", "poisson"})] = "squared_error"
    hidden_layer_sizes: Widths = (100,)
    activation: Activations = "relu"

    @available_if(_trains_in_steps)  # type: ignore[untyped-decorator]
    def partial_fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Train for one epoch on these samples."""
        return self._fit(X, y, sample_weight, once=True)

    def predict(self, X: ArrayLike) -> FloatArray:
        """Return the prediction for each sample, ``(N,)`` or ``(N, outputs)``."""
        said = self._predicted(self._scores(X))
        return said[:, 0] if said.shape[1] == 1 else said

    def _predicted(self, scores: FloatArray) -> FloatArray:
        return np.exp(scores) if self.out_activation_ == "exp" else scores

    def _targets(self, y: Any, *, role: str = "validation", classes: Any = None) -> NDArray[Any]:
        y = column_or_1d(y, warn=True) if y.ndim == 2 and y.shape[1] == 1 else y
        if self.loss == "poisson" and y.min() < 0:
            raise InputError(f"{self}: expected y of 0 or more, got {y.min()}; the Poisson loss is for counts")
        return np.asarray(y.reshape(len(y), -1), np.float64)

    def _output(self) -> str:
        return "exp" if self.loss == "poisson" else "identity"

    def _objective(self) -> Objective:
        return Objective(PoissonLoss()) if self.loss == "poisson" else Objective(MSELoss(), 0.5, self.n_outputs_)

    def _score_of(self, scores: FloatArray, targets: NDArray[Any], weights: NDArray[np.float64] | None) -> float:
        from sklearn.metrics import r2_score

        return float(r2_score(targets, self._predicted(scores), sample_weight=weights))
