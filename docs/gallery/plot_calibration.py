"""
My network is 99 % sure. Is it right 99 times in 100?
=====================================================

A network gives a probability with each answer. If it is *calibrated*, it is right in 90 % of the cases in which it is
90 % sure. Networks that were trained for long are usually too sure. One number corrects that.
"""

import matplotlib.pyplot as plt
import numpy as np

from glasswork import MLP, AdamW, Batches, CrossEntropyLoss, ReLU, fit, load_mnist, split

images, labels = load_mnist()
parts = split(images, labels)
model = MLP(784, 200, 10, activation=ReLU, output_activation=None, seed=1)
optimizer = AdamW(model.parameters(), model.gradients(), lr=0.002)
loader = Batches(parts.train.images[:1500], parts.train.labels[:1500], 50, seed=1)
for _ in fit(model, loader, None, optimizer, CrossEntropyLoss(), epochs=40):
    pass

# %%
# Compare how sure it is with how often it is right
# -------------------------------------------------
# We sort the test images into bins by the probability of the answer. In each bin, we compare the mean probability with
# the share of right answers. The mean difference over all images is the *expected calibration error* (Guo et al. 2017).

bins = np.linspace(0.1, 1, 10)


def reliability(part):
    """Return, for each bin: how sure the network is, how often it is right, and the share of images in it."""
    probabilities = model.probabilities(part.images)
    sure, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == part.labels
    bin_of = np.digitize(sure, bins[1:-1])
    inside = [bin_of == k for k in range(len(bins) - 1)]
    return np.array(
        [(sure[rows].mean(), right[rows].mean(), rows.mean()) for rows in inside if rows.any()]
    ).T


def calibration_error(part):
    """Return the expected calibration error, in percent."""
    sure, right, share = reliability(part)
    return 100 * (share * np.abs(sure - right)).sum()


before, error_before = reliability(parts.test), calibration_error(parts.test)
sure, right, share = before
print(f"right: {100 * (right * share).sum():.1f} % of the images")
print(f"how sure, on average: {100 * (sure * share).sum():.1f} %")
print(f"calibration error: {error_before:.2f} %")

# %%
# One number: the temperature
# ---------------------------
# Dividing the scores by a number above 1 makes all probabilities less extreme, and changes no answer: the largest score
# stays the largest. We choose the number that gives the smallest loss on the validation images. Never choose it on the
# training images, about which the network is rightly sure.

scores = model.scores(parts.valid.images)
target = np.eye(10)[parts.valid.labels]
temperatures = np.geomspace(0.5, 5, 60)
losses = [CrossEntropyLoss()(scores / t, target.astype(scores.dtype)) for t in temperatures]
temperature = temperatures[np.argmin(losses)]
print(f"best temperature: {temperature:.2f}")
assert temperature > 1

# %%
# The last layer is linear, so dividing its weights and biases divides the scores. From now on, the network itself is
# calibrated, and stays so when it is saved.

answers = model.predict(parts.test.images)
model.linear2.weight /= temperature
model.linear2.bias /= temperature
assert np.array_equal(model.predict(parts.test.images), answers)
after, error_after = reliability(parts.test), calibration_error(parts.test)
print(f"calibration error: {error_before:.2f} % before, {error_after:.2f} % after")
assert error_after < error_before / 2

# %%
# Where a dot lies below the dashed line, the network is surer than it is right. After the division, the dots lie close
# to the line.

figure, axes = plt.subplots(figsize=(5, 4.6), layout="constrained")
axes.plot([0, 1], [0, 1], "--", color="gray", label="calibrated")
for name, colour, (sure, right, share) in (
    ("before", "#d55e00", before),
    ("after", "#0072b2", after),
):
    axes.plot(sure, right, color=colour, linewidth=1)
    axes.scatter(sure, right, s=8 + 400 * share, color=colour, alpha=0.7, label=name)
axes.set(xlabel="how sure", ylabel="how often right", xlim=(0.2, 1.02), ylim=(0.2, 1.02))
axes.set_title("larger dots: more images")
axes.legend(markerscale=0.5)
plt.show()
