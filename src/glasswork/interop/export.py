"""export: a trained network in a file for other programs, and how equal the file's answers are.

net.onnx   net.h   net.py   net.safetensors   net.npz        the suffix decides, or ``format=``
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from glasswork.arrays import FloatArray, Labels
from glasswork.errors import InputError, MissingLibraryError
from glasswork.features import in_order
from glasswork.files import write_whole
from glasswork.inputs import Inputs
from glasswork.interop.arrays import npz_bytes, safetensors_bytes
from glasswork.interop.c_code import c_source, prefix_of
from glasswork.interop.fitted import check_classifies
from glasswork.interop.load import load, random_rows
from glasswork.interop.onnx import onnx_bytes
from glasswork.interop.program import Program, program_of
from glasswork.interop.python_code import python_source
from glasswork.interop.translation import require
from glasswork.models.committee import Committee
from glasswork.nn import MLP
from glasswork.nn.scores import probabilities_of
from glasswork.outputs import check_output
from glasswork.pixels import as_array, as_rows


class _Language(NamedTuple):
    """A format: its suffix, how it is written, how the written file is asked, and what runs it."""

    suffix: str
    write: Callable[[Program, Path, dict[str, bool]], bytes]
    ask: Callable[[Path, FloatArray, dict[str, bool], Program], FloatArray]
    runs_in: str


@dataclass(frozen=True)
class Exported:
    """A file that was written, and how well its answers agree with the network's.

    Attributes
    ----------
    path : Path
    labels : (N,) integers or None
        What the file said about the rows; None if it could not be asked here.
    same_labels : int
        Rows for which both say the same label.
    difference : float
        The largest difference of a probability.
    asked_with : str
        The program that ran the file, or why none did.
    notes : tuple of str
        What the file needs.
    """

    path: Path
    labels: Labels | None = None
    same_labels: int = 0
    difference: float = 0.0
    asked_with: str = ""
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        if self.labels is None:
            return f"{self.path}: not compared, because {self.asked_with}"
        return (
            f"{self.path}: gives {self.same_labels:,} of {len(self.labels):,} rows the network's label; "
            f"probabilities differ by at most {self.difference:.1e} (asked with {self.asked_with})"
        )


def export(
    model: Any,
    path: str | Path,
    *,
    format: str | None = None,  # noqa: A002  (the word of the command's option)
    bare: bool = False,
    int8: bool = False,
    rows: ArrayLike | None = None,
    data: Mapping[str, Any] | None = None,
    force: bool = False,
) -> Exported:
    """Write a network into a file for other programs, and compare the file's answers with the network's.

    Parameters
    ----------
    model : MLP, Run, or a fitted classifier
        A classifier is an ``MLPClassifier`` of glasswork or scikit-learn, alone or behind scalers in a pipeline, which
        become part of the file.
    path : path
        ``.onnx``, ``.h`` (C), ``.py`` (NumPy only), ``.safetensors`` (PyTorch's state dict) or ``.npz`` (plain arrays).
    format : {"onnx", "c", "python", "torch", "npz"}, optional
        By default the suffix decides.
    bare : bool
        ONNX only: the layers alone, from prepared numbers to scores. Otherwise raw numbers come in, and label and
        probabilities out, as for C and Python. The formats that hold only arrays are always bare.
    int8 : bool
        C only: weights of 8 bits, multiplied in whole numbers; a quarter of the size.
    rows : (N, in_features), optional
        Raw rows to compare the answers on, such as test images; by default 1,000 random ones within the training range.
    data : mapping, optional
        The recipe's settings of the data, such as the split, to be stated in the file; those of a run by default.
    force : bool
        Whether a file that glasswork did not write may be replaced.

    Returns
    -------
    Exported
        Prints as one line.

    Raises
    ------
    InputError
        If the format is not known or lacks an option, the rows are not raw data of the network, a layer is not one of
        glasswork's, a pipeline has another step than scalers, or the file exists and glasswork did not write it.
    MissingLibraryError
        If the library that writes the format is missing.
    FileError
        If the file cannot be written.
    """
    path = Path(path)
    name = _format_of(path, format)
    language, options = FORMATS[name], {"bare": bare, "int8": int8}
    for option, only in (("bare", "onnx"), ("int8", "c")):
        if options[option] and name != only:
            raise InputError(f"export: {option} is for the format {only}, got {name}")
    if hasattr(model, "recipe"):
        model, data = model.model, data or stated(model.recipe)
    if not isinstance(model, MLP):
        check_classifies(model)
        model = load(model)
    if isinstance(model, Committee) and name in ("torch", "npz"):
        raise InputError(f"export: a committee is written as onnx, c or python, got {name}; or export its members")
    given = random_rows(model) if rows is None else _checked(rows, model)
    program = program_of(model, who="export", data=data)
    check_output(path, force=force)
    content = language.write(program, path, options)
    write_whole(path, content)
    notes = tuple(re.findall(r"Needs .* tables\.", content[:2000].decode())) if name == "c" else ()
    try:
        found = language.ask(path, given, options, program)
    except (MissingLibraryError, OSError) as error:
        return Exported(path, asked_with=str(error), notes=notes)
    expected, labels = model.probabilities(given), found.argmax(axis=1)
    return Exported(
        path,
        labels=labels,
        same_labels=int((labels == expected.argmax(axis=1)).sum()),
        difference=float(np.abs(found - expected).max()),
        asked_with=language.runs_in,
        notes=notes,
    )


def _checked(rows: ArrayLike, model: MLP) -> NDArray[Any]:
    """Return rows to compare the answers on, ``(n, in_features)``; raise an InputError if they are not raw data."""
    inputs = model.inputs or Inputs()
    array = as_array("export", in_order(rows, inputs.columns, inputs.label, who="export"))
    given = as_rows("export", array, model.in_features, inputs.shape)[:1000]
    if len(given) == 0:
        raise InputError("export: expected at least one row to compare the answers on, got none")
    inputs.prepared(given, model.dtype, who="export")
    return given


def _format_of(path: Path, given: str | None) -> str:
    """Return the name of a format, stated or by the suffix."""
    known = ", ".join(f"{name} ({language.suffix})" for name, language in FORMATS.items())
    if given is not None:
        if given not in FORMATS:
            raise InputError(f"export: expected format to be one of {known}, got {given!r}")
        return given
    for name, language in FORMATS.items():
        if path.suffix.lower() == language.suffix:
            return name
    raise InputError(f"{path}: expected a suffix that tells the format, or format=: {known}")


def stated(recipe: Any) -> dict[str, Any]:
    """Return what a file states of a recipe's data: how they are divided and read, but not where they are."""
    return {key: value for key, value in recipe.to_dict()["data"].items() if key != "source"}


def _ask_onnx(path: Path, rows: FloatArray, options: dict[str, bool], program: Program) -> FloatArray:
    runtime = require("onnxruntime", install="'glasswork[interop]'")
    session = runtime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    if not options["bare"]:
        return session.run(["probabilities"], {"images": rows.astype(np.float32)})[0]  # type: ignore[no-any-return]
    (scores,) = session.run(None, {"images": program.model.prepared(rows).astype(np.float32)})
    return probabilities_of(scores, program.model.scores_are)


def _ask_python(path: Path, rows: FloatArray, options: dict[str, bool], program: Program) -> FloatArray:
    import runpy

    return runpy.run_path(str(path))["predict"](rows)[1]  # type: ignore[no-any-return]


def _ask_c(path: Path, rows: FloatArray, options: dict[str, bool], program: Program) -> FloatArray:
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        raise MissingLibraryError("no C compiler (cc, gcc or clang) is installed here")
    p = prefix_of(path)
    main = (
        f'#include <stdio.h>\n#include "{path.resolve()}"\nint main(void) {{\n'
        f"    static float x[{p.upper()}_INPUTS], y[{p.upper()}_CLASSES], s[{p.upper()}_SCRATCH];\n"
        f"    while (fread(x, sizeof x, 1, stdin) == 1) {{ {p}_predict(x, y, s); fwrite(y, sizeof y, 1, stdout); }}\n"
        "    return 0;\n}\n"
    )
    with tempfile.TemporaryDirectory() as folder:
        source, binary = Path(folder) / "ask.c", Path(folder) / "ask"
        source.write_text(main, encoding="utf-8")
        subprocess.run([compiler, "-std=c99", "-O2", str(source), "-o", str(binary), "-lm"], check=True)
        done = subprocess.run([str(binary)], input=rows.astype("<f4").tobytes(), capture_output=True, check=True)
    return np.frombuffer(done.stdout, "<f4").reshape(len(rows), -1)


def _ask_again(path: Path, rows: FloatArray, options: dict[str, bool], program: Program) -> FloatArray:
    return load(path).probabilities(rows)


#: Every format; a new one is one line here.
FORMATS: dict[str, _Language] = {
    "onnx": _Language(".onnx", lambda p, _, o: onnx_bytes(p, bare=o["bare"]), _ask_onnx, "onnxruntime"),
    "c": _Language(".h", lambda p, path, o: c_source(p, path, int8=o["int8"]).encode(), _ask_c, "a C compiler"),
    "python": _Language(".py", lambda p, *_: python_source(p).encode(), _ask_python, "NumPy"),
    "torch": _Language(".safetensors", lambda p, *_: safetensors_bytes(p), _ask_again, "glasswork"),
    "npz": _Language(".npz", lambda p, *_: npz_bytes(p), _ask_again, "glasswork"),
}
