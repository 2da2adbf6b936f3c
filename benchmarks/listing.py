"""The handout's listing, transcribed plainly with its gaps filled in: the reference that times are ratios to."""

import numpy as np


class Linear:
    def __init__(self, in_features, out_features):
        self.weight = np.random.normal(0.0, 0.1, (in_features, out_features))
        self.bias = np.zeros(out_features)
        self.grad_weight = np.zeros_like(self.weight)
        self.grad_bias = np.zeros_like(self.bias)

    def __call__(self, x):
        self.input = x
        return np.dot(x, self.weight) + self.bias

    def backward(self, grad_output):
        grad_input = np.dot(grad_output, self.weight.T)
        self.grad_weight[...] = np.dot(self.input.T, grad_output)
        self.grad_bias[...] = np.mean(grad_output, axis=0)
        return grad_input


class Sigmoid:
    def __call__(self, x):
        self.output = 1.0 / (1.0 + np.exp(-x))
        return self.output

    def backward(self, grad_output):
        return grad_output * self.output * (1 - self.output)


class MSELoss:
    def __call__(self, pred, target):
        self.pred = pred
        self.target = target
        return np.sum((pred - target) ** 2) / len(target)

    def backward(self):
        return 2.0 * (self.pred - self.target) / self.target.shape[0]


class SGD:
    def __init__(self, params, grads, lr=0.1):
        self.params, self.grads, self.lr = params, grads, lr

    def step(self):
        for p, g in zip(self.params, self.grads, strict=True):
            p -= self.lr * g

    def zero_grad(self):
        for g in self.grads:
            g.fill(0.0)


class MLP:
    def __init__(self, in_features, hidden_size, out_features):
        self.linear1, self.act1 = Linear(in_features, hidden_size), Sigmoid()
        self.linear2, self.act2 = Linear(hidden_size, out_features), Sigmoid()

    def __call__(self, x):
        return self.act2(self.linear2(self.act1(self.linear1(x))))

    def backward(self, grad_output):
        grad = self.linear2.backward(self.act2.backward(grad_output))
        self.linear1.backward(self.act1.backward(grad))

    def parameters(self):
        return [self.linear1.weight, self.linear1.bias, self.linear2.weight, self.linear2.bias]

    def gradients(self):
        return [self.linear1.grad_weight, self.linear1.grad_bias, self.linear2.grad_weight, self.linear2.grad_bias]


def minibatch_generator(X, y, minibatch_size):
    indices = np.arange(X.shape[0])
    np.random.shuffle(indices)
    for start in range(0, len(indices) - minibatch_size + 1, minibatch_size):
        batch = indices[start : start + minibatch_size]
        yield X[batch], y[batch]


def train(model, train_loader, optimizer, criterion):
    total_loss, num_samples = 0.0, 0
    for X_batch, y_batch in train_loader:
        optimizer.zero_grad()
        loss = criterion(model(X_batch), np.eye(10)[y_batch])
        model.backward(criterion.backward())
        optimizer.step()
        total_loss += loss
        num_samples += len(y_batch)
    return total_loss / num_samples


def valid(model, valid_loader, criterion):
    total_loss, correct, total = 0.0, 0, 0
    for X_batch, y_batch in valid_loader:
        preds = model(X_batch)
        total_loss += criterion(preds, np.eye(10)[y_batch])
        correct += (np.argmax(preds, axis=1) == y_batch).sum()
        total += len(y_batch)
    return total_loss / total, correct / total * 100
