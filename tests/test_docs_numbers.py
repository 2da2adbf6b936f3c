"""The arithmetic that is printed in the pages is right: each chain of equations is worked out once more."""

import itertools
import math
import re
from pathlib import Path

LEARN = Path(__file__).parents[1] / "docs" / "learn"
NUMERIC = re.compile(r"(?:sigmoid|[\d.+\-*/() ])+")


def as_python(formula):
    """Return a formula of LaTeX as an expression of Python, or None if it has other letters than numbers have."""
    for latex, python in ((r"\cdot", "*"), (r"\sigma", "sigmoid"), (r"\,", " "), ("^2", "**2"), ("\n", " ")):
        formula = formula.replace(latex, python)
    formula = re.sub(r"\\frac\{([^{}]*)\}\{([^{}]*)\}", r"((\1) / (\2))", formula).strip()
    return formula if formula and NUMERIC.fullmatch(formula) else None


def equations(text):
    """Yield ``(left, right)`` for each equation between two numbers, or sums and products of numbers."""
    for formula in re.findall(r"\$\$(.*?)\$\$", text, re.DOTALL):
        for part in re.split(r"\\q?quad", formula):
            sides = [as_python(side) for side in re.split(r"=|\\leftarrow", part)]
            yield from ((a, b) for a, b in itertools.pairwise(sides) if a and b)


def value(expression):
    return eval(expression, {"__builtins__": {}, "sigmoid": lambda z: 1 / (1 + math.exp(-z))})


def wrong(text):
    """Return the equations whose sides differ by more than rounding to the digits of the right one."""
    found = []
    for left, right in equations(text):
        digits = len(right.partition(".")[2])
        if abs(value(left) - value(right)) > 0.5 * 10**-digits + 1e-9:
            found.append(f"{left} = {right}")
    return found


def test_backpropagation_by_hand():
    text = (LEARN / "backpropagation.md").read_text(encoding="utf-8")
    assert len(list(equations(text))) >= 20
    assert wrong(text) == []


def test_a_wrong_last_digit_is_noticed():
    text = (LEARN / "backpropagation.md").read_text(encoding="utf-8")
    for left, right in equations(text):
        off = right[:-1] + str((int(right[-1]) + 1) % 10)
        assert wrong(f"$$ {left} = {off} $$"), left
