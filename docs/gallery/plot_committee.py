"""
Are several networks together better than one?
==============================================

Two networks that differ in their random start alone make different mistakes. If they answer together, by the mean of
their probabilities, mistakes of one are outvoted by the others. We ask how many are needed, and whether the gain could
be luck.
"""

import matplotlib.pyplot as plt
import numpy as np
from scipy.stats import binomtest

from glasswork import MLP, AdamW, Batches, Committee, CrossEntropyLoss, ReLU, fit, load_mnist, split

images, labels = load_mnist()
parts = split(images, labels)
x, true = parts.test.images, parts.test.labels


def member(seed):
    """Return a network that was trained with this seed: another start, and another order of the images."""
    model = MLP(784, 40, 10, activation=ReLU, output_activation=None, seed=seed)
    optimizer = AdamW(model.parameters(), model.gradients(), lr=0.003)
    loader = Batches(parts.train.images[:3000], parts.train.labels[:3000], 50, seed=seed)
    for _ in fit(model, loader, None, optimizer, CrossEntropyLoss(), epochs=10):
        pass
    return model


members = [member(seed) for seed in range(1, 9)]
alone = [100 * (model.predict(x) == true).mean() for model in members]
print("alone, % right:", " ".join(f"{accuracy:.1f}" for accuracy in alone))

# %%
# How many are needed?
# --------------------
# A committee is a network, too: it predicts, can be saved, and can be exported as one file. Two members
# already bring most of the gain.

sizes = range(2, len(members) + 1)
together = [100 * (Committee(members[:size]).predict(x) == true).mean() for size in sizes]
figure, axes = plt.subplots(figsize=(7, 3.6), layout="constrained")
axes.plot(len(alone) * [1], alone, "o", color="#d55e00", alpha=0.5, label="one network")
axes.plot(sizes, together, "o-", color="#0072b2", label="committee")
axes.set(xlabel="members", ylabel="right, %", title=f"{len(true):,} test images")
axes.legend()
plt.show()

# %%
# Could it be luck?
# -----------------
# Compare the committee with its first member on the same images. Images that both get right, or both wrong, say
# nothing. Of the others, a committee that is no better would win about half (McNemar's test). The command ``glasswork
# committee`` prints the same, for the member that is best on the validation images.

committee = Committee(members)
ours, its = committee.predict(x) == true, members[0].predict(x) == true
won, lost = int((ours & ~its).sum()), int((its & ~ours).sum())
chance = binomtest(won, won + lost).pvalue
print(f"right: only the committee {won} times, only its first member {lost} times")
print(f"by chance alone, so large a difference has a probability of {chance:.1g}")
assert chance < 0.01

# %%
# Where do they disagree?
# -----------------------
# Agreement tells how far an answer can be trusted. These are the images on which the fewest members agree, with the
# answer of the committee.

_, agreement = committee.ask(x)
hardest = np.argsort(agreement, kind="stable")[:10]
print("right where all agree:", f"{100 * ours[agreement == 1].mean():.1f} %;", end=" ")
print("where they do not:", f"{100 * ours[agreement < 1].mean():.1f} %")
figure, axes = plt.subplots(1, 10, figsize=(10, 1.5), layout="constrained")
for place, k in zip(axes, hardest, strict=True):
    place.imshow(x[k].reshape(28, 28), cmap="gray_r")
    answer = committee.predict(x[k])[0]
    place.set(xticks=[], yticks=[], title=f"{answer}" if ours[k] else f"{answer}, not {true[k]}")
plt.show()
