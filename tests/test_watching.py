"""A training that is watched: shown, paused, changed and stopped from a page, and refused to strangers."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from browser import browser
from glasswork import Run, named_recipe
from glasswork.recipes.shelf import read_recipe
from glasswork.training.loop import StopTraining
from glasswork.web.server import address_of, listen, run
from glasswork.web.watching import Watching
from servers import Server

COMMAND = Path(sys.executable).with_name("glasswork")
ENVIRONMENT = {**os.environ, "BROWSER": "/bin/true", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
PATIENCE = 120


@pytest.fixture(scope="module")
def home(few_file, tmp_path_factory):
    """A folder with a recipe that trains 22 steps an epoch, for so long that one can look at it."""
    folder = tmp_path_factory.mktemp("home")
    shutil.copy(few_file, folder / "few.npz")
    recipe = named_recipe("relu").override(
        {
            "name": "few", "training.epochs": 100_000, "training.batch_size": 50, "network.hidden": [20],
            "network.dropout": 0.3, "data.source": str(folder / "few.npz"), "training.engine": "numpy",
        }
    )  # fmt: skip
    (folder / "few.toml").write_text(recipe.to_toml())
    return folder


@contextmanager
def training(home, name, *words):
    """``glasswork train`` in a process of its own, from its first epoch on; killed at the end, if it has not ended."""
    command = [COMMAND, "train", "few.toml", "--out", f"runs/{name}", "--no-figures", "--no-report", *map(str, words)]
    with subprocess.Popen(
        command, cwd=home, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        rest = threading.Thread(target=process.stdout.read)  # a pipe that nobody reads would stop it in the end
        try:
            said = []
            for line in process.stdout:
                said.append(line)
                if line.startswith("Epoch: 01"):
                    break
            else:
                raise AssertionError("".join(said))
            rest.start()
            yield process
        finally:
            process.kill()
            if rest.ident:
                rest.join()


def address(printed):
    """The address of a page, from the file that the command prints where there is no terminal."""
    door = Path(urllib.parse.urlparse(re.search(r"file://\S+", printed)[0]).path)
    assert door.stat().st_mode & 0o077 == 0
    url = re.search(r'url=(\S+)"', door.read_text())[1].replace("&amp;", "&")
    found = urllib.parse.urlparse(url)
    return url, found.netloc, urllib.parse.parse_qs(found.fragment)["token"][0]


class Pages(Server):
    """A server of pages: ``glasswork watch`` or ``glasswork studio``."""

    def __enter__(self):
        self.process = subprocess.Popen(
            [COMMAND, *self.words], cwd=self.folder, env=ENVIRONMENT,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.first = self.process.stdout.readline()
        if "file://" not in self.first:
            raise AssertionError(self.first + self.process.communicate(timeout=60)[1])
        self.url, self.netloc, self.token = address(self.first)
        self.port = int(self.netloc.rpartition(":")[2])
        return self

    @contextmanager
    def page(self, **hello):
        """A WebSocket that has said hello."""
        with connect(
            f"ws://{self.netloc}/live", origin=f"http://{self.netloc}", max_size=None, close_timeout=1
        ) as page:
            page.send(json.dumps({"kind": "hello", "token": self.token, **hello}))
            yield page


def until(socket, wanted, sent=None):
    """Take messages up to one that is wanted; return it."""
    if sent is not None:
        socket.send(json.dumps(sent))
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        told = json.loads(socket.recv(timeout=PATIENCE))
        if wanted(told):
            return told
    raise AssertionError("it did not come")


def look(told):
    return told.get("look") or {}


def command(what, value=None):
    return {"kind": "command", "do": what, "value": value}


# A training, and a program in the place of a page -------------------------------------------------


@pytest.fixture(scope="module")
def watched(home):
    """A long run that is trained, and a server that shows it; the tests leave it in training."""
    with training(home, "watched") as process, Pages("watch", "runs/watched", folder=home) as server:
        server.training = process
        yield server
        assert process.poll() is None


def test_pause_step_change_go_on_and_a_page_that_comes_back(watched, home):
    folder = home / "runs" / "watched"
    with watched.page() as page:
        about = until(page, lambda told: told["kind"] == "run")
        assert (about["steps"], about["epochs"], about["dropout"]) == (22, 100_000, True)
        assert str(home) not in json.dumps(about)
        first = look(until(page, lambda told: look(told).get("sizes", [{}])[0].get("update")))
        assert first["state"] == "training"
        assert first["sizes"][0]["gradient"] > 0
        assert [layer["kind"] for layer in first["layers"]] == ["linear", "relu", "dropout", "linear"]
        paused = look(until(page, lambda told: look(told).get("state") == "paused", command("pause")))
        stepped = look(until(page, lambda told: look(told).get("step", 0) > paused["step"], command("step")))
        assert (stepped["step"], stepped["state"]) == (paused["step"] + 1, "paused")
        assert stepped["sizes"][0]["update"] > 0
        until(page, lambda told: look(told).get("base_rate") == 0.01, command("learning_rate", 0.01))
        until(page, lambda told: look(told).get("dropout") == 0.5, command("dropout", 0.5))
        for n in range(1, 9):  # a paused training is looked at once after each change
            until(page, lambda told, n=n: look(told).get("base_rate") == n / 100, command("learning_rate", n / 100))
        refused = until(page, lambda told: look(told).get("said"), command("learning_rate", -1))
        assert "at least 0, got -1" in look(refused)["said"]
    at = stepped["step"]
    changes = ((at, "dropout", 0.5), (at, "learning_rate", 0.08))
    assert read_recipe(folder / "recipe.toml").training.changes == changes
    time.sleep(0.5)  # the page is gone, and the training stands where it stood
    with watched.page(after=look(refused)["seq"], epochs=1) as page:
        back = until(page, lambda told: told["kind"] == "news")
        assert look(back).get("step", at) == at
        assert [row["epoch"] for row in back["history"]][:1] in ([], [2])  # the first epoch is known
        until(page, lambda told: look(told).get("state") == "slow", command("slow"))
        until(page, lambda told: look(told).get("state") == "training", command("go"))
        until(page, lambda told: look(told).get("step", 0) > at + 30)


def test_ten_pages_and_one_that_sleeps_get_all_and_no_more_than_ten_messages_a_second(watched):
    counts = []
    with ExitStack() as stack:
        pages = [stack.enter_context(watched.page()) for _ in range(10)]
        sleeper = stack.enter_context(watched.page())
        for page in pages:
            until(page, look)
        begun = time.monotonic()
        for page in pages:
            count = 0
            while time.monotonic() < begun + 3:
                try:
                    page.recv(timeout=0.05)
                except TimeoutError:
                    continue
                count += 1
            counts.append(count)
        pages[0].send(json.dumps(command("pause")))
        last = look(until(pages[0], lambda told: look(told).get("state") == "paused"))["seq"]
        seen = []
        while not seen or seen[-1] < last:
            told = json.loads(sleeper.recv(timeout=PATIENCE))
            seen += [point["seq"] for point in told.get("points", [])]
        assert seen == sorted(set(seen))
        assert seen[0] > 0
        assert set(range(seen[0], last)) - set(seen) == set()  # every look that had a loss, however long it slept
        pages[0].send(json.dumps(command("go")))
        until(pages[0], lambda told: look(told).get("state") == "training")
    assert counts[0] <= 3 * 10 + 2


def test_strangers_are_refused(watched):
    """Twelve wrong combinations of host, origin and token, over WebSocket, and the hosts and origins over HTTP."""
    port, token = watched.port, watched.token
    right = f"127.0.0.1:{port}"
    wrong = [
        (right, None, token), (right, "null", token), (right, "http://evil.example", token),
        (right, f"https://{right}", token), (right, f"http://localhost:{port}", token),
        (right, "http://127.0.0.1", token),
        ("evil.example", "http://evil.example", token),
        (f"evil.example:{port}", f"http://evil.example:{port}", token),
        ("127.0.0.1", "http://127.0.0.1", token),
        (right, f"http://{right}", ""), (right, f"http://{right}", token[:-1]),
        (right, f"http://{right}", token.swapcase()),
    ]  # fmt: skip
    for host, origin, said in wrong:
        if said == token:
            stream = socket.create_connection(("127.0.0.1", port))
            with pytest.raises(InvalidStatus) as refused, connect(f"ws://{host}/live", sock=stream, origin=origin):
                pass
            assert refused.value.response.status_code in (403, 421)
            assert b"http://127.0.0.1" in refused.value.response.body
            continue
        with connect(f"ws://{right}/live", origin=origin) as page:
            page.send(json.dumps({"kind": "hello", "token": said}))
            told = json.loads(page.recv(timeout=10))
            assert "does not know the token" in told["why"]
            assert token not in json.dumps(told)
            with pytest.raises(ConnectionClosed) as closed:
                page.recv(timeout=10)
            assert closed.value.rcvd.code == 1008
    for host, origin, _ in wrong[1:9]:
        assert watched.ask("/nothing", Host=host, Origin=origin)[0] in (403, 421)


def test_messages_that_are_none_are_refused_in_words(watched):
    with watched.page() as page:
        until(page, lambda told: told["kind"] == "run")
        wrong = [
            "", "no JSON", "[]", "{}", '{"kind": "command"}', '{"kind": "command", "do": "delete"}',
            '{"kind": "command", "do": "pause", "value": "x"}', '{"kind": "command", "do": "pause", "more": 1}',
            '{"kind": "start", "recipe": "relu"}', '{"kind": "report", "run": "../../etc"}', "[" * 5000, "x" * 60_000,
        ]  # fmt: skip
        for text in wrong:
            page.send(text)
            assert until(page, lambda told: told["kind"] == "refused")["why"]
        page.send(json.dumps(command("dropout")))
        assert "training.changes" in look(until(page, lambda told: look(told).get("said")))["said"]
        assert look(until(page, look))["state"] == "training"


def test_a_page_that_says_nothing_or_no_hello_is_not_told_anything(watched):
    for text in (
        "",
        "{}",
        json.dumps(command("stop")),
        json.dumps({"kind": "hello", "token": watched.token, "more": 1}),
    ):
        with connect(f"ws://{watched.netloc}/live", origin=f"http://{watched.netloc}") as page:
            page.send(text)
            assert json.loads(page.recv(timeout=10))["kind"] == "refused"
            with pytest.raises(ConnectionClosed):
                page.recv(timeout=10)


def test_the_page_holds_no_data_and_nothing_else_may_run_in_it(watched):
    with urllib.request.urlopen(f"http://{watched.netloc}/") as answer:
        policy, text = answer.headers["content-security-policy"], answer.read().decode()
    assert watched.token not in text
    assert "watched" not in text
    assert "unsafe" not in policy
    assert policy.count("sha256-") == 4
    assert f"connect-src ws://{watched.netloc};" in policy


def test_a_paused_training_goes_on_if_the_server_dies_and_can_be_watched_again(home):
    with training(home, "left") as process:
        with Pages("watch", "runs/left", folder=home) as server:
            with server.page() as page:
                until(page, look)
                paused = look(until(page, lambda told: look(told).get("state") == "paused", command("pause")))
            server.process.kill()
            server.process.communicate()
            server.process.returncode = 0  # it was meant to die
        with Pages("watch", "runs/left", folder=home) as server, server.page() as page:
            until(page, lambda told: look(told).get("step", 0) > paused["step"])
            end = until(page, lambda told: told.get("end"), command("stop"))["end"]
            assert end["state"] == "interrupted"
        assert process.wait(timeout=PATIENCE) == 130


def test_a_run_that_was_stopped_after_changes_is_the_same_as_a_rerun_up_to_there(home):
    """However it was paused, stepped and slowed: the same weights, and the same moments, at the same step."""
    folder = home / "runs" / "same"
    with training(home, "same") as process, Pages("watch", "runs/same", folder=home) as server, server.page() as page:
        until(page, look)
        until(page, lambda told: look(told).get("state") == "slow", command("slow"))
        until(page, lambda told: look(told).get("base_rate") == 0.02, command("learning_rate", 0.02))
        until(page, lambda told: look(told).get("dropout") == 0.6, command("dropout", 0.6))
        at = look(until(page, lambda told: look(told).get("state") == "training", command("go")))["step"]
        until(page, lambda told: look(told).get("step", 0) > at + 25)
        until(page, lambda told: told.get("end"), command("stop"))
        process.wait(timeout=PATIENCE)
    stopped = Run.resume(folder)

    def stop(progress):
        if progress.step == stopped.progress.step:
            raise StopTraining

    again = Run(folder, home / "runs" / "same-again")
    with again:
        list(again.epochs(after_step=stop))
    assert len(again.recipe.training.changes) == 2
    then, now = stopped.model.state(), again.progress.state.weights
    assert [array.tobytes() for array in then.values()] == [array.tobytes() for array in now]


# The studio ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def studio(home):
    with Pages("studio", "runs", folder=home) as server:
        yield server


def test_the_studio_lists_starts_compares_and_opens_reports(studio, watched, home, glasswork):
    settings = {"epochs": "2", "hidden": "12", "data": str(home / "few.npz"), "seed": "7"}
    with studio.page() as page:
        listed = until(page, lambda told: told["kind"] == "runs")
        assert {"watched", "classwork"} <= {row["run"] for row in listed["runs"]} | {
            r["name"] for r in listed["recipes"]
        }
        (row,) = (row for row in listed["runs"] if row["run"] == "watched")  # from the command
        assert row["state"] == "running"
        assert str(home) not in json.dumps(listed)
        start = {"kind": "start", "recipe": "relu", "settings": settings}
        names = [until(page, lambda told: told["kind"] == "started", start)["run"] for _ in range(2)]
        assert len(set(names)) == 2

        def ended(told):
            rows = {row["run"]: row for row in told.get("runs", [])}
            return all(rows.get(name, {}).get("state") == "finished" for name in names)

        until(page, ended)
        compared = until(page, lambda told: told["kind"] == "compared", {"kind": "compare", "runs": names})
        assert [len(run["history"]) for run in compared["runs"]] == [2, 2]
        assert compared["runs"][0]["tested"] == 200
        told = until(page, lambda told: told["kind"] == "report", {"kind": "report", "run": names[0]})
        with urllib.request.urlopen(f"http://{studio.netloc}{told['path']}") as answer:
            assert b"glasswork" in answer.read()
            assert answer.headers["referrer-policy"] == "no-referrer"
        for wrong, why in (
            ({"kind": "start", "recipe": "../x"}, "no recipe is called"),
            ({"kind": "start", "recipe": "relu", "settings": {"epochs": "many"}}, "training.epochs"),
            ({"kind": "start", "recipe": "relu", "settings": {"out": "/tmp/x"}}, "not a message"),
            ({"kind": "report", "run": "../runs/watched"}, "there is no run called"),
            ({"kind": "compare", "runs": ["watched", "/etc"]}, "there is no run called"),
        ):
            refused = until(page, lambda told: told["kind"] == "refused", wrong)
            assert why in refused["why"]
    with studio.page(run="../runs/watched") as page:
        assert "there is no run called" in until(page, lambda told: told["kind"] == "refused")["why"]
    with pytest.raises(urllib.error.HTTPError) as missing:
        urllib.request.urlopen(f"http://{studio.netloc}/report/{studio.token}")
    assert missing.value.code == 404
    missing.value.close()
    assert names[0] in glasswork("runs", folder=home)  # the other way round


def test_a_mistake_of_the_server_is_told_to_the_page_and_printed(tmp_path, monkeypatch, caplog):
    watching, listening, done = Watching(tmp_path), listen(0), threading.Event()
    monkeypatch.setattr(watching.studio, "listed", lambda: {}["missing"])
    netloc = address_of(listening).removeprefix("http://")
    server = threading.Thread(target=run, args=(watching.app, listening), kwargs={"until": done.is_set})
    server.start()
    try:
        with connect(f"ws://{netloc}/live", origin=f"http://{netloc}") as page:
            page.send(json.dumps({"kind": "hello", "token": watching.token}))
            assert "glasswork made a mistake" in until(page, lambda told: told["kind"] == "refused")["why"]
    finally:
        done.set()
        server.join()
    assert "KeyError: 'missing'" in caplog.text


def test_a_run_that_was_killed_shows_why(studio, home):
    with training(home, "killed") as process, studio.page(run="killed") as page:
        until(page, look)
        process.kill()
        process.wait()
        end = until(page, lambda told: told.get("end"))["end"]
        assert end["state"] == "interrupted"
        assert re.fullmatch(r"process \d+ was killed", end["reason"])


def test_a_run_of_a_python_program_is_shown_and_commanded(studio, home):
    """The program of the documentation, with another recipe."""
    page = Path(__file__).parents[1] / "docs" / "lookup" / "watching.md"
    (program,) = re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    program = program.replace('"relu"', '"few.toml", "runs/program"') + "print(run.test_accuracy)"
    with subprocess.Popen(
        [sys.executable, "-c", program], cwd=home, env=ENVIRONMENT, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline()  # an epoch
        with studio.page() as page:
            row = next(
                row for row in until(page, lambda told: told["kind"] == "runs")["runs"] if row["run"] == "program"
            )
            assert row["state"] == "running"
        with studio.page(run="program") as page:
            until(page, look)
            until(page, lambda told: look(told).get("base_rate") == 0.03, command("learning_rate", 0.03))
            assert until(page, lambda told: told.get("end"), command("stop"))["end"]["state"] == "interrupted"
        assert process.stdout.read().endswith("None\n")
    assert process.returncode == 0
    assert Run.resume(home / "runs" / "program").recipe.training.changes[0][1:] == ("learning_rate", 0.03)


# Pages in a browser -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def chrome():
    with browser() as started:
        yield started


@contextmanager
def opened(chrome, url, **options):
    """A page of a browser of its own, which may say nothing to its console."""
    context = chrome.new_context(viewport={"width": 1280, "height": 720}, **options)
    page = context.new_page()
    said = []
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    page.set_default_timeout(PATIENCE * 1000)
    page.goto(url)
    page.wait_for_selector("html[data-complete]", state="attached")
    yield page
    context.close()
    assert [text for text in said if "WebSocket connection" not in text] == []


def state_of(page, words):
    page.locator(".live-state", has_text=words).wait_for()


def step_of(page):
    return int(page.evaluate("document.documentElement.dataset.step ?? 0"))


def walk(page, count):
    """The names of the first controls that the Tab key reaches."""
    name = "(e => e.ariaLabel ?? e.labels?.[0]?.textContent ?? e.textContent)(document.activeElement)"
    return [(page.keyboard.press("Tab"), page.evaluate(name))[1] for _ in range(count)]


RATE = named_recipe("dropout").optimizer.learning_rate


def test_a_person_starts_watches_pauses_steps_changes_leaves_comes_back_and_finishes(studio, chrome, home):
    with opened(chrome, studio.url) as page:
        fields = ["Recipe", "Epochs", "Hidden neurons", "Learning rate", "Seed", "Data", "Start"]
        assert walk(page, len(fields)) == fields
        page.get_by_label("Recipe", exact=True).select_option("dropout")
        for label, value in (("Epochs", "3000"), ("Hidden neurons", "12"), ("Data", str(home / "few.npz"))):
            page.get_by_label(label, exact=True).fill(value)
        assert Axe().run(page).response["violations"] == []
        page.get_by_role("button", name="Start").click()
        page.wait_for_selector("html[data-step]", state="attached")
        state_of(page, "In training")
        page.get_by_role("button", name="Pause").click()
        state_of(page, "Paused")
        page.wait_for_timeout(500)
        before = step_of(page)
        page.get_by_role("button", name="One step").focus()
        page.keyboard.press("Enter")  # by keyboard
        page.wait_for_function("before => Number(document.documentElement.dataset.step) === before + 1", arg=before)
        page.get_by_role("button", name="Halve the learning rate").click()
        rate = page.get_by_label("Learning rate", exact=True)
        now = "of => Number(document.getElementById(`set-${of[0]}`).dataset.now) === of[1]"
        page.wait_for_function(now, arg=["learning_rate", RATE / 2])
        rate.fill("-3")
        rate.press("Enter")
        page.get_by_text("at least 0, got -3").wait_for()
        page.get_by_label("Dropout").fill("0.4")
        page.get_by_label("Dropout").press("Enter")
        page.wait_for_function(now, arg=["dropout", 0.4])
        page.get_by_role("tab", name="Training").focus()
        assert Axe().run(page).response["violations"] == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        scores = page.evaluate("glasswork.scores(new Uint8Array(784))")
        assert len(scores) == 10
        left = page.url
    with opened(chrome, left) as page:  # the page was killed, and another browser comes
        state_of(page, "Paused")
        acts = ["All runs", "Go on", "One step", "Slow motion", "Stop …"]
        acts += ["Learning rate", "Halve the learning rate", "Double the learning rate", "Dropout"]
        assert walk(page, len(acts)) == acts
        page.get_by_role("button", name="Go on").click()
        state_of(page, "In training")
        page.wait_for_function("before => Number(document.documentElement.dataset.step) > before + 5", arg=before)
        page.locator(".fixed .right, .fixed .wrong").first.wait_for()
        page.get_by_role("button", name="Stop").click()
        page.get_by_role("button", name="Really stop").click()
        state_of(page, "Interrupted")
        page.get_by_text("continues it").wait_for()
        page.get_by_role("link", name="All runs").click()
        page.get_by_role("heading", name="Start a recipe").wait_for()
        page.get_by_role("row", name=re.compile("dropout.*interrupted")).wait_for()
    (run,) = (home / "runs").glob("*-dropout")
    assert [change[1:] for change in read_recipe(run / "recipe.toml").training.changes] == [
        ("learning_rate", RATE / 2), ("dropout", 0.4),
    ]  # fmt: skip


def test_a_thousand_epochs_do_not_make_the_page_grow(watched, chrome):
    with opened(chrome, watched.url) as page:
        page.wait_for_selector("html[data-step]", state="attached")
        browser_itself = page.context.new_cdp_session(page)

        def heap():
            browser_itself.send("HeapProfiler.collectGarbage")
            return browser_itself.send("Runtime.getHeapUsage")["usedSize"] / 2**20

        before = heap()
        known = page.evaluate("""() => {
            const take = glassworkLink.receive;
            const history = [];
            for (let epoch = 1; epoch <= 1000; epoch++) {
                const more = {learning_rate: 0.1, updates: [0.001, 0.001]};
                const points = Array.from({length: 20}, (_, n) => (
                    {seq: 1e6 + 20 * epoch + n, step: 1e9 + 20 * epoch + n, epoch: epoch + n / 20, loss: 1, ...more}));
                const row = {epoch, train_loss: 1, valid_loss: 1, valid_accuracy: 90, seconds: 1, findings: []};
                take({kind: 'news', points, history: [row], end: null, look: null});
            }
            const {points, history: rows} = glasswork.course;
            return [points.length, rows.length, document.querySelectorAll('*').length];
        }""")
        assert known[0] <= 2000
        assert known[1] == 1000
        assert known[2] < 3000
        assert heap() - before < 2  # MB; the page itself has about 3


def test_a_stranger_without_the_token_sees_a_sentence(watched, chrome):
    context = chrome.new_context(locale="de-DE")  # the sentence of the server is English
    page = context.new_page()
    page.goto(f"http://{watched.netloc}/")
    page.get_by_text("Keine Verbindung: this page does not know the token").wait_for()
    context.close()


def test_train_watch_prints_where_and_ends_with_the_training(home):
    words = [
        COMMAND,
        "train",
        "few.toml",
        "--epochs",
        "40",
        "--out",
        "runs/shown",
        "--watch",
        "--quiet",
        "--no-report",
        "--no-figures",
    ]
    done = subprocess.run(
        words, cwd=home, env=ENVIRONMENT, capture_output=True, text=True, timeout=PATIENCE, check=True
    )
    assert re.search(r"^Test accuracy", done.stdout, re.MULTILINE)
    assert not re.search(r"token", done.stdout + done.stderr)
    if printed := re.search(
        r"^Watch shown: file://(\S+)$", done.stdout, re.MULTILINE
    ):  # a short training may be faster
        assert not Path(printed[1]).exists()
