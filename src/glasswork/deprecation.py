"""How a public name or argument goes: first it warns for a minor version, and works as before; then it is removed."""

import warnings


def warn_deprecated(old: str, *, instead: str, removed_in: str, stacklevel: int = 2) -> None:
    """Warn that something public will be removed; the warning points to the line that uses it.

    Parameters
    ----------
    old, instead : str
        What is going, and what to write in its place, as a user types them.
    removed_in : str
        The version without it, such as "0.4.0".
    stacklevel : int
        As in `warnings.warn`, counted from the function that calls this one: 2 is its caller.
    """
    message = f"{old} is deprecated and will be removed in glasswork {removed_in}; use {instead}"
    warnings.warn(message, DeprecationWarning, stacklevel=stacklevel + 1)
