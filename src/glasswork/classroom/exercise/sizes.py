"""The sizes of the three sets: chosen by a teacher, stated in the texts of an exercise, read there by a check.

A check finds them in comments of the code, ``# 55,000 (training), 5,000 (validation) and 10,000 (test)``, or in the
text of section 2: ``**Training set**, 55,000 images``.
"""

import re
from collections.abc import Callable, Iterable

from glasswork.classroom.handout import SIZES
from glasswork.errors import InputError

#: The images of MNIST, and the fewest of a set: a batch has 100.
_ALL, _LEAST = 70_000, 1_000

#: A number and what it counts, in English and in German: in a comment, and in the text.
_STATED = {
    "train": re.compile(r"([\d.,]*\d) \([tT]raining\)"),
    "valid": re.compile(r"([\d.,]*\d) \((?:validation|Validierung)\)"),
    "test": re.compile(r"([\d.,]*\d) \([tT]est\)"),
}
_IN_TEXT = {
    "train": re.compile(r"\*\*Training(?: set|smenge)\*\*, ([\d.,]*\d) "),
    "valid": re.compile(r"\*\*Validation set\*\*, ([\d.,]*\d) |\*\*Validierungsmenge\*\*, ([\d.,]*\d) "),
    "test": re.compile(r"\*\*Test(?: set|menge)\*\*, ([\d.,]*\d) "),
}


def read_sizes(text: str) -> dict[str, int]:
    """Return the sizes that are written as ``55000/5000/10000``: training, validation, test.

    Raises
    ------
    InputError
        If these are not three numbers, or more images than there are.
    """
    numbers = [int(word) for word in text.split("/") if re.fullmatch(r"\d{1,6}", word)]
    if len(numbers) != len(SIZES) or text.count("/") != len(SIZES) - 1:
        raise InputError(
            f"sizes: expected three numbers such as 7000/1000/2000 (training/validation/test), got {text!r}"
        )
    if sum(numbers) > _ALL or min(numbers) < _LEAST:
        raise InputError(f"sizes: expected sets of at least {_LEAST:,} images, {_ALL:,} in all, got {text}")
    return dict(zip(SIZES, numbers, strict=True))


def stated_sizes(lines: Iterable[str]) -> dict[str, int]:
    """Return the sizes that a script, or a notebook as it is stored, states; those of the handout if it states none.

    One comment that states all three counts before several, and these before the text.
    """
    lines = list(lines)
    comments = [line for line in lines if line.lstrip(' "').startswith("#")]
    for texts, patterns in (
        *(([line], _STATED) for line in comments),
        (comments, _STATED),
        (lines, _IN_TEXT),
    ):
        found = {name: {n for line in texts for n in _numbers(pattern, line)} for name, pattern in patterns.items()}
        if all(len(numbers) == 1 for numbers in found.values()):
            return {name: numbers.pop() for name, numbers in found.items()}
    return SIZES


def _numbers(pattern: re.Pattern[str], line: str) -> set[int]:
    return {int(re.sub(r"\D", "", next(filter(None, match.groups())))) for match in pattern.finditer(line)}


def with_sizes(text: str, sizes: dict[str, int], say: Callable[[str], str]) -> str:
    """Return a text with ``{train}``, ``{test_argument}`` and the other places for sizes filled in."""

    def number(count: int) -> str:
        return f"{count:,}".replace(",", say(","))

    rest = sizes["train"] + sizes["valid"]
    unused = _ALL - rest - sizes["test"]
    all_used = f"test_size={sizes['test']}"
    filled = {f"{{{name}}}": number(count) for name, count in (*sizes.items(), ("rest", rest))}
    filled["{test_argument}"] = all_used if unused == 0 else f"train_size={rest}, {all_used}"
    filled["{valid_argument}"] = f"test_size={sizes['valid']}"
    filled["{unused}"] = f" {say('{} images are left out.').format(number(unused))}" if unused else ""
    for place, value in filled.items():
        text = text.replace(place, value)
    return text
