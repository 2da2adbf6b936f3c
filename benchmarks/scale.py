"""How much many tasks cost beside the work itself, here and on a Dask cluster; and what to expect of 100 workers.

python benchmarks/scale.py      (ten minutes; needs the extra scale; writes benchmarks/scale.md)

A task is 0.2 s of sleep, so that the machine's own cores are not what is measured.
"""

import contextlib
import datetime
import os
import platform
import re
import subprocess
import sys
import tempfile
import textwrap
import time
from pathlib import Path

from glasswork.tasks import open_pool, run_tasks

SLEEP = 0.2
TASKS_A_WORKER = 50
MANY = 10_000


def run(pool, function, argument, count):
    """Return the seconds that a number of tasks take, after each worker has started."""
    width = pool.width()
    list(run_tasks(time.sleep, {f"first {n}": (0.05,) for n in range(4 * width)}, pool.executor, width=pool.width))
    start = time.perf_counter()
    outcomes = list(run_tasks(function, {str(n): (argument,) for n in range(count)}, pool.executor, width=pool.width))
    seconds = time.perf_counter() - start
    assert [one.error for one in outcomes if one.error] == []
    return seconds


@contextlib.contextmanager
def dask(workers, threads=1):
    """A scheduler and workers on loopback."""
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:

        def start(*words):
            words = [sys.executable, "-m", "dask", *words]
            process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            stack.callback(process.wait)
            stack.callback(process.kill)

        file = Path(folder, "scheduler.json")
        start("scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(file))
        while not (file.exists() and (found := re.search(r'"address": "(tcp://[^"]+)"', file.read_text()))):
            time.sleep(0.05)
        for _ in range(workers):
            start(
                "worker", found[1], "--nthreads", str(threads), "--no-nanny", "--no-dashboard",
                "--local-directory", folder, "--host", "127.0.0.1",
            )  # fmt: skip
        with open_pool(cluster=found[1], tell=len) as pool:
            pool.client.wait_for_workers(workers)
            time.sleep(1.1)  # until they are counted again
            yield pool


def main():
    rows, costs = [], {}
    for workers in (1, 2, 4):
        for name, opened in (("processes", open_pool(workers)), ("Dask", dask(workers))):
            with opened as pool:
                seconds = run(pool, time.sleep, SLEEP, TASKS_A_WORKER * workers)
                over = seconds / (TASKS_A_WORKER * SLEEP) - 1
                rows.append(f"| {name} | {workers} | {TASKS_A_WORKER * workers} | {seconds:.2f} | {100 * over:.1f} % |")
                print(rows[-1], flush=True)
                if workers == 4:
                    costs[name] = cost(pool)
    with open_pool(20) as pool:
        seconds = run(pool, time.sleep, SLEEP, MANY)
        over = 20 * seconds / (MANY * SLEEP) - 1
        rows.append(f"| processes | 20 | {MANY:,} | {seconds:.2f} | {100 * over:.1f} % |")
    client, scheduler = costs["Dask"]
    slowest = max(client, scheduler) / 1000
    checks = []
    for threads, count, sleep in (
        (25, MANY, SLEEP),
        (50, MANY, SLEEP),
        (100, MANY, SLEEP),
        (100, MANY // 10, 10 * SLEEP),
    ):
        ideal = count * sleep / threads
        model = max(ideal, count * slowest)
        with dask(1, threads) as pool:
            seconds = run(pool, time.sleep, sleep, count)
        checks.append(f"| {threads} | {count:,} of {sleep:g} s | {ideal:.0f} | {model:.0f} | {seconds:.1f} |")
        print(checks[-1], flush=True)
    text = f"""
        # Many tasks

        `python benchmarks/scale.py`, {datetime.date.today()}, {os.cpu_count()} virtual cores ({platform.machine()}).
        The load was {os.getloadavg()[1]:.1f}, most of it by other programs. A task sleeps for {SLEEP} s; its
        overhead is the time beyond that, divided by it.

        | executor | workers | tasks | seconds | overhead |
        |---|--:|--:|--:|--:|
        ROWS

        Processor time for a task, whatever the load: {costs["processes"][0]:.2f} ms in this process with local ones;
        with Dask {client:.2f} ms in the client and {scheduler:.2f} ms in the scheduler.

        A model: each worker has its next task before the last one is done, so only the client and the scheduler, on a
        core each, can hold the workers up. They keep {SLEEP / slowest:.0f} workers busy with tasks of {SLEEP} s, and
        100 workers with tasks of {100 * slowest:.2f} s. The check has the workers as threads of one process, which
        shares {os.cpu_count()} cores with the client, the scheduler and other programs:

        | workers | tasks | seconds, if they cost nothing | by the model | measured |
        |--:|--:|--:|--:|--:|
        CHECKS

        What a task costs does not depend on its length: a run of two seconds or more is trained on 100 workers
        with little loss, and shorter ones are better trained on one machine.
        """
    text = textwrap.dedent(text).lstrip().replace("ROWS", "\n".join(rows)).replace("CHECKS", "\n".join(checks))
    Path(__file__).with_name("scale.md").write_text(text, encoding="utf-8")
    print(text)


def cost(pool, count=2000):
    """Return the milliseconds of processor time that a task costs in this process, and in the scheduler if any."""

    def spent():
        client = getattr(pool, "client", None)
        return time.process_time(), client.run_on_scheduler(time.process_time) if client else 0.0

    before = spent()
    run(pool, time.sleep, 0, count)
    return [1000 * (after - then) / count for after, then in zip(spent(), before, strict=True)]


if __name__ == "__main__":
    main()
