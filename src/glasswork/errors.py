"""The errors that glasswork raises on purpose.

Each message names the object that complained, what it expected, what it got and what to do.
The command prints only that message; any other exception is a bug in glasswork.

    GlassworkError
    ├── InputError      a value handed in is wrong                   (also a ValueError)
    │   └── RecipeError an experiment cannot be run as it is described
    ├── StateError      the right call at the wrong moment           (also a RuntimeError)
    ├── FileError       a file is missing, damaged or not ours       (also an OSError)
    ├── DivergedError   the loss stopped being a number              (also an ArithmeticError)
    ├── UnhealthyError  a training fails to learn, and was told to be strict
    ├── TaskError       one of many tasks failed
    └── MissingLibraryError   an optional library is not installed   (also an ImportError)
"""


class GlassworkError(Exception):
    """Base of every error raised on purpose."""


class InputError(GlassworkError, ValueError):
    """A value handed in is wrong: a width, a dtype, a range, a name."""


class RecipeError(InputError):
    """An experiment cannot be run as it is described: an unknown key, a value out of range."""


class StateError(GlassworkError, RuntimeError):
    """The right call at the wrong moment, such as backward before forward."""


class FileError(GlassworkError, OSError):
    """A file is missing, damaged, not what it says it is, or cannot be written."""


class DivergedError(GlassworkError, ArithmeticError):
    """The loss, or a weight, became infinite or NaN while training."""


class UnhealthyError(GlassworkError):
    """A training runs without an error but learns nothing, or learns the wrong thing."""


class TaskError(GlassworkError):
    """One of many tasks failed, took too long, or took down its process."""


class MissingLibraryError(GlassworkError, ImportError):
    """A library that only some users need is not installed."""
