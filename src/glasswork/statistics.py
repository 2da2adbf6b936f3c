"""Which differences between a few repeated measurements are real, and how far an accuracy can be trusted.

    two samples ──► Welch's t ──► p value ──┐
    two samples ──► Welch's t ──► p value ──┼──► Holm's correction ──► which differences are real
    two samples ──► Welch's t ──► p value ──┘

    94 of 103 right ──► Wilson's interval ──► 84.0 to 95.0 %

SciPy is imported when a p value is computed.
"""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

#: The largest probability with which a set of comparisons may claim a difference although none is real.
SIGNIFICANCE = 0.05

#: Points by which chance may move an accuracy that is reported on its own.
MOST_CHANCE = 1.0


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


def accuracy_in_words(accuracy: float, count: int, things: str = "images") -> str:
    """Return ``97.12%``; where chance alone moves it by more than a point, with the numbers of images and the interval.

    See `chance_in_words`.
    """
    chance = chance_in_words(accuracy, count, things)
    return f"{accuracy:.2f}%" + (f" ({chance})" if chance else "")


def chance_in_words(accuracy: float, count: int, things: str = "images") -> str:
    """Return ``94 of 103 images; 95 % confidence: 84 to 95 %``, or nothing where chance moves it by a point or less.

    Parameters
    ----------
    accuracy : float
        Percent.
    count : int
        Images or rows that it was measured on.
    things : {"images", "rows"}
    """
    correct = round(accuracy * count / 100)
    low, high = accuracy_interval(correct, count)
    if high - low <= 2 * MOST_CHANCE:
        return ""
    return f"{correct} of {count:,} {things}; 95 % confidence: {low:.0f} to {high:.0f} %"


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
