"""The server's side of watching: one run, as its training shows it, for any number of pages.

training ──Look──► newest look ──at most ten a second──► each page    a slow page misses looks, and holds nobody up
                   points for the curves, thinned          what a page missed is sent when it comes back
history.csv, result.json ──► epochs, findings, the end
"""

import asyncio
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Client, Connection
from typing import Any

import msgspec
import numpy as np

from glasswork.errors import GlassworkError, InputError
from glasswork.models.model_file import load_model
from glasswork.recipes.experiment import Experiment, assemble
from glasswork.report.live import live_data
from glasswork.report.page import kinds_of
from glasswork.report.storage import store
from glasswork.runs.folder import RunFolder
from glasswork.runs.looks import Command, Look, looks, pack, socket_of
from glasswork.runs.result import RunResult

#: Seconds between two messages to a page, at least; and between two questions to the files of a run.
INTERVAL, SLOWLY = 0.1, 0.5

#: Points of the curves that are kept; when there are more, every other one is dropped.
POINTS = 2000


@dataclass
class Point:
    """What the curves show of one look."""

    seq: int
    step: int
    epoch: float
    loss: float | None
    learning_rate: float
    updates: list[float | None]


class Hub:
    """Follows one run; ``changed`` is notified whenever there is something new for pages."""

    def __init__(self, place: RunFolder) -> None:
        self.place = place
        self.changed = asyncio.Condition()
        self.seq, self.points = 0, list[Point]()
        self.look: msgspec.Raw | None = None
        self.history: list[Any] = []
        self.result: RunResult | None = None
        self.facts: dict[str, Any] = {}
        self.problem = ""
        self.opened = asyncio.Event()
        self._training: Connection | None = None
        self._experiment: Experiment | None = None
        self._newest: Look | None = None
        self._fresh = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    async def open(self) -> None:
        """Read the run, and follow it from now on."""
        try:
            await asyncio.to_thread(self._read)
        except GlassworkError as error:
            self.problem = str(error)
        self.opened.set()
        self._tasks = [asyncio.create_task(self._follow_files()), asyncio.create_task(self._follow_training())]

    async def close(self) -> None:
        """Stop following; the training goes on."""
        for task in self._tasks:
            task.cancel()
        self._hang_up()

    def command(self, command: Command) -> str:
        """Pass a page's command to the training; return why that is not possible, if it is not."""
        if self._training is None:
            why = "its training cannot be reached; a Python program needs a Publisher for that"
            if self.end is not None:
                why = f"this run is {self.end['state']}, so nothing can be asked of it"
            return f"{self.place.path.name}: {why}"
        try:
            self._training.send_bytes(pack(command))
        except OSError as error:
            return f"{self.place.path.name}: its training does not answer ({error})"
        return ""

    # What there is to tell ----------------------------------------------------------------------------

    @property
    def state(self) -> tuple[int, int, Any]:
        """What changes when there is news: the number of the last look, the epochs, and the end."""
        return self.seq, len(self.history), self.end

    def news(self, after: int, epochs: int) -> dict[str, Any]:
        """Return what is new to a page that has looks up to one, and so many epochs."""
        points = [point for point in self.points if point.seq > after]
        history = self.history[epochs if epochs <= len(self.history) else 0 :]
        look = self.look if self.seq > after else None
        return {"kind": "news", "points": points, "history": history, "end": self.end, "look": look}

    @property
    def end(self) -> dict[str, Any] | None:
        """How the run ended; None if it has not."""
        if self.result is None or self.result.state == "running":
            return None
        return {
            "state": self.result.state, "reason": self.result.reason, "test_accuracy": self.result.test_accuracy,
        }  # fmt: skip

    # The run's files ----------------------------------------------------------------------------------

    def _read(self) -> None:
        recipe = self.place.recipe()
        if self.place.result().members:
            raise InputError(f"{self.place.path.name}: a committee is not trained, so there is nothing to watch")
        experiment = self._experiment = assemble(recipe, self.place.kept_data())
        self.result, self.history = self._read_results()
        if self.end is not None and self.place.model_path.exists():
            for array, trained in zip(
                experiment.model.state().values(), load_model(self.place.path).state().values(), strict=True
            ):
                array[...] = trained
        data = live_data(self.place, experiment)
        self.facts = {
            "kinds": kinds_of(data), "data": msgspec.Raw(msgspec.json.encode(data)), "epochs": recipe.training.epochs,
            "steps": len(experiment.train_loader), "dropout": recipe.network.dropout > 0,
            "engine": recipe.training.engine, "loss": data.loss_name,
        }  # fmt: skip

    def _read_results(self) -> tuple[RunResult, list[Any]]:
        return self.place.result(), self.place.history()

    async def _follow_files(self) -> None:
        """See each epoch that is done, and the end."""
        while self.end is None and not self.problem:
            await asyncio.sleep(SLOWLY)
            before = self.state
            with suppress(GlassworkError, OSError):
                self.result, self.history = await asyncio.to_thread(self._read_results)
            if self.state != before:
                await self._tell()

    async def _tell(self) -> None:
        async with self.changed:
            self.changed.notify_all()

    # The training -------------------------------------------------------------------------------------

    async def _follow_training(self) -> None:
        """Listen to the training for as long as it is there, and look for it again if it is not."""
        loop = asyncio.get_running_loop()
        while self.end is None and not self.problem:
            try:
                training = await asyncio.to_thread(lambda: Client(str(socket_of(self.place.path)), family="AF_UNIX"))
            except (OSError, GlassworkError):
                await asyncio.sleep(SLOWLY)
                continue
            self._training = training
            threading.Thread(target=self._listen, args=(training, loop), daemon=True).start()
            while self._training is training:
                await self._fresh.wait()
                self._fresh.clear()
                begun = time.monotonic()
                if (newest := self._newest) is not None:
                    self._newest = None
                    self._note(newest, await asyncio.to_thread(self._stored, newest))
                    await self._tell()
                cost = time.monotonic() - begun
                await asyncio.sleep(max(INTERVAL - cost, 4 * cost))

    def _listen(self, training: Connection, loop: asyncio.AbstractEventLoop) -> None:
        """Take looks in a thread, and hand them to the loop."""
        while self._training is training:
            look = None
            try:
                look = looks.decode(training.recv_bytes())
            except msgspec.MsgspecError:
                continue
            except (OSError, EOFError, ValueError):
                self._hang_up()
            with suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(self._arrive, look)

    def _arrive(self, look: Look | None) -> None:
        """Keep the newest look only; none has come if the training has hung up."""
        self._newest = look or self._newest
        self._fresh.set()

    def _hang_up(self) -> None:
        training, self._training = self._training, None
        if training is not None:
            with suppress(OSError):
                training.close()

    def _stored(self, look: Look) -> Any:
        """Return the network of a look as a page stores it; a thread does this, and changes nothing that pages see."""
        assert self._experiment is not None
        model = self._experiment.model
        for array, content in zip(model.state().values(), look.weights, strict=True):
            array[...] = np.frombuffer(content, array.dtype).reshape(array.shape)
        return store(model, "int8")

    def _note(self, look: Look, layers: Any) -> None:
        """Make a look the newest that pages are told, and a point of the curves."""
        self.seq += 1
        epoch = look.epoch + look.batch / self.facts["steps"]
        point = Point(self.seq, look.step, epoch, look.loss, look.learning_rate, [size.update for size in look.sizes])
        if look.loss is not None:
            self.points.append(point)
        if len(self.points) > POINTS:
            del self.points[-2::-2]
        facts = {name: getattr(look, name) for name in look.__struct_fields__ if name != "weights"}
        self.look = msgspec.Raw(msgspec.json.encode({"seq": self.seq, **facts, "layers": layers}))
