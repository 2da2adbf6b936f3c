"""A network as one C header: C99, math.h only, no memory of its own; with ``int8``, weights and sums in whole numbers.

float scratch[NET_SCRATCH], probabilities[NET_CLASSES];
int label = net_predict(pixels, probabilities, scratch);
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glasswork.errors import InputError
from glasswork.interop.program import Activation, Dense, Program, Stretch
from glasswork.outputs import SOURCE_MARK
from glasswork.version import __version__

#: A sum of more products of two 8-bit numbers may not fit into 32 bits.
_MOST_PRODUCTS = (2**31 - 1) // 127**2

#: Each activation of the number x, in C.
_FUNCTIONS = {
    "sigmoid": "1.0f / (1.0f + expf(-x))",
    "tanh": "tanhf(x)",
    "relu": "x > 0.0f ? x : 0.0f",
    "leaky-relu": "x > 0.0f ? x : {slope:.9e}f * x",
    "silu": "x / (1.0f + expf(-x))",
    "gelu": "0.5f * x * (1.0f + tanhf(0.797884561f * (x + 0.044715f * x * x * x)))",
}

_DENSE = """
static void {p}_dense(const float *x, int n, const float *weight, const float *bias, int m, float *y)
{{
    for (int j = 0; j < m; j++) {{
        float sum = bias[j];
        for (int i = 0; i < n; i++)
            sum += weight[j * n + i] * x[i];
        y[j] = sum;
    }}
}}
"""

_DENSE_INT8 = """
/* x becomes whole numbers from -127 to 127 times one step; sums are whole numbers, then scaled back. */
static void {p}_dense(const float *x, int n, const signed char *weight, const float *scale, const float *bias, int m,
                      float *y, signed char *q)
{{
    float most = 0.0f;
    for (int i = 0; i < n; i++)
        if (fabsf(x[i]) > most)
            most = fabsf(x[i]);
    const float step = most > 0.0f ? most / 127.0f : 1.0f;
    for (int i = 0; i < n; i++)
        q[i] = (signed char)lrintf(x[i] / step);
    for (int j = 0; j < m; j++) {{
        long sum = 0;
        for (int i = 0; i < n; i++)
            sum += weight[j * n + i] * q[i];
        y[j] = bias[j] + step * scale[j] * (float)sum;
    }}
}}
"""


def c_source(program: Program, path: Path, *, int8: bool = False) -> str:
    """Return a network as the text of a C header, whose names begin like the file's: ``net.h`` has ``net_predict``.

    With ``int8``, weights are integers of 8 bits, with a scale for each neuron, and are multiplied as such.
    """
    p = prefix_of(path)
    tables = _Tables(p)
    functions, scratch = [], 0
    for number, member in enumerate(program.members, 1):
        lines, needed = _function(member, tables, int8, f"member{number}")
        functions += [
            f"static int {p}_member{number}(const float *input, float *probabilities, float *scratch)",
            *lines,
        ]
        scratch = max(scratch, needed)
    if program.members:
        body, scratch = (
            _mean(program, tables, scratch),
            scratch + program.model.in_features + len(program.model.classes),
        )
    else:
        body, scratch = _function(program, tables, int8, "")
    names = ", ".join(map(_string, program.model.classes))
    lines = [
        f"/* {program.model!r}, {SOURCE_MARK} {__version__}.",
        f" * Takes {program.model.in_features} raw floats, as the network was trained on: {_comment(program.takes)}.",
        *(f" * {_comment(line)}" for line in program.columns),
        f" * Needs {4 * scratch:,} bytes of RAM (the scratch buffer) and {tables.bytes:,} bytes of constant tables.",
        " * C99; includes math.h only, allocates nothing, keeps no state. */",
        f"#ifndef {p.upper()}_H",
        f"#define {p.upper()}_H",
        "#include <math.h>",
        "",
        f"#define {p.upper()}_INPUTS {program.model.in_features}",
        f"#define {p.upper()}_CLASSES {len(program.model.classes)}",
        f"#define {p.upper()}_SCRATCH {scratch}",
        "",
        f"static const char *const {p}_classes[{p.upper()}_CLASSES] = {{{names}}};",
        *tables.lines,
        (_DENSE_INT8 if int8 else _DENSE).format(p=p),
        *functions,
        "/* The label: an index into the classes. Fills their probabilities, which sum to 1. */",
        f"static inline int {p}_predict(const float *input, float *probabilities, float *scratch)",
        *body,
        f"#endif /* {p.upper()}_H */",
    ]
    return "\n".join(lines) + "\n"


def _function(program: Program, tables: _Tables, int8: bool, prefix: str) -> tuple[list[str], int]:
    """Return the body of the function of a network, and the floats of scratch that it needs."""
    widths = [program.model.in_features, *(len(step.bias) for step in program.steps if isinstance(step, Dense))]
    if int8 and max(widths) > _MOST_PRODUCTS:
        raise InputError(f"export: expected layers of at most {_MOST_PRODUCTS:,} inputs for int8, got {max(widths):,}")
    here, there = max(2, *widths), max(2, *widths[1:])  # x and y take turns in two parts of the scratch buffer
    quantised = [f"    signed char *q = (signed char *)(scratch + {here + there});"] if int8 else []
    turns = f"    float *x = scratch, *y = scratch + {here}, *swap;"
    body = ["{", turns, *quantised, *_calls(program, tables, int8, prefix), *_answer(program), "}"]
    return body, here + there + ((here + 3) // 4 if int8 else 0)


def _mean(program: Program, tables: _Tables, scratch: int) -> list[str]:
    """Return the body of the function of a committee, whose members need so much scratch."""
    count, members = len(program.model.classes), len(program.members)
    return [
        "{",
        f"    float *x = scratch + {scratch}, *one = x + {program.model.in_features};",
        _prepared(program, tables),
        f"    for (int k = 0; k < {count}; k++) probabilities[k] = 0.0f;",
        *(
            f"    {tables.prefix}_member{number}(x, one, scratch);\n"
            f"    for (int k = 0; k < {count}; k++) probabilities[k] += one[k] / {members}.0f;"
            for number in range(1, members + 1)
        ),
        "    int label = 0;",
        f"    for (int k = 1; k < {count}; k++) if (probabilities[k] > probabilities[label]) label = k;",
        "    return label;",
        "}",
    ]


def prefix_of(path: Path) -> str:
    """Return the prefix of a header's names: the stem of its file, as a C name."""
    p = re.sub(r"\W", "_", path.stem, flags=re.ASCII).lower()
    return p if p[:1].isalpha() else f"net_{p}"


