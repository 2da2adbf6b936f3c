"""The installed command, as a user runs it: what it prints, what it leaves, how it fails."""

import json
import os
import pty
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from safetensors import safe_open

import soak
from glasswork import Run, load_mnist, load_model, named_recipe

COMMAND = [str(Path(sys.executable).parent / "glasswork")]
EPOCH_LINE = re.compile(
    r"^Epoch: (\d\d)/(\d+) \| Train MSE: \d\.\d{4} \| Valid MSE: \d\.\d{4} \| Valid Acc: (\d\d\.\d\d)%$", re.MULTILINE
)


@pytest.fixture(scope="module")
def home(installed, tmp_path_factory):
    """A folder in which a run of two epochs was made: ``runs/<date>-classwork``."""
    folder = tmp_path_factory.mktemp("home")
    (folder / "printed.txt").write_text(installed("train", "--epochs", 2, folder=folder))
    return folder


@pytest.fixture(scope="module")
def run(home):
    """The folder of that run."""
    (folder,) = (home / "runs").iterdir()
    return folder


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    """Ten test images as PNG files, one of each digit, by digit."""
    folder = tmp_path_factory.mktemp("digits")
    images, labels = load_mnist()
    for digit in range(10):
        row = 60_000 + np.flatnonzero(labels[60_000:] == digit)[3]
        Image.fromarray(images[row].reshape(28, 28)).save(folder / f"{digit}.png")
    return folder


def test_version_is_answered_without_any_library(installed, tmp_path):
    assert re.fullmatch(r"glasswork \d+\.\d+\.\d+\n", installed("--version", folder=tmp_path))
    program = (
        "import sys; sys.argv = ['glasswork', '--version']; from glasswork.__main__ import main; main();"
        "print(sorted({'numpy', 'typer', 'rich', 'matplotlib', 'sklearn', 'PIL', 'msgspec'} & set(sys.modules)))"
    )
    printed = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert printed.endswith("[]\n")


def test_importing_the_package_loads_nothing_but_numpy_even_for_a_network():
    program = (
        "import sys; before = set(sys.modules); from glasswork import MLP, SGD, MSELoss, Batches, fit;"
        "print(*{m.split('.')[0] for m in set(sys.modules) - before} - set(sys.stdlib_module_names))"
    )
    printed = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    loaded = set(re.findall(r"\b(?!\w*cython)\w+", printed))  # less NumPy's own compiled parts
    assert loaded == {"glasswork", "lazy_loader", "numpy"}


