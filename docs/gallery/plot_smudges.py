"""
98 % on MNIST, and my own digit is read wrong. Why?
===================================================

Images of MNIST are clean: light ink on black, one digit, centred, 28×28. A photograph has paper, shadows, the edge of a
table, smudges and lines. The network has never seen those, and answers all the same. We draw such photographs, and find
out which step from the camera to the network goes wrong.
"""

import matplotlib.pyplot as plt
import numpy as np
from PIL import Image

from glasswork import (
    MLP,
    AdamW,
    Batches,
    CrossEntropyLoss,
    InputError,
    ReLU,
    fit,
    load_mnist,
    read_image,
)

images, labels = load_mnist()
model = MLP(784, 100, 10, activation=ReLU, output_activation=None, seed=1)
optimizer = AdamW(model.parameters(), model.gradients(), lr=0.002)
loader = Batches(images[:20000], labels[:20000], 100, seed=1)
for _ in fit(model, loader, None, optimizer, CrossEntropyLoss(), epochs=5):
    pass
tested, true = images[60000:60030], labels[60000:60030]
print(f"right on clean images: {(model.predict(tested) == true).sum()} of {len(true)}")

# %%
# Photographs, drawn
# ------------------
# Each is 160×160 pixels: a digit in dark ink, off centre, on grey paper. Then something happens to it.

rng = np.random.default_rng(1)
rows, columns = np.mgrid[0:160, 0:160]


def photograph(image, kind):
    """Return a digit on paper, as somebody may have photographed it: (160, 160) levels from 0 to 255."""
    ink = np.zeros((160, 160))
    top, left = rng.integers(25, 55, 2)
    ink[top : top + 84, left : left + 84] = (
        np.asarray(Image.fromarray(image.reshape(28, 28)).resize((84, 84))) / 255
    )
    paper = 215 + rng.normal(0, 3, ink.shape)
    if kind == "shadow":
        paper *= np.where(columns + rows / 3 > rng.integers(60, 150), 0.6, 1)
    if kind == "smudge":
        up, across = rng.integers(20, 140, 2)
        paper *= 1 - 0.25 * np.exp(-((rows - up) ** 2 / 500 + (columns - across) ** 2 / 1500))
    if kind == "lines":
        paper[rows % 27 < 2] -= 60
    if kind == "desk":
        paper[columns < 14 + rows / 25] = 70
    return np.clip(paper * (1 - 0.8 * ink), 0, 255).astype(np.uint8)


# %%
# Two ways to 28×28
# -----------------
# The usual way is to shrink the photograph and to invert it. `glasswork.read_image` finds the paper below the ink,
# removes lines and specks, cuts the digit out, and centres it by its mass, as it was done for MNIST.


def shrunk(picture):
    """Return the picture, shrunk to 28×28 and inverted."""
    return 255 - np.asarray(Image.fromarray(picture).resize((28, 28))).ravel()


def read(picture):
    """Return the digit as glasswork reads it; black, if it finds none."""
    try:
        return read_image(picture)
    except InputError:
        return np.zeros(784, np.uint8)


kinds = ("plain", "shadow", "smudge", "lines", "desk")
figure, axes = plt.subplots(3, len(kinds), figsize=(9, 5.4), layout="constrained")
for column, kind in zip(axes.T, kinds, strict=True):
    pictures = [photograph(image, kind) for image in tested]
    column[0].imshow(pictures[0], cmap="gray", vmin=0, vmax=255)
    column[0].set_title(kind)
    for place, way in zip(column[1:], (shrunk, read), strict=True):
        seen = np.stack([way(picture) for picture in pictures])
        answers = model.predict(seen)
        right = int((answers == true).sum())
        place.imshow(seen[0].reshape(28, 28), cmap="gray")
        place.set_xlabel(f"“{answers[0]}”; {right} of {len(true)} right")
        print(f"{kind:8} {way.__name__:8} {right} of {len(true)} right")
for place in axes.flat:
    place.set(xticks=[], yticks=[])
for place, name in zip(axes[:, 0], ("photograph", "shrunk", "read_image"), strict=True):
    place.set_ylabel(name)
plt.show()

# %%
# The network is the same in both rows. Before you train a better one, look at the image that it gets.
