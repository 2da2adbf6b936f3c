"""scikit-learn's neural networks, trained by glasswork: MLPClassifier and MLPRegressor."""

from glasswork.interop.estimators import MLPClassifier, MLPRegressor

__all__ = ["MLPClassifier", "MLPRegressor"]
