"""The compiled engine against NumPy's: the same steps, for every layer, loss, rule and setting that recipes have."""

import itertools

import numpy as np
import pytest
from engines import CLASSES, batches, disagreement, network, train_both
from glasswork import SGD, CrossEntropyLoss, MLP, MSELoss
from glasswork.nn import LAYERS, LOSSES
from glasswork.nn.batchnorm import BatchNorm
from glasswork.optim import OPTIMIZERS, SCHEDULES, warmup

ALL = list(itertools.product(sorted(LAYERS), sorted(LOSSES), ["sgd", "momentum", "nesterov", "rmsprop", "adam", "adamw"]))


@pytest.mark.parametrize(("layer", "loss", "rule"), ALL)
def test_a_hundred_steps_of_every_layer_loss_and_rule_agree(layer, loss, rule):
    assert train_both(network(layer, "float64"), loss, rule, steps=100) < 1e-9
    assert train_both(network(layer, "float32"), loss, rule, steps=100) < 1e-3