def test_python_m_glasswork_is_the_command(installed, tmp_path):
    for words in (["--version"], ["train", "--help"]):
        module = subprocess.run(
            [sys.executable, "-m", "glasswork", *words],
            env={**os.environ, "COLUMNS": "160"}, capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert module.stdout == installed(*words, folder=tmp_path)


@pytest.mark.parametrize(
    ("verb", "words"),
    [
        ("train", ["--epochs", "--hidden", "--learning-rate", "--split", "--out", "--quiet", "Examples"]),
        ("evaluate", ["RUN", "each class", "confusion table"]),
        ("predict", ["SOURCE", "--json", "dark on light"]),
    ],
)
def test_help_of_each_verb_names_its_options(glasswork, verb, words, tmp_path):
    assert verb in glasswork("--help", folder=tmp_path)
    printed = glasswork(verb, "--help", folder=tmp_path)
    assert [word for word in words if word not in printed] == []


def test_train_says_what_it_will_do_then_a_line_an_epoch_then_the_result(home, run):
    printed = (home / "printed.txt").read_text()
    for words in ("55,000 train", "5,000 valid", "10,000 test", "784-50-10", "39,760 parameters", f"runs/{run.name}"):
        assert words in printed
    assert [match[:2] for match in EPOCH_LINE.findall(printed)] == [("01", "2"), ("02", "2")]
    tested = r"\d,\d{3} of 10,000 images, handout split; 95 % confidence: [\d.]+ to [\d.]+ %"
    (accuracy,) = re.findall(rf"^Test accuracy: (\d\d\.\d\d)% \({tested}\)$", printed, re.MULTILINE)
    assert 80 < float(accuracy) < 92
    assert re.search(r"^Trained in \d+\.\d s", printed, re.MULTILINE)
    assert f"glasswork evaluate runs/{run.name}" in printed
    assert "\x1b" not in printed


def test_a_run_leaves_its_recipe_history_network_and_pictures(run):
    assert re.fullmatch(r"\d{4}-\d\d-\d\d-classwork", run.name)
    assert {p.name for p in run.iterdir()} == {
        "recipe.toml", "history.csv", "model.safetensors", "result.json", "figures", ".lock",
        "report.html", "snapshots.safetensors",
        "checkpoint-1.safetensors", "checkpoint-2.safetensors",
    }  # fmt: skip
    header, *rows = (run / "history.csv").read_text().splitlines()
    assert header == "epoch,train_loss,valid_loss,valid_accuracy,seconds,learning_rate,findings"
    assert [row.split(",")[0] for row in rows] == ["1", "2"]
    result = json.loads((run / "result.json").read_text())
    assert (result["state"], result["epochs"], result["split"]) == ("finished", 2, "handout")
    with safe_open(run / "model.safetensors", framework="numpy") as file:
        metadata = json.loads(file.metadata()["glasswork"])
        assert metadata["layers"][0]["settings"]["out_features"] == 50
        assert metadata["image_shape"] == [28, 28]
        assert metadata["classes"] == list("0123456789")
        assert file.get_tensor("linear1.weight").shape == (784, 50)
    for name in ("digits", "curves", "weights", "diagram"):
        with Image.open(run / "figures" / f"{name}.png") as picture:
            picture.load()
            assert min(picture.size) >= 300


def test_the_same_bytes_in_another_folder_locale_and_time_zone(home, run, tmp_path):
    place = tmp_path / "deep" / "ünd wide"
    place.mkdir(parents=True)
    done = subprocess.run(
        [*COMMAND, "train", "--epochs", "2"], cwd=place, capture_output=True, check=True,
        env={**os.environ, "TZ": "Asia/Tokyo", "LC_ALL": "C"},
    )  # fmt: skip
    (again,) = (place / "runs").iterdir()
    assert f"runs/{again.name}".encode() in done.stdout
    assert soak.outcome(again) == soak.outcome(run)
    assert (again / "recipe.toml").read_bytes() == (run / "recipe.toml").read_bytes()


def test_flags_change_the_experiment(glasswork, tmp_path):
    printed = glasswork(
        "train", "--epochs", 1, "--hidden", "30,20", "--batch-size", 50, "--learning-rate", 0.5, "--seed", 7,
        "--dtype", "float64", "--split", "official", "--out", "deep/run", "--quiet", "--batch-norm", "true",
        "--drop-last", folder=tmp_path,
    )  # fmt: skip
    assert re.fullmatch(r"Test accuracy: \d\d\.\d\d% \([^\n]* of 10,000 images, official split; [^\n]*\)\n", printed)
    model = load_model(tmp_path / "deep" / "run")
    assert (model.hidden_size, model.dtype) == ((30, 20), np.float64)
    recipe = (tmp_path / "deep" / "run" / "recipe.toml").read_text()
    for line in (
        "seed = 7",
        "batch_norm = true",
        "drop_last = true",
        'split = "official"',
        "learning_rate = 0.5",
        "batch_size = 50",
        'dtype = "float64"',
    ):
        assert line in recipe


def test_a_progress_bar_moves_on_a_terminal(few_file, tmp_path):
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [*COMMAND, "train", "--epochs", "3", "--data", few_file, "--no-report"],
        cwd=tmp_path, stdout=theirs, stderr=theirs, env={**os.environ, "TERM": "xterm", "COLUMNS": "100"},
    )  # fmt: skip
    os.close(theirs)
    printed = b""
    try:
        while chunk := os.read(ours, 4096):
            printed += chunk
    except OSError:  # the terminal is gone when the command has ended
        pass
    os.close(ours)
    assert process.wait(timeout=60) == 0
    text = printed.decode()
    assert "training" in text
    assert re.search(r"\d+%", text)
    assert "Epoch: 03/3" in text


def test_evaluate_tells_accuracy_with_its_split_each_digit_and_the_confusions(installed, home, run):
    printed = installed("evaluate", f"runs/{run.name}", folder=home)
    accuracy = json.loads((run / "result.json").read_text())["test_accuracy"]
    right = round(100 * accuracy)
    assert f"Test accuracy: {accuracy:.2f}% ({right:,} of 10,000 images, handout split; 95 % confidence: " in printed
    assert "precision" in printed
    confusions = [line for line in printed.splitlines() if re.match(r"^│\s+\d │", line)][-10:]
    counts = np.array([[int(n.replace("·", "0")) for n in re.findall(r"\d+|·", line)[1:]] for line in confusions])
    assert counts.shape == (10, 10)
    assert counts.sum() == 10_000
    assert counts.trace() / 100 == pytest.approx(accuracy)
    with Image.open(run / "figures" / "confusion.png") as picture:
        picture.load()


