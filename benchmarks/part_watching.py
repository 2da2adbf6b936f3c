"""What it costs a training to be watched: its epochs on one thread with ten watchers, against the same without any."""

import csv
import json
import re
import subprocess
import tempfile
import threading
import urllib.parse
from contextlib import ExitStack
from pathlib import Path

from processes import GLASSWORK, environment
from report import Measured, Row

#: Pages that watch, and the epochs of a round.
WATCHERS, EPOCHS = 10, 12


def rows(rounds: int) -> list[Row]:
    """The default network; the first epochs, in which watchers are still coming, are left out."""
    ratios, received = [], []
    with tempfile.TemporaryDirectory() as folder:
        for n in range(rounds):
            alone, _ = _seconds(Path(folder, f"alone-{n}"), 0)
            watched, messages = _seconds(Path(folder, f"watched-{n}"), WATCHERS)
            ratios.append(watched / alone)
            received.append(messages)
    return [
        Row(f"a training with {WATCHERS} watchers", "time / the same with none", Measured(ratios, at_most=1.05)),
        Row(f"a training with {WATCHERS} watchers", "messages a second and watcher", Measured(received, at_most=10)),
    ]


def _seconds(run: Path, watchers: int) -> tuple[float, float]:
    """Return the seconds of the last two thirds of a training, and the messages that a watcher got in a second."""
    words = ["train", "--epochs", str(EPOCHS), "--engine", "numpy", "--no-figures", "--no-report", "--out", str(run)]
    training = subprocess.Popen([*GLASSWORK, *words], stdout=subprocess.PIPE, text=True, env=environment(1))
    assert training.stdout is not None
    while not training.stdout.readline().startswith("Epoch: 01"):
        pass
    counts: list[int] = []
    with ExitStack() as stack:
        if watchers:
            server = subprocess.Popen(
                [*GLASSWORK, "watch", "--no-open", str(run)], stdout=subprocess.PIPE, text=True, env=environment(1)
            )
            stack.callback(server.wait)
            stack.callback(server.terminate)
            assert server.stdout is not None
            door = Path(urllib.parse.urlparse(re.search(r"file://\S+", server.stdout.readline())[0]).path)  # type: ignore[index]
            url = urllib.parse.urlparse(re.search(r'url=(\S+)"', door.read_text())[1])  # type: ignore[index]
            token = urllib.parse.parse_qs(url.fragment)["token"][0]
            threads = [threading.Thread(target=_watch, args=(url.netloc, token, counts)) for _ in range(watchers)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        training.communicate()
    lines = csv.DictReader((run / "history.csv").read_text(encoding="utf-8").splitlines())
    seconds = [float(line["seconds"]) for line in lines]
    return sum(seconds[EPOCHS // 3 :]), max(counts, default=0) / sum(seconds[1:])


def _watch(netloc: str, token: str, counts: list[int]) -> None:
    """Count the messages of one watcher until the run has ended."""
    from websockets.sync.client import connect

    count = 0
    with connect(f"ws://{netloc}/live", origin=f"http://{netloc}", max_size=None) as page:
        page.send(json.dumps({"kind": "hello", "token": token}))
        while '"end":{' not in page.recv()[-400:]:  # type: ignore[operator]
            count += 1
    counts.append(count)
