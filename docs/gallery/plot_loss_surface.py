"""
What does a loss surface look like?
===================================

Training walks downhill on a surface. The surface has one dimension for each weight, here more than twelve thousand, so
nobody can see it. But we can cut it with a plane, and draw the loss on the plane like a map of mountains.
"""

import matplotlib.pyplot as plt
import numpy as np

from glasswork import (
    MLP,
    SGD,
    Batches,
    CrossEntropyLoss,
    ReLU,
    fit,
    int_to_onehot,
    load_mnist,
    normalize,
)

images, labels = load_mnist()
images, labels = images[:2000], labels[:2000]
model = MLP(784, 16, 10, activation=ReLU, output_activation=None, seed=1)
loss, optimizer = CrossEntropyLoss(), SGD(model.parameters(), model.gradients(), lr=0.1)


def all_weights():
    """Return all parameters of the network as one long vector."""
    return np.concatenate([array.ravel() for array in model.parameters()])


# %%
# Record the path
# ---------------
# ``after_step`` is called after each step of the training. We use it to remember where the network was.

path = [all_weights()]
loader = Batches(images, labels, 100, seed=1)
for epoch in fit(
    model, loader, None, optimizer, loss, epochs=8, after_step=lambda _: path.append(all_weights())
):
    print(f"epoch {epoch.epoch}: loss {epoch.train_loss:.3f}")
path = np.array(path)
print(f"{len(path) - 1} steps through a space of {path.shape[1]:,} dimensions")
assert path.shape[1] > 12_000

# %%
# Choose the plane
# ----------------
# A plane through two random directions would miss the path: two long vectors at random are almost at right angles to
# everything. The two directions in which the path extends most, its principal components, show much more of it.

end = path[-1]
_, sizes, directions = np.linalg.svd(path - end, full_matrices=False)
plane = directions[:2]
kept = (sizes[:2] ** 2).sum() / (sizes**2).sum()
print(f"the plane holds {100 * kept:.0f} % of the path's variation")
assert kept > 0.8

# %%
# Measure the loss on the plane
# -----------------------------
# We set the weights to each point of a grid on the plane, and compute the loss on 300 images.

x, target = normalize(images[:300]), int_to_onehot(labels[:300])


def loss_at(weights):
    """Return the loss of the network with these weights."""
    start = 0
    for array in model.parameters():
        array[...] = weights[start : start + array.size].reshape(array.shape)
        start += array.size
    return loss(model(x), target)


walked = (path - end) @ plane.T
low, high = walked.min(axis=0), walked.max(axis=0)
margin = 0.5 * (high - low).max()
across, up = (np.linspace(low[k] - margin, high[k] + margin, 28) for k in (0, 1))
surface = np.array([[loss_at(end + a * plane[0] + b * plane[1]) for a in across] for b in up])
print(f"from {surface.min():.2f} in the valley to {surface.max():.1f} on the highest ridge")

# %%
# The map
# -------
# Each line joins points of equal loss. The path crosses the lines almost at right angles, because the gradient is the
# steepest way down, and jitters, because each batch has a slightly different surface. Remember that this is a cut:
# another plane through the same point looks different.

figure, axes = plt.subplots(figsize=(7, 5), layout="constrained")
levels = np.geomspace(surface.min(), surface.max(), 24)
axes.contourf(across, up, surface, levels=levels, norm="log", cmap="viridis")
axes.contour(across, up, surface, levels=levels, colors="white", linewidths=0.4)
axes.plot(*walked.T, ".-", color="orangered", markersize=3, linewidth=1)
axes.plot(*walked[0], "o", color="white", label="start")
axes.plot(*walked[-1], "*", color="gold", markersize=14, label="end")
axes.set(
    xlabel="first direction of the path",
    ylabel="second direction",
    title="loss on a plane through the path",
)
axes.legend()
plt.show()
