"""Every entry of the catalogue, inserted in an otherwise right file, is named exactly, at its line, and nothing else is."""

import difflib
import itertools
import re

import pytest
from texts import quick, without_sections

from glasswork.classroom.catalogue import changed, mistakes, solution
from glasswork.classroom.handout import PARTS
from glasswork.classroom.judging.rules import _SECOND, _THIRD, generic_hints
from glasswork.classroom.probes import Problem

SECTIONS = ("data", "normalize", "split", "settings")


def pytest_generate_tests(metafunc):
    """One variant of each mistake; with ``--every-variant``, all of those that run without sections 1 and 2."""
    if "variant" not in metafunc.fixturenames:
        return
    every = metafunc.config.getoption("--every-variant", default=False)
    cases = [
        pytest.param(mistake, variant, id=f"{mistake.id}-{i}")
        for mistake in mistakes().values()
        for i, variant in enumerate(mistake.variants)
        if i == 0 or (every and mistake.part not in SECTIONS)
    ]
    metafunc.parametrize(("mistake", "variant"), cases)


def judged(judge, text):
    return {report.name: report for report in judge(text)}


def test_a_mistake_is_named(judge, mistake, variant):
    whole = mistake.part in SECTIONS
    right, wrong = solution(), changed(variant)
    right, wrong = quick(right, wrong) if whole else map(without_sections, (right, wrong))
    reports = judged(judge, wrong)
    report = reports[mistake.part]
    assert (report.status in ("wrong", "remark"), report.mistake) == (True, mistake.id), report
    assert not [r for r in reports.values() if r.status == "wrong" and r.name != mistake.part]
    assert report.message.startswith(mistake.does)
    if report.status == "wrong":
        assert len(report.hints) == 3
        assert all(report.hints)
        assert max(longest_common(hint, report.message) for hint in report.hints) < 7, report
    lines = wrong.split("\n")
    new = set()
    for tag, _, _, start, end in difflib.SequenceMatcher(None, right.split("\n"), lines, autojunk=False).get_opcodes():
        new |= set(range(start + 1, end + 1)) if tag != "equal" else set()
    assert report.line is not None
    if any(lines[n - 1].strip() for n in new) and tag_is_plain(mistake.id):
        assert report.line in new, (report.line, report.code, sorted(new))


#: Where something is moved or left out, more than one line can be named with good reason.
ELSEWHERE = {
    "grad-bias-is-bias", "bias-like-weight", "labels-strings", "frame-not-array", "not-scaled", "scaled-twice",
    "train-no-step", "train-step-outside", "train-step-before-backward", "train-first-batch-only", "train-last-loss",
    "valid-accuracy-only", "test-first-batch", "optimizer-of-another-model", "batch-pairs-broken", "batch-one-only",
    "sigmoid-nothing-returned", "mlp-layer-order", "mlp-activation-doubled", "mlp-same-activation", "input-kept-is-output", "arrays-of-the-class", "loader-used-up",
    "train-zero-after-backward", "valid-trains", "backward-rebinds-gradients", "mlp-hidden-returned",
    "mlp-activation-before-linear", "split-order", "split-swapped", "ce-softmax-axis", "ce-sum", "ce-mean-of-all",
    "ce-log-of-zero", "ce-no-minus", "ce-softmax-all", "ce-overflow", "relu-backward-sigmoid",
}  # fmt: skip


def tag_is_plain(name):
    return name not in ELSEWHERE


def test_the_right_solution_is_right(judge):
    reports = judged(judge, solution())
    assert {name: report.status for name, report in reports.items()} == dict.fromkeys(PARTS, "done")


def test_entries_are_whole():
    for mistake in mistakes().values():
        assert mistake.does.endswith("."), mistake.id
        assert len({*mistake.hints}) == 3, mistake.id
        assert mistake.part == "*" or mistake.variants, mistake.id
    assert len(mistakes()) >= 150


def words_of(text):
    return re.findall(r"[\w.*^+/()'-]+", text.lower())


def longest_common(one, other):
    return difflib.SequenceMatcher(None, words_of(one), words_of(other), autojunk=False).find_longest_match().size


#: Words that point at numbers which stand in a message only.
POINTS_AT_NUMBERS = re.compile(
    r"\b(these|those|two|the) numbers (above|of the message|there|here)\b|the numbers given|on the probe"
)


@pytest.mark.parametrize("mistake", mistakes().values(), ids=lambda mistake: mistake.id)
def test_each_hint_says_something_new(mistake):
    for hint in mistake.hints:
        assert longest_common(hint, mistake.does) < 5, hint
        assert not POINTS_AT_NUMBERS.search(hint)
    for one, other in itertools.combinations(mistake.hints, 2):
        assert longest_common(one, other) < 6, (one, other)


@pytest.mark.parametrize("part", PARTS)
def test_each_hint_without_a_mistake_says_something_new(part):
    for property_ in _SECOND:
        hints = generic_hints(part, Problem("value", property_, "It is 3, not 4."), True)
        for one, other in itertools.combinations(hints, 2):
            assert longest_common(one, other) < 6, (one, other)
        assert not any(POINTS_AT_NUMBERS.search(hint) for hint in hints)
    assert set(_SECOND) == set(_THIRD)
