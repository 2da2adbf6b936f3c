"""``glasswork serve`` under load on this machine: requests a second, and how long the slowest take."""

import http.client
import json
import re
import statistics
import subprocess
import tempfile
import threading
import time

from processes import GLASSWORK, environment, run
from report import Measured, Row

#: Clients that ask at the same time, and the requests of each in a round.
CLIENTS, REQUESTS = 4, 150


def rows(rounds: int) -> list[Row]:
    """One image a request, of the default network after an epoch."""
    from glasswork import load_mnist
    from glasswork.models.model_file import read_model_file
    from glasswork.web.question import answers_to

    body = json.dumps(load_mnist()[0][60_000].tolist()).encode()
    rates, slowest, bare = [], [], []
    with tempfile.TemporaryDirectory() as folder:
        run([*GLASSWORK, "train", "--epochs", "1", "--quiet", "--no-figures", "--no-report", "--out", f"{folder}/run"])
        read = read_model_file(f"{folder}/run")
        for _ in range(rounds):
            times = []
            for _ in range(REQUESTS):
                start = time.perf_counter()
                answers_to(read, "application/json", body)
                times.append(time.perf_counter() - start)
            bare.append(1000 * statistics.median(times))
        words = [*GLASSWORK, "serve", f"{folder}/run", "--port", "0"]
        server = subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env=environment(1))
        try:
            assert server.stdout is not None
            port = int(re.search(r":(\d+)/", server.stdout.readline())[1])  # type: ignore[index]
            for _ in range(rounds):
                start = time.perf_counter()
                times = sorted(_together(port, body))
                rates.append(len(times) / (time.perf_counter() - start))
                slowest.append(1000 * times[int(0.99 * len(times))])
        finally:
            server.terminate()
            server.wait()
    work = f"glasswork serve, {CLIENTS} clients, one image a request"
    return [
        Row(work, "requests a second", Measured(rates)),
        Row(work, "99th percentile, milliseconds", Measured(slowest)),
        Row("the same answer in the process", "milliseconds", Measured(bare)),
    ]


def _together(port: int, body: bytes) -> list[float]:
    """Return the seconds of each request of all clients."""
    found: list[float] = []

    def ask() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port)
        for _ in range(REQUESTS):
            start = time.perf_counter()
            connection.request("POST", "/predict", body, {"Content-Type": "application/json"})
            response = connection.getresponse()
            response.read()
            assert response.status == 200
            found.append(time.perf_counter() - start)
        connection.close()

    clients = [threading.Thread(target=ask) for _ in range(CLIENTS)]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    return found
