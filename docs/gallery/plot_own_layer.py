"""
Is the backward of my own layer right?
======================================

A layer of your own needs two functions: ``forward``, and the derivative of it, ``backward``. A wrong derivative often
trains a little all the same, so nobody notices it. `glasswork.gradcheck` compares it with the definition of a
derivative: change a number a little, and see how much the loss changes.
"""

import matplotlib.pyplot as plt
import numpy as np

from glasswork import (
    MLP,
    SGD,
    Activation,
    Batches,
    CrossEntropyLoss,
    Linear,
    fit,
    gradcheck,
    load_mnist,
)

# %%
# A layer with a mistake
# ----------------------
# This activation is a ReLU whose left side has a slope that is learnt, one for each neuron (He et al. 2015). Can you
# see what is wrong with its backward?


class LearntSlope(Activation):
    """Compute x where x is positive, and slope × x elsewhere; the slopes are trained."""

    def __init__(self, features, *, dtype="float32"):
        super().__init__(dtype=dtype)
        self.slope = np.full(features, 0.25, self.dtype)
        self.grad_slope = np.zeros_like(self.slope)

    def forward(self, x):
        self.input, self.output = x, np.where(x > 0, x, self.slope * x)
        return self.output

    def backward(self, grad_output):
        self.grad_slope[...] = (grad_output * np.minimum(self.input, 0)).mean(axis=0)
        return np.where(self.input > 0, 1, self.slope) * grad_output

    def parameters(self):
        return [self.slope]

    def gradients(self):
        return [self.grad_slope]

    def state(self):
        return {"slope": self.slope}


rng = np.random.default_rng(0)
x, target = rng.normal(size=(6, 5)), np.eye(3)[rng.integers(0, 3, 6)]


model = MLP.from_layers(
    {"linear1": Linear(5, 4, rng=rng), "act1": LearntSlope(4), "linear2": Linear(4, 3, rng=rng)}
)
report = gradcheck(model, CrossEntropyLoss(), x, target)

# %%
# Read the first wrong row
# ------------------------
# Its ratio is 1/6, and the batch has 6 rows: the loss has divided by the batch already, and ``mean`` divides once more.
# The sum belongs there.

assert report.first_wrong.name == "act1.slope"
assert np.isclose(report.first_wrong.ratio, 1 / len(x))


class RightSlope(LearntSlope):
    """The same with the right gradient."""

    def backward(self, grad_output):
        grad_input = super().backward(grad_output)
        self.grad_slope[...] = (grad_output * np.minimum(self.input, 0)).sum(axis=0)
        return grad_input


model.act1 = RightSlope(4)
report = gradcheck(model, CrossEntropyLoss(), x, target, verbose=False)
print(report.verdict)
assert report.right

# %%
# Use it
# ------
# The checked layer is a layer like any other. After training, each neuron has a slope of its own.

images, labels = load_mnist()
slopes = RightSlope(60)
model = MLP.from_layers(
    {"linear1": Linear(784, 60, rng=rng), "act1": slopes, "linear2": Linear(60, 10, rng=rng)}
)
optimizer = SGD(model.parameters(), model.gradients(), lr=0.1)
train_loader = Batches(images[:10000], labels[:10000], 50, seed=1)
valid_loader = Batches(images[10000:12000], labels[10000:12000], 500, seed=1)
for epoch in fit(model, train_loader, valid_loader, optimizer, CrossEntropyLoss(), epochs=3):
    print(f"epoch {epoch.epoch}: {epoch.valid_accuracy:.1f} % right")

z = np.linspace(-3, 3, 61)
figure, axes = plt.subplots(figsize=(6, 4), layout="constrained")
for slope in slopes.slope:
    axes.plot(z, np.where(z > 0, z, slope * z), color="#0072b2", alpha=0.25, linewidth=1)
axes.plot(z, np.maximum(z, 0), "--", color="black", label="ReLU")
axes.set(title="60 neurons, each with the slope that it has learnt", xlabel="sum", ylabel="output")
axes.legend()
plt.show()
