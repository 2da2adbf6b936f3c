"""OpenML through scikit-learn, against a small OpenML on this machine: no test uses the network."""

import gzip
import hashlib
import http.server
import json
import socket
import threading
import time
import urllib.request

import numpy as np
import pytest

from glasswork import FileError, InputError, Run, load_model, named_recipe, predict_file
from glasswork.data import load_dataset
from glasswork.data.sources import openml
from glasswork.data.sources.openml import load_openml, openml_dataset

NAME, ROWS = "mnist_784", 60


def arff(images, labels, classes):
    """Return a dataset as OpenML writes mnist_784: columns pixel1, pixel2, ..., class."""
    lines = ["% a comment", f"@RELATION {NAME}", ""]
    lines += [f"@ATTRIBUTE pixel{i + 1} real" for i in range(images.shape[1])]
    lines += [f"@ATTRIBUTE class {{{','.join(classes)}}}", "", "@DATA"]
    lines += [",".join(map(str, [*row, label])) for row, label in zip(images.tolist(), labels, strict=True)]
    return "\n".join(lines).encode() + b"\n"


class SmallOpenML:
    """What scikit-learn asks OpenML for: path → (status, content type, body). Only dataset 554 is there."""

    def __init__(self, images, labels):
        self.asked = []
        self.answers = {}
        self.fill(images, [str(label) for label in labels])
        owner = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                owner.asked.append(self.path)
                status, body = owner.answers.get(
                    self.path, (412, b'{"error": {"code": "372", "message": "No results"}}')
                )
                self.send_response(status)
                if "gzip" in self.headers.get("Accept-encoding", "") and status == 200:
                    body = gzip.compress(body, 1)
                    self.send_header("Content-Encoding", "gzip")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = self.server.server_address
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self.thread.start()

    def fill(self, images, labels, data=None):
        classes = sorted(set(labels))
        data = arff(images, labels, classes) if data is None else data
        names = [f"pixel{i + 1}" for i in range(images.shape[1])]
        ordinary = {"is_target": "false", "is_ignore": "false", "is_row_identifier": "false"}
        features = [
            {"index": str(i), "name": n, "data_type": "numeric", "number_of_missing_values": "0", **ordinary}
            for i, n in enumerate(names)
        ]
        features.append(
            {
                **features[0],
                "index": str(len(names)),
                "name": "class",
                "data_type": "nominal",
                "nominal_value": classes,
                "is_target": "true",
            }
        )
        description = {
            "id": "554",
            "name": NAME,
            "version": "1",
            "status": "active",
            "format": "ARFF",
            "description": "small",
            "md5_checksum": hashlib.md5(data).hexdigest(),
            "file_id": "52667",
            "url": f"https://www.openml.org/data/v1/download/52667/{NAME}.arff",
        }
        found = {"data": {"dataset": [{"did": 554, "name": NAME, "version": 1, "status": "active"}]}}
        self.put(f"/api/v1/json/data/list/data_name/{NAME}/limit/2/data_version/1", found)
        self.put("/api/v1/json/data/554", {"data_set_description": description})
        self.put("/api/v1/json/data/features/554", {"data_features": {"feature": features}})
        number = [{"name": "NumberOfInstances", "value": f"{len(images)}.0"}]
        self.put("/api/v1/json/data/qualities/554", {"data_qualities": {"quality": number}})
        self.answers[f"/data/v1/download/52667/{NAME}.arff"] = (200, data)

    def put(self, path, content):
        self.answers[path] = (200, json.dumps(content).encode())

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


class Redirect(urllib.request.HTTPSHandler):
    """Sends every request that is for OpenML's host to an address on this machine."""

    def __init__(self, address):
        super().__init__()
        self.address = address

    def https_open(self, request):
        inner = urllib.request.Request(f"http://{self.address[0]}:{self.address[1]}{request.selector}")
        for name, value in request.header_items():
            if name.lower() != "host":
                inner.add_header(name, value)
        inner.timeout = request.timeout
        return self.parent.open(inner, timeout=request.timeout)


@pytest.fixture
def redirect():
    """A function that makes an address stand for openml.org, until the test ends."""
    before = urllib.request._opener

    def to(address):
        no_proxy = urllib.request.ProxyHandler({})
        urllib.request.install_opener(urllib.request.build_opener(no_proxy, Redirect(address)))

    yield to
    urllib.request.install_opener(before)


