"""What a user should know before a training on few images: steps, images of a class, and what an accuracy can show.

199 images, batches of 100     ──► 2 steps an epoch
13 images to validate on       ──► one image is 7.7 points of accuracy
"""

import numpy as np

from glasswork.data.kinds import noun
from glasswork.recipes.experiment import Experiment

#: Steps below which a training from random weights has hardly begun.
FEW_STEPS = 100

#: Images of a class below which a network cannot be expected to know it.
FEW_OF_A_CLASS = 10

#: Images of which one is more than a point of accuracy.
FEW_TO_MEASURE = 100


def notes_on_size(made: Experiment) -> list[str]:
    """Return notes, one line each, about what an experiment's data are too small for; none for large data."""
    return _on_batches(made) + _on_classes(made) + _on_measures(made)


def notes_on_augment(made: Experiment) -> list[str]:
    """Return notes about classes that the recipe's augmentation names and the data do not have."""
    augment = made.train_loader.augment
    return augment.notes(made.parts.classes) if augment is not None else []


def _on_batches(made: Experiment) -> list[str]:
    training, loader, things = made.recipe.training, made.train_loader, noun(made.parts.kind)
    images, steps = len(loader.labels), len(loader) * training.epochs
    notes = []
    if images < training.batch_size:
        notes.append(f"batches of {training.batch_size:,} were asked for; each has all {images:,} training {things}")
    if rest := images - loader.samples:
        cause = (
            "training.drop_last is true" if training.drop_last else f"a batch of one {things[:-1]} is not trained on"
        )
        notes.append(f"each epoch leaves out {rest:,} of {images:,} training {things}, others each time, as {cause}")
    if steps < FEW_STEPS and training.batch_size > 1:
        notes.append(f"{steps:,} steps in all are few: choose smaller batches (--batch-size) or more epochs (--epochs)")
    return notes


def _on_classes(made: Experiment) -> list[str]:
    counts = np.bincount(made.parts.train.labels, minlength=len(made.parts.classes))
    few = [
        f"{made.parts.classes[k]}: {counts[k]}" for k in np.argsort(counts, kind="stable") if counts[k] < FEW_OF_A_CLASS
    ]
    more = f" and {len(few) - 5} classes more" if len(few) > 5 else ""
    things = noun(made.parts.kind)
    return [f"few {things} to learn a class from ({', '.join(few[:5])}{more}): add {things} of it"] if few else []


def _on_measures(made: Experiment) -> list[str]:
    parts, thing = {"validate": made.parts.valid, "test": made.parts.test}, noun(made.parts.kind)[:-1]
    return [
        f"{len(part)} {thing}{'s' * (len(part) > 1)} to {what} on: one is {100 / len(part):.1f} points of accuracy"
        for what, part in parts.items()
        if len(part) < FEW_TO_MEASURE
    ]
