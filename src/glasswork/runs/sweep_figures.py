"""The figures of a sweep: one for each key, and one with all keys of all trials."""

from collections.abc import Sequence
from pathlib import Path

from glasswork import figures
from glasswork.recipes.differences import show_value
from glasswork.runs.sweep import Sweep, Trial


def draw_sweep(sweep: Sweep, trials: Sequence[Trial], folder: Path, kind: str, *, measured: str) -> None:
    """Draw the figures of a sweep into a folder; trials without an accuracy are left out."""
    done = [trial for trial in trials if trial.accuracies and trial.state != "running"]
    if not done:
        return
    folder.mkdir(exist_ok=True)
    accuracies = [trial.sample.mean for trial in done]
    finished = [trial.state == "finished" for trial in done]
    keys = []
    for space in sweep.spaces:
        values = [trial.settings[space.key] for trial in done]
        if space.values:
            values = [space.values.index(value) for value in values]
        keys.append(figures.SweptKey(space.key, values, space.log, tuple(map(show_value, space.values))))
    seeds = "" if sweep.seeds == 1 else f", mean of {sweep.seeds} seeds"
    title = f"A sweep of {sweep.recipe.name}: {len(done)} trial{'s' * (len(done) != 1)}{seeds}, {measured}"
    for key in keys:
        figures.save(figures.sweep_key(key, accuracies, finished, title=title), folder / f"{key.name}.{kind}")
    figures.save(figures.sweep(keys, accuracies, finished, title=title), folder / f"trials.{kind}")
