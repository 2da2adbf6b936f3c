"""The works that contenders do: same network, same batches, same dtype, same number of steps."""

from dataclasses import dataclass

import numpy as np

from glasswork import load_mnist, normalize


@dataclass(frozen=True)
class Work:
    """What is trained, on the first 55,000 images of MNIST in float32."""

    widths: tuple[int, ...]
    batch: int
    loss: str
    optimizer: str
    learning_rate: float
    dropout: float = 0.0


WORKS = {
    "classwork": Work((784, 50, 10), 100, "mse", "sgd", 0.1),
    "deep": Work((784, 300, 100, 10), 100, "cross-entropy", "adam", 0.001),
    "wide": Work((784, 1024, 1024, 10), 250, "cross-entropy", "adamw", 0.001, dropout=0.5),
}

TRAIN = 55_000


def data() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return training images and labels, test images and labels; images are float32 in [-1, 1]."""
    images, labels = load_mnist()
    return normalize(images[:TRAIN]), labels[:TRAIN], normalize(images[-10_000:]), labels[-10_000:]


def initial(work: Work) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return the same initial weights and biases for everybody, as (in, out) and (out,)."""
    draw = np.random.default_rng(1)
    gain = 0.1 if work.loss == "mse" else None
    return [
        (draw.normal(0, gain or (2 / n) ** 0.5, (n, m)).astype(np.float32), np.zeros(m, np.float32))
        for n, m in zip(work.widths, work.widths[1:], strict=False)
    ]
