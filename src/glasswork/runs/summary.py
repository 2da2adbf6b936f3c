"""What lists say about a run: its state, how far it is, its accuracies, and what seemed to go wrong."""

from typing import Any

from glasswork.errors import FileError
from glasswork.runs.folder import RunFolder
from glasswork.runs.state import kept_accuracy
from glasswork.statistics import accuracy_interval


def summary_of(run: RunFolder) -> dict[str, Any]:
    """Return the facts about one run that are listed, reading each of its files once."""
    row: dict[str, Any] = {"run": run.path.name, "folder": str(run.path), "last_change": run.last_change()}
    try:
        result, recipe, history = run.result(), run.recipe(), run.history()
    except FileError as error:
        return {**row, "state": "damaged", "reason": str(error)}
    measured = result.tested and result.test_accuracy is not None
    return {
        **row,
        "state": result.state,
        "reason": result.reason,
        "epochs": len(history),
        "epochs_wanted": recipe.training.epochs,
        "valid_accuracy": kept_accuracy(recipe, history) if history else result.valid_accuracy,
        "test_accuracy": result.test_accuracy,
        "recipe": recipe.name,
        "members": result.members,
        "split": result.split,
        "validated": result.validated,
        "tested": result.tested,
        "test_interval": list(accuracy_interval(result.correct, result.tested)) if measured else None,
        "parameters": result.parameters,
        "seconds": sum(epoch.seconds for epoch in history),
        "findings": [
            {"epoch": epoch.epoch, "name": finding.name, "where": finding.where, "message": finding.message}
            for epoch in history
            for finding in epoch.findings
        ],
    }
