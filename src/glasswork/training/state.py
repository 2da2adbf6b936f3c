"""The state of a training as one thing: model, optimiser, average and position are copied and restored together.

    model, optimiser, average, progress  ──keep──►  progress.state      at the end of every epoch
                                         ◄─restore─                     after an error, and to go on

The weights that the user finds in the model may be different: ``show`` gives it the weights that were validated.
"""

from __future__ import annotations

from contextlib import suppress
from weakref import WeakKeyDictionary

import numpy as np

from glasswork.arrays import FloatArray
from glasswork.engine.contract import Loader, Model, Optimizer, memory_of
from glasswork.errors import StateError
from glasswork.nn import MLP
from glasswork.nn.module import modules_in
from glasswork.nn.random_layer import RandomLayer
from glasswork.optim import Average
from glasswork.training.checks import same_arrays
from glasswork.training.memory import memory_of_optimizer, restore_optimizer
from glasswork.training.progress import Progress, State


class Training:
    """Everything that a training changes.

    Parameters
    ----------
    model, optimizer
    average : Average or None
    progress : Progress
    loader : iterable of batches, optional
        One with ``seek`` and ``epoch``, such as `Batches`, is moved to the position that is restored.
    """

    def __init__(
        self, model: Model, optimizer: Optimizer, average: Average | None, progress: Progress, loader: Loader = ()
    ) -> None:
        self.model, self.optimizer, self.average, self.progress = model, optimizer, average, progress
        self._loader = loader
        self._inputs_before = getattr(model, "inputs", None)
        self._epochs_before = getattr(loader, "epoch", 1) - 1 - progress.epoch  # of the loader, before this training

    def current(self) -> State:
        """Return what training continues from: not copies, so it must be written at once."""
        if self.progress.shown and self.progress.state is not None:
            return self.progress.state
        optimizer: dict[str, FloatArray] = getattr(self.optimizer, "live_state", dict)()
        average = {} if self.average is None else self.average.live_state()
        return State(self.weights(), optimizer, average, self.progress.position())

    def begin(self) -> None:
        """Restore what training continues from, if the model holds other weights; otherwise keep a copy of it."""
        if self.progress.shown and self.progress.state is not None:
            self.restore()
        else:
            self.keep()

    def go_on(self) -> None:
        """Put the weights of the training into the model, if it holds their average."""
        if self.average is not None:
            self.average.hide()
        self.progress.shown = False

    def keep(self) -> None:
        """Copy everything into ``progress.state``."""
        average = {} if self.average is None else self.average.state()
        weights = [array.copy() for array in self.weights()]
        self.progress.last_good = self.progress.last_good or weights
        self.progress.state = State(weights, memory_of_optimizer(self.optimizer), average, self.progress.position())

    def note_epoch(self, accuracy: float, measure: float | None = None) -> None:
        """Count an epoch, and keep the state at its end; the model must hold the weights that were validated.

        ``measure`` is what is monitored in place of the accuracy.
        """
        progress, average = self.progress, self.average
        self.keep()
        assert progress.state is not None
        state, validated = progress.state, progress.state.weights
        if average is not None:
            averages = {memory_of(array): state.average[f"average.{i}"] for i, array in enumerate(average.arrays)}
            validated = [
                averages.get(memory_of(array), weights)
                for array, weights in zip(arrays_of(self.model), state.weights, strict=True)
            ]
        progress.note_epoch(accuracy, validated, measure)
        state.position.update(progress.position())
        progress.shown = average is not None

    def restore(self) -> None:
        """Return to the whole of ``progress.state``; if this is interrupted, the next training begins by restoring it.

        Raises
        ------
        StateError
            If the state belongs to another model.
        """
        progress, state = self.progress, self.progress.state
        assert state is not None
        if [array.shape for array in arrays_of(self.model)] != [array.shape for array in state.weights]:
            raise StateError("fit: this progress belongs to a model with other shapes; give the model its own, or none")
        progress.shown = True
        if self.average is not None and state.average:
            self.average.load_state(state.average)
        restore_optimizer(self.optimizer, state.optimizer)
        self._write(state.weights)  # last, as a student's optimiser may hold the same arrays under names of its own
        self.restore_position()
        progress.shown = False

    def restore_position(self) -> None:
        """Set the progress, and the loader, to the position of ``progress.state``."""
        progress, loader = self.progress, self._loader
        assert progress.state is not None
        vars(progress).update(progress.state.position)
        count_steps(self.optimizer, progress.step)
        if hasattr(loader, "seek") and hasattr(loader, "epoch"):
            loader.seek(self._epochs_before + progress.epoch + 1, progress.batch)

    def forget_inputs(self) -> None:
        """Forget what a first epoch that diverged noted about its inputs, as it left no weights behind."""
        if self.progress.epoch == 0 and isinstance(self.model, MLP):
            self.model.inputs = self._inputs_before

    def give_up(self, *, best: bool) -> None:
        """End after an error: return to the state at the end of the last epoch; the model holds the validated weights.

        In the first epoch, the model keeps the weights of its last step, which were not validated.
        """
        assert self.progress.state is not None
        if self.progress.state.position["epoch"] == 0:
            self.restore_position()
            self.progress.shown = True
        else:
            self.restore()
            self.show(best=best)

    def show(self, *, best: bool) -> None:
        """Give the model the weights that were validated last, or the best ones, unless no epoch is done yet."""
        progress = self.progress
        if progress.state is None:
            self.keep()
        if progress.epoch == 0:
            progress.shown = self.average is not None  # as the average may end with this training
            return
        arrays = progress.best if best and progress.best else progress.last_good
        progress.shown = progress.state is None or arrays is not progress.state.weights
        if self.average is not None:
            self.average.show()
        self._write(arrays)

    def weights(self) -> list[FloatArray]:
        """Return the weights of the training, wherever they are now."""
        average = self.average
        if average is None or not average.shown:
            return arrays_of(self.model)
        hidden = {memory_of(array): kept for array, kept in zip(average.arrays, average.weights, strict=True)}
        return [hidden.get(memory_of(array), array) for array in arrays_of(self.model)]

    def _write(self, arrays: list[FloatArray]) -> None:
        for array, kept in zip(arrays_of(self.model), arrays, strict=True):
            array[...] = kept


def arrays_of(model: Model) -> list[FloatArray]:
    """Return all arrays of a model, including running statistics; only its parameters if ``state()`` returns copies."""
    state = getattr(model, "state", None)
    if not callable(state):
        return model.parameters()
    arrays, again = list(state().values()), list(state().values())
    return arrays if same_arrays(arrays, again) else model.parameters()


_counted: WeakKeyDictionary[Optimizer, int] = WeakKeyDictionary()  # steps of optimisers that do not count them


def count_steps(optimizer: Optimizer, steps: int) -> None:
    """Remember how many steps an optimiser has taken, for `first_step`."""
    with suppress(TypeError):  # it cannot be a key of a dict
        _counted[optimizer] = steps


def first_step(model: Model, optimizer: Optimizer) -> int:
    """Return the number of the next step: as the optimiser counts, or as counted here, or as random layers count."""
    steps = getattr(optimizer, "steps", None)
    if isinstance(steps, int | np.integer):
        return int(steps)
    with suppress(TypeError, KeyError):
        return _counted[optimizer]
    drawn = [layer.position for layer in modules_in(model) if isinstance(layer, RandomLayer)]
    return max((position[0] + 1 for position in drawn if position is not None), default=0)
