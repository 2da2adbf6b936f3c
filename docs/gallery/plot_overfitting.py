"""
Is my network overfitting, and what can I do about it?
======================================================

A network with enough weights can learn its training images by heart. That helps little with new images. We let this
happen with 500 images, find the epoch in which it begins, and compare what helps.
"""

import matplotlib.pyplot as plt

from glasswork import (
    MLP,
    AdamW,
    Augmentation,
    Batches,
    CrossEntropyLoss,
    ReLU,
    figures,
    fit,
    load_mnist,
    split,
    valid,
)

images, labels = load_mnist()
parts = split(images, labels)
few = parts.train.images[:500], parts.train.labels[:500]
valid_loader = Batches(parts.valid.images[:2000], parts.valid.labels[:2000], 500, seed=1)


def train(loader, *, epochs=40, patience=None, **options):
    """Train a network of 100 ReLUs; return it, and what was measured after each epoch."""
    model = MLP(784, 100, 10, activation=ReLU, output_activation=None, seed=1, **options)
    optimizer = AdamW(model.parameters(), model.gradients(), lr=0.003)
    loss = CrossEntropyLoss()
    epochs = fit(
        model,
        loader,
        valid_loader,
        optimizer,
        loss,
        epochs=epochs,
        patience=patience,
        monitor="loss",
    )
    return model, list(epochs)


# %%
# See it
# ------
# The training loss goes on falling towards 0. The loss on the validation images, which the network does not learn from,
# turns upward: from there on, the network learns what is peculiar to its 500 images.

model, history = train(Batches(*few, 50, seed=1))
best = min(history, key=lambda epoch: epoch.valid_loss)
print(
    f"lowest validation loss: {best.valid_loss:.3f} in epoch {best.epoch}, {history[-1].valid_loss:.3f} at the end"
)
assert best.epoch < 20
assert history[-1].train_loss < 0.1 * history[-1].valid_loss
figures.curves(history, name="a network with 500 images", loss_name="cross-entropy")

# %%
# Stop it
# -------
# With ``patience=5``, training ends when the validation loss has not fallen for five epochs, and the network gets the
# weights of the best epoch.

stopped, short = train(Batches(*few, 50, seed=1), patience=5)
print(f"stopped after {len(short)} epochs")

# %%
# Prevent it
# ----------
# Dropout switches neurons off at random, so that none can rely on the others. Distorted images are different in every
# epoch, so there is nothing to learn by heart. And nothing replaces more images.

dropped, _ = train(Batches(*few, 50, seed=1), dropout=0.3)
augment = Augmentation(rotation=12, shift=2, scale=0.1)
distorted, _ = train(Batches(*few, 50, seed=1, shape=(28, 28), augment=augment))
more, _ = train(Batches(parts.train.images[:5000], parts.train.labels[:5000], 50, seed=1), epochs=8)

networks = {
    "500 images": model,
    "stopped early": stopped,
    "dropout": dropped,
    "distorted": distorted,
    "5,000 images": more,
}
tested = [valid(network, parts.test, CrossEntropyLoss()) for network in networks.values()]
figure, axes = plt.subplots(1, 2, figsize=(9, 3), sharey=True, layout="constrained")
for place, values, unit in zip(axes, zip(*tested, strict=True), ("%.2f", "%.1f %%"), strict=True):
    place.barh(list(networks), values, color=["#d55e00"] + 4 * ["#0072b2"])
    place.bar_label(place.containers[0], fmt=unit, padding=3)
axes[0].set(xlabel="loss on 10,000 test images", xlim=(0, 0.75))
axes[1].set(xlabel="of which it reads right, %", xlim=(75, 97))
axes[0].invert_yaxis()
plt.show()

# %%
# Early stopping makes the loss smaller, not the number of mistakes: learning by heart made the network too sure of
# them. What helps most is what adds information: distortions, which show what does not matter about a digit, and more
# images.

losses, accuracies = (
    dict(zip(networks, values, strict=True)) for values in zip(*tested, strict=True)
)
assert losses["stopped early"] < losses["500 images"]
assert accuracies["500 images"] < accuracies["distorted"] < accuracies["5,000 images"]
