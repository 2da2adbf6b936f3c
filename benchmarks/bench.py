"""glasswork against its peers and against the machine: ``make bench``.

    contenders take turns, A B C A B C ..., each in a process of its own ──► ratios, round by round ──► medians

Writes benchmarks/results.md and results.png. Figures are ratios of times taken in the same round, never lone absolute
times. With names of parts, it measures these alone and prints the page, but writes nothing. A part that cannot be
measured is named on the page, with the reason; the others go on.
"""

import argparse
import time
from collections.abc import Callable
from functools import partial

import part_augment
import part_page
import part_serving
import part_training
import part_using
import part_watching
from processes import HERE, kernels
from report import Row, page

ROUNDS = 5


def main() -> None:
    relative: dict[str, dict[str, float]] = {}
    growth: dict[str, dict[str, part_using.Growth]] = {}

    def training(work: str, rounds: int) -> list[Row]:
        rows, relative[work] = part_training.rows(work, rounds)
        return rows

    def growing(rounds: int) -> list[Row]:
        rows, measured = part_using.growing(rounds)
        growth.update(measured)
        return rows

    #: Every part of the page, by the name it is asked for with, and the most rounds that it needs.
    parts: dict[str, tuple[Callable[[int], list[Row]], int]] = {
        "classwork": (partial(training, "classwork"), 9),
        "deep": (partial(training, "deep"), 5),
        "wide": (partial(training, "wide"), 3),
        "plain-best": (partial(part_training.seed, "plain-best", 40), 3),
        "augment": (part_augment.rows, 5),
        "busy": (part_training.busy, 5),
        "growth": (growing, 5),
        "predict": (part_using.predicting, 5),
        "compile": (part_using.compiling, 5),
        "start": (part_using.cold_start, 5),
        "command": (part_using.command, 3),
        "memory": (part_using.memory, 1),
        "load": (part_using.loading, 5),
        "page": (part_page.rows, 5),
        "serve": (part_serving.rows, 3),
        "watch": (part_watching.rows, 3),
        "safety": (part_using.safety, 3),
    }
    groups = {"training": ["classwork", "deep", "wide", "plain-best", "busy"]}
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("only", nargs="*", metavar="PART", help=f"only these: {', '.join([*groups, *parts])}")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    asked = parser.parse_args()
    if unknown := set(asked.only) - set(parts) - set(groups):
        parser.error(f"no such part: {', '.join(sorted(unknown))}; there are {', '.join([*groups, *parts])}")

    rows: list[Row] = []
    problems: list[str] = []
    begun = time.monotonic()
    for name in [part for word in asked.only or parts for part in groups.get(word, [word])]:
        measure, most = parts[name]
        try:
            rows += measure(min(most, asked.rounds))
        except Exception as error:  # whatever it is, the other parts are measured
            problems.append(f"{name}: {type(error).__name__}: {error}")
        print(f"{name}: {time.monotonic() - begun:.0f} s so far", flush=True)
    text = page(rows, asked.rounds, kernels, problems)
    print(text)
    if not asked.only:
        from figures import draw  # so late that it holds no memory while others are measured

        (HERE / "results.md").write_text(text, encoding="utf-8")
        draw(relative, growth, HERE / "results.png")


if __name__ == "__main__":
    main()
