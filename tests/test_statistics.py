"""Differences of repeated measurements: what is claimed where nothing is, and where something is."""

import math
from fractions import Fraction

import numpy as np
import pytest
import scipy.stats

from glasswork.runs.ladder_table import RungResult, describe_step, gains
from glasswork.statistics import (
    Disagreement,
    Sample,
    accuracy_in_words,
    accuracy_interval,
    difference_p_value,
    significant,
)

NAN = float("nan")
STEPS = 12


def ladders(count, seeds, spreads, steps=(0.0,) * STEPS):
    """Ladders whose rungs differ by so much, each seed's accuracy with a random error, rounded to one test image."""
    rng = np.random.default_rng(7)
    means = 96 + np.cumsum([rng.uniform(0, 0.01), *steps])
    errors = rng.normal(0, 1, (count, len(means), seeds)) * np.resize(spreads, len(means))[:, None]
    for accuracies in np.round(means[:, None] + errors, 2):
        yield [RungResult("a", "", tuple(rung), 0, 0.0) for rung in accuracies.tolist()]


def claimed(words):
    return [not word.startswith(("no measurable gain (", "one seed: not judged (")) for word in words]


@pytest.mark.parametrize("seeds", [2, 3, 5])
@pytest.mark.parametrize("spreads", [(0.1,), (0.05, 0.5), (0.3, 0.1, 0.03), (0.004,)], ids=str)
def test_a_ladder_without_any_effect_is_credited_with_one_in_at_most_5_percent(seeds, spreads):
    found = [any(claimed(gains(ladder)[1:])) for ladder in ladders(400, seeds, spreads)]
    assert np.mean(found) <= 0.05


@pytest.mark.parametrize("seeds", [2, 3, 5])
@pytest.mark.parametrize("spreads", [(0.1,), (0.05, 0.5)], ids=str)
def test_a_single_step_without_effect_is_credited_in_at_most_8_percent(seeds, spreads):
    found = claimed(describe_step(*pair) for pair in ladders(800, seeds, spreads, steps=(0.0,)))
    assert np.mean(found) <= 0.08


@pytest.mark.parametrize(("seeds", "effect"), [(2, 300), (3, 20), (5, 6)])
def test_an_effect_of_many_deviations_is_found_and_nothing_beside_it(seeds, effect):
    steps = np.zeros(STEPS)
    steps[4], steps[7] = 0.02 * effect, -0.02 * effect
    found = np.array([claimed(gains(ladder)[1:]) for ladder in ladders(200, seeds, (0.02,), steps)])
    assert found[:, [4, 7]].mean() > 0.9
    assert np.delete(found, [4, 7], axis=1).any(axis=1).mean() <= 0.05


@pytest.mark.parametrize("accuracies", [((95.0,), (99.0,)), ((95.0,), (98.9, 99.1)), ((95.0, 95.1), (99.0,))])
def test_one_seed_shows_nothing_and_spoils_nothing_beside_it(accuracies):
    rungs = [RungResult("a", "", seeds, 0, 0.0) for seeds in accuracies]
    assert describe_step(*rungs).startswith("one seed: not judged (+")
    steady = [RungResult("a", "", (mean, mean + 0.02, mean + 0.04), 0, 0.0) for mean in (90.0, 95.0)]
    assert gains([*rungs, *steady])[-1] == "+5.00"


@pytest.mark.parametrize(("correct", "count"), [(0, 1), (1, 1), (0, 13), (13, 13), (94, 103), (9_750, 10_000)])
def test_the_interval_of_an_accuracy_is_wilsons(correct, count):
    expected = scipy.stats.binomtest(correct, count).proportion_ci(0.95, method="wilson")
    assert accuracy_interval(correct, count) == pytest.approx((100 * expected.low, 100 * expected.high), abs=1e-9)


@pytest.mark.parametrize(
    ("correct", "count", "words"),
    [
        (94, 103, "91.26% (94 of 103 rows, source split; 95 % confidence: 84 to 95 %)"),
        (1, 1, "100.00% (1 of 1 rows, source split; 95 % confidence: 21 to 100 %)"),
        (9_521, 10_000, "95.21% (9,521 of 10,000 rows, source split; 95 % confidence: 94.8 to 95.6 %)"),
        (59_940, 60_000, "99.90% (59,940 of 60,000 rows, source split; 95 % confidence: 99.87 to 99.92 %)"),
    ],
)
def test_an_accuracy_is_reported_with_its_images_its_split_and_its_interval(correct, count, words):
    assert accuracy_in_words(100 * correct / count, count, "rows", "source split") == words


