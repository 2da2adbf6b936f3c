"""The ``glasswork`` command: one file a verb, each a thin hand to the rooms below."""

from glasswork.cli.app import run

__all__ = ["run"]
