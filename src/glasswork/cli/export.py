"""``glasswork export``: a run's network as a file for other programs."""

import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from glasswork.cli.options import Debug, Force, NetworkArgument
from glasswork.paths import typed_path


def export(
    run: NetworkArgument,
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="net.onnx, net.h, net.py, net.safetensors or net.npz.", parser=typed_path),
    ],
    format_: Annotated[
        Literal["onnx", "c", "python", "torch", "npz"] | None,
        typer.Option("--format", help="What to write.", show_default="the file's suffix decides"),
    ] = None,
    bare: Annotated[
        bool, typer.Option("--bare", help="ONNX: the layers alone, without preprocessing and probabilities.")
    ] = False,
    int8: Annotated[bool, typer.Option("--int8", help="C: weights of 8 bits, a quarter of the size.")] = False,
    force: Force = False,
    debug: Debug = False,
) -> None:
    """Write a run's network into a file for other programs: ONNX, C, Python, PyTorch or plain arrays.

    ONNX, C and Python files take raw data, such as pixels from 0 to 255, and give a label and probabilities. The file
    is then asked about 1,000 test images, and its answers are compared with the network's.

    Examples:

    glasswork export runs/mine digits.onnx

    glasswork export runs/mine net.h --int8
    """
    from glasswork.data.kinds import noun
    from glasswork.errors import GlassworkError
    from glasswork.interop.export import export as write, stated
    from glasswork.models.model_file import read_model_file
    from glasswork.outputs import check_output
    from glasswork.runs.data import data_of_run
    from glasswork.runs.folder import RunFolder

    read, data = read_model_file(run), None
    check_output(file, [run], force=force)
    try:
        data = stated(RunFolder(run).recipe())
        parts, _ = data_of_run(RunFolder(run))
        rows, labels = parts.test.images[:1000], parts.test.labels[:1000]
        of_what = f"test {noun(parts.kind)}"
    except GlassworkError as error:
        why = "it is a model file, and only a run has test data" if run.is_file() else error
        print(f"Notice: compared on random numbers, not on test data: {why}", file=sys.stderr)
        rows, labels, of_what = None, None, "rows of random numbers"
    done = write(read.model, file, format=format_, bare=bare, int8=int8, rows=rows, data=data, force=force)
    print(f"{file}: {file.stat().st_size:,} bytes")
    for note in done.notes:
        print(note)
    if done.labels is None:
        print(f"Its answers were not compared with the network's: {done.asked_with}.")
        return
    print(
        f"Of {len(done.labels):,} {of_what} it gives {done.same_labels:,} the network's label; probabilities differ by "
        f"at most {done.difference:.1e} (asked with {done.asked_with})."
    )
    if labels is not None and rows is not None:
        own = (read.model.predict(rows) == labels).mean()
        print(f"Accuracy on them: {100 * (done.labels == labels).mean():.1f}%, the network's own {100 * own:.1f}%.")
