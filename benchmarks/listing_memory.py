"""The handout as it stands, sections 1 to 9, for one epoch: a process whose memory is measured from outside.

MNIST is as OpenML gives it, int64 (70000, 784), but comes from the files beside glasswork, so that no network is
needed; the table that pandas would have held beside it is left out, in the handout's favour.
"""

import sys
from pathlib import Path

import numpy as np
from sklearn.model_selection import train_test_split

from glasswork import load_mnist

sys.path.append(str(Path(__file__).parents[1] / "tests"))
import listing

X, y = load_mnist()
X = X.astype(np.int64)  # the bytes are forgotten here

X = ((X / 255.0) - 0.5) * 2

X_train_valid, X_test, y_train_valid, y_test = train_test_split(X, y, test_size=10_000)
X_train, X_valid, y_train, y_valid = train_test_split(X_train_valid, y_train_valid, test_size=5_000)

np.random.seed(123)
model = listing.MLP(784, 50, 10)
optimizer = listing.SGD(model.parameters(), model.gradients(), 0.1)
print(listing.train(model, listing.minibatch_generator(X_train, y_train, 100), optimizer, listing.loss_fn))
print(listing.valid(model, listing.minibatch_generator(X_valid, y_valid, 100), listing.loss_fn))
