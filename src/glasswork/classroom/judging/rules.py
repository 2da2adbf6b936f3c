"""Mistakes that can be in any part, recognised by the kind of error; and hints where no mistake has a name."""

import re
from collections.abc import Collection
from typing import Any

from glasswork.classroom.handout import CLASSES
from glasswork.classroom.probes.base import Problem, first_crash
from glasswork.classroom.student.observe import Crash

#: The kind of an error -> the entry of the catalogue.
_RULES = {
    "NameError": "undefined-name",
    "UnboundLocalError": "used-before-assigned",
    "AttributeError": "unknown-attribute",
    "OutOfTime": "endless-loop",
    "RecursionError": "endless-recursion",
}

_METHODS = {method for methods in CLASSES.values() for method in methods}


def crashes_of(results: Any) -> list[Crash]:
    """Return all crashes among results, however deep."""
    if isinstance(results, Crash):
        return [results]
    if isinstance(results, dict):
        return [crash for value in results.values() for crash in crashes_of(value)]
    if isinstance(results, list | tuple):
        return [crash for value in results for crash in crashes_of(value)]
    return []


def named_by_rule(results: dict[str, Any], names: Collection[str] = ()) -> str | None:
    """Return the entry for results that are errors of one of the kinds that speak for themselves.

    ``names`` are the file's global variables.
    """
    crashes = crashes_of(results)
    kinds = {crash.kind for crash in crashes}
    if kinds == {"NameError"} and any(crash.name in names for crash in crashes):
        return "global-for-argument"
    if kinds == {"AttributeError"} and any(crash.name in _METHODS for crash in crashes):
        return "method-of-another"
    if len(kinds) == 1 and crashes[0].line is not None:
        return _RULES.get(kinds.pop())
    return None


#: What a probe says of a part that uses a variable of the whole file, which it does not find when it is tried alone.
_ASKS = re.compile(r"gives an error \(NameError: name '([Xy]\w*)' is not defined\)")


def sentence(says: str) -> str:
    """Return a finding with a capital at its beginning, unless it begins with a name from the code."""
    says = _ASKS.sub(r"asks for \1, a variable of the whole file", says)
    first = says.split(maxsplit=1)[0] if says else ""
    is_code = re.search(r"[._()0-9]|['`]", first) or first in _CODE
    return says if is_code else says[:1].upper() + says[1:]


def without_repeats(says: str, told: str) -> str:
    """Return a finding without the clauses of which every word was told before."""
    known = set(_words(told))
    kept = [clause for clause in re.split(r"(?<=[.;:]) ", says) if not known.issuperset(_words(clause))]
    text = " ".join(kept)
    if text.count("(") != text.count(")"):  # a clause in brackets stays whole
        return says
    return text[:-1] + "." if text.endswith((":", ";")) else text


def _words(text: str) -> list[str]:
    """Return the words and numbers of a text, without the smallest words and without endings."""
    found = re.findall(r"[\w.*'-]*\w", text.lower())
    return [
        w.removesuffix("s") for w in found if w not in ("the", "a", "an", "is", "are", "of", "to", "it", "and", "so")
    ]


_CODE = {
    "x", "y", "p", "g", "weight", "bias", "forward", "backward", "train", "valid", "test", "self", "step", "label",
    "pred", "target", "lr", "loss", "model", "optimizer", "criterion", "parameters", "gradients",
    "def",
}  # fmt: skip


def only_crashes(results: dict[str, Any]) -> bool:
    """Return whether all results are errors."""
    return bool(results) and all(isinstance(value, Crash) for value in results.values())