def rights(both, first, second, neither):
    """Which images each of two networks gets right, in a random order."""
    pairs = np.repeat(
        [[True, True], [True, False], [False, True], [False, False]], (both, first, second, neither), axis=0
    )
    return np.random.default_rng(0).permutation(pairs).T


@pytest.mark.parametrize(("first", "second"), [(0, 0), (1, 0), (0, 5), (3, 3), (2, 9), (30, 12), (150, 260)])
def test_mcnemars_test_sums_the_binomial_distribution_of_the_disagreements(first, second):
    found = Disagreement.of(*rights(500, first, second, 20))
    n = first + second
    tail = sum(math.comb(n, k) for k in range(min(first, second) + 1))
    assert (found.first, found.second) == (first, second)
    assert found.p_value == pytest.approx(min(1.0, float(Fraction(2 * tail, 2**n))), rel=1e-9)


def test_mcnemars_test_claims_a_difference_of_equal_networks_in_at_most_5_percent():
    rng = np.random.default_rng(11)
    for accuracy, copied in [(0.9, 0.5), (0.6, 0.0), (0.97, 0.95)]:
        one, fresh = (rng.random((400, 1000)) < accuracy for _ in range(2))
        other = np.where(rng.random(one.shape) < copied, one, fresh)
        assert np.mean([Disagreement.of(*pair).p_value <= 0.05 for pair in zip(one, other, strict=True)]) <= 0.05


def test_what_mcnemars_test_found_in_words():
    found = Disagreement.of(*rights(500, 2, 20, 20))
    assert (
        found.in_words("a", "b", claimed=True) == "b is better than a: only b is right on 20, only a on 2 (p = 0.00012)"
    )
    assert found.in_words("a", "b", claimed=False).startswith(
        "no difference shown between b and a: only b is right on 20"
    )


def test_the_p_value_lies_between_welchs_and_that_of_the_fewest_degrees_of_freedom():
    rng = np.random.default_rng(3)
    for first, second in [(2, 2), (3, 3), (5, 3), (4, 20)]:
        a, b = rng.normal(0, 1, first), rng.normal(1, 3, second)
        ours = difference_p_value(Sample.of(a), Sample.of(b), resolution=0.0)
        welch = scipy.stats.ttest_ind(a, b, equal_var=False)
        assert welch.pvalue <= ours <= 2 * scipy.stats.t.sf(abs(welch.statistic), min(first, second) - 1)
        assert ours == pytest.approx(difference_p_value(Sample.of(b), Sample.of(a), resolution=0.0), rel=1e-12)
    large = rng.normal(0, 1, 4000), rng.normal(0.05, 2, 4000)
    ours = difference_p_value(*map(Sample.of, large), resolution=0.0)
    assert ours == pytest.approx(scipy.stats.ttest_ind(*large, equal_var=False).pvalue, rel=1e-3)


def test_values_that_rounding_made_equal_prove_nothing():
    assert difference_p_value(Sample(98.01, 0, 3), Sample(98.02, 0, 3), resolution=0.01) > 0.01
    assert difference_p_value(Sample(98.01, 0, 3), Sample(98.01, 0, 3), resolution=0.01) == 1
    assert difference_p_value(Sample(98.0, 0, 3), Sample(99.0, 0, 3), resolution=0.01) < 1e-4
    assert difference_p_value(Sample(1.0, 0, 2), Sample(2.0, 0, 2), resolution=0.0) == 0


@pytest.mark.parametrize(
    ("p_values", "expected"),
    [
        ([0.01, 0.04, 0.03, 0.005], [True, False, False, True]),  # adjusted: 0.03, 0.06, 0.06, 0.02
        ([0.01, 0.04, 0.02, 0.005], [True, True, True, True]),
        ([0.013, 0.001, 0.9, 0.02], [True, True, False, True]),
        ([0.0126, 0.9, 0.9, 0.9], [False] * 4),
        ([0.02, NAN, 0.04, NAN], [True, False, True, False]),
        ([NAN], [False]),
        ([], []),
    ],
)
def test_holms_correction(p_values, expected):
    assert significant(p_values) == expected


def test_a_sample():
    sample = Sample.of([95.0, 96.0, 98.5])
    assert sample.mean == pytest.approx(96.5)
    assert sample.deviation == pytest.approx(np.std([95.0, 96.0, 98.5], ddof=1))
    assert (sample.count, Sample.of([3.0])) == (3, Sample(3.0, 0.0, 1))
