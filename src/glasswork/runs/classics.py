"""Classic results on MNIST: networks that papers described, as recipes, with the errors that the papers reported.

Layers, widths and losses are those of the paper; so are the kinds of distortions, but where a paper gives no numbers,
how far they go is our choice. The optimiser is ours: mini-batches, momentum and a cosine schedule, with initial weights
that suit each activation, which most of these papers did not have.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from glasswork.recipes.recipe import Recipe
from glasswork.recipes.shelf import named_recipe
from glasswork.runs.ladder_table import TESTED, RungResult
from glasswork.statistics import accuracy_interval


@dataclass(frozen=True)
class Classic:
    """One row of a paper.

    Attributes
    ----------
    name : str
        Name of the recipe.
    paper : str
        Authors and year.
    network : str
        The network and its training data, in words.
    reported : float
        The paper's error on the 10,000 test images, percent.
    settings : dict
        The keys of the recipe that differ from `_COMMON`.
    """

    name: str
    paper: str
    network: str
    reported: float
    settings: dict[str, Any]


_COMMON = {
    "data.split": "official",
    "network.bias_grad": "sum",
    "network.output_activation": "none",
    "loss.name": "cross-entropy",
    "optimizer.learning_rate": 0.02,
    "optimizer.momentum": 0.9,
    "schedule.name": "cosine",
    "training.epochs": 40,
}
_LECUN = {
    "network.activation": "tanh",
    "network.output_activation": "tanh",
    "loss.name": "mse",
    "optimizer.learning_rate": 0.005,  # at 0.02 the outputs saturate, and little is learnt
    "training.epochs": 30,
}
_LECUN_DISTORTED = {"augment.shift": 2.0, "augment.scale": 0.15, "augment.shear": 0.15, "training.epochs": 60}
_SIMARD = {"network.hidden": [800], "network.activation": "tanh"}
#: α = 34 and σ = 4 of the paper: a uniform number has a standard deviation of 0.577, smoothing by σ divides it by
#: 2 σ √π, and 34 times the rest are 1.4 pixels.
_ELASTIC = {"augment.elastic": 1.4, "augment.smoothness": 4.0}
_SRIVASTAVA = {
    "network.hidden": [1024, 1024, 1024],
    "network.activation": "relu",
    "network.dropout": 0.5,
    "network.input_dropout": 0.2,
    "data.scaling": "zero-to-one",  # so that a pixel that is dropped becomes background, not grey
    "optimizer.learning_rate": 0.1,
}

CLASSICS = (
    Classic("lecun-300", "LeCun et al. 1998", "784-300-10, squared error", 4.7, {**_LECUN, "network.hidden": [300]}),
    Classic(
        "lecun-300-distorted",
        "LeCun et al. 1998",
        "784-300-10, squared error, affine distortions",
        3.6,
        {**_LECUN, "network.hidden": [300], **_LECUN_DISTORTED},
    ),
    Classic(
        "lecun-300-100",
        "LeCun et al. 1998",
        "784-300-100-10, squared error",
        3.05,
        {**_LECUN, "network.hidden": [300, 100]},
    ),
    Classic(
        "lecun-300-100-distorted",
        "LeCun et al. 1998",
        "784-300-100-10, squared error, affine distortions",
        2.5,
        {**_LECUN, "network.hidden": [300, 100], **_LECUN_DISTORTED},
    ),
    Classic("simard", "Simard et al. 2003", "784-800-10, cross-entropy", 1.6, _SIMARD),
    Classic(
        "simard-affine",
        "Simard et al. 2003",
        "784-800-10, cross-entropy, affine distortions",
        1.1,
        {
            **_SIMARD,
            "augment.rotation": 7.5,
            "augment.scale": 0.15,
            "augment.shear": 0.15,
            "augment.shift": 2.0,
            "training.epochs": 50,
        },
    ),
    Classic(
        "simard-elastic",
        "Simard et al. 2003",
        "784-800-10, cross-entropy, elastic distortions",
        0.7,
        {**_SIMARD, **_ELASTIC, "training.epochs": 50},
    ),
    Classic("srivastava", "Srivastava et al. 2014", "784-1024-1024-1024-10, ReLU, dropout", 1.25, _SRIVASTAVA),
    Classic(
        "srivastava-max-norm",
        "Srivastava et al. 2014",
        "784-1024-1024-1024-10, ReLU, dropout, max-norm",
        1.06,
        {**_SRIVASTAVA, "optimizer.max_norm": 2.0},
    ),
    Classic(
        "ciresan",
        "Cireşan et al. 2010",
        "784-1000-500-10, tanh, affine and elastic distortions",
        0.49,
        {
            "network.hidden": [1000, 500],
            "network.activation": "tanh",
            "augment.rotation": 15.0,
            "augment.calm": ["1", "7"],
            "augment.scale": 0.15,
            "augment.elastic": 1.1,
            "augment.smoothness": 5.5,
            "training.epochs": 60,
        },
    ),
)


def recipes(*, epochs: int | None = None, engine: str = "auto") -> list[Recipe]:
    """Return the recipe of each classic, oldest first.

    Parameters
    ----------
    epochs : int, optional
        Epochs for each, for a quick look; by default those of its recipe.
    engine : {"auto", "numpy", "compiled"}
        What computes the steps.
    """
    everywhere = {"training.engine": engine, **({} if epochs is None else {"training.epochs": epochs})}
    return [
        named_recipe("classwork").override(
            {**_COMMON, **one.settings, **everywhere, "name": one.name, "description": f"{one.paper}: {one.network}"}
        )
        for one in CLASSICS
    ]


def table(results: Sequence[RungResult]) -> str:
    """Return the papers' errors beside ours as a Markdown table.

    Parameters
    ----------
    results : sequence of RungResult
        Of the first classics, in order.
    """
    rows = ["| paper | network | error in the paper | error here | parameters | seconds |", "|---|---|--:|--:|--:|--:|"]
    for one, result in zip(CLASSICS, results, strict=False):
        sample = result.sample
        here = f"{100 - sample.mean:.2f} ± {sample.deviation:.2f} %" if sample.count > 1 else _error(sample.mean)
        rows.append(
            f"| {one.paper} | {one.network} | {one.reported:g} % | {here} | {result.parameters:,} "
            f"| {result.seconds:.0f} |"
        )
    seeds = results[0].sample.count
    spread = f"means ± standard deviations over {seeds} seeds" if seeds > 1 else "of one seed, with 95 % intervals"
    return "\n".join(rows) + (
        f"\n\nErrors are of the {TESTED:,} official test images; ours are {spread}. Networks, losses and "
        "kinds of distortions are those of the papers; how far these go, initial weights, optimiser and schedule are "
        "ours.\n"
    )


def _error(accuracy: float) -> str:
    low, high = accuracy_interval(round(accuracy * TESTED / 100), TESTED)
    return f"{100 - accuracy:.2f} % ({100 - high:.2f} to {100 - low:.2f})"
