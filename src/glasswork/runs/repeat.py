"""Did repeating a run give the same result?"""

import numpy as np

from glasswork.errors import FileError
from glasswork.models.model_file import load_model
from glasswork.runs.folder import RunFolder


def compare_with(old: RunFolder, new: RunFolder) -> str:
    """Return a sentence that says whether a new run reproduced an old one byte for byte, or how much they differ.

    Raises
    ------
    FileError
        If the new run cannot be read.
    """
    try:
        before, then = old.result(), load_model(old.path)
    except FileError as error:
        return f"This run cannot be compared with {old.path}: {error}"
    after, now = new.result(), load_model(new.path)
    if before.state != "finished":
        return f"This run cannot be compared with {old.path}, which is {before.state}"
    arrays = [(a, b) for a, b in zip(then.state().values(), now.state().values(), strict=True)]
    if all(a.tobytes() == b.tobytes() for a, b in arrays):
        return f"Reproduced {old.path} byte for byte: the same weights, the same test accuracy."
    largest = max(float(np.abs(a - b).max()) for a, b in arrays)
    words = f"Not the same as {old.path}: weights differ by up to {largest:.1e}"
    if before.test_accuracy is not None and after.test_accuracy is not None:
        words += f", test accuracy {before.test_accuracy:.2f}% then and {after.test_accuracy:.2f}% now"
    differ = [
        f"{name} {was} then, {is_now} now"
        for name, was, is_now in (
            ("glasswork", before.version, after.version),
            ("NumPy", before.numpy, after.numpy),
            ("the engine", before.engine, after.engine),
        )
        if was != is_now
    ]
    return words + ("; " + ", ".join(differ) if differ else "") + "."
