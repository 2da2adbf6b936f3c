"""
XOR by hand: why does my network always answer 0.5?
===================================================

XOR is the smallest problem that a single neuron cannot solve. It is also where many people's first network gets stuck
and answers 0.5 to everything. We solve XOR first with weights chosen by hand, then with training, and watch how an
unlucky start prevents it.
"""

import matplotlib.pyplot as plt
import numpy as np

from glasswork import MLP, SGD, Linear, MSELoss, Sigmoid

X = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
target = np.array([[0.0], [1.0], [1.0], [0.0]])


def train(model, steps=2000):
    """Repeat the four lines of all neural networks: forward, loss, backward, step."""
    loss, optimizer = MSELoss(), SGD(model.parameters(), model.gradients(), lr=2.0)
    for _ in range(steps):
        loss(model.forward(X), target)
        model.backward(loss.backward())
        optimizer.step()
    return model


# %%
# One neuron draws one straight line
# ----------------------------------
# No straight line has (0, 1) and (1, 0) on one side, and (0, 0) and (1, 1) on the other. The best that one neuron can
# do is to answer 0.5 four times.

one = train(
    MLP.from_layers({"linear1": Linear(2, 1, dtype="float64"), "act1": Sigmoid(dtype="float64")})
)
print("one neuron:", one(X).ravel().round(3))

# %%
# Two hidden neurons, set by hand
# -------------------------------
# XOR means: *one or the other, but not both*. So let one hidden neuron compute OR and the other one AND. The output
# neuron answers yes if OR is on and AND is off. A sigmoid is almost a switch where its weights are large.

by_hand = MLP(2, 2, 1, dtype="float64")
by_hand.linear1.weight[...] = [[20, 20], [20, 20]]  # both neurons add the two inputs
by_hand.linear1.bias[...] = [-10, -30]  # OR: on from a sum of 0.5; AND: on from a sum of 1.5
by_hand.linear2.weight[...] = [[20], [-20]]
by_hand.linear2.bias[...] = [-10]
print("by hand:", by_hand(X).ravel().round(3))
assert np.allclose(by_hand(X), target, atol=1e-3)

# %%
# Training finds such weights, but not from every start
# -----------------------------------------------------
# If all weights are equal at first, both hidden neurons get the same gradient and stay twins for ever: two neurons then
# do the work of one. Random weights break the tie.

twins = MLP(2, 2, 1, dtype="float64")
for array in twins.parameters():
    array[...] = 0.5
train(twins)
print("equal start:", twins(X).ravel().round(3))
assert np.allclose(twins.linear1.weight[:, 0], twins.linear1.weight[:, 1])

trained = [
    train(MLP(2, 2, 1, dtype="float64", initializer="xavier", seed=seed)) for seed in range(10, 20)
]
solved = [model for model in trained if np.abs(model(X) - target).max() < 0.2]
print(f"random start: {len(solved)} of {len(trained)} networks have learnt XOR")

# %%
# What each network answers
# -------------------------
# Each panel shows the answers for all inputs between the four corners: red is yes, blue is no. With only two hidden
# neurons, a random start may still end in a dead end; more neurons make that rare. Try ``MLP(2, 8, 1)``.

across, up = np.meshgrid(np.linspace(-0.4, 1.4, 90), np.linspace(-0.4, 1.4, 90))
panels = {"one neuron": one, "set by hand": by_hand, "equal start": twins, "trained": solved[0]}
figure, axes = plt.subplots(1, 4, figsize=(11, 3.4), sharey=True, layout="constrained")
for place, (name, model) in zip(axes, panels.items(), strict=True):
    answers = model(np.column_stack([across.ravel(), up.ravel()])).reshape(across.shape)
    place.pcolormesh(across, up, answers, cmap="RdYlBu_r", vmin=0, vmax=1, shading="auto")
    place.scatter(X[:, 0], X[:, 1], c=target.ravel(), cmap="gray", edgecolors="black", s=90)
    place.set(title=name, xticks=[0, 1], yticks=[0, 1], aspect="equal")
plt.show()
