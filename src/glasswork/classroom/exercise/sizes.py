"""The sizes of the three sets: chosen by a teacher, stated in the texts of an exercise, read there by a check.

A check finds them in a comment of the code: ``# ... 55,000 (training), 5,000 (validation) and 10,000 (test) ...``.
"""

import re
from collections.abc import Callable, Iterable

from glasswork.classroom.handout import SIZES
from glasswork.errors import InputError

#: The images of MNIST, and the fewest of a set: a batch has 100.
_ALL, _LEAST = 70_000, 1_000

#: A number and what it counts, in English and in German.
_STATED = {
    "train": re.compile(r"([\d.,]*\d) \((?:training|Training)\)"),
    "valid": re.compile(r"([\d.,]*\d) \((?:validation|Validierung)\)"),
    "test": re.compile(r"([\d.,]*\d) \([tT]est\)"),
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
    """Return the sizes that a comment states; those of the handout if there is no such comment."""
    for line in lines:
        if line.lstrip().startswith("#"):
            found = {name: pattern.search(line) for name, pattern in _STATED.items()}
            if all(found.values()):
                return {name: int(re.sub(r"\D", "", match[1])) for name, match in found.items() if match is not None}
    return SIZES


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