@pytest.fixture(scope="module")
def source(mnist):
    return mnist[0][:ROWS], mnist[1][:ROWS]


@pytest.fixture
def server(source, redirect):
    small = SmallOpenML(*source)
    redirect(small.address)
    yield small
    small.close()


def without_pandas(monkeypatch):
    find = openml.importlib.util.find_spec
    monkeypatch.setattr(
        openml.importlib.util, "find_spec", lambda name, *a: None if name == "pandas" else find(name, *a)
    )


def instead(error):
    return "load_mnist()" in str(error.value) and "--data mnist" in str(error.value) and "\n" not in str(error.value)


# What is fetched -----------------------------------------------------------------------------------


@pytest.mark.parametrize("parser", ["pandas", "liac-arff"])
def test_arrays_are_those_of_the_source(server, source, tmp_path, monkeypatch, parser):
    if parser == "pandas":
        pytest.importorskip("pandas")
    else:
        without_pandas(monkeypatch)
    images, labels = load_openml(data_home=tmp_path)
    assert (images.dtype, labels.dtype) == (np.uint8, np.int64)
    assert np.array_equal(images, source[0])
    assert np.array_equal(labels, source[1])
    assert len(server.asked) == len(set(server.asked)) == 5


def test_a_second_call_needs_no_network(source, redirect, tmp_path):
    small = SmallOpenML(*source)
    redirect(small.address)
    try:
        first = load_openml(data_home=tmp_path)
    finally:
        small.close()
    second = load_openml(data_home=str(tmp_path))
    for one, other in zip(first, second, strict=True):
        assert np.array_equal(one, other)


def test_a_damaged_file_on_disk_is_fetched_again(server, source, tmp_path):
    load_openml(data_home=tmp_path)
    (kept,) = tmp_path.rglob("*.arff.gz")
    kept.write_bytes(b"not gzip")
    assert np.array_equal(load_openml(data_home=tmp_path)[0], source[0])


def test_the_process_is_left_as_it_was(server, tmp_path):
    before = urllib.request._opener
    socket.setdefaulttimeout(99)
    try:
        load_openml(data_home=tmp_path)
        with pytest.raises(InputError):
            load_openml("no-such-dataset", data_home=tmp_path)
        assert socket.getdefaulttimeout() == 99
    finally:
        socket.setdefaulttimeout(None)
    assert urllib.request._opener is before


# No network ----------------------------------------------------------------------------------------


def test_connection_refused(redirect, tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))  # bound, but nobody listens
        redirect(free.getsockname())
        with pytest.raises(FileError, match=r"mnist_784 cannot be downloaded.*openml\.org.*refused") as error:
            load_openml(data_home=tmp_path)
    assert instead(error)


def test_host_name_unknown(redirect, tmp_path, monkeypatch):
    def unknown(*args, **kwargs):
        raise socket.gaierror(-2, "Name or service not known")

    redirect(("nowhere.invalid", 80))
    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(FileError, match="Name or service not known") as error:
        load_openml(data_home=tmp_path)
    assert instead(error)


