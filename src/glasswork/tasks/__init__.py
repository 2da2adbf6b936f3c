"""Many independent pieces of work: one function that runs them, and the local processes that it runs them in."""

from glasswork.tasks.run import Outcome, run_tasks

__all__ = ["Outcome", "run_tasks"]
