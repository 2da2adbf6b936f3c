"""The result of a sweep in words: a table of its trials, what mattered, and the winner."""

from collections.abc import Mapping, Sequence

from glasswork.recipes.differences import show_value
from glasswork.runs.sweep import Sweep, Trial
from glasswork.statistics import Sample


def ranked(trials: Sequence[Trial]) -> list[Trial]:
    """Return trials with the best first: finished ones, then pruned and diverged ones."""
    order = ("finished", "pruned", "diverged", "running")
    mean = {trial.number: trial.sample.mean if trial.accuracies else 0.0 for trial in trials}
    return sorted(trials, key=lambda trial: (order.index(trial.state), -mean[trial.number], trial.number))


def outcome(trial: Trial) -> str:
    """Return the validation accuracy of a trial, with its standard deviation over the seeds, or what became of it."""
    if trial.state == "finished":
        return spread(trial.sample)
    return f"pruned at {trial.accuracies[0]:.2f} %" if trial.state == "pruned" else trial.state


def table(sweep: Sweep, trials: Sequence[Trial]) -> str:
    """Return trials as a Markdown table, the best first: values, and validation accuracy or what became of it."""
    keys = [space.key for space in sweep.spaces]
    rows = [[str(trial.number), *map(show_value, trial.settings.values()), outcome(trial)] for trial in ranked(trials)]
    lines = [["trial", *keys, "validation accuracy"], ["--:", *["---"] * len(keys), "--:"], *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def markdown(sweep: Sweep, trials: Sequence[Trial], judgement: Sequence[str], measured: str) -> str:
    """Return the whole result as the text of a Markdown file.

    Parameters
    ----------
    sweep : Sweep
    trials : sequence of Trial
    judgement : sequence of str
        Sentences about the winner and about what mattered, see `Study.judgement` and `mattered`.
    measured : str
        What the trials are judged by, see `Study.measured`.
    """
    over = "; ".join(f"`{space.key}` = {space.text}" for space in sweep.spaces)
    number = f"{len(trials)} trial{'s' * (len(trials) != 1)}"
    seeds = "one seed" if sweep.seeds == 1 else f"mean ± standard deviation over {sweep.seeds} seeds"
    lines = [
        f"# A sweep of {sweep.recipe.name}",
        "",
        f"{number} by {sweep.search} search{', pruned' if sweep.prune else ''}; {over}.",
        f"Accuracies: {seeds}, {measured}.",
        "",
        *judgement,
        "",
        table(sweep, trials),
    ]
    return "\n".join(lines) + "\n"


def mattered(importances: Mapping[str, float]) -> list[str]:
    """Return a sentence that says which keys the differences between trials come from, if that is known."""
    shares = ", ".join(f"{key} {100 * share:.0f} %" for key, share in importances.items())
    words = f"What mattered, as a share of the differences between the trials' ranks (fANOVA): {shares}."
    return [words] if shares else []


def spread(sample: Sample) -> str:
    """Return a mean accuracy with its standard deviation, if there are several seeds."""
    return f"{sample.mean:.2f}" + (f" ± {sample.deviation:.2f}" if sample.count > 1 else "") + " %"
