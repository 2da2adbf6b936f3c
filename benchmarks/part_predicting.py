"""One image and ten thousand, by the same network: one table; benchmarks/predicting.py is the process that measures."""

import json
import statistics
import sys

from processes import HERE, run
from report import Row, ratios


def rows(rounds: int) -> list[Row]:
    """Return the rows, everybody at its better number of threads."""
    seconds: dict[tuple[str, str], list[float]] = {}
    for threads in (1, 2):
        printed = run([sys.executable, str(HERE / "predicting.py"), str(rounds)], threads=threads)
        for name, sizes in json.loads(printed).items():
            for size, times in sizes.items():
                known = seconds.get((name, size))
                if known is None or statistics.median(times) < statistics.median(known):
                    seconds[name, size] = times
    return [
        Row(
            f"predict {words}",
            f"time / {name}",
            f"predict {words}, {name}",
            ratios(seconds["glasswork", size], seconds[name, size]),
            at_most=None if (size, name) == ("one", "torch") else 1.0,
        )
        for size, words in (("one", "one image"), ("many", "10,000 images"))
        for name in ("onnxruntime", "torch")
    ]
