"""Shared: a value that every worker of a Dask cluster holds, as a plugin: sent once to each, also to those that join.

Data that Dask itself scatters among workers do not stay there: it removes copies that no task is waiting for.
"""

from typing import Any

from distributed import WorkerPlugin


class Shared(WorkerPlugin):
    """A value that a worker holds for the tasks that ask for it by name; see `glasswork.tasks.run.OnWorker`."""

    def __init__(self, value: Any) -> None:
        self.value = value
