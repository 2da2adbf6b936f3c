"""JAX: a whole epoch as one jitted scan over batches, data resident, state donated."""

import os

os.environ["XLA_FLAGS"] = (
    "--xla_cpu_multi_thread_eigen=" + ("true" if os.environ["OMP_NUM_THREADS"] != "1" else "false")
    + " intra_op_parallelism_threads=" + os.environ["OMP_NUM_THREADS"]
)  # fmt: skip

from functools import partial

import jax
import jax.numpy as jnp
from works import TRAIN, Work, data, initial


class Jax:
    kernel = "XLA's own"

    def __init__(self, work: Work) -> None:
        x, y, x_test, y_test = data()
        self.x, self.onehot = jnp.asarray(x), jax.nn.one_hot(jnp.asarray(y), 10)
        self.x_test, self.y_test = jnp.asarray(x_test), jnp.asarray(y_test)
        self.parameters = [(jnp.asarray(weight), jnp.asarray(bias)) for weight, bias in initial(work)]
        zeros = jax.tree.map(jnp.zeros_like, self.parameters)
        self.state = (zeros, jax.tree.map(jnp.zeros_like, self.parameters), jnp.zeros(()))
        self.activation = jax.nn.sigmoid if work.loss == "mse" else jax.nn.relu
        self.key = jax.random.key(1)
        self.epoch = jax.jit(partial(_epoch, work), donate_argnums=(0, 1))

    def train(self, epochs: int) -> None:
        for _ in range(epochs):
            self.key, key = jax.random.split(self.key)
            self.parameters, self.state = self.epoch(self.parameters, self.state, self.x, self.onehot, key)
        jax.block_until_ready(self.parameters)

    def test(self) -> float:
        scores = _forward(self.parameters, self.x_test, self.activation, None, 0.0)
        return float(100 * (scores.argmax(1) == self.y_test).mean())


def _forward(parameters, x, activation, key, dropout):
    for i, (weight, bias) in enumerate(parameters):
        x = x @ weight + bias
        if i < len(parameters) - 1:
            x = activation(x)
            if key is not None and dropout:
                keep = jax.random.bernoulli(jax.random.fold_in(key, i), 1 - dropout, x.shape)
                x = jnp.where(keep, x / (1 - dropout), 0)
    return x


def _loss(work: Work, parameters, x, onehot, key):
    if work.loss == "mse":
        scores = jax.nn.sigmoid(_forward(parameters, x, jax.nn.sigmoid, None, 0.0))
        return jnp.sum((scores - onehot) ** 2) / len(x)
    logits = _forward(parameters, x, jax.nn.relu, key, work.dropout)
    return -jnp.mean(jnp.sum(onehot * jax.nn.log_softmax(logits), axis=1))


def _update(work: Work, parameters, state, grads):
    rate = work.learning_rate
    if work.optimizer == "sgd":
        return jax.tree.map(lambda p, g: p - rate * g, parameters, grads), state
    means, squares, t = state
    t += 1
    decay = 0.01 if work.optimizer == "adamw" else 0.0
    means = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, means, grads)
    squares = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, squares, grads)

    def move(p, m, v):
        shrunk = p * (1 - rate * decay) if p.ndim > 1 else p
        return shrunk - rate * (m / (1 - 0.9**t)) / (jnp.sqrt(v / (1 - 0.999**t)) + 1e-8)

    return jax.tree.map(move, parameters, means, squares), (means, squares, t)


def _epoch(work: Work, parameters, state, x, onehot, key):
    order, masks = jax.random.split(key)
    rows = jax.random.permutation(order, TRAIN).reshape(-1, work.batch)

    def step(carry, batch):
        parameters, state, i = carry
        grads = jax.grad(partial(_loss, work))(parameters, x[batch], onehot[batch], jax.random.fold_in(masks, i))
        return (*_update(work, parameters, state, grads), i + 1), None

    (parameters, state, _), _ = jax.lax.scan(step, (parameters, state, 0), rows)
    return parameters, state