def test_predict_reads_digits(installed, glasswork, home, run, digits):
    paths = [digits / f"{digit}.png" for digit in range(10)]
    printed = installed("predict", run, *paths, folder=home)
    lines = [
        re.fullmatch(r"(\S+)  (\d)  (\d+\.\d)% sure(?:, or \d \(\d+\.\d%\))?(?:; unlike .*)?", line).groups()
        for line in printed.splitlines()
    ]
    assert [line[0] for line in lines] == [str(path) for path in paths]
    answers = json.loads(glasswork("predict", run, "--json", *paths, folder=home))
    assert [answer["digit"] for answer in answers] == [int(line[1]) for line in lines]
    assert sum(answer["digit"] == digit for digit, answer in enumerate(answers)) >= 7
    for answer in answers:
        assert sum(answer["probabilities"]) == pytest.approx(1, abs=1e-3)
        assert answer["confidence"] == max(answer["probabilities"])


def test_a_bad_picture_does_not_keep_the_others_from_an_answer(glasswork, home, run, digits, tmp_path):
    (tmp_path / "bad.png").write_bytes(b"nothing")
    printed = glasswork("predict", run, tmp_path / "bad.png", digits / "1.png", "--show", folder=home, status=1)
    assert re.search(rf"^Error: {tmp_path}/bad\.png: cannot be read as a picture", printed, re.MULTILINE)
    assert re.search(rf"^{digits}/1\.png +\d  \d", printed, re.MULTILINE)
    assert printed.count("█") > 5
    bad, good = json.loads(
        glasswork("predict", run, tmp_path / "bad.png", digits / "1.png", "--json", folder=home, status=1).partition(
            "Error:"
        )[0]
    )
    assert "cannot be read" in bad["error"]
    assert good["digit"] in range(10)


def test_ctrl_c_keeps_what_was_learnt(tmp_path):
    words = [*COMMAND, "train", "--epochs", "5000", "--batch-size", "500", "--out", "run"]
    with subprocess.Popen(words, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout:
            if line.startswith("Epoch: 02"):
                break
        process.send_signal(signal.SIGINT)
        printed = process.stdout.read()
    assert process.returncode == 130
    assert re.search(r"^Interrupted after \d+ of 5000 epochs; the network is in run$", printed, re.MULTILINE)
    result = json.loads((tmp_path / "run" / "result.json").read_text())
    assert result["state"] == "interrupted"
    assert result["epochs"] >= 2
    images, labels = load_mnist()
    assert (load_model(tmp_path / "run").predict(images[60_000:]) == labels[60_000:]).mean() > 0.3


def test_a_loss_that_is_no_number_stops_the_run_and_keeps_the_last_good_weights(glasswork, tmp_path):
    printed = glasswork(
        "train", "--set", "network.output_activation=none", "--learning-rate", 9, "--out", "run",
        folder=tmp_path, status=1,
    )  # fmt: skip
    assert re.search(r"Error: epoch 1: the loss became (nan|inf) at batch \d+.*try a smaller one", printed)
    assert "Traceback" not in printed
    assert "Warning" not in printed
    assert json.loads((tmp_path / "run" / "result.json").read_text())["state"] == "failed"
    assert np.isfinite(load_model(tmp_path / "run").linear1.weight).all()


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (["train", "--epochs", "0"], 2, r"training\.epochs: expected a whole number, at least 1 .*, got 0"),
        (["train", "--epochs", "many"], 2, r"training\.epochs: expected a whole number.*, got 'many'"),
        (["train", "--hidden", "0"], 2, r"network\.hidden: expected a whole number, at least 1"),
        (["train", "--hidden", "wide"], 2, r"network\.hidden: expected a list .* such as \[300, 100\], got 'wide'"),
        (["train", "--batch-size", "0"], 2, r"training\.batch_size: expected a whole number, at least 1"),
        (
            ["train", "--learning-rate", "-0.1"],
            2,
            r"optimizer\.learning_rate: expected a finite number, at least 0, got -0\.1",
        ),
        (
            ["train", "--learning-rate", "nan"],
            2,
            r"optimizer\.learning_rate: expected a finite number, at least 0, got nan",
        ),
        (["train", "--seed", "-1"], 2, r"seed: expected a whole number, at least 0"),
        (["train", "--dtype", "int8"], 2, r"network\.dtype.*int8"),
        (["train", "--split", "mine"], 2, r"data\.split.*mine"),
        (["train", "--data", "cifar"], 2, r"data\.source.*cifar"),
        (["train", "--out", "/dev/null/run"], 1, r"/dev/null/run: this folder cannot be created"),
        (["train", "--out", "."], 1, r"exists already"),
        (["train", "--wide"], 2, r"--wide: no such option"),
        (["train", "--set", "seed=" + "9" * 5000], 2, r"seed: expected"),
        (["train", "--set", "network.hidden=[1000000,1000000]"], 2, r"expected at most 200,000,000 weights"),
        (["trian"], 2, r"No such command 'trian'"),
        (["evaluate", "nowhere"], 1, r"nowhere: expected the folder of a run"),
        (["predict", "nowhere", "x.png"], 1, r"nowhere.*no such model file"),
        (["predict"], 2, r"Missing argument 'RUN'"),
    ],
)
def test_bad_input_gets_one_clear_message_and_writes_nothing(glasswork, words, status, message, tmp_path):
    printed = glasswork(*words, folder=tmp_path, status=status)
    assert re.search(message, printed)
    assert "Traceback" not in printed
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("missing.png", None, r"missing\.png"),
        ("text.png", b"not a picture", r"text\.png"),
        ("empty.png", "blank", r"empty\.png"),
    ],
)
def test_an_unreadable_or_empty_image_is_refused(glasswork, name, content, message, home, run, tmp_path):
    path = tmp_path / name
    if content == "blank":
        Image.new("L", (40, 40), 255).save(path)
    elif content is not None:
        path.write_bytes(content)
    printed = glasswork("predict", run, path, folder=home, status=1)
    assert re.search(r"Error: .*" + message, printed)
    assert "Traceback" not in printed


