"""The training's side of watching: it shows itself to servers that ask, and obeys what they send.

after a step ──Look──► a queue of two, which drops the older one ──thread──► a server     (none asks: nothing is done)
             ◄─Command─ a queue ◄──thread── a server

Servers come through a socket that only this user can open. The training never waits for them. It spends at most a
fiftieth of its time on looks. If it is paused and the last server goes away, it goes on.
"""

import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection, Listener
from types import TracebackType
from typing import Self

import msgspec
import numpy as np

from glasswork.arrays import FloatArray
from glasswork.errors import GlassworkError
from glasswork.nn import Dropout, Linear
from glasswork.runs.looks import Command, Look, Size, State, commands, pack, socket_of
from glasswork.runs.run import Run
from glasswork.training.loop import StopTraining
from glasswork.training.progress import Progress

#: Seconds between two looks: at least this, and at least this many times the seconds that a look takes.
INTERVAL, SPARING = 0.1, 50

#: Seconds of a step in slow motion, and between two looks at whether a paused training is to stop.
SLOW, PATIENCE = 0.5, 0.1


class Publisher:
    """Shows a run while it is trained: an ``after_step`` callable, and a context manager inside the run's block.

    Parameters
    ----------
    run : Run
    should_stop : callable, optional
        As for a `Run`: a pause ends if it returns True.
    """

    def __init__(self, run: Run, should_stop: Callable[[], bool] = lambda: False) -> None:
        self._run, self._should_stop = run, should_stop
        self._state: State = "training"
        self._servers: dict[Connection, deque[bytes]] = {}
        self._commands: deque[Command] = deque(maxlen=64)
        self._wake = threading.Condition()
        self._listener: Listener | None = None
        self._steps_left = 0
        self._before: list[FloatArray] | None = None  # the weights a step ago, while a look is being taken
        self._due = self._cost = 0.0
        self._said = ""
        self._last: tuple[int, float | None, list[Size]] = (-1, None, [])  # the step of the last look, and what it saw
        self._seen = (0, 0, 0.0)  # epoch, samples and total loss at the last look
        self._begun = (run.progress.step, time.monotonic())
        self._idle = 0.0

    @property
    def every_step(self) -> bool:
        """Whether it has to be called after the very next step."""
        return self._state != "training" or self._before is not None

    def __enter__(self) -> Self:
        with suppress(OSError, GlassworkError):  # then nobody can watch, and all else works
            path = socket_of(self._run.folder)
            path.unlink(missing_ok=True)  # a killed process left it; the run's lock keeps others out
            self._listener = Listener(str(path), family="AF_UNIX")
            threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._listener is not None:
            with suppress(OSError):
                self._listener.close()
        with self._wake:
            servers, self._servers = self._servers, {}
            self._wake.notify_all()  # each sends what is left, and closes
        for server in servers:
            with suppress(OSError):
                server.close()

    def __call__(self, progress: Progress) -> None:
        """Take a look if it is time, and obey what pages have asked for."""
        if not self._servers and not self._commands and self._state == "training":
            return
        now = time.monotonic()
        if self._before is not None or (self._servers and now >= self._due):
            self._look(progress, now)
        if self._commands or self._state != "training":
            self._obey(progress)

    # Looks ------------------------------------------------------------------------------------------

    def _look(self, progress: Progress, now: float) -> None:
        """Remember the weights; one step later, show what that step did."""
        weights = self._weights()
        if self._before is None:
            self._before = [weight.copy() for _, weight, _ in weights]
            self._cost = time.monotonic() - now
            return
        before, self._before = self._before, None
        kept = self._run.engine == "numpy"
        sizes = [
            Size(name, _norm(weight), _norm(weight - old), _norm(gradient) if kept else None)
            for (name, weight, gradient), old in zip(weights, before, strict=True)
        ]
        self._last = (progress.step, self._loss(progress), sizes)
        self._show(progress)
        self._cost += time.monotonic() - now
        self._due = now + max(INTERVAL, SPARING * self._cost)

    def _loss(self, progress: Progress) -> float | None:
        """Return the mean loss since the last look, within an epoch."""
        epoch, samples, total = self._seen if self._seen[0] == progress.epoch else (progress.epoch, 0, 0.0)
        learnt = progress.num_samples - samples
        loss = (progress.total_loss - total) / learnt if learnt > 0 else None
        self._seen = (epoch, progress.num_samples, progress.total_loss)
        return loss

    def _show(self, progress: Progress) -> None:
        """Give each server a look at the training as it is now."""
        experiment = self._run.experiment
        if self._last[0] != progress.step:
            sizes = [Size(name, _norm(weight)) for name, weight, _ in self._weights()]
            self._last = (progress.step, self._loss(progress), sizes)
        done, all_steps = progress.step, self._run.recipe.training.epochs * len(experiment.train_loader)
        seconds = time.monotonic() - self._begun[1] - self._idle
        speed = (done - self._begun[0]) / seconds if seconds > 0 and done > self._begun[0] else None
        dropouts = [layer.p for name, layer in self._named() if isinstance(layer, Dropout) and name != "drop0"]
        look = Look(
            state=self._state,
            step=done,
            epoch=progress.epoch,
            batch=progress.batch,
            loss=self._last[1],
            learning_rate=float(experiment.optimizer.rate(done)),
            base_rate=float(experiment.optimizer.base_lr),
            dropout=dropouts[0] if dropouts else None,
            speed=speed,
            seconds_left=(all_steps - done) / speed if speed else None,
            sizes=self._last[2],
            weights=[array.tobytes() for array in experiment.model.state().values()],
            said=self._said,
        )
        content = pack(look)
        with self._wake:
            for waiting in self._servers.values():
                waiting.append(content)
            self._wake.notify_all()

    def _named(self) -> "list[tuple[str, object]]":
        return list(self._run.model.named_layers.items())

    def _weights(self) -> list[tuple[str, FloatArray, FloatArray]]:
        return [(name, layer.weight, layer.grad_weight) for name, layer in self._named() if isinstance(layer, Linear)]

    # Commands ---------------------------------------------------------------------------------------

    def _obey(self, progress: Progress) -> None:
        """Do what pages have asked for; return when the next step is to be done."""
        begun = time.monotonic()
        if self._take(progress):
            self._show(progress)
        if self._state == "slow":
            self._wait(SLOW)
            if self._take(progress):
                self._show(progress)
        if self._state == "paused" and self._steps_left == 0:
            self._run.save()  # so that nothing is lost, however long it stands
            self._show(progress)
            while self._state == "paused" and self._steps_left == 0 and not self._should_stop():
                self._wait(PATIENCE)
                if self._take(progress):
                    self._show(progress)
                if not self._servers:
                    self._state = "training"
        self._steps_left = max(0, self._steps_left - 1)
        if self._state != "training" and self._before is None:  # the next step is looked at
            self._before = [weight.copy() for _, weight, _ in self._weights()]
        self._idle += time.monotonic() - begun

    def _wait(self, seconds: float) -> None:
        with self._wake:
            if not self._commands:
                self._wake.wait(seconds)

    def _take(self, progress: Progress) -> bool:
        """Take all commands that have come; return whether there were any."""
        taken = bool(self._commands)
        while self._commands:
            command = self._commands.popleft()
            self._said = ""
            if command.do == "stop":
                self._run.save()
                raise StopTraining
            if command.do == "step":
                self._state, self._steps_left = "paused", self._steps_left + 1
            elif command.do in ("learning_rate", "dropout"):
                try:
                    self._run.change(**{command.do: command.value})  # type: ignore[arg-type]  # None is refused in words
                except GlassworkError as error:
                    self._said = str(error)
            else:
                states: dict[str, State] = {"pause": "paused", "go": "training", "slow": "slow"}
                self._state, self._steps_left = states[command.do], 0
        return taken

    # Servers, each with two threads -----------------------------------------------------------------

    def _accept(self, listener: Listener) -> None:
        while True:
            try:
                server = listener.accept()
            except OSError:  # the training has ended
                return
            with self._wake:
                self._servers[server] = deque(maxlen=2)
            for work in (self._send, self._receive):
                threading.Thread(target=work, args=(server,), daemon=True).start()

    def _send(self, server: Connection) -> None:
        while True:
            with self._wake:
                waiting = self._servers.get(server)
                if waiting is None:
                    return None
                if not waiting:
                    self._wake.wait(1)
                    continue
                content = waiting.popleft()
            try:
                server.send_bytes(content)
            except (OSError, ValueError):
                return self._forget(server)

    def _receive(self, server: Connection) -> None:
        while True:
            try:
                command = commands.decode(server.recv_bytes(10_000))
            except msgspec.MsgspecError:  # not a command
                continue
            except (OSError, EOFError, ValueError):
                return self._forget(server)
            with self._wake:
                self._commands.append(command)
                self._wake.notify_all()

    def _forget(self, server: Connection) -> None:
        with self._wake:
            self._servers.pop(server, None)
        with suppress(OSError):
            server.close()


def _norm(array: FloatArray) -> float:
    return float(np.sqrt(np.vdot(array, array)))
