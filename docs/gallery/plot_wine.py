"""
Why does my network learn nothing from a table?
===============================================

Because of the units. In the table of wines that comes with scikit-learn, one column goes from 0.1 to 0.7 and another
from 278 to 1680. A network adds up its weighted inputs, so the large column drowns all others. We train with and
without scaling, and then look at what the network has learnt about wine.
"""

import matplotlib.pyplot as plt
from sklearn.datasets import load_wine
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from glasswork import MLP, SGD, CrossEntropyLoss, Dataset, ReLU, figures, fit
from glasswork.sklearn import MLPClassifier

wine = load_wine(as_frame=True)
print(
    f"{len(wine.data)} wines of {len(wine.target_names)} growers, {wine.data.shape[1]} measurements of each"
)
print(wine.data.agg(["min", "max"]).T.to_string())

# %%
# With scaling, and without
# -------------------------
# ``glasswork.sklearn.MLPClassifier`` works in scikit-learn's pipelines. With few rows, one split says little, so we use
# five: each wine is in the test part once. A ``StandardScaler`` before the network subtracts the mean of each column
# and divides by its standard deviation, both of the training rows only. The figure has a dot for each split.

network = MLPClassifier(
    hidden_layer_sizes=(10,), solver="sgd", learning_rate_init=0.01, tol=1e-3, random_state=0
)
as_it_is = 100 * cross_val_score(network, wine.data, wine.target, cv=5)
scaled = 100 * cross_val_score(
    make_pipeline(StandardScaler(), network), wine.data, wine.target, cv=5
)
most_frequent = 100 * wine.target.value_counts(normalize=True).max()
print(f"as it is: {as_it_is.mean():.1f} % right; scaled: {scaled.mean():.1f} %")
print(f"a program that always gives the most frequent answer: {most_frequent:.1f} %")
assert scaled.mean() > as_it_is.mean() + 20

figure, axes = plt.subplots(figsize=(6, 2.8), layout="constrained")
axes.plot(as_it_is, 5 * [0], "o", color="#d55e00")
axes.plot(scaled, 5 * [1], "o", color="#0072b2")
axes.axvline(most_frequent, color="gray", linestyle="--", label="always the most frequent grower")
axes.set(
    yticks=[0, 1],
    yticklabels=["as it is", "scaled"],
    ylim=(-0.6, 1.6),
    xlabel="accuracy in each of 5 folds, %",
)
axes.legend(loc="lower right")
plt.show()

# %%
# What has it learnt?
# -------------------
# A dataset with named columns is a table of features. On scaled columns, weights can be compared: each panel is one
# neuron, what makes it active and what silences it. The command ``glasswork train relu --data wine.csv`` scales by
# itself, and the network remembers how.

table = (wine.data - wine.data.mean()) / wine.data.std()
dataset = Dataset.of(
    table, wine.target, columns=[*wine.data.columns], classes=[*wine.target_names], kind="features"
)
model = MLP(13, 4, 3, activation=ReLU, output_activation=None, seed=1)
optimizer = SGD(model.parameters(), model.gradients(), lr=0.1, weight_decay=0.01)
history = list(fit(model, dataset, None, optimizer, CrossEntropyLoss(), epochs=100))
print(f"loss after {len(history)} epochs: {history[-1].train_loss:.3f}")
figures.weights(model)
