"""Make trajectories.npz: 50 steps of a small network by PyTorch, for each optimiser and schedule.

    python tests/references/trajectories.py          needs PyTorch 2.13.0; the tests only read the result

The network is 6-5-3, tanh, cross-entropy on logits, float64. Weight decay leaves biases alone.
"""

from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.optim import SGD, Adam, AdamW, Optimizer, RMSprop
from torch.optim.lr_scheduler import CosineAnnealingLR, LinearLR, LRScheduler, MultiStepLR, OneCycleLR, SequentialLR

STEPS = 50
KEPT = (1, 2, 5, 10, 20, 30, 40, 50)


def warm_cosine(optimizer: Optimizer) -> LRScheduler:
    """Ten steps up in a line, 1/10 to 10/10, then 40 down half a cosine."""
    return SequentialLR(
        optimizer, [LinearLR(optimizer, 1 / 10, total_iters=9), CosineAnnealingLR(optimizer, 40)], milestones=[10]
    )


def one_cycle(optimizer: Optimizer) -> LRScheduler:
    """Up to step 15, down to step 50; PyTorch counts its phases from 0 to total_steps - 1."""
    return OneCycleLR(
        optimizer, 0.1, total_steps=51, pct_start=16 / 51, div_factor=25, final_div_factor=1e30, cycle_momentum=False
    )


CASES = {
    "sgd": (SGD, {"lr": 0.1}, None, None),
    "momentum": (SGD, {"lr": 0.1, "momentum": 0.9}, None, None),
    "nesterov": (SGD, {"lr": 0.1, "momentum": 0.9, "nesterov": True}, None, None),
    "sgd-decay": (SGD, {"lr": 0.1, "momentum": 0.5, "weight_decay": 0.05}, None, None),
    "rmsprop": (RMSprop, {"lr": 0.01, "alpha": 0.9}, None, None),
    "rmsprop-decay": (RMSprop, {"lr": 0.01, "weight_decay": 0.05}, None, None),
    "adam": (Adam, {"lr": 0.05}, None, None),
    "adam-betas": (Adam, {"lr": 0.05, "betas": (0.7, 0.95), "eps": 1e-3}, None, None),
    "adam-decay": (Adam, {"lr": 0.05, "weight_decay": 0.05}, None, None),
    "adamw": (AdamW, {"lr": 0.05, "weight_decay": 0.3}, None, None),
    "clipped": (SGD, {"lr": 0.5, "momentum": 0.9}, None, 0.2),
    "step": (SGD, {"lr": 0.3}, lambda optimizer: MultiStepLR(optimizer, [17, 34], gamma=0.1), None),
    "cosine": (AdamW, {"lr": 0.05, "weight_decay": 0.3}, lambda optimizer: CosineAnnealingLR(optimizer, STEPS), None),
    "warm-cosine": (Adam, {"lr": 0.05}, warm_cosine, None),
    "one-cycle": (SGD, {"lr": 0.1, "momentum": 0.9}, one_cycle, None),
}


def main() -> None:
    draw = np.random.default_rng(2024)
    arrays = {
        "x": draw.standard_normal((STEPS, 8, 6)),
        "labels": draw.integers(0, 3, (STEPS, 8)),
        "weight1": 0.5 * draw.standard_normal((6, 5)),
        "bias1": 0.1 * draw.standard_normal(5),
        "weight2": 0.5 * draw.standard_normal((5, 3)),
        "bias2": 0.1 * draw.standard_normal(3),
    }
    for name, case in CASES.items():
        arrays[name] = trajectory(arrays, *case)
    np.savez_compressed(Path(__file__).with_suffix(".npz"), **arrays)


def trajectory(arrays, make, settings, schedule, clip_norm) -> np.ndarray:
    """Return all parameters, one row for each step that is kept, weights as (in, out)."""
    model = nn.Sequential(nn.Linear(6, 5), nn.Tanh(), nn.Linear(5, 3)).double()
    with torch.no_grad():
        for layer, i in ((model[0], 1), (model[2], 2)):
            layer.weight[...] = torch.from_numpy(arrays[f"weight{i}"].T)
            layer.bias[...] = torch.from_numpy(arrays[f"bias{i}"])
    weights, biases = [model[0].weight, model[2].weight], [model[0].bias, model[2].bias]
    optimizer = make([{"params": weights}, {"params": biases, "weight_decay": 0.0}], **settings)
    scheduler = schedule and schedule(optimizer)
    rows = []
    for step in range(STEPS):
        optimizer.zero_grad()
        logits = model(torch.from_numpy(arrays["x"][step]))
        nn.functional.cross_entropy(logits, torch.from_numpy(arrays["labels"][step])).backward()
        if clip_norm:
            clip(list(model.parameters()), clip_norm)
        optimizer.step()
        if scheduler:
            scheduler.step()
        if step + 1 in KEPT:
            parts = [model[0].weight.T, model[0].bias, model[2].weight.T, model[2].bias]
            rows.append(np.concatenate([part.detach().numpy().ravel() for part in parts]))
    return np.stack(rows)


def clip(parameters: list[nn.Parameter], clip_norm: float) -> None:
    """Do as clip_grad_norm_ does, which adds 1e-6 to the norm, without that."""
    norm = nn.utils.get_total_norm([parameter.grad for parameter in parameters])
    for parameter in parameters:
        parameter.grad *= min(1.0, clip_norm / norm)


if __name__ == "__main__":
    main()
