"""Training the same networks on the same batches, everybody in turns; and the same beside a busy process."""

import statistics
import time
from collections.abc import Sequence

from processes import Worker, busy_neighbour, workers
from report import Measured, Row, ratios

ENGINES = ("NumPy engine", "compiled engine")

#: For each work: epochs in a turn; how many floors each engine may need; and for each peer, what its time divided by
#: the compiled engine's must be at least.
TRAINING: dict[str, tuple[int, tuple[float, float], dict[str, float]]] = {
    "classwork": (2, (2.1, 1.3), {"JAX": 2.0, "PyTorch": 3.8, "scikit-learn": 3.0, "the listing": 4.0}),
    "deep": (1, (1.7, 1.15), {"JAX": 1.2, "PyTorch": 2.3, "scikit-learn": 3.5}),
    "wide": (1, (1.4, 1.08), {"JAX": 1.2, "PyTorch": 2.7}),
}

#: How many times as long an epoch may take beside a busy process.
BUSY = 2.5

Times = dict[str, list[float]]


def rows(work: str, rounds: int) -> tuple[list[Row], dict[str, float]]:
    """Return the rows of one work, and everybody's time relative to the floor, for the figure."""
    epochs, floors, peers = TRAINING[work]
    times, threads, accuracy = measure(work, ["floor", *ENGINES, *peers], epochs, rounds)
    floor, words = times["floor"], f"floor, {_threads(threads['floor'])}"
    found = [
        Row(
            work,
            f"time / {words}",
            *(ratio(times, engine, "floor", at_most=most) for engine, most in zip(ENGINES, floors, strict=True)),
            note=f"accuracy {accuracy['NumPy engine']:.2f} % and {accuracy['compiled engine']:.2f} %",
        )
    ]
    for peer, least in peers.items():
        if peer in times:
            found.append(
                Row(
                    work,
                    f"{peer}, {_threads(threads[peer])} / time",
                    ratio(times, peer, ENGINES[0]),
                    ratio(times, peer, ENGINES[1], at_least=least),
                    note=f"accuracy {accuracy[peer]:.2f} %",
                )
            )
    return found, {name: statistics.median(ratios(those, floor)) for name, those in times.items() if name != "floor"}


def seed(name: str, epochs: int, rounds: int) -> list[Row]:
    """Return the row of a recipe's training as a whole, from single epochs of it."""
    times, _, _ = measure(name, ENGINES, 1, rounds)
    minutes = [Measured([epochs * seconds for seconds in times[engine]]) for engine in ENGINES]
    return [
        Row(name, "seconds a seed", *minutes),
        Row(name, "time / NumPy engine", Measured([1.0]), ratio(times, ENGINES[1], ENGINES[0], at_most=0.5)),
    ]


def busy(rounds: int) -> list[Row]:
    """Return the row about the handout's network while another process keeps one core busy."""
    quiet: Times = {}
    disturbed: Times = {}
    with workers("classwork", ENGINES, threads=2) as started:
        for _ in range(rounds):
            for worker in started:
                quiet.setdefault(worker.name, []).append(_turn(worker, 4))
            with busy_neighbour():
                for worker in started:
                    disturbed.setdefault(worker.name, []).append(_turn(worker, 4))
    measured = [Measured(ratios(disturbed[name], quiet[name]), at_most=BUSY) for name in ENGINES]
    return [Row("classwork", "time beside a busy process / alone", *measured)]


def measure(work: str, names: Sequence[str], epochs: int, rounds: int) -> tuple[Times, dict, dict]:
    """Return the seconds of an epoch, round by round, of each contender at its better number of threads."""
    seconds: dict[tuple[str, int], list[float]] = {}
    with workers(work, names) as started:
        for _ in range(rounds):
            for worker in started:
                seconds.setdefault((worker.name, worker.threads), []).append(_turn(worker, epochs))
        accuracy = {(worker.name, worker.threads): worker.test() for worker in started}
    medians = {contender: statistics.median(times) for contender, times in seconds.items()}
    print(work, *(f"{name} {n}: {t:.4f} s" for (name, n), t in medians.items()), sep=" | ", flush=True)
    threads: dict[str, int] = {}
    for name, n in sorted(medians, key=medians.__getitem__):
        threads.setdefault(name, n)
    best = {name: (name, threads[name]) for name in names if name in threads}
    return {name: seconds[at] for name, at in best.items()}, threads, {name: accuracy[at] for name, at in best.items()}


def _turn(worker: Worker, epochs: int) -> float:
    time.sleep(0.1)  # the threads of the contender before still wait for work, and would be in the way
    return worker.train(epochs)


def ratio(times: Times, above: str, below: str, **target: float) -> Measured:
    return Measured(ratios(times[above], times[below]), **target)


def _threads(count: int) -> str:
    return f"{count} thread{'s' * (count > 1)}"
