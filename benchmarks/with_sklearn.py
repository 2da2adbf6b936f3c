"""scikit-learn's MLPClassifier. It has no squared error: its logistic network is trained on cross-entropy."""

import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier
from works import Work, data


class Sklearn:
    def __init__(self, work: Work) -> None:
        self.x, self.y, self.x_test, self.y_test = data()
        self.model = MLPClassifier(
            work.widths[1:-1],
            activation="logistic" if work.loss == "mse" else "relu",
            solver="sgd" if work.optimizer == "sgd" else "adam",
            alpha=0.0,
            momentum=0.0,
            nesterovs_momentum=False,
            batch_size=work.batch,
            learning_rate_init=work.learning_rate,
            max_iter=1,
            warm_start=True,
            n_iter_no_change=10**9,
            random_state=1,
        )

    def train(self, epochs: int) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            self.model.set_params(max_iter=epochs)
            self.model.fit(self.x, self.y)

    def test(self) -> float:
        return float(100 * np.mean(self.model.predict(self.x_test) == self.y_test))
