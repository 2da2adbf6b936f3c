"""A committee of runs: which runs can answer together, how good each and the whole are, and a folder like a run's.

runs ──► their networks, the best first ──► Committee ──the runs' test images──► accuracies, McNemar's test
"""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glasswork.data import Dataset, Part, Split
from glasswork.data.kinds import noun
from glasswork.errors import FileError, InputError
from glasswork.models.committee import Committee
from glasswork.models.loaded import ModelFile
from glasswork.models.model_file import read_model_file, save_model
from glasswork.recipes.experiment import load_data
from glasswork.recipes.recipe import Recipe
from glasswork.runs.data import check_data, trained_on
from glasswork.runs.folder import RunFolder
from glasswork.runs.paired import fingerprint_of_test, labels_given
from glasswork.runs.result import RunResult
from glasswork.statistics import SIGNIFICANCE, Disagreement, accuracy_interval, interval_in_words


def gather_committee(runs: Mapping[str, RunFolder]) -> tuple[ModelFile, Split]:
    """Return the committee of some runs, the one with the best validation accuracy first, and the data of all.

    Parameters
    ----------
    runs : mapping of str to RunFolder
        Two or more finished runs, by the names of the members.

    Raises
    ------
    InputError
        If their networks take different inputs or classes, or they have different test images.
    FileError
        If a run has no network, or its data are gone or changed.
    """
    results = {name: run.result() for name, run in runs.items()}
    for name, result in results.items():
        if result.members:
            raise InputError(f"{runs[name].path}: is a committee itself; name its members' runs")
        if result.state != "finished":
            raise InputError(f"{runs[name].path}: this run is {result.state}; a committee takes finished runs")
    best_first = sorted(runs, key=lambda name: -(results[name].valid_accuracy or 0.0))
    files = {name: read_model_file(runs[name].path) for name in best_first}
    committee = Committee([file.model for file in files.values()], names=best_first)
    first = best_first[0]
    parts = _shared_data(runs[first])
    for name in best_first[1:]:
        if fingerprint_of_test(_shared_data(runs[name])) != fingerprint_of_test(parts):
            raise InputError(
                f"{name} and {first} cannot be tested together: their test images differ, so one may have learnt "
                "what the other is tested on; train them on the same data and split"
            )
    return ModelFile(committee, files[first].reference, files[first].no_reference), parts


def _undivided(run: RunFolder) -> Recipe:
    """Return a run's recipe, without the fold of a cross-validation: the test images are those that no fold has."""
    return run.recipe().override({"data.fold": []})


def _shared_data(run: RunFolder) -> Split:
    """Return the data of a run, of which the test images are those that no fold of a cross-validation has."""
    given = run.kept_data()
    parts = load_data(_undivided(run).data, None if given is None else given.with_identity())
    check_data(run, parts, divided_alike=False)
    return parts


def write_committee(path: Path, file: ModelFile, parts: Split, runs: Mapping[str, RunFolder]) -> None:
    """Write the folder of a committee, which every command takes as that of a run, except that it cannot be trained.

    Its recipe is that of its first member.

    Raises
    ------
    FileError
        If the folder exists or cannot be written.
    """
    assert isinstance(file.model, Committee)
    names = file.model.names
    first, results = runs[names[0]], [runs[name].result() for name in names]
    recipe = _undivided(first)
    apart = "" if recipe == first.recipe() else ", without its fold"
    description = f"the mean of {len(names)} networks: {', '.join(names)}; this is the recipe of the first{apart}"
    divided = {one.data.parts_sha256 if one.data else "" for one in results}
    alike = len(divided) == 1 and "" not in divided  # so that no member has learnt the validation images
    result = RunResult.by_this_process(
        state="finished",
        epochs=results[0].epochs,
        valid_accuracy=_accuracy(file, parts.valid) if alike else None,
        test_accuracy=_accuracy(file, parts.test),
        split=parts.scheme,
        validated=len(parts.valid) if alike else 0,
        tested=len(parts.test),
        parameters=sum(one.parameters for one in results),
        seconds=sum(one.seconds for one in results),
        engine=results[0].engine,
        data=trained_on(parts, parts.fingerprint()),
        members=list(names),
    )
    place = RunFolder(path)
    try:
        place.create(recipe.override({"name": "committee", "description": description}), result, first.kept_data())
    except FileExistsError:
        raise FileError(f"{path}: this path exists already; choose another --out, or remove it") from None
    try:
        save_model(file.model, place.model_path, reference=file.reference, no_reference=file.no_reference)
    except BaseException:
        shutil.rmtree(path, ignore_errors=True)
        raise
    finally:
        place.unlock()


def _accuracy(file: ModelFile, part: Part) -> float:
    """Return the accuracy on a part of the data, in percent."""
    return 100 * float((labels_given(file, part.images) == part.labels).mean())


@dataclass(frozen=True)
class Standing:
    """How good a committee and each of its members are on the same test images.

    Attributes
    ----------
    right : dict
        By the name of each member, the best one by validation first, which images it gets right.
    whole : (N,) bool
        Which images the committee gets right.
    unanimous : float
        The share of the images to which all members give the same label.
    things : {"images", "rows"}
    """

    right: dict[str, NDArray[np.bool_]]
    whole: NDArray[np.bool_]
    unanimous: float
    things: str

    @classmethod
    def of(cls, file: ModelFile, test: Part | Dataset) -> "Standing":
        """Ask a committee and its members about test images."""
        assert isinstance(file.model, Committee)
        members = zip(file.model.names, file.model.members, strict=True)
        given = {name: labels_given(ModelFile(one, None), test.images) for name, one in members}
        stacked = np.stack(list(given.values()))
        return cls(
            {name: labels == test.labels for name, labels in given.items()},
            labels_given(file, test.images) == test.labels,
            float((stacked == stacked[0]).all(axis=0).mean()),
            noun(file.like.kind),
        )

    @property
    def best(self) -> str:
        """The name of the best member by validation."""
        return next(iter(self.right))

    @property
    def difference(self) -> Disagreement:
        """How the committee differs from its best member by validation."""
        return Disagreement.of(self.whole, self.right[self.best])

    def in_words(self) -> list[str]:
        """Return, line by line, how good each member and the whole are, and whether the whole is better."""
        right = {**self.right, "the committee": self.whole}
        width = max(map(len, right))
        lines = [
            f"  {name:<{width}}  {100 * one.mean():6.2f}%  "
            f"95 % confidence: {interval_in_words(int(one.sum()), len(one))}"
            for name, one in right.items()
        ]
        found = self.difference
        verdict = found.in_words("the committee", self.best, claimed=found.p_value <= SIGNIFICANCE)
        return [
            *lines,
            f"By McNemar's exact test, {verdict}.",
            f"{self.best} is its best member by validation.",
            f"All members agree on {100 * self.unanimous:.1f}% of the {self.things}.",
        ]

    def as_data(self) -> dict[str, Any]:
        """Return the same as plain data; the first member is the best one by validation."""
        found = self.difference
        members = [
            {
                "name": name,
                "correct": int(one.sum()),
                "accuracy": 100 * float(one.mean()),
                "accuracy_interval": list(accuracy_interval(int(one.sum()), len(one))),
            }
            for name, one in self.right.items()
        ]
        compared = {"only_committee": found.first, "only_member": found.second, "p_value": found.p_value}
        return {"members": members, "unanimous": 100 * self.unanimous, "mcnemar_with_first_member": compared}
