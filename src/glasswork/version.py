"""The one place where the version of glasswork is written."""

__version__ = "0.2.0"
