"""glasswork itself, through its public names."""

import numpy as np
from work import TRAIN, WORKS, initial

from glasswork import MLP, SGD, Adam, AdamW, Batches, CrossEntropyLoss, MSELoss, ReLU, Sigmoid, load_mnist, train


def make(name: str) -> "Glasswork":
    return Glasswork(name)


class Glasswork:
    def __init__(self, name: str) -> None:
        work = WORKS[name]
        images, labels = load_mnist()
        self.test_images, self.test_labels = images[-10_000:], labels[-10_000:]
        squared = work.loss == "mse"
        self.model = MLP(
            work.widths[0],
            work.widths[1:-1],
            work.widths[-1],
            activation=Sigmoid if squared else ReLU,
            output_activation=Sigmoid if squared else None,
            dropout=work.dropout,
        )
        for parameter, start in zip(
            self.model.parameters(), [array for pair in initial(work) for array in pair], strict=True
        ):
            parameter[...] = start
        self.loader = Batches(images[:TRAIN], labels[:TRAIN], work.batch, seed=1)
        self.loss = MSELoss() if squared else CrossEntropyLoss()
        rule = {"sgd": SGD, "adam": Adam, "adamw": AdamW}[work.optimizer]
        decay = {"weight_decay": 0.01} if work.optimizer == "adamw" else {}
        self.optimizer = rule(self.model.parameters(), self.model.gradients(), work.learning_rate, **decay)

    def train(self, epochs: int) -> None:
        for _ in range(epochs):
            train(self.model, self.loader, self.optimizer, self.loss)

    def test(self) -> float:
        return float(100 * np.mean(self.model.predict(self.test_images) == self.test_labels))
