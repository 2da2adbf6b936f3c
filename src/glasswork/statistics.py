"""How far an accuracy can be trusted, and which differences are real.

    one network      94 of 103 right ──► Wilson's interval ──► 84 to 95 %
    two networks     the images that only one of them gets right ──► McNemar's test ──► p value
    two recipes      the accuracies of several seeds each ──► Welch's t ──► p value
    several pairs    p values ──► Holm's correction ──► which differences are real

SciPy is imported when a p value is computed.
"""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

#: The largest probability with which a set of comparisons may claim a difference although none is real.
SIGNIFICANCE = 0.05


@dataclass(frozen=True)
class Sample:
    """Repeated measurements of one quantity.

    Attributes
    ----------
    mean : float
    deviation : float
        Standard deviation, with ``count − 1`` in the denominator; 0 for one measurement.
    count : int
        Measurements, at least 1.
    """

    mean: float
    deviation: float
    count: int

    @property
    def error(self) -> float:
        """Standard error of the mean."""
        return self.deviation / math.sqrt(self.count)

    @classmethod
    def of(cls, values: Sequence[float]) -> "Sample":
        """Return the sample of at least one measurement."""
        deviation = statistics.stdev(values) if len(values) > 1 else 0.0
        return cls(statistics.fmean(values), deviation, len(values))


def accuracy_interval(correct: int, count: int) -> tuple[float, float]:
    """Return the 95 % confidence interval of an accuracy, in percent, from how many of so many images are right.

    It is Wilson's score interval, which holds for few images and for accuracies near 100 % too.

    References
    ----------
    E. B. Wilson, Probable inference, the law of succession, and statistical inference, Journal of the American
    Statistical Association 22, 1927.
    """
    z2 = statistics.NormalDist().inv_cdf(1 - SIGNIFICANCE / 2) ** 2
    centre = (correct + z2 / 2) / (count + z2)
    half = math.sqrt(z2 * (correct * (count - correct) / count + z2 / 4)) / (count + z2)
    return max(0.0, 100 * (centre - half)), min(100.0, 100 * (centre + half))


def accuracy_in_words(accuracy: float, count: int, things: str = "images", where: str = "") -> str:
    """Return ``91.26% (94 of 103 images, handout split; 95 % confidence: 84 to 95 %)``.

    Parameters
    ----------
    accuracy : float
        Percent.
    count : int
        Images or rows that it was measured on.
    things : {"images", "rows"}
    where : str
        What images these are, such as ``handout split``.
    """
    correct = round(accuracy * count / 100)
    what = f"{correct:,} of {count:,} {things}" + (f", {where}" if where else "")
    return f"{accuracy:.2f}% ({what}; 95 % confidence: {interval_in_words(correct, count)})"


def accuracies_in_words(accuracies: Sequence[float], count: int, things: str = "images", where: str = "") -> str:
    """Return `accuracy_in_words` of one seed; of several, their mean, standard deviation and standard error."""
    if len(accuracies) == 1:
        return accuracy_in_words(accuracies[0], count, things, where)
    sample = Sample.of(accuracies)
    return (
        f"{sample.mean:.2f} ± {sample.deviation:.2f}% (mean ± standard deviation over {sample.count} seeds, standard "
        f"error {sample.error:.2f}; {count:,} {things}, {where})"
    )


def interval_in_words(correct: int, count: int) -> str:
    """Return `accuracy_interval` as ``94.5 to 95.4 %``, with as many decimals as tell its ends apart."""
    low, high = accuracy_interval(correct, count)
    digits = 0 if high - low > 2 else 1 if high - low > 0.2 else 2
    return f"{low:.{digits}f} to {high:.{digits}f} %"


@dataclass(frozen=True)
class Disagreement:
    """How two networks differ on the same images, by McNemar's test in its exact form.

    Attributes
    ----------
    first, second : int
        Images that only the first, or only the second, gets right.
    p_value : float
        The probability of so unequal a division, or a more unequal one, if each of these images was equally likely to
        be either's: a two-sided binomial test.

    References
    ----------
    Q. McNemar, Note on the sampling error of the difference between correlated proportions or percentages,
    Psychometrika 12, 1947.
    """

    first: int
    second: int
    p_value: float

    @classmethod
    def of(cls, first_right: NDArray[np.bool_], second_right: NDArray[np.bool_]) -> "Disagreement":
        """Return how two networks differ, from which images each gets right, in the same order."""
        first, second = int((first_right & ~second_right).sum()), int((second_right & ~first_right).sum())
        if first + second == 0:
            return cls(0, 0, 1.0)
        from scipy.stats import binomtest

        return cls(first, second, float(binomtest(first, first + second).pvalue))

    def in_words(self, one: str, other: str, *, claimed: bool) -> str:
        """Return which network is better, if that is claimed, with the numbers that say so."""
        if self.first < self.second:
            return Disagreement(self.second, self.first, self.p_value).in_words(other, one, claimed=claimed)
        verdict = f"{one} is better than {other}" if claimed else f"no difference shown between {one} and {other}"
        alone = f"only {one} is right on {self.first:,}, only {other} on {self.second:,}"
        return f"{verdict}: {alone} (p = {self.p_value:.2g})"


def difference_p_value(first: Sample, second: Sample, *, resolution: float) -> float:
    """Return the probability of a difference of means at least this large if both quantities have the same mean.

    This is Welch's two-sided t test, made cautious for few measurements. Welch's degrees of freedom are estimated from
    the same measurements. With two or three of them and unequal spreads, the test claims too much: it is wrong in up to
    10 % of families of 12 true null hypotheses, at a nominal 5 %. We average Welch's degrees of freedom with their
    lowest possible value, the smaller ``count − 1``, which keeps the rate below 5 %.

    Parameters
    ----------
    first, second : Sample
    resolution : float
        The step in which the quantity is measured, in its unit; 0 if it is continuous. The spread is taken to be at
        least that of rounding, ``resolution / √12``: three equal values may all have been rounded to one.

    Returns
    -------
    float
        From 0 to 1; NaN if a sample has fewer than two measurements, which show nothing about its spread.

    References
    ----------
    B. L. Welch, The generalization of 'Student's' problem when several different population variances are involved,
    Biometrika 34, 1947.
    """
    least = min(first.count, second.count) - 1
    if least < 1:
        return math.nan
    if first.mean == second.mean:
        return 1.0
    floor = resolution**2 / 12
    a, b = (max(sample.deviation**2, floor) / sample.count for sample in (first, second))
    if a + b == 0:
        return 0.0
    from scipy.special import stdtr

    welch = (a + b) ** 2 / (a**2 / (first.count - 1) + b**2 / (second.count - 1))
    t = abs(first.mean - second.mean) / math.sqrt(a + b)
    return 2 * float(stdtr((welch + least) / 2, -t))


def significant(p_values: Sequence[float]) -> list[bool]:
    """Return which of several comparisons show a difference, using Holm's correction for the number of comparisons.

    If no difference is real, the probability of claiming one or more is at most `SIGNIFICANCE`. A comparison whose p
    value is NaN shows nothing and is not counted.

    References
    ----------
    S. Holm, A simple sequentially rejective multiple test procedure, Scandinavian Journal of Statistics 6, 1979.
    """
    tested = sorted((p, index) for index, p in enumerate(p_values) if not math.isnan(p))
    claimed = [False] * len(p_values)
    for rank, (p, index) in enumerate(tested):
        if p > SIGNIFICANCE / (len(tested) - rank):
            break
        claimed[index] = True
    return claimed
