"""The handout's listing, sections 3 to 8, its TODOs completed in the plainest way. Imports nothing of glasswork."""

import numpy as np


def minibatch_generator(X, y, minibatch_size):
    indices = np.arange(X.shape[0])
    np.random.shuffle(indices)
    for start_idx in range(0, indices.shape[0] - minibatch_size + 1, minibatch_size):
        batch_idx = indices[start_idx : start_idx + minibatch_size]
        yield X[batch_idx], y[batch_idx]


class Linear:
    def __init__(self, in_features, out_features):
        self.weight = np.random.normal(0.0, 0.1, (in_features, out_features))
        self.bias = np.zeros(out_features)

        self.grad_weight = np.zeros((in_features, out_features))
        self.grad_bias = np.zeros(out_features)

    def __call__(self, x):
        return self.forward(x)

    def forward(self, x):
        self.input = x
        return np.dot(x, self.weight) + self.bias

    def backward(self, grad_output):
        grad_input = np.dot(grad_output, self.weight.T)

        self.grad_weight[...] = np.dot(self.input.T, grad_output)
        self.grad_bias[...] = np.mean(grad_output, axis=0)
        return grad_input

    def parameters(self):
        return [self.weight, self.bias]

    def gradients(self):
        return [self.grad_weight, self.grad_bias]


class Sigmoid:
    def __call__(self, x):
        return self.forward(x)

    def forward(self, x):
        self.output = 1 / (1 + np.exp(-x))
        return self.output

    def backward(self, grad_output):
        return grad_output * self.output * (1 - self.output)


class MSELoss:
    def __call__(self, pred, target):
        return self.forward(pred, target)

    def forward(self, pred, target):
        self.pred = pred
        self.target = target
        return np.sum((pred - target) ** 2) / target.shape[0]

    def backward(self):
        return 2.0 * (self.pred - self.target) / self.target.shape[0]


class SGD:
    def __init__(self, params, grads, lr=0.1):
        self.params = params
        self.grads = grads
        self.lr = lr

    def step(self):
        for p, g in zip(self.params, self.grads):  # noqa: B905
            p -= self.lr * g  # noqa: PLW2901

    def zero_grad(self):
        for g in self.grads:
            g.fill(0.0)


class MLP:
    def __init__(self, in_features, hidden_size, out_features):
        self.linear1 = Linear(in_features, hidden_size)
        self.act1 = Sigmoid()
        self.linear2 = Linear(hidden_size, out_features)
        self.act2 = Sigmoid()

    def __call__(self, x):
        return self.forward(x)

    def forward(self, x):
        return self.act2(self.linear2(self.act1(self.linear1(x))))

    def backward(self, grad_output):
        grad_z2 = self.act2.backward(grad_output)
        grad_a1 = self.linear2.backward(grad_z2)

        grad_z1 = self.act1.backward(grad_a1)
        _ = self.linear1.backward(grad_z1)

    def parameters(self):
        return self.linear1.parameters() + self.linear2.parameters()

    def gradients(self):
        return self.linear1.gradients() + self.linear2.gradients()


loss_fn = MSELoss()


def train(model, train_loader, optimizer, criterion):
    total_loss = 0.0
    num_samples = 0
    for X_batch, y_batch in train_loader:
        optimizer.zero_grad()

        preds = model(X_batch)
        loss = criterion(preds, int_to_onehot(y_batch))

        grad_output = loss_fn.backward()

        model.backward(grad_output)
        optimizer.step()

        total_loss += loss
        num_samples += len(y_batch)

    return total_loss / num_samples


def valid(model, valid_loader, criterion):
    total_loss = 0.0
    correct_predictions = 0
    total_predictions = 0
    for X_batch, y_batch in valid_loader:
        preds = model(X_batch)
        loss = criterion(preds, int_to_onehot(y_batch))

        total_loss += loss

        predicted_labels = np.argmax(preds, axis=1)
        correct_predictions += (predicted_labels == y_batch).sum()
        total_predictions += len(y_batch)

    total_loss /= total_predictions
    accuracy = (correct_predictions / total_predictions) * 100
    return total_loss, accuracy


def int_to_onehot(y, num_labels=10):
    return np.eye(num_labels)[y]


def test(model, test_loader):
    correct_predictions = 0
    total_predictions = 0
    for X_batch, y_batch in test_loader:
        preds = model(X_batch)

        predicted_labels = np.argmax(preds, axis=1)
        correct_predictions += (predicted_labels == y_batch).sum()
        total_predictions += len(y_batch)

    return (correct_predictions / total_predictions) * 100
