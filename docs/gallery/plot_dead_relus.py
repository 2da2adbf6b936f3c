"""
Which of my ReLUs are dead, and how do I revive them?
=====================================================

A ReLU gives 0 for negative sums, and its slope is 0 there. If a neuron's sum is negative for every image, no gradient
reaches its weights any more, and it stays silent for ever: it is dead. We kill a layer with steps that are too large,
find that out, and compare some cures.
"""

from functools import partial

import matplotlib.pyplot as plt
import numpy as np

from glasswork import (
    MLP,
    SGD,
    Batches,
    CrossEntropyLoss,
    LeakyReLU,
    ReLU,
    diagnose,
    fit,
    load_mnist,
    normalize,
)

images, labels = load_mnist()
train_loader = Batches(images[:4000], labels[:4000], 50, seed=1)
valid_loader = Batches(images[4000:5000], labels[4000:5000], 500, seed=1, drop_last=False)


def train(lr, activation=ReLU, **options):
    """Train a network for a few epochs, and say what is found."""
    model = MLP(784, 60, 10, activation=activation, output_activation=None, seed=1, **options)
    optimizer = SGD(model.parameters(), model.gradients(), lr=lr)
    history = list(fit(model, train_loader, valid_loader, optimizer, CrossEntropyLoss(), epochs=4))
    print(f"rate {lr}: {history[-1].valid_accuracy:.1f} % of the validation images are right")
    for finding in diagnose(model, images[:4000], labels[:4000], history, learning_rate=lr):
        print(f"{finding.name}: {finding.message}")
    return model


# %%
# Find them
# ---------
# `glasswork.diagnose` looks at the outputs of each layer for some hundred images. The command ``glasswork train`` does
# so after each epoch.

killed = train(lr=0.2)

# %%
# Cure them
# ---------
# Smaller steps do not throw the weights that far. A leaky ReLU has a small slope on its left side too, so a gradient
# always gets through. Batch normalisation keeps sums near 0, so that about half of them are positive.

slower = train(lr=0.05)
leaky = train(lr=0.2, activation=partial(LeakyReLU, slope=0.1))
normed = train(lr=0.2, batch_norm=True)

# %%
# The leaky ReLU cures the symptom, not the cause. With steps that are larger still, it fails, too:

worse = train(lr=0.3, activation=partial(LeakyReLU, slope=0.1))

# %%
# See them
# --------
# For how many images is each neuron positive? We send 1,000 images through the network, and look at the output that
# each layer keeps from its last forward. A dead neuron is at 0 %.

x = normalize(images[:1000])
panels = {
    "ReLU": killed,
    "ReLU, small steps": slower,
    "leaky ReLU": leaky,
    "batch norm, ReLU": normed,
}
dead = {}
figure, axes = plt.subplots(1, 4, figsize=(11, 2.8), sharey=True, layout="constrained")
for place, (name, model) in zip(axes, panels.items(), strict=True):
    model(x)
    active = 100 * np.sort((model.act1.output > 0).mean(axis=0))
    dead[name] = int((active == 0).sum())
    place.bar(range(1, 61), active, width=1, color="#0072b2")
    place.axvspan(0.5, dead[name] + 0.5, color="#d55e00", alpha=0.25, linewidth=0)
    place.set(title=f"{name}\nnever positive: {dead[name]} of 60", xlabel="neuron, sorted")
axes[0].set_ylabel("positive for % of images")
plt.show()
assert dead["ReLU"] > 30 > dead["leaky ReLU"]