class _Tables:
    """The constant tables of a header."""

    def __init__(self, prefix: str) -> None:
        self.prefix, self.lines, self.bytes = prefix, list[str](), 0

    def add(self, name: str, array: NDArray[Any], kind: str = "float") -> str:
        flat = np.asarray(array).ravel()
        self.bytes += flat.size * (1 if kind == "signed char" else 4)
        words = [f"{value:.9g}" if kind == "float" else str(value) for value in flat.tolist()]
        self.lines.append(f"static const {kind} {self.prefix}_{name}[{flat.size}] = {{")
        self.lines += [f"    {', '.join(words[i : i + 12])}," for i in range(0, len(words), 12)]
        self.lines.append("};")
        return f"{self.prefix}_{name}"


def _calls(program: Program, tables: _Tables, int8: bool, prefix: str) -> list[str]:
    """Fill the tables, whose names begin with a prefix; return the lines from the input to the scores in x."""
    lines = [_prepared(program, tables)]
    width = program.model.in_features
    for position, step in enumerate(program.steps, 1):
        number = f"{prefix}_{position}" if prefix else str(position)
        if isinstance(step, Dense):
            n, m, q = width, len(step.bias), ", q" if int8 else ""
            if int8:
                weight, scale = _quantised(step.weight)
                names = [tables.add(f"weight{number}", weight, "signed char"), tables.add(f"scale{number}", scale)]
            else:
                names = [tables.add(f"weight{number}", step.weight)]
            names.append(tables.add(f"bias{number}", step.bias))
            lines.append(f"    {tables.prefix}_dense(x, {n}, {', '.join(names)}, {m}, y{q});")
            lines.append("    swap = x; x = y; y = swap;")
            width = m
            continue
        if isinstance(step, Stretch):
            factor, shift = (
                tables.add(f"{name}{number}", np.broadcast_to(array, width))
                for name, array in (("factor", step.factor), ("shift", step.shift))
            )
            value = f"x[i] * {factor}[i] + {shift}[i]"
        elif isinstance(step, Activation):
            value = re.sub(r"\bx\b", "x[i]", _FUNCTIONS[step.kind].format(slope=step.slope))
        lines.append(f"    for (int i = 0; i < {width}; i++) x[i] = {value};")
    return lines


def _prepared(program: Program, tables: _Tables) -> str:
    """Return the line that copies the input into x, prepared."""
    value = "input[i]"
    if program.fill is not None:
        value = f"(isnan(input[i]) ? {tables.add('fill', program.fill)}[i] : input[i])"
    if program.offset is not None and program.factor is not None:
        if program.offset.size == 1:
            offset, factor = f"{program.offset[0]:.9e}f", f"{program.factor[0]:.9e}f"
        else:
            offset, factor = f"{tables.add('offset', program.offset)}[i]", f"{tables.add('factor', program.factor)}[i]"
        value = f"({value} - {offset}) * {factor}"
    return f"    for (int i = 0; i < {program.model.in_features}; i++) x[i] = {value};"


def _quantised(weight: NDArray[np.float64]) -> tuple[NDArray[np.int8], NDArray[np.float64]]:
    """Return weights as whole numbers from -127 to 127, and the scale of each row."""
    most = np.abs(weight).max(axis=1)
    scale = np.where(most > 0, most, 1) / 127
    return np.rint(weight / scale[:, np.newaxis]).astype(np.int8), scale


def _answer(program: Program) -> list[str]:
    """Return the lines from the scores in x to label and probabilities."""
    count, logits = len(program.model.classes), program.model.scores_are == "logits"
    lines = []
    if program.model.out_features == 1:
        lines.append(f"    x[1] = x[0]; x[0] = {'0.0f' if logits else '1.0f - x[1]'};")
    lines += [
        "    int label = 0;",
        f"    for (int k = 1; k < {count}; k++) if (x[k] > x[label]) label = k;",
        "    float sum = 0.0f;",
    ]
    value = "expf(x[k] - x[label])" if logits else "x[k] > 1e-37f ? x[k] : 1e-37f"
    if program.model.out_features == 1 and not logits:
        lines.append("    for (int k = 0; k < 2; k++) x[k] = x[k] < 0.0f ? 0.0f : x[k] > 1.0f ? 1.0f : x[k];")
    return [
        *lines,
        f"    for (int k = 0; k < {count}; k++) sum += probabilities[k] = {value};",
        f"    for (int k = 0; k < {count}; k++) probabilities[k] /= sum;",
        "    return label;",
    ]


def _string(text: str) -> str:
    """Return a C string literal; other letters than ASCII as octal escapes of their UTF-8."""
    return '"' + "".join(chr(b) if 32 <= b < 127 and b not in b'"\\?' else f"\\{b:03o}" for b in text.encode()) + '"'


def _comment(text: str) -> str:
    return text.replace("\\", "/").replace("*/", "* /").replace("/*", "/ *")
