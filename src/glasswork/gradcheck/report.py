"""GradientReport: what `gradcheck` found, as a table with a verdict: which backward is wrong first, and why.

gradient of       shape     relative error     ratio
loss              6 × 3            2.1e-11  1.000000  right
linear1.weight    5 × 4            1.0e+00  2.000000  WRONG        ◄ the first wrong row is where to look
"""

from __future__ import annotations

from dataclasses import dataclass

#: The relative error above which a gradient is reported wrong: differences are accurate to about 1e-7.
WRONG = 1e-5

#: How close a ratio has to be to a number for the advice to name it.
CLOSE = 1e-3


@dataclass(frozen=True)
class Check:
    """One gradient, by backward and by differences.

    Attributes
    ----------
    name : str
        ``"loss"``; an array as in the model's ``state()``; a layer's name and ``".input"`` for the gradient that it
        passes on; or ``"network"``, for all layers together.
    shape : tuple of int
        Of the whole array.
    error : float
        The largest difference of the two gradients, relative to the largest gradient in the array.
    ratio : float
        The factor between backward's gradient and the true one, by least squares: 1 if it is right, 2 if it has an
        extra factor of two. NaN if the true gradient is zero.
    proportional : bool
        Whether backward returned a multiple of the true gradient.
    problem : str
        What is wrong besides the numbers, such as an array that was replaced; otherwise empty.
    mode : str
        ``"evaluation"`` or ``"training"``; empty where both modes compute the same.
    """

    name: str
    shape: tuple[int, ...]
    error: float
    ratio: float
    proportional: bool = True
    problem: str = ""
    mode: str = ""

    @property
    def label(self) -> str:
        """The name, with the mode if both modes were checked."""
        return f"{self.name}, {self.mode}" if self.mode else self.name

    @property
    def right(self) -> bool:
        """Whether backward and differences agree, and nothing else is wrong."""
        return self.error <= WRONG and not self.problem


@dataclass(frozen=True)
class GradientReport:
    """All checks of one `gradcheck`, in this order: loss, layers, network, and then what differs in training mode.

    ``str(report)`` is a table.

    Attributes
    ----------
    checks : tuple of Check
    batch, classes : int
        The size of the check's scores, for the advice about ratios.
    """

    checks: tuple[Check, ...]
    batch: int
    classes: int

    @property
    def right(self) -> bool:
        """Whether every gradient is right."""
        return all(check.right for check in self.checks)

    @property
    def error(self) -> float:
        """The largest relative error of all checks."""
        return max(check.error for check in self.checks)

    @property
    def first_wrong(self) -> Check | None:
        """The first wrong check, which is where to look: later ones may only be its consequence."""
        return next((check for check in self.checks if not check.right), None)

    @property
    def verdict(self) -> str:
        """One sentence: every gradient is right; or which is wrong first, and the probable reason."""
        wrong = self.first_wrong
        if wrong is None:
            return "Every gradient is right."
        mode = f" in {wrong.mode} mode" if wrong.mode == "training" else ""
        where = {
            "loss": "The loss's backward() is wrong",
            "network": "The loss and each layer are right, but the network's backward() as a whole is wrong",
        }.get(wrong.name, f"The first wrong one is {wrong.name}")
        return f"{where}{mode}: {self._reason(wrong)}."

    def _reason(self, wrong: Check) -> str:
        if wrong.problem:
            return wrong.problem
        if wrong.error == float("inf"):
            return "it holds NaN or infinity"
        if wrong.name == "network":
            return (
                "it should pass the gradient through all layers, starting with the last one; each layer takes what the "
                "layer after it returned"
            )
        if wrong.ratio == 0:
            return "it is zero where the true gradient is not; does backward fill it?"
        if not wrong.proportional:
            return "it is not a multiple of the true gradient, so look at the formula itself, and at transposes"
        reasons = [why for ratio, why in self._known_ratios() if abs(wrong.ratio / ratio - 1) < CLOSE]
        times = f"it is {wrong.ratio:.6g} times the true gradient"
        return times + (f": {', or '.join(reasons)}" if reasons else "; look for a factor that is missing or extra")

    def _known_ratios(self) -> list[tuple[float, str]]:
        batch, classes = self.batch, self.classes
        known = [
            (2.0, "an extra factor of 2"),
            (0.5, "a missing factor of 2"),
            (-1.0, "the wrong sign"),
        ]
        if batch > 1:
            known += [
                (1 / batch, f"1/batch (1/{batch}), a mean over the batch where the sum belongs"),
                (batch, f"the batch ({batch}), a sum over the batch where the mean belongs"),
            ]
        if classes > 1:
            known += [
                (
                    classes,
                    f"the number of classes ({classes}), as when forward takes np.mean over all elements and backward "
                    "divides by the batch alone; take the sum over the classes and the mean over the batch",
                ),
                (1 / classes, f"1/classes (1/{classes}), a mean over the classes where the sum belongs"),
            ]
        return known

    def __str__(self) -> str:
        width = max(14, *(len(check.label) for check in self.checks))
        rows = [f"{'gradient of':<{width}}  {'shape':<12}{'relative error':>14}{'ratio':>12}"]
        for check in self.checks:
            shape = " × ".join(str(n) for n in check.shape)
            verdict = "right" if check.right else "WRONG"
            numbers = f"{check.error:>14.1e}{check.ratio:>12.6f}" if check.shape else " " * 26  # an unused layer
            rows.append(f"{check.label:<{width}}  {shape:<12}{numbers}  {verdict}")
        return "\n".join([*rows, self.verdict])

    def __repr__(self) -> str:
        """Return one line: gradcheck has printed the table, and a notebook would show the repr of a last line again."""
        wrong = sum(not check.right for check in self.checks)
        found = f"{wrong} of {len(self.checks)} wrong" if wrong else f"all {len(self.checks)} right"
        return f"GradientReport({found}, largest relative error {self.error:.1e})"
