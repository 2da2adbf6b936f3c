"""A run: a recipe being trained, and the folder that it leaves behind.

runs/2026-11-24-classwork/
  recipe.toml          all that was asked, defaults included: enough to run it again
  history.csv          one row an epoch
  model.safetensors    the network
  result.json          how it ended, and the test accuracy
  figures/             pictures, drawn by those who look at the run
"""

import datetime
import itertools
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

import msgspec

from glasswork.data import Batches, Split, load_mnist, split
from glasswork.errors import FileError, GlassworkError, InputError, RecipeError, StateError
from glasswork.randomness import Purpose, generator
from glasswork.training.build import build_loss, build_model, build_optimizer
from glasswork.training.files import uninterrupted, write_whole
from glasswork.training.history import write_history
from glasswork.training.loop import EpochResult, Loader, fit, test
from glasswork.training.model_file import save_model
from glasswork.training.recipe import Data, Recipe

#: Images in a batch when nothing is learnt: any number gives the same result.
EVALUATION_BATCH = 500

#: Weights of the largest network that is begun: with gradients and moments, a few gigabytes.
MOST_WEIGHTS = 200_000_000


class RunResult(msgspec.Struct, frozen=True, kw_only=True):
    """How a run ended: the content of its ``result.json``."""

    state: Literal["running", "finished", "interrupted", "failed"]
    epochs: int = 0
    test_accuracy: float | None = None
    split: str = ""
    seconds: float = 0.0
    reason: str = ""


def load_data(data: Data) -> Split:
    """Return the images that a recipe asks for, cut as it asks."""
    if data.source == "mnist":
        images, labels = load_mnist()
    else:
        from glasswork.data.openml import load_openml

        images, labels = load_openml(data.source.removeprefix("openml:"))
    return split(images, labels, scheme=data.split, seed=data.split_seed)


class Run:
    """A recipe being trained. Everything is checked and built before the folder is made.

    Parameters
    ----------
    recipe : Recipe
    folder : path, optional
        Must not exist yet; by default ``runs/<date>-<recipe>``, with a number if that is taken.

    Attributes
    ----------
    folder : Path
    model : MLP
    parts : Split
        The data.
    history : list of EpochResult
        So far.
    test_accuracy : float or None
        Percent, once all epochs are done.

    Raises
    ------
    RecipeError
        If the recipe asks for what the data does not allow.
    FileError
        If the folder exists or cannot be made.

    Examples
    --------
    >>> with Run(named_recipe("classwork")) as run:
    ...     for result in run.epochs():
    ...         print(result.epoch, result.valid_accuracy)

    However the block is left, what was learnt is in the folder then, and how it ended.
    """

    def __init__(self, recipe: Recipe, folder: str | Path | None = None) -> None:
        self.recipe = recipe
        try:
            self.parts = load_data(recipe.data)
        except InputError as error:
            raise RecipeError(str(error)) from None
        classes = int(self.parts.train.labels.max()) + 1
        dtype = recipe.network.dtype
        widths = [self.parts.train.images.shape[1], *recipe.network.hidden, classes]
        if (weights := sum(n * m for n, m in itertools.pairwise(widths))) > MOST_WEIGHTS:
            raise RecipeError(
                f"network.hidden: expected at most {MOST_WEIGHTS:,} weights, got {weights:,}; choose fewer neurons"
            )
        if recipe.training.batch_size > len(self.parts.train):
            raise RecipeError(
                f"training.batch_size: expected 1 to {len(self.parts.train):,}, the training images "
                f"(given: {recipe.training.batch_size:,})"
            )
        try:
            self.model = build_model(
                recipe.network,
                self.parts.train.images.shape[1],
                classes,
                rng=generator(recipe.seed, Purpose.WEIGHTS),
                seed=recipe.seed,
            )
            self.train_loader = Batches(
                self.parts.train.images,
                self.parts.train.labels,
                recipe.training.batch_size,
                seed=recipe.seed,
                classes=classes,
                dtype=dtype,
            )
        except InputError as error:
            raise RecipeError(str(error)) from None
        self.valid_loader, self.test_loader = (
            Batches(
                part.images,
                part.labels,
                min(EVALUATION_BATCH, len(part)),
                seed=recipe.seed,
                drop_last=False,
                shuffle=False,
                classes=classes,
                dtype=dtype,
            )
            for part in (self.parts.valid, self.parts.test)
        )
        self.loss = build_loss(recipe.loss)
        self.optimizer = build_optimizer(
            recipe, self.model, total_steps=recipe.training.epochs * len(self.train_loader)
        )
        self.history: list[EpochResult] = []
        self.test_accuracy: float | None = None
        self._begun = False
        self.folder = _make_folder(Path(folder) if folder is not None else None, recipe.name)
        write_whole(self.folder / "recipe.toml", recipe.to_toml().encode())
        self._write_result("running")

    def epochs(self, *, watch: Callable[[Loader], Loader] = lambda loader: loader) -> Iterator[EpochResult]:
        """Train, and yield what each epoch came to; at the end, test.

        Parameters
        ----------
        watch : callable
            Wraps the loader of training batches, to count them for a progress bar, say.

        Raises
        ------
        StateError
            If it was called before: a run is one training.
        """
        if self._begun:
            raise StateError(f"{self.folder}: this run was trained already; make another Run")
        self._begun = True
        for result in fit(
            self.model,
            watch(self.train_loader),
            self.valid_loader,
            self.optimizer,
            self.loss,
            epochs=self.recipe.training.epochs,
            patience=self.recipe.training.early_stopping or None,
        ):
            self.history.append(result)
            write_history(self.folder / "history.csv", self.history)
            yield result
        self.test_accuracy = test(self.model, self.test_loader)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        with uninterrupted():
            try:
                save_model(self.model, self.folder / "model.safetensors")
            except GlassworkError as failure:
                with suppress(GlassworkError):
                    self._write_result("failed", str(failure))
                raise
            if error is None or isinstance(error, KeyboardInterrupt):
                self._write_result("interrupted" if self.test_accuracy is None else "finished")
            else:
                self._write_result("failed", str(error))

    def _write_result(self, state: Literal["running", "finished", "interrupted", "failed"], reason: str = "") -> None:
        result = RunResult(
            state=state,
            epochs=len(self.history),
            test_accuracy=self.test_accuracy,
            split=self.parts.scheme,
            seconds=sum(epoch.seconds for epoch in self.history),
            reason=reason,
        )
        write_whole(self.folder / "result.json", msgspec.json.format(msgspec.json.encode(result)) + b"\n")


def _make_folder(wanted: Path | None, name: str) -> Path:
    today = Path("runs") / f"{datetime.date.today():%Y-%m-%d}-{name}"
    candidates: Iterator[Any] = (
        iter([wanted])
        if wanted
        else (today if n == 1 else today.with_name(f"{today.name}-{n}") for n in range(1, 10_000))
    )
    for folder in candidates:
        try:
            folder.mkdir(parents=True)
        except OSError as error:
            if folder.exists():
                continue
            raise FileError(f"{folder}: this folder cannot be made ({error.strerror}); choose another") from error
        return Path(folder)
    raise FileError(f"{wanted or today}: exists already, and a run never overwrites anything; choose another folder")
