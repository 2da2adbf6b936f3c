"""Training the same networks on the same batches, everybody in turns: one table and one figure."""

import statistics
import time

from processes import workers
from report import Row, ratios

#: For each work: epochs in a turn, and for each rival what its time divided by ours must be at least; for the
#: floor, what our time divided by it may be at most.
TRAINING = {
    "classwork": (2, {"floor": 1.5, "torch": 3.0, "jax": 1.8, "sklearn": 2.5, "listing": 6.0}),
    "deep": (1, {"floor": 1.5, "torch": 1.3, "sklearn": 1.5}),
    "wide": (1, {"floor": 1.2, "torch": 1.4, "jax": 1.0}),
}


def rows(work: str, rounds: int) -> tuple[list[Row], dict[str, float]]:
    """Return the rows of one work, and everybody's time relative to the floor, for the figure."""
    epochs, targets = TRAINING[work]
    seconds: dict[tuple[str, int], list[float]] = {}
    with workers(work, ["glasswork", *targets]) as started:
        for worker in started:
            worker.train(1)  # warm-up: pages, caches, compilers
        for _ in range(rounds):
            for worker in started:
                time.sleep(0.1)  # the threads of the contender before still wait for work, and would be in the way
                seconds.setdefault((worker.name, worker.threads), []).append(worker.train(epochs) / epochs)
        accuracy = {(worker.name, worker.threads): worker.test() for worker in started}
    medians = {contender: statistics.median(times) for contender, times in seconds.items()}
    best = {name: min((1, 2), key=lambda n, name=name: medians[name, n]) for name in ("glasswork", *targets)}
    ours = seconds["glasswork", best["glasswork"]]
    found = []
    for name, target in targets.items():
        theirs = seconds[name, best[name]]
        against, key = f"{name}, {best[name]} thread{'s' * (best[name] > 1)}", f"{work}, {name}"
        if name == "floor":
            found.append(Row(work, f"time / {against}", key, ratios(ours, theirs), at_most=target))
        else:
            both = [accuracy[contender, best[contender]] for contender in ("glasswork", name)]
            note = f"accuracy {both[0]:.2f} % / {both[1]:.2f} %"
            found.append(Row(work, f"{against} / time", key, ratios(theirs, ours), at_least=target, note=note))
    print(work, *(f"{name} {threads}: {t:.4f} s" for (name, threads), t in medians.items()), sep=" | ", flush=True)
    floor = seconds["floor", best["floor"]]
    relative = {name: statistics.median(ratios(seconds[name, threads], floor)) for name, threads in best.items()}
    return found, relative
