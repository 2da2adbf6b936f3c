"""Networks and images to compare with other libraries: what test_interop.py and interop_torch.py share."""

import numpy as np

from glasswork import GELU, MLP, Identity, LeakyReLU, ReLU, Sigmoid, SiLU, Tanh
from glasswork.nn.scale import Scale

ACTIVATIONS = (Sigmoid, Tanh, ReLU, LeakyReLU, SiLU, GELU, Identity)
TOLERANCE = {"float32": 2e-5, "float64": 1e-12}


def network(dtype="float32", **options):
    """A network with every layer there is, unless told otherwise, and with statistics that matter."""
    draw = np.random.default_rng(5)
    settings = {
        "activation": ACTIVATIONS, "output_activation": None, "batch_norm": True, "dropout": 0.2, "noise": 0.3,
        "input_dropout": 0.1, "input_noise": 0.5,
    } | options  # fmt: skip
    hidden = [9] * len(settings["activation"])
    model = MLP(12, hidden, 4, dtype=dtype, rng=draw, initializer="he", **settings)
    for name, array in model.state().items():
        if "linear" not in name or "bias" in name:
            array[...] = draw.uniform(0.5, 1.5, array.shape)
    return MLP.from_layers({"scale": Scale(0.25, 1.5, dtype=dtype), **model.named_layers})


def images(dtype):
    return np.random.default_rng(6).uniform(-3, 3, (20, 12)).astype(dtype)