@pytest.mark.parametrize("sign_of_life", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{"])
def test_black_hole(redirect, tmp_path, monkeypatch, sign_of_life):
    """A server that takes the question and says nothing; or that stops within its answer."""
    connections = []

    def take():
        while True:
            try:
                connections.append(listener.accept()[0])
            except OSError:
                return
            if sign_of_life:
                connections[-1].sendall(sign_of_life)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(5)
        redirect(listener.getsockname())
        thread = threading.Thread(target=take)
        thread.start()
        monkeypatch.setattr(openml, "SILENCE", 0.3)
        start = time.perf_counter()
        with pytest.raises(FileError, match=r"cannot be reached or stopped answering \(.*timed out") as error:
            load_openml(data_home=tmp_path)
        seconds = time.perf_counter() - start
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()
    for connection in connections:
        connection.close()
    assert len(connections) <= 2
    assert seconds < 3
    assert instead(error)


@pytest.mark.parametrize("what", ["features", "qualities"])
def test_black_hole_half_way(server, tmp_path, monkeypatch, what):
    """Where scikit-learn, left alone, asks eight times."""
    path = f"/api/v1/json/data/{what}/554"
    done = threading.Event()
    handler = server.server.RequestHandlerClass
    answer = handler.do_GET

    def stall(self):
        if self.path == path:
            server.asked.append(path)
            done.wait(5)
        else:
            answer(self)

    monkeypatch.setattr(handler, "do_GET", stall)
    monkeypatch.setattr(openml, "SILENCE", 0.3)
    with pytest.raises(FileError, match="stopped answering") as error:
        load_openml(data_home=tmp_path)
    done.set()
    assert server.asked.count(path) <= 2
    assert instead(error)


@pytest.mark.parametrize("status", [500, 503])
def test_a_broken_server_is_not_asked_on_and_on(server, tmp_path, status):
    server.answers["/api/v1/json/data/554"] = (status, b"oops")
    with pytest.raises(FileError, match="cannot be downloaded") as error:
        load_openml(data_home=tmp_path)
    assert server.asked.count("/api/v1/json/data/554") <= 2
    assert instead(error)


# Not there, not whole, not images ------------------------------------------------------------------


def test_unknown_name(server, tmp_path):
    with pytest.raises(InputError, match="no dataset 'mnist_785' of version 1") as error:
        load_openml("mnist_785", data_home=tmp_path)
    assert instead(error)


def test_unknown_version(server, tmp_path):
    with pytest.raises(InputError, match="no dataset 'mnist_784' of version 9"):
        load_openml(version=9, data_home=tmp_path)


def test_not_found(server, tmp_path):
    server.answers["/api/v1/json/data/554"] = (404, b"gone")
    with pytest.raises(InputError, match="no dataset 'mnist_784'"):
        load_openml(data_home=tmp_path)


@pytest.mark.parametrize("name", ["", "two words", "a/b", "mnist_784?"])
def test_a_name_that_cannot_be(name):
    with pytest.raises(InputError, match="expected the name of a dataset"):
        load_openml(name)


@pytest.mark.parametrize("version", [0, -1, "1", 1.0, True])
def test_a_version_that_cannot_be(version):
    with pytest.raises(InputError, match="expected a version"):
        load_openml(version=version)


def test_data_that_are_not_what_was_described(server, source, tmp_path):
    """A checksum that fails; once the server is well again, so is the answer."""
    path = f"/data/v1/download/52667/{NAME}.arff"
    right = server.answers[path]
    server.answers[path] = (200, right[1].replace(b"253", b"254", 1))
    with pytest.raises(FileError, match=r"cannot be loaded.*md5 checksum") as error:
        load_openml(data_home=tmp_path)
    assert instead(error)
    server.answers[path] = right
    assert np.array_equal(load_openml(data_home=tmp_path)[0], source[0])


@pytest.mark.parametrize("parser", ["pandas", "liac-arff"])
@pytest.mark.parametrize("data", [b"", b"\x00\xff garbage", b"@RELATION x\n@DATA\n1,2\n"])
def test_data_that_are_no_table(server, source, tmp_path, monkeypatch, parser, data):
    if parser == "liac-arff":
        without_pandas(monkeypatch)
    server.fill(source[0], ["1"] * ROWS, data=data)
    with pytest.raises(FileError, match="cannot be loaded") as error:
        load_openml(data_home=tmp_path)
    assert instead(error)


@pytest.mark.parametrize("answer", [b"<html>captive portal</html>", b"[]", b"{}", b"\xff\xfe"])
def test_answers_that_are_no_answers(server, tmp_path, answer):
    for path in server.answers:
        server.answers[path] = (200, answer)
    with pytest.raises(FileError, match="damaged or is not a table") as error:
        load_openml(data_home=tmp_path)
    assert instead(error)


def test_a_folder_that_cannot_be(server, tmp_path):
    file = tmp_path / "file"
    file.write_text("not a folder")
    with pytest.raises(FileError, match="cannot be stored on disk"):
        load_openml(data_home=file)


@pytest.mark.parametrize("value", [256, -1, 0.5])
def test_values_that_are_no_pixels(server, source, tmp_path, value):
    table = source[0].astype(float if value == 0.5 else int)
    table[7, 3] = value
    server.fill(table, source[1].astype(str))
    with pytest.raises(
        InputError, match=rf"mnist_784 is not a dataset of images.*expected pixels.*got {value}.* in image 7"
    ):
        load_openml(data_home=tmp_path)


@pytest.mark.parametrize("parser", ["pandas", "liac-arff"])
def test_labels_that_are_words_are_the_names_of_the_classes(server, source, tmp_path, monkeypatch, parser):
    if parser == "liac-arff":
        without_pandas(monkeypatch)
    words = np.array(["coat", "boot", "bag"])[np.arange(ROWS) % 3].tolist()
    server.fill(source[0], words)
    dataset = openml_dataset(NAME, data_home=tmp_path)
    assert dataset.classes == ("bag", "boot", "coat")
    assert [dataset.classes[label] for label in dataset.labels] == words
    assert (dataset.shape, dataset.name, dataset.source) == ((28, 28), NAME, f"openml:{NAME}")


@pytest.mark.parametrize("parser", ["pandas", "liac-arff"])
def test_labels_in_quotes(server, source, tmp_path, monkeypatch, parser):
    if parser == "liac-arff":
        without_pandas(monkeypatch)
    server.fill(source[0], [f"'{label}'" for label in source[1]])
    assert np.array_equal(load_openml(data_home=tmp_path)[1], source[1])


def test_a_dataset_by_the_name_of_its_source(server, source, tmp_path, monkeypatch):
    monkeypatch.setenv("SCIKIT_LEARN_DATA", str(tmp_path))
    dataset = load_dataset(f"openml:{NAME}")
    assert np.array_equal(dataset.images, source[0])
    assert load_dataset(f"openml:{NAME}@1").fingerprint() == dataset.fingerprint()
    with pytest.raises(InputError, match="no dataset 'mnist_784' of version 9"):
        load_dataset(f"openml:{NAME}@9")


@pytest.mark.parametrize("source", ["openml:", "openml", "mnist:x", "cifar", "", "openml:a@b"])
def test_a_source_that_is_not_one(source):
    with pytest.raises(InputError, match="expected"):
        load_dataset(source)


@pytest.mark.parametrize("labels", [[True, False], [1.5, 2.0], [float("nan"), 1.0], [None, "1"], [float("inf"), 0.0]])
def test_target_columns_that_are_not_classes(labels):
    with pytest.raises(InputError, match="expected words or whole numbers"):
        openml._to_words(labels)


def test_whole_floats_are_classes():
    assert openml._to_words(np.array([3.0, 0.0])).tolist() == ["3", "0"]


def test_no_target_column():
    with pytest.raises(InputError, match="one target column"):
        openml._to_words(None)


# Options of a recipe --------------------------------------------------------------------------------


@pytest.mark.parametrize("parser", ["pandas", "liac-arff"])
def test_missing_features_are_refused_by_name_unless_their_median_is_asked_for(server, tmp_path, monkeypatch, parser):
    if parser == "liac-arff":
        without_pandas(monkeypatch)
    monkeypatch.setenv("SCIKIT_LEARN_DATA", str(tmp_path / "cache"))
    labels = np.arange(ROWS) % 2
    table = np.random.default_rng(1).normal(labels[:, None] * 3, 1, (ROWS, 4)).round(3).astype(object)
    table[7, 2] = "?"
    server.fill(table, labels.astype(str).tolist())
    with pytest.raises(InputError, match=r"row 7, column 'pixel3'.*data\.missing"):
        load_dataset(f"openml:{NAME}")
    recipe = named_recipe("adam").override(
        {"data.source": f"openml:{NAME}", "data.missing": "median", "training.epochs": 20, "training.batch_size": 10}
    )
    with Run(recipe, tmp_path / "run") as run:
        list(run.epochs())
    model = load_model(tmp_path / "run")
    assert model.inputs.columns == ("pixel1", "pixel2", "pixel3", "pixel4")
    data = load_dataset(f"openml:{NAME}", like=model.inputs)
    assert np.isnan(data.images[7, 2])
    told = [model.classes[k] for k in model.predict(data.images)]
    assert np.mean(np.array(told) == labels.astype(str)) > 0.9
    assert [answer.label for answer in predict_file(model, f"openml:{NAME}")] == told


def test_a_stated_range_holds_for_a_downloaded_dataset(server, source, tmp_path, monkeypatch):
    monkeypatch.setenv("SCIKIT_LEARN_DATA", str(tmp_path))
    server.fill(source[0] // 17, source[1].astype(str).tolist())
    data = load_dataset(f"openml:{NAME}", data_range=(0, 15))
    assert np.array_equal(data.images, source[0] // 17 * 17)
