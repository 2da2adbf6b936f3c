"""The data of the stage for a run that is being trained: its network, and test images for it to read."""

import numpy as np

from glasswork.data.contract import polarity_of
from glasswork.models.loaded import ModelFile
from glasswork.recipes.build import build_loss
from glasswork.recipes.experiment import Experiment
from glasswork.report import room
from glasswork.report.data import Evaluation, NetworkData, Pictures, ReportData, Tested
from glasswork.report.facts import shareable
from glasswork.report.gather import columns_of
from glasswork.report.packing import Encoding, pack
from glasswork.report.storage import store
from glasswork.runs.folder import RunFolder
from glasswork.version import __version__

#: Test images that the page offers.
_OFFERED = 240


def live_data(place: RunFolder, experiment: Experiment) -> ReportData:
    """Gather what the stage shows of a run that is being trained; nothing is measured.

    Parameters
    ----------
    place : RunFolder
    experiment : Experiment
        What the run trains; its weights are those that the page begins with.
    """
    parts, recipe = experiment.parts, experiment.recipe
    why = "images are compared with the training images once the run has ended"
    file = ModelFile(experiment.model, None, why).for_page()
    model, features = file.model, parts.kind == "features"
    shape = file.image_shape or parts.shape
    digits = not features and all(len(name) == 1 and name.isdigit() for name in file.classes)
    numbers: Encoding = "float64" if features else "uint8"
    images = parts.test.images[: room.fitting(parts.test.images[:_OFFERED], numbers, room.TESTS)]
    scores = model.scores(images)
    nothing = pack(np.empty((0, model.in_features)), numbers)
    return ReportData(
        title=place.path.resolve().name,
        version=__version__,
        classes=list(file.classes),
        shape=shape,
        network=NetworkData(
            store(model, "int8"), "int8", 0.0, 0, "softmax" if model.scores_are == "logits" else "normalise"
        ),
        examples=Pictures(nothing, []),
        novelty=None,
        exciting={},
        inkless=[] if features else np.flatnonzero(~parts.train.images[:5000].any(axis=0)).tolist(),
        tested=Tested(
            pictures=Pictures(pack(images, numbers), parts.test.labels[: len(images)].tolist()),
            answers=parts.test.labels[: len(images)].tolist(),  # nothing is measured: the page asks its network
            checked=len(images),
            scores=pack(scores, "float32"),
            worst=[],
        ),
        evaluation=Evaluation(0, 0.0, [], [], 0.0, [], 0),
        history=[],
        loss_name=build_loss(recipe.loss).label,
        snapshots=[],
        state="running",
        epochs=recipe.training.epochs,
        validated=len(parts.valid),
        facts={},
        recipe=shareable(recipe).to_toml(),
        command="",
        attribution="",
        pictures=file.reading.pictures,
        ink=len(shape) == 2 and not features and polarity_of(parts.train.images, shape) == "light on dark",
        dark=file.reading.polarity == "dark on light",
        no_reference=why,
        thing="digit" if digits else "class",
        columns=columns_of(recipe, model, parts) if features else None,
    )
