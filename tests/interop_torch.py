"""Does PyTorch compute what we compute? Every kind of layer, alone and together, in both dtypes: ``make interop``.

A program of its own, as PyTorch is too large to be installed for every ``make test``.
"""

import copy
import functools
import tempfile

import numpy as np
import torch
from safetensors.torch import load_file

from glasswork import InputError, Inputs, LeakyReLU, ReLU, Tanh
from glasswork.interop import export, load, to_torch
from networks import ACTIVATIONS, TOLERANCE, images, network


def main() -> None:
    for dtype, tolerance in TOLERANCE.items():
        compare(network(dtype), tolerance)
        for output in (*ACTIVATIONS, functools.partial(LeakyReLU, slope=0.3)):
            compare(network(dtype, activation=[Tanh], output_activation=output), tolerance)
    names_and_statistics()
    back_again()
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


def why_refused(wrong):
    try:
        load(wrong)
    except InputError as error:
        return str(error)
    return ""


def back_again():
    """A network is trained further as a Sequential, and comes back; numbered names fit those of to_torch."""
    model = network("float32", activation=[Tanh, ReLU], output_activation=None)
    model.inputs = Inputs.of_bytes(shape=(3, 4), classes="abcd")
    rows = np.random.default_rng(1).integers(0, 256, (40, 12), dtype=np.uint8)
    with tempfile.TemporaryDirectory() as folder:
        export(model, f"{folder}/net.safetensors")
        state = load_file(f"{folder}/net.safetensors")
    twin = to_torch(network("float32", activation=[Tanh, ReLU], output_activation=None))
    twin.load_state_dict(state)
    twin.inputs = model.inputs
    x, y = torch.from_numpy(model.prepared(rows)), torch.arange(40) % 4
    np.testing.assert_allclose(twin(x).detach(), model.scores(rows), atol=1e-4)
    optimizer = torch.optim.SGD(twin.parameters(), 0.1)
    twin.train()
    for _ in range(5):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(twin(x), y).backward()
        optimizer.step()
    twin.eval()
    again, expected = load(copy.deepcopy(twin)), torch.softmax(twin(x), 1).detach()
    assert again.inputs == model.inputs
    np.testing.assert_allclose(again.probabilities(rows), expected, atol=1e-5)
    assert np.abs(model.probabilities(rows) - expected.numpy()).max() > 0.01
    own = torch.nn.Sequential(
        torch.nn.Flatten(), torch.nn.Sequential(torch.nn.Linear(12, 6), torch.nn.BatchNorm1d(6, affine=False)),
        torch.nn.LeakyReLU(0.3), torch.nn.Dropout(0.5), torch.nn.Linear(6, 3, bias=False), torch.nn.LogSoftmax(1),
    )  # fmt: skip
    own(torch.randn(30, 3, 4))
    expected = torch.exp(own.eval()(x)).detach()
    np.testing.assert_allclose(load(own).probabilities(x.numpy()), expected, atol=1e-5)
    parts = dict(list(own[1].state_dict().items())[:2])
    np.testing.assert_allclose(load(parts).scores(x.numpy()), own[1][0](x).detach(), atol=1e-5)

    class Own(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.first = torch.nn.Linear(12, 3)

        def forward(self, x):
            return self.first(x) * 2

    for wrong, message in (
        (Own(), "it is of class Own, which does not say in which order its layers are used"),
        (torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3)), "0 is of class Conv2d, which does not say"),
        (torch.nn.Sequential(torch.nn.Softmax(1), torch.nn.Linear(3, 2)), "1 (Linear) stands behind a softmax"),
        ({"0.weight": torch.ones(2, 3, dtype=torch.bfloat16)}, "expected numbers that NumPy has"),
    ):
        assert message in why_refused(wrong), (message, why_refused(wrong))


if __name__ == "__main__":
    main()
