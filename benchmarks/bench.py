"""glasswork against its peers and against the machine: ``make bench``.

    contenders take turns, A B C A B C ..., each in a process of its own ──► ratios, round by round ──► medians

Writes benchmarks/results.md and its two figures. Figures are ratios of times taken in the same round, never lone
absolute times. With names of parts, it measures these alone and prints the page, but writes nothing.
"""

import argparse
from collections.abc import Callable
from functools import partial

import part_command
import part_growth
import part_page
import part_predicting
import part_safety
import part_training
from processes import HERE
from report import Row, page

ROUNDS = 5


def main() -> None:
    relative: dict[str, dict[str, float]] = {}
    growth: dict[str, part_growth.Growth] = {}

    def training(work: str) -> list[Row]:
        rows, relative[work] = part_training.rows(work, asked.rounds)
        return rows

    def growing() -> list[Row]:
        rows, measured = part_growth.rows(asked.rounds)
        growth.update(measured)
        return rows

    #: Every part of the page, by the name it is asked for with; a new one is one line here and one file part_*.py.
    parts: dict[str, Callable[[], list[Row]]] = {
        **{work: partial(training, work) for work in part_training.TRAINING},
        "predict": lambda: part_predicting.rows(asked.rounds),
        "start": lambda: part_command.cold_start(asked.rounds),
        "memory": part_command.memory,
        "page": lambda: part_page.rows(asked.rounds),
        "load": lambda: part_command.loading(asked.rounds),
        "safety": lambda: part_safety.rows(asked.rounds),
        "growth": growing,
    }
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("only", nargs="*", metavar="PART", help=f"only these: {', '.join(parts)}")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    asked = parser.parse_args()
    if unknown := set(asked.only) - set(parts):
        parser.error(f"no such part: {', '.join(sorted(unknown))}; there are {', '.join(parts)}")

    rows = []
    for name in asked.only or parts:
        rows += parts[name]()
    text = page(rows, asked.rounds)
    print(text)
    if not asked.only:
        from figures import draw_growth, draw_results  # so late that they hold no memory while others are measured

        (HERE / "results.md").write_text(text, encoding="utf-8")
        draw_results(relative, HERE / "results.png")
        draw_growth(growth, HERE / "growth.png")


if __name__ == "__main__":
    main()
