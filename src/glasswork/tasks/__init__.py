"""Many independent tasks: one function that runs them, and the local processes in which it runs them."""

from glasswork.tasks.run import Outcome, run_tasks

__all__ = ["Outcome", "run_tasks"]
