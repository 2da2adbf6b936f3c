"""A network as one Python file that needs NumPy only: ``labels, probabilities = predict(rows)``."""

from __future__ import annotations

import base64
import textwrap
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from glasswork.interop.program import Activation, Dense, Program, Stretch
from glasswork.outputs import SOURCE_MARK
from glasswork.version import __version__

#: Each activation of the array x, in NumPy.
_FUNCTIONS = {
    "sigmoid": "1 / (1 + np.exp(-np.maximum(x, -80)))",
    "tanh": "np.tanh(x)",
    "relu": "np.maximum(x, 0)",
    "leaky-relu": "np.maximum(x, {slope!r} * x)",
    "silu": "x / (1 + np.exp(-np.maximum(x, -80)))",
    "gelu": "x / 2 * (1 + np.tanh(0.7978845608028654 * (x + 0.044715 * x**3)))",
}

_HEAD = '''"""{model}, {mark} {version}. It needs NumPy only.

Takes rows of {count} raw numbers, as the network was trained on: {takes}.
{columns}"""

import base64

import numpy as np

CLASSES = {classes!r}


def _array(shape, text):
    return np.frombuffer(base64.b64decode(text), "<f4").reshape(shape)


'''

_FUNCTION = '''

def predict(rows):
    """Return the label of each row, an index into CLASSES, and the probability of each class."""
    x = np.asarray(rows, np.float32)
    x = x.reshape(-1, {count})
{lines}
    return x.argmax(axis=1), p / p.sum(axis=1, keepdims=True)
'''

_MEMBER = """

def _member_{number}(x):
{lines}
    return p / p.sum(axis=1, keepdims=True)
"""


def python_source(program: Program) -> str:
    """Return a network as the text of a Python module."""
    arrays: list[str] = []

    def name(word: str, array: NDArray[np.float64]) -> str:
        text = base64.b64encode(np.ascontiguousarray(array, "<f4").tobytes()).decode()
        shown = "\n".join(textwrap.wrap(f'"{text}"', 118)).replace("\n", '"\n    "')
        arrays.append(f"{word} = _array(\n    {array.shape},\n    {shown},\n)")
        return word

    lines = []
    if program.fill is not None:
        lines.append(f"x = np.where(np.isnan(x), {name('FILL', program.fill)}, x)")
    if program.offset is not None and program.factor is not None:
        lines.append(f"x = (x - {name('OFFSET', program.offset)}) * {name('FACTOR', program.factor)}")
    members = "".join(
        _MEMBER.format(number=k, lines=_indented(_steps(one, f"{k}_", name) + _answer(one)))
        for k, one in enumerate(program.members, 1)
    )
    if program.members:
        each = " + ".join(f"_member_{k}(x)" for k in range(1, len(program.members) + 1))
        lines.append(f"x = ({each}) / {len(program.members)}")
    lines += _steps(program, "", name) + _answer(program)
    head = _HEAD.format(
        model=repr(program.model), mark=SOURCE_MARK, version=__version__, count=program.model.in_features,
        takes=_plain(program.takes), columns="".join(f"{_plain(line)}\n" for line in program.columns),
        classes=program.model.classes,
    )  # fmt: skip
    body = _FUNCTION.format(count=program.model.in_features, lines=_indented(lines))
    return head + "\n".join(arrays) + "\n" + members + body


def _plain(text: str) -> str:
    """Return a text that may stand in a docstring."""
    return text.replace("\\", "/").replace('"', "'")


def _indented(lines: list[str]) -> str:
    return textwrap.indent("\n".join(lines), "    ")


def _steps(program: Program, prefix: str, name: Callable[[str, NDArray[np.float64]], str]) -> list[str]:
    """Return the lines from prepared numbers to scores, in x; ``name`` adds an array and returns its name."""
    lines = []
    for number, step in enumerate(program.steps, 1):
        at = f"{prefix}{number}"
        if isinstance(step, Dense):
            lines.append(f"x = x @ {name(f'WEIGHT_{at}', step.weight.T)} + {name(f'BIAS_{at}', step.bias)}")
        elif isinstance(step, Stretch):
            lines.append(f"x = x * {name(f'FACTOR_{at}', step.factor)} + {name(f'SHIFT_{at}', step.shift)}")
        elif isinstance(step, Activation):
            lines.append(f"x = {_FUNCTIONS[step.kind].format(slope=step.slope)}")
    return lines


def _answer(program: Program) -> list[str]:
    """Return the lines from the scores in x to p, shares that are still to be divided by their sum."""
    logits, lines = program.model.scores_are == "logits", []
    if program.model.out_features == 1:
        lines.append(f"x = np.hstack([{'0 * x' if logits else '1 - x'}, x])")
        if not logits:
            lines.append("x = x.clip(0, 1)")
    return [*lines, "p = np.exp(x - x.max(axis=1, keepdims=True))" if logits else "p = np.maximum(x, 1e-37)"]
