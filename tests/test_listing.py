"""The handout's own listing: its classes as an oracle for ours, and its sections 8 to 10 run word for word."""

import re

import numpy as np
import pytest

import glasswork
from glasswork import MSELoss

SECTIONS_8_TO_10 = """
## 8. Instantiate Model, Loss Function, and Optimizer

Before training, we must initialize our network and supporting components.

```python
in_features = 28 * 28      # Each image is 28x28 pixels
hidden_size = 50           # Size of the hidden layer (can experiment)
out_features = 10          # One output per digit class (0-9)
learning_rate = 0.1        # Step size for SGD updates

np.random.seed(123)        # For reproducible results

model = MLP(in_features=in_features, hidden_size=hidden_size, out_features=out_features)
loss_fn = MSELoss()
optimizer = SGD(model.parameters(), model.gradients(), lr=learning_rate)
```

## 9. Run the Training Loop

Now that everything is in place, we can train the MLP using mini-batch SGD:

```python
num_epochs = 50
batch_size = 100

for epoch in range(num_epochs):
    # Usually in the PyTorch way, dataloader SHOULD NOT be in the epoch loop
    train_loader = minibatch_generator(X_train, y_train, minibatch_size=batch_size)
    valid_loader = minibatch_generator(X_valid, y_valid, minibatch_size=batch_size)

    train_loss = train(model, train_loader, optimizer, criterion=loss_fn)
    valid_loss, valid_acc = valid(model, valid_loader, criterion=loss_fn)

    print(f"Epoch: {epoch+1:02d}/{num_epochs} | Train MSE: {train_loss:.4f} | Valid MSE: {valid_loss:.4f} | Valid Acc: {valid_acc:.2f}%")
```

## 10. Final Evaluation on Test Set

Measure final generalization accuracy using:

```python
def test(model, test_loader):
    correct_predictions = 0
    total_predictions = 0
    for X_batch, y_batch in test_loader:
        preds = model(X_batch)

        predicted_labels = np.argmax(preds, axis=1)
        correct_predictions += (predicted_labels == y_batch).sum()
        total_predictions += len(y_batch)

    accuracy = (correct_predictions / total_predictions)*100
    return accuracy


test_loader = minibatch_generator(X_test, y_test, minibatch_size=100)
test_acc = test(model, test_loader)
print(f'Test accuracy: {test_acc:.2f}%')
```
"""  # noqa: E501

IMPORTS = "from glasswork import MLP, MSELoss, SGD, train, valid, test, minibatch_generator, int_to_onehot\n"


def as_in_the_handout(part):
    """Return a part's float64 images in [-1, 1] and integer labels (sections 1 and 2)."""
    X = part.images / 255.0
    X -= 0.5
    X *= 2
    return X, part.labels


@pytest.fixture(scope="module")
def arrays(parts):
    names = {}
    for name, part in (("train", parts.train), ("valid", parts.valid), ("test", parts.test)):
        names[f"X_{name}"], names[f"y_{name}"] = as_in_the_handout(part)
    return names


def program(epochs):
    """Return the code of the three sections; one number is changed, so that it does not take minutes."""
    blocks = re.findall(r"```python\n(.*?)```", SECTIONS_8_TO_10, re.DOTALL)
    assert len(blocks) == 3
    code = "\n".join(blocks)
    assert code.count("num_epochs = 50") == 1
    return code.replace("num_epochs = 50", f"num_epochs = {epochs}")


def test_sections_8_to_10_word_for_word(arrays, capsys):
    printed = []
    for imports in (IMPORTS, "from glasswork import *\n"):
        names = {"np": np, **arrays}
        exec(imports, names)
        exec(program(epochs=2), names)
        printed.append(capsys.readouterr().out)
    assert printed[0] == printed[1]

    first, second, last = printed[0].splitlines()
    numbers = []
    for i, line in ((1, first), (2, second)):
        pattern = rf"Epoch: 0{i}/2 \| Train MSE: (\d\.\d{{4}}) \| Valid MSE: (\d\.\d{{4}}) \| Valid Acc: (\d\d\.\d\d)%"
        numbers.append([float(number) for number in re.fullmatch(pattern, line).groups()])
    (train_1, valid_1, accuracy_1), (train_2, valid_2, accuracy_2) = numbers
    test_accuracy = float(re.fullmatch(r"Test accuracy: (\d\d\.\d\d)%", last).group(1))
    assert 1 > train_1 > valid_1 > train_2 > valid_2 > 0
    # Measured: 75.24 % and 85.38 % of the validation set, 85.44 % of the test set.
    assert accuracy_1 == pytest.approx(75.24, abs=0.5)
    assert accuracy_2 == pytest.approx(85.38, abs=0.5)
    assert test_accuracy == pytest.approx(85.44, abs=0.5)


def test_same_weights_as_the_listing_after_300_steps(arrays, listing):
    """Same seed, float64, bias_grad="mean": the two differ by rounding only."""
    results = []
    for room, options in ((listing, {}), (glasswork, {"dtype": np.float64, "bias_grad": "mean"})):
        np.random.seed(123)
        model = room.MLP(in_features=784, hidden_size=50, out_features=10, **options)
        optimizer = room.SGD(model.parameters(), model.gradients(), lr=0.1)
        criterion = listing.loss_fn if room is listing else MSELoss()
        batches = room.minibatch_generator(arrays["X_train"][:30_000], arrays["y_train"][:30_000], 100)
        loss = room.train(model, batches, optimizer, criterion)
        held_out = [(arrays["X_test"][i : i + 100], arrays["y_test"][i : i + 100]) for i in range(0, 10_000, 100)]
        results.append((model.parameters(), loss, room.valid(model, held_out, criterion), room.test(model, held_out)))

    (weights, loss, (valid_loss, valid_accuracy), test_accuracy), ours = results
    for ours_w, theirs in zip(ours[0], weights, strict=True):
        assert np.abs(ours_w - theirs).max() <= 1e-13 * np.abs(theirs).max()
    # The listing divides sums of batch means by samples: 1/100 of the mean over samples.
    assert ours[1] == pytest.approx(100 * loss, rel=1e-12)
    assert ours[2][0] == pytest.approx(100 * valid_loss, rel=1e-12)
    assert ours[2][1] == valid_accuracy
    assert ours[3] == test_accuracy == valid_accuracy
