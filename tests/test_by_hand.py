"""A network of 2-2-1 neurons, two samples, one step of gradient descent: every number worked out by hand.

    x1 ──┬─ 0.1 ─► h1 ─ 0.6 ─┐            biases: h1 0.5, h2 -0.5, y 0.1
         └─ -0.2 ► h2        ├─► y        all neurons are sigmoids, s(z) = 1 / (1 + exp(-z))
    x2 ──┬─ 0.3 ─► h1        │            loss: mean over the samples of (y - target)²
         └─ 0.4 ─► h2 ─ -0.4 ┘            learning rate 0.5

Sample A: x = (1, 2), target 1                          Sample B: x = (-3.5, -0.5), target 0

z_h1 = 1*0.1 + 2*0.3 + 0.5          =  1.2              -0.35 - 0.15 + 0.5 = 0
z_h2 = 1*(-0.2) + 2*0.4 - 0.5       =  0.1               0.7  - 0.2  - 0.5 = 0
h1 = s(1.2)                         =  0.76852478349902  s(0) = 0.5
h2 = s(0.1)                         =  0.52497918747894  s(0) = 0.5
z_y = 0.6 h1 - 0.4 h2 + 0.1         =  0.35112319510783  0.3 - 0.2 + 0.1 = 0.2
y = s(z_y)                          =  0.58688992428039  0.54983399731248
y - target                          = -0.41311007571961  0.54983399731248
(y - target)²                       =  0.17065993466106  0.30231742460062

loss = (0.17065993466106 + 0.30231742460062) / 2 = 0.23648867963084

d/dy   = 2 (y - target) / 2         = -0.41311007571961  0.54983399731248
y (1 - y)                           =  0.24245014105855  0.24751657271186
d/dz_y = their product              = -0.10015859613093  0.13609302657525
d/dh1  = 0.6 d/dz_y                 = -0.06009515767856  0.08165581594515
d/dh2  = -0.4 d/dz_y                =  0.04006343845237 -0.05443721063010
h1 (1 - h1)                         =  0.17789444064681  0.25
h2 (1 - h2)                         =  0.24937604019289  0.25
d/dz_h1 = the products              = -0.01069059446081  0.02041395398629
d/dz_h2                             =  0.00999086163776 -0.01360930265752

Summed over the samples, d/dw = what came in at w times d/dz of where it goes:

x1 to h1:  1 * -0.01069059446081 - 3.5 * 0.02041395398629      = -0.08213943341281
x1 to h2:  1 * 0.00999086163776 - 3.5 * -0.01360930265752      =  0.05762342093910
x2 to h1:  2 * -0.01069059446081 - 0.5 * 0.02041395398629      = -0.03158816591476
x2 to h2:  2 * 0.00999086163776 - 0.5 * -0.01360930265752      =  0.02678637460429
bias h1:   -0.01069059446081 + 0.02041395398629                =  0.00972335952548
bias h2:   0.00999086163776 - 0.01360930265752                 = -0.00361844101976
h1 to y:   0.76852478349902 * -0.10015859613093 + 0.5 * 0.13609302657525 = -0.00892785011946
h2 to y:   0.52497918747894 * -0.10015859613093 + 0.5 * 0.13609302657525 =  0.01546533487178
bias y:    -0.10015859613093 + 0.13609302657525                =  0.03593443044432

After the step, w - 0.5 d/dw:

x1 to h1   0.1 + 0.04106971670641 =  0.14106971670641      x1 to h2  -0.2 - 0.02881171046955 = -0.22881171046955
x2 to h1   0.3 + 0.01579408295738 =  0.31579408295738      x2 to h2   0.4 - 0.01339318730214 =  0.38660681269786
bias h1    0.5 - 0.00486167976274 =  0.49513832023726      bias h2   -0.5 + 0.00180922050988 = -0.49819077949012
h1 to y    0.6 + 0.00446392505973 =  0.60446392505973      h2 to y   -0.4 - 0.00773266743589 = -0.40773266743589
bias y     0.1 - 0.01796721522216 =  0.08203278477784
"""

import numpy as np
import pytest

from glasswork import MLP, SGD, MSELoss, train

X = np.array([[1.0, 2.0], [-3.5, -0.5]])
TARGET = np.array([[1.0], [0.0]])

HIDDEN = [[0.76852478349902, 0.52497918747894], [0.5, 0.5]]
SCORES = [[0.58688992428039], [0.54983399731248]]
LOSS = 0.23648867963084
GRADIENTS = [
    [[-0.08213943341281, 0.05762342093910], [-0.03158816591476, 0.02678637460429]],
    [0.00972335952548, -0.00361844101976],
    [[-0.00892785011946], [0.01546533487178]],
    [0.03593443044432],
]
AFTER = [
    [[0.14106971670641, -0.22881171046955], [0.31579408295738, 0.38660681269786]],
    [0.49513832023726, -0.49819077949012],
    [[0.60446392505973], [-0.40773266743589]],
    [0.08203278477784],
]


def network(dtype, bias_grad="sum"):
    model = MLP(2, 2, 1, dtype=dtype, bias_grad=bias_grad)
    model.linear1.weight[...] = [[0.1, -0.2], [0.3, 0.4]]
    model.linear1.bias[...] = [0.5, -0.5]
    model.linear2.weight[...] = [[0.6], [-0.4]]
    model.linear2.bias[...] = [0.1]
    return model


# Fourteen places were worked out; float32 has seven.
@pytest.fixture(params=[(np.float64, 2e-14), (np.float32, 2e-7)], ids=["float64", "float32"])
def precision(request):
    return request.param


def assert_close(got, expected, tolerance):
    np.testing.assert_allclose(got, np.array(expected), rtol=0, atol=tolerance, strict=False)


def test_forward(precision):
    dtype, tolerance = precision
    model = network(dtype)
    scores = model(X)
    assert scores.dtype == dtype
    assert_close(model.act1.output, HIDDEN, tolerance)
    assert_close(scores, SCORES, tolerance)


def test_loss_and_gradients(precision):
    dtype, tolerance = precision
    model, loss = network(dtype), MSELoss()
    assert loss(model(X), TARGET.astype(dtype)) == pytest.approx(LOSS, abs=tolerance)
    model.backward(loss.backward())
    for gradient, expected in zip(model.gradients(), GRADIENTS, strict=True):
        assert_close(gradient, expected, tolerance)


def test_one_step(precision):
    dtype, tolerance = precision
    model = network(dtype)
    loss = train(model, [(X, TARGET.astype(dtype))], SGD(model.parameters(), model.gradients(), lr=0.5), MSELoss())
    assert loss == pytest.approx(LOSS, abs=tolerance)
    for parameter, expected in zip(model.parameters(), AFTER, strict=True):
        assert_close(parameter, expected, tolerance)


def test_bias_by_mean_as_in_the_listing():
    """Both bias gradients are halved, as there are two samples; the weights' are not."""
    model, loss = network(np.float64, bias_grad="mean"), MSELoss()
    loss(model(X), TARGET)
    model.backward(loss.backward())
    weight1, bias1, weight2, bias2 = GRADIENTS
    expected = [weight1, np.array(bias1) / 2, weight2, np.array(bias2) / 2]
    for gradient, value in zip(model.gradients(), expected, strict=True):
        assert_close(gradient, value, 2e-14)