def same_error(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Return whether the first errors among two results have the same words, names and numbers in them apart."""
    forms = {re.sub(r"'[^']*'|\(.*?\)|[\w.]*\d[\w.]*", "·", f"{first_crash(results)}") for results in (one, other)}
    return len(forms) == 1


_FIRST = {
    "Linear.__init__": "Look at the four arrays that __init__ makes, one by one.",
    "Linear.forward": "Look at the line that computes the output of the layer.",
    "Linear.backward": "Look at the three gradients, and compare with the handout's lines.",
    "split": "Look at the lines that make the three sets.",
    "data": "Look at section 1: what does each line of it make of X and y?",
    "normalize": "Look at the lines that rescale the pixels.",
    "settings": "Look at sections 8 and 9: the sizes, the learning rate, and what is handed to what.",
}
_SECOND = {
    "shape": "The array does not have the shape that it should have.",
    "sizes": "A set has more or fewer images than it should have; a split shares out only what it is given.",
    "missing": "Six arrays are needed, three of images and three of labels, under the names that the code below uses.",
    "value": "The numbers are other ones than the formula of the handout gives.",
    "content": "What a name stands for here is not what the rest of the file takes it for.",
    "scale": "The result is too large or too small by a factor.",
    "range": "The smallest and the largest pixel do not become -1 and 1.",
    "nan": "One number that is nan spreads: whatever is computed from it is nan, too.",
    "unchanged": "An array that is held elsewhere stays as it was: what is computed here does not reach it.",
    "spread": "The weights are not small random numbers around 0.",
    "sign": "The sign is the wrong one.",
    "aliasing": "Two names stand for one and the same array, so that a change under one name is seen under the other.",
    "dtype": "The array holds another kind of number than it should hold.",
    "gradient": "The gradient is not the slope of the loss.",
    "randomness": "What should be random is not, or what should differ is the same.",
    "error": "Python stops at this line, and its words say why.",
    "result": "What is handed back, or left undone, is not what the handout asks for.",
    "name": "Something is called by a name that it does not have.",
    "sets": "One of the three sets was treated in another way than the others.",
    "type": "This is another type of object than the rest of the file needs.",
}
_THIRD = {
    "shape": "Write the shape of every array beside the line, and find the first one that is not what it should be.",
    "sizes": "Write down how many images each line is given, and how many of them it hands to which set.",
    "missing": "Find the line that makes each of the six, and print its shape there.",
    "value": "Take a small example, do the computation by hand, and compare each step with what your line does.",
    "content": "Print it just after this line, and compare it with what the handout has in its place.",
    "scale": "Count by which numbers, and how often, you divide or multiply; compare with the handout's formula.",
    "range": "Print X.min() and X.max() before and after each line of section 1.",
    "nan": "Print np.isnan(X).sum() after each line of section 1: which makes the first, and by what does it divide?",
    "unchanged": "A plain = gives a name to a new array; -=, fill() and [...] = write into the old one: which is it?",
    "spread": "Print the mean, the standard deviation and the first rows of the weight.",
    "sign": "Look for a difference that is taken the wrong way round, or for a plus that should be a minus.",
    "aliasing": "Find out which array is a copy and which is the original: compare id(a) with id(b), before and after.",
    "dtype": "Print the dtype of the array, and make it of decimal numbers from the start.",
    "gradient": "Change one weight by 0.001, see how much the loss changes, and compare with the gradient you compute.",
    "randomness": "Run it twice and print the first numbers: what should differ, and what should not?",
    "error": "Read the last line of the error, then print the shape and the type of everything on that line.",
    "result": "Follow the function line by line for one small input: what does it hand back at its end?",
    "name": "Compare the spelling with the handout's, letter by letter.",
    "sets": "Do it once, before the split; or do the same to all three sets.",
    "type": "Print type() of it where it is made, and once more where it is used.",
}


def generic_hints(part: str, problem: Problem, located: bool) -> tuple[str, str, str]:
    """Return hints for a problem that is no entry of the catalogue."""
    if problem.property == "error" and part in _FIRST and located:
        part, located = "the line that is named", False
    first = _FIRST.get(part, f"Look at {part}." if not located else f"Look at {part}, at the line that is named.")
    return first, _SECOND.get(problem.property, _SECOND["value"]), _THIRD.get(problem.property, _THIRD["value"])
