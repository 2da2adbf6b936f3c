"""``glasswork serve``: other programs get the answers of ``predict --json``, and refusals that help."""

import base64
import csv
import io
import json
import signal
import socket
import subprocess
import sys

import numpy as np
import pytest
import schemathesis
from hypothesis import given, settings
from PIL import Image
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import positive_data_acceptance

from glasswork import named_recipe
from glasswork.runs.run import Run
from servers import Server

FIRST_TEST = 60_000


@pytest.fixture(scope="module")
def home(mnist, few_file, tmp_path_factory):
    """A run on digits, a run on a table, and pictures of test digits."""
    folder = tmp_path_factory.mktemp("home")
    recipe = named_recipe("relu").override({"training.epochs": 3, "data.source": str(few_file)})
    with Run(recipe, folder / "digits") as run:
        list(run.epochs())
    rng = np.random.default_rng(0)
    table = rng.normal(size=(300, 3)).round(3)
    with (folder / "table.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["height", "width", "depth", "label"])
        writer.writerows([*row, "big" if sum(row) > 0 else "small"] for row in table)
    recipe = named_recipe("relu").override(
        {"training.epochs": 3, "data.source": str(folder / "table.csv"), "data.missing": "median"}
    )
    with Run(recipe, folder / "table") as run:
        list(run.epochs())
    for k in range(3):
        digit = 255 - mnist[0][FIRST_TEST + k].reshape(28, 28)
        Image.fromarray(digit).resize((140, 140)).save(folder / f"{k}.png")
    (folder / "damaged.png").write_bytes((folder / "0.png").read_bytes()[:300])
    Image.new("L", (100, 100), 255).save(folder / "blank.png")
    return folder


@pytest.fixture(scope="module")
def digits(home):
    with Server("serve", "digits", "--port", 0, folder=home) as server:
        yield server


@pytest.fixture(scope="module")
def table(home):
    with Server("serve", "table", "--port", 0, folder=home) as server:
        yield server


def without_names(entries):
    """Entries without the names of their sources, which only a command knows."""
    return [{key: entry[key] for key in entry if key not in ("item", "file", "row")} for entry in entries]


# Answers -----------------------------------------------------------------------------------------


def test_pictures_have_the_answers_of_predict(digits, home, glasswork):
    names = [f"{k}.png" for k in range(3)]
    printed = json.loads(glasswork("predict", "digits", *names, "--json", folder=home))
    contents = [(home / name).read_bytes() for name in names]
    alone = [digits.ask("/predict", content, "image/png") for content in contents]
    assert [status for status, _ in alone] == [200] * 3
    assert without_names(entry for _, (entry,) in alone) == without_names(printed)
    many = {"pictures": [base64.b64encode(content).decode() for content in contents]}
    status, entries = digits.ask("/predict", many)
    assert status == 200
    assert without_names(entries) == without_names(printed)
    assert [entry["row"] for entry in entries] == [1, 2, 3]


def test_numbers_have_the_answers_of_predict(digits, home, mnist, glasswork):
    rows = mnist[0][FIRST_TEST : FIRST_TEST + 4]
    np.save(home / "rows.npy", rows)
    printed = json.loads(glasswork("predict", "digits", "rows.npy", "--json", folder=home))
    for many in (rows, rows.reshape(-1, 28, 28), rows.astype(float)):
        assert digits.ask("/predict", many.tolist()) == (200, [entry | {"file": "-"} for entry in printed])
    status, (alone,) = digits.ask("/predict", rows[0].tolist())
    assert status == 200
    assert alone["probabilities"] == pytest.approx(printed[0]["probabilities"], abs=2e-6)  # BLAS adds in another order
    assert digits.ask("/predict", rows[0].tolist(), "application/json; charset=utf-8")[0] == 200


def test_rows_of_a_table_have_the_answers_of_predict(table, home, glasswork):
    (home / "rows.csv").write_text("height,width,depth\n0.5,1.25,0\n-1,,0.25\n")
    printed = json.loads(glasswork("predict", "table", "rows.csv", "--json", folder=home))
    asked = [[0.5, 1.25, 0], [-1, None, 0.25]]
    assert table.ask("/predict", asked) == (200, [entry | {"file": "-"} for entry in printed])
    status, refused = table.ask("/predict", (home / "0.png").read_bytes(), "image/png")
    assert status == 422
    assert "was trained on" in refused["error"]


def test_a_damaged_picture_does_not_stop_the_others(digits, home):
    names = ("0.png", "damaged.png", "blank.png", "1.png")
    many = {"pictures": [base64.b64encode((home / name).read_bytes()).decode() for name in names]}
    status, entries = digits.ask("/predict", many)
    assert status == 200
    assert [entry["row"] for entry in entries] == [1, 2, 3, 4]
    assert [bool(entry.get("error")) for entry in entries] == [False, True, True, False]
    assert entries[1]["error"].startswith("picture 2: ")
    status, refused = digits.ask("/predict", (home / "blank.png").read_bytes(), "image/png")
    assert status == 422
    assert "picture 1" in refused["error"]


def test_what_the_server_says_about_itself(digits, table, home):
    assert digits.ask("/health")[1]["status"] == "ok"
    described = digits.ask("/model")[1]
    assert (described["name"], described["network"]) == ("digits", "MLP(784-50-10)")
    assert (described["shape"], described["features"], described["kind"]) == ([28, 28], 784, "pixels")
    assert described["classes"] == list("0123456789")
    measured = json.loads((home / "digits" / "result.json").read_text())["test_accuracy"]
    assert described["test_accuracy"] == round(measured, 6)
    assert table.ask("/model")[1]["columns"] == ["height", "width", "depth"]
    for server in (digits, table):
        for path in ("/model", "/openapi.json"):
            assert str(home.parent) not in json.dumps(server.ask(path)[1])


# Refusals ----------------------------------------------------------------------------------------

LISTING = b"file,label\n0.png,7\n1.png,2\n"
PAGES = ["http://evil.example", "null", "http://127.0.0.1", "https://127.0.0.1:{port}", "http://localhost:{port}"]


@pytest.mark.parametrize(
    ("body", "kind", "status", "why"),
    [
        (b"", "image/png", 422, "cannot be read as a picture"),
        (b"hello", "image/png", 422, "expected PNG"),
        (LISTING, "image/png", 422, "expected PNG"),  # no file of this machine is read
        (b"[1, 2", "application/json", 422, "expected a list of numbers"),
        (b"7", "application/json", 422, "expected a list of numbers"),
        (b"[]", "application/json", 422, "it is empty"),
        (b'{"pictures": []}', "application/json", 422, "it is empty"),
        (b'{"pictures": ["?"]}', "application/json", 422, "base64"),
        (b'{"pictures": [], "more": 1}', "application/json", 422, "more"),
        (b'["one", "two"]', "application/json", 422, "something else than numbers"),
        (b"[[1, 2], [3]]", "application/json", 422, "differ in length"),
        (b"[null, 1]", "application/json", 422, "something else"),
        (b"[" * 100_000, "application/json", 422, "expected a list of numbers"),
        ([1, 2, 3], "application/json", 422, "28"),
        ([300] * 784, "application/json", 422, "0 to 255"),
        ([0.5] * 784, "application/json", 422, "give 255"),
        ([[0]] * 10_001, "application/json", 413, "at most 10,000 rows"),
        ({"pictures": [""] * 101}, "application/json", 413, "at most 100 pictures"),
        (b" " * 17_000_000, "application/json", 413, "at most 16 MB"),
        (b" " * 17_000_000, "image/png", 413, "at most 16 MB"),
        (b"x=1", "application/x-www-form-urlencoded", 415, "--data-binary"),
        (b"x=1", None, 415, "no content type"),
    ],
)
def test_a_question_that_is_refused(digits, body, kind, status, why):
    got, refused = digits.ask("/predict", body, kind)
    assert got == status
    assert why in refused["error"]


def test_paths_and_methods(digits):
    assert digits.ask("/predict")[0] == 405
    assert digits.ask("/model", method="DELETE")[0] == 405
    status, refused = digits.ask("/nothing")
    assert status == 404
    assert "/predict" in refused["error"]


@pytest.mark.parametrize("host", ["evil.example", "evil.example:{port}", "127.0.0.1", "127.0.0.1:1", ""])
def test_a_host_that_is_not_this_server(digits, host):
    status, refused = digits.ask("/health", Host=host.format(port=digits.port))
    assert status == 421
    assert digits.url in refused["error"]


@pytest.mark.parametrize("origin", PAGES)
def test_a_page_from_elsewhere(digits, origin):
    status, refused = digits.ask("/predict", [1], Origin=origin.format(port=digits.port))
    assert status == 403
    assert "other pages" in refused["error"]


def test_more_requests_than_may_wait(digits, home):
    """Each sends a part of its body and waits; the next one is refused in words, and later ones are answered."""
    head = b"POST /predict HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nContent-Type: image/png\r\nContent-Length: 9\r\n\r\nab"
    waiting = [socket.create_connection(("127.0.0.1", digits.port)) for _ in range(32)]
    try:
        for one in waiting:
            one.sendall(head % digits.port)
        status, refused = digits.ask("/predict", (home / "0.png").read_bytes(), "image/png")
        assert (status, "ask again" in refused["error"]) == (503, True)
        assert digits.ask("/health")[0] == 200
    finally:
        for one in waiting:
            one.close()
    for _ in range(50):
        if (status := digits.ask("/predict", (home / "0.png").read_bytes(), "image/png")[0]) == 200:
            break
    assert status == 200


def test_a_port_that_is_taken(digits, home, glasswork):
    printed = glasswork("serve", "digits", "--port", digits.port, folder=home, status=1)
    assert f"port {digits.port} of 127.0.0.1: it is in use" in printed
    assert "--port" in printed


def test_without_the_packages(home):
    program = "import sys; sys.modules['uvicorn'] = None; from glasswork.__main__ import main; main()"
    words = [sys.executable, "-c", program, "serve", "digits"]
    done = subprocess.run(words, cwd=home, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert "pip install 'glasswork[web]'" in done.stderr


# The end, and the document -----------------------------------------------------------------------


def test_a_request_that_was_begun_is_answered_before_the_server_stops(home):
    content = (home / "0.png").read_bytes()
    with Server("serve", "digits", "--port", 0, folder=home) as server:
        stream = socket.create_connection(("127.0.0.1", server.port))
        head = f"POST /predict HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nContent-Type: image/png\r\n"
        stream.sendall(f"{head}Content-Length: {len(content)}\r\n\r\n".encode() + content[:10])
        server.ask("/health")  # the other request has begun
        server.process.send_signal(signal.SIGINT)
        stream.sendall(content[10:])
        reply = io.BytesIO(b"".join(iter(lambda: stream.recv(4096), b"")))
        assert reply.readline() == b"HTTP/1.1 200 OK\r\n"
        stream.close()
        server.process.wait(timeout=60)  # one signal is enough
    assert server.rest == ""
    assert "Traceback" not in server.errors


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_the_server_does_what_its_document_says(digits, mode):
    """Whatever the document allows is answered, what it forbids is refused, and both as it says."""
    tried = []
    for operation in schemathesis.openapi.from_url(f"{digits.url}/openapi.json").get_all_operations():

        @settings(max_examples=25, deadline=None)
        @given(operation.ok().as_strategy(generation_mode=mode))
        def ask(case):
            case.call_and_validate(excluded_checks=[positive_data_acceptance])  # a picture may show no digit
            tried.append(case.path)

        if mode is GenerationMode.POSITIVE or operation.ok().method == "post":
            ask()
    assert set(tried) >= ({"/predict", "/health", "/model"} if mode is GenerationMode.POSITIVE else {"/predict"})
