"""
What does momentum do?
======================

Gradient descent with momentum is often compared to a ball that rolls downhill and gathers speed. Where does that help,
and how much? We measure it on a surface that we can see: a long, narrow valley.
"""

import matplotlib.pyplot as plt
import numpy as np

from glasswork import SGD

steepness = np.array([1.0, 40.0])  # the loss is half of x² + 40 y²: gentle along x, steep along y


def roll(lr, momentum, steepness=steepness, most=1000):
    """Return the points that gradient descent visits, until it is close to the lowest one, or far away."""
    point, gradient = np.array([-10.0, 1.0]), np.zeros(2)
    optimizer = SGD([point], [gradient], lr=lr, momentum=momentum)
    visited = [point.copy()]
    while len(visited) <= most and 0.01 < np.abs(point).max() < 100:
        gradient[...] = steepness * point
        optimizer.step()
        visited.append(point.copy())
    return np.array(visited)


# %%
# One learning rate for two slopes
# --------------------------------
# The steep direction limits the learning rate: above 2/40 the steps across the valley become longer and longer. At such
# a small rate, the gentle direction takes very long. An optimiser takes any arrays, so we can try it without a network.

assert np.abs(roll(0.051, 0.0)).max() > 100  # just above 2/40: it flies out of the valley
plain, rolling = roll(0.045, 0.0), roll(0.045, 0.8)
print(f"without momentum: {len(plain) - 1} steps; with momentum 0.8: {len(rolling) - 1} steps")

figure, axes = plt.subplots(2, 1, figsize=(8, 4.6), sharex=True, sharey=True, layout="constrained")
across, up = np.meshgrid(np.linspace(-11, 5, 200), np.linspace(-1.6, 1.6, 100))
height = (steepness[0] * across**2 + steepness[1] * up**2) / 2
for place, visited, momentum in zip(axes, (plain, rolling), (0, 0.8), strict=True):
    place.contour(
        across, up, height, levels=np.linspace(0.3, 9, 12) ** 2, colors="silver", linewidths=0.7
    )
    place.plot(*visited.T, ".-", color="#0072b2", linewidth=1, markersize=4)
    place.plot(0, 0, "*", color="#d55e00", markersize=13)
    place.set(
        title=f"momentum {momentum}: {len(visited) - 1} steps", xlim=(-11, 5), ylim=(-1.6, 1.6)
    )
plt.show()

# %%
# Steps across the valley point one way, then the other, and cancel in the velocity. Steps along it all point the same
# way, and add up: after many of them, a step is up to ``1 / (1 - momentum)`` times as long as a single one. The price
# is that the ball runs past the lowest point, and has to come back.
#
# A fair comparison
# -----------------
# Momentum makes steps longer, so a comparison at one learning rate is not quite fair. Here each momentum gets the
# learning rate that suits it best, in three valleys: a round one, and two narrow ones.

momenta = np.array([0.0, 0.2, 0.4, 0.6, 0.7, 0.8, 0.9])
rates = np.linspace(0.1, 3.9, 39)  # in units of the steep slope


def steps_to_the_bottom(lr, momentum, valley):
    """Return how many steps it takes; infinitely many if it never comes down."""
    visited = roll(lr, momentum, valley)
    return len(visited) - 1 if np.abs(visited[-1]).max() <= 0.01 else np.inf


figure, axes = plt.subplots(figsize=(7, 4), layout="constrained")
for narrowness, colour in ((1, "#009e73"), (40, "#0072b2"), (200, "#d55e00")):
    valley = np.array([1.0, narrowness])
    fewest = [
        min(steps_to_the_bottom(rate / narrowness, momentum, valley) for rate in rates)
        for momentum in momenta
    ]
    axes.plot(
        momenta, fewest, "o-", color=colour, label=f"{narrowness} times as steep across as along"
    )
    print(
        f"{narrowness:3} times as steep: {fewest[0]} steps without, {min(fewest)} with the best momentum"
    )
axes.set(xlabel="momentum", ylabel="steps, at the best learning rate", yscale="log")
axes.legend()
plt.show()

# %%
# In a round bowl, one step of the right length is enough, and momentum is of no use. The narrower the valley, the more
# it helps, and the more of it is needed; too much overshoots. So momentum is not a gain in itself: it is a cure for
# valleys that are much steeper in one direction than in another. Those of neural networks usually are.