def test_a_damaged_model_file_is_refused_and_debug_shows_where(glasswork, home, run, digits, tmp_path):
    damaged = tmp_path / "run"
    damaged.mkdir()
    (damaged / "model.safetensors").write_bytes((run / "model.safetensors").read_bytes()[:-100])
    printed = glasswork("predict", damaged, digits / "1.png", folder=home, status=1)
    assert re.match(r"Error: .*model\.safetensors: not a model file, or a damaged one", printed)
    assert "Traceback" in glasswork("predict", damaged, digits / "1.png", "--debug", folder=home, status=1)


@pytest.mark.parametrize("words", [["--version"], ["recipes"]])
def test_output_that_cannot_be_written_is_said(words):
    with Path("/dev/full").open("w") as full:
        done = subprocess.run([*COMMAND, *words], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "No space left on device" in done.stderr


def test_letters_that_the_terminal_does_not_have(home, run):
    done = subprocess.run(
        [*COMMAND, "evaluate", run], env={**os.environ, "PYTHONIOENCODING": "ascii"}, capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    assert "Test accuracy" in done.stdout


def test_a_picture_that_cannot_be_written_costs_only_itself(glasswork, run, tmp_path):
    damaged = tmp_path / "run"
    shutil.copytree(run, damaged)
    shutil.rmtree(damaged / "figures")
    (damaged / "figures").write_text("in the way")
    printed = glasswork("evaluate", damaged, folder=tmp_path)
    assert "Test accuracy" in printed
    assert re.search(
        r"Not drawn: confusion\. .*figures: this folder cannot be created \(File exists\); move away", printed
    )


def test_the_users_matplotlib_does_not_stop_a_training(few_file, tmp_path):
    (tmp_path / "matplotlibrc").write_text("text.usetex: True\n")
    words = ["train", "--data", few_file, "--epochs", "1", "--quiet", "--out", "run", "--format", "svg"]
    done = subprocess.run(
        [*COMMAND, *words], cwd=tmp_path, env={**os.environ, "MPLBACKEND": "nonsense"}, capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    assert re.fullmatch(r"Test accuracy: \d\d\.\d\d% \(.* images, handout split; .*\)\n", done.stdout)
    assert done.stderr == ""
    assert sorted(path.name for path in (tmp_path / "run" / "figures").iterdir()) == [
        "curves.svg", "diagram.svg", "digits.svg", "weights.svg",
    ]  # fmt: skip
    (tmp_path / "matplotlibrc").write_bytes(b"\xff\xfe")  # with this, matplotlib cannot even be imported
    done = subprocess.run([*COMMAND, "evaluate", "run"], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert "Test accuracy" in done.stdout
    assert re.fullmatch(r"Notice: Not drawn: confusion\. .*can't decode.*\n", done.stderr)


# Runs side by side --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def three(tmp_path_factory, few_images):
    """A folder with a run that is finished, one that was killed with a history, and one by early stopping."""
    folder = tmp_path_factory.mktemp("three") / "runs"
    recipe = named_recipe("relu").override(
        {"network.hidden": [8], "training.batch_size": 50, "training.epochs": 5, "optimizer.learning_rate": 0.1}
    )
    with Run(recipe, folder / "finished") as finished:
        list(finished.epochs())
    with Run(recipe.override({"training.early_stopping": 4}), folder / "best") as best:
        list(best.epochs())
    child = os.fork()
    if child == 0:
        with Run(recipe, folder / "killed") as killed:
            for epoch in killed.epochs():
                if epoch.epoch == 3:
                    os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)
    return folder, finished, best


def test_runs_pairs_accuracies_of_the_same_weights(three, installed, glasswork):
    """With early stopping the best epoch's, which is what was tested; without, the last one's."""
    folder, finished, best = three
    rows = {row["run"]: row for row in json.loads(installed("runs", folder, "--json", folder=folder))}
    for run in (finished, best):
        row, valid = rows[run.folder.name], run.parts.valid
        kept = 100 * (load_model(run.folder).predict(valid.images) == valid.labels).mean()
        assert row["valid_accuracy"] == pytest.approx(kept)
        assert row["test_accuracy"] == run.test_accuracy
        assert (row["state"], row["epochs"], row["epochs_wanted"]) == ("finished", 5, 5)
        assert row["seconds"] == pytest.approx(sum(epoch.seconds for epoch in run.history))
    accuracies = [epoch.valid_accuracy for epoch in finished.history]
    assert max(accuracies) > accuracies[-1]  # so that the two are not the same by chance
    assert rows["best"]["valid_accuracy"] > rows["finished"]["valid_accuracy"]
    printed = glasswork("runs", folder, folder=folder)
    assert re.search(rf"^finished +finished +5/5 +{accuracies[-1]:.2f}% +{finished.test_accuracy:.2f}%", printed, re.M)


def test_a_run_that_was_killed_can_be_compared(three, installed, tmp_path):
    """It has a history, and no network yet."""
    folder, finished, _ = three
    assert not (folder / "killed" / "model.safetensors").exists()
    printed = installed("compare", folder / "killed", folder / "finished", folder=tmp_path)
    parameters = f"{784 * 8 + 8 + 8 * 10 + 10:,}"
    best = max(epoch.valid_accuracy for epoch in finished.history[:3])
    assert re.search(rf"killed +handout +{parameters} +3 +{best:.2f}% +- ", printed)
    assert re.search(rf"finished +handout +{parameters} +5 .* {finished.test_accuracy:.2f}%", printed)
    with Image.open(tmp_path / "compare.png") as picture:
        picture.load()


def test_looking_at_runs_changes_nothing(three, glasswork, tmp_path):
    folder, *_ = three
    before = soak.everything(folder), sorted(folder.rglob("*"))
    glasswork("runs", folder, folder=folder)
    glasswork("compare", folder / "killed", folder / "best", folder=tmp_path)
    assert (soak.everything(folder), sorted(folder.rglob("*"))) == before


def test_show_saves_any_figure_of_a_run(installed, glasswork, run, tmp_path):
    for words, start in ((["weights"], b"<?xml"), (["confusion"], b"<?xml")):
        printed = glasswork("show", run, *words, "-o", "figure.svg", folder=tmp_path)
        assert "Figure saved to figure.svg" in printed
        assert (tmp_path / "figure.svg").read_bytes().startswith(start)
    shown = installed("show", run, folder=tmp_path)
    with Image.open(shown.split()[-1]) as picture:
        picture.load()
    assert "neither a run nor a figure" in glasswork("show", "nowhere", folder=tmp_path, status=1)
    assert "no run to show" in glasswork("show", "digits", folder=tmp_path, status=1)
