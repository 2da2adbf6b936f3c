"""The ``glasswork`` command: one file for each verb. The work is done in the packages below."""

from glasswork.cli.app import run

__all__ = ["run"]
