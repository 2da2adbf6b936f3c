"""Does PyTorch compute what we compute? Every kind of layer, alone and together, in both dtypes: ``make interop``.

A program of its own, as PyTorch is too large to be installed for every ``make test``.
"""

import functools

import numpy as np
import torch

from glasswork import LeakyReLU, Tanh
from glasswork.interop import to_torch
from networks import ACTIVATIONS, TOLERANCE, images, network


def main() -> None:
    for dtype, tolerance in TOLERANCE.items():
        compare(network(dtype), tolerance)
        for output in (*ACTIVATIONS, functools.partial(LeakyReLU, slope=0.3)):
            compare(network(dtype, activation=[Tanh], output_activation=output), tolerance)
    names_and_statistics()
    print("PyTorch computes the same scores")


def compare(model, tolerance):
    x = images(model.dtype)
    with torch.inference_mode():
        scores = to_torch(model)(torch.from_numpy(x)).numpy()
    assert scores.dtype == model.dtype
    np.testing.assert_allclose(scores, model.scores(x), rtol=tolerance, atol=tolerance)


def names_and_statistics():
    """Its layers have our names, its weights are its own, and training moves the same statistics."""
    model = network("float64", activation=[Tanh], dropout=0, noise=0, input_dropout=0, input_noise=0)
    twin = to_torch(model)
    assert list(dict(twin.named_children())) == list(model.named_layers)
    x = images("float64")
    twin.train()(torch.from_numpy(x))
    with model.mode(training=True):
        model.forward(x)
    norm, ours = twin.get_submodule("norm1"), model.norm1
    np.testing.assert_allclose(norm.running_mean.numpy(), ours.running_mean, rtol=1e-12)
    np.testing.assert_allclose(norm.running_var.numpy(), ours.running_variance, rtol=1e-12)
    with torch.no_grad():
        twin.get_submodule("linear1").weight.zero_()
    assert model.linear1.weight.any()


if __name__ == "__main__":
    main()
