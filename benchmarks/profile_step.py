"""Where the time of a training step goes, part by part, beside the floor measured in the same round.

    python benchmarks/profile_step.py WORK [ROUNDS]

WORK is classwork, deep or wide. Prints microseconds, medians over the rounds, with the threads that a run would choose.
"""

import statistics
import sys
import time
from collections import defaultdict
from itertools import islice

from with_numpy import Floor, Glasswork
from works import WORKS

from glasswork.training.threads import choose_threads, limited_to

PARTS = ("batch", "zero_grad", "forward", "loss", "loss.backward", "backward", "optimizer.step")
STEPS = {"classwork": 150, "deep": 150, "wide": 40}


def main(name: str, rounds: int) -> None:
    work, steps = WORKS[name], STEPS[name]
    ours, floor = Glasswork(work, "numpy"), Floor(work)
    floor.steps = steps
    weights = sum(n * m for n, m in zip(work.widths, work.widths[1:], strict=False))
    threads = choose_threads(0, batch_size=work.batch, weights=weights)
    micros: dict[str, list[float]] = defaultdict(list)
    with limited_to(threads):
        for _ in range(rounds + 1):
            for part, seconds in one_round(ours, steps).items():
                micros[part].append(1e6 * seconds / steps)
            start = time.perf_counter()
            floor.train(1)
            micros["floor"].append(1e6 * (time.perf_counter() - start) / steps)
    for times in micros.values():
        del times[0]  # warm-up
    micros["all"] = [sum(times) for times in zip(*(micros[part] for part in PARTS), strict=True)]
    print(f"{name}, {threads} thread{'s' * (threads > 1)}, µs a step: medians of {rounds} rounds of {steps} steps")
    for part in (*PARTS, "all", "floor"):
        print(f"{part:>15} {statistics.median(micros[part]):8.1f}")
    ratio = statistics.median(a / b for a, b in zip(micros["all"], micros["floor"], strict=True))
    print(f"{'all / floor':>15} {ratio:8.2f}")


def one_round(ours: Glasswork, steps: int) -> dict[str, float]:
    """Return the seconds that each part took in so many steps."""
    model, optimizer, loss, now = ours.model, ours.optimizer, ours.loss, time.perf_counter
    spent = dict.fromkeys(PARTS, 0.0)
    batches = iter(ours.loader)
    next(batches)  # an epoch's order and targets are made with its first batch
    marks = [now()]
    with model.mode(training=True):
        for step, (x, targets) in enumerate(islice(batches, steps)):
            model.set_position(step)
            marks.append(now())
            optimizer.zero_grad()
            marks.append(now())
            scores = model(x)
            marks.append(now())
            loss(scores, targets)
            marks.append(now())
            grad = loss.backward()
            marks.append(now())
            model.backward(grad)
            marks.append(now())
            optimizer.step()
            marks.append(now())
            for part, start, end in zip(PARTS, marks, marks[1:], strict=False):
                spent[part] += end - start
            marks = [now()]
    return spent


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 5)
