"""The command's experiments: recipes and their settings, runs compared, the ladder."""

import re

import pytest
import scipy.stats
from PIL import Image

from glasswork import load_model, named_recipe, read_recipe
from glasswork.recipes.differences import differences, in_words
from glasswork.recipes.shelf import recipe_names
from glasswork.runs.data import data_of_run

#: Quick, and with everything in it that is random or remembered from step to step.
EVERYTHING = """
seed = 9
[network]
hidden = [20, 10]
activation = ["relu", "gelu"]
output_activation = "none"
batch_norm = true
dropout = 0.1
input_dropout = 0.1
noise = 0.1
input_noise = 0.1
[loss]
name = "cross-entropy"
label_smoothing = 0.1
[optimizer]
name = "adamw"
learning_rate = 0.003
weight_decay = 0.01
clip_norm = 5.0
max_norm = 4.0
[schedule]
name = "one-cycle"
warmup = 0.1
[training]
epochs = 2
batch_size = 1000
average = 0.99
early_stopping = 1
"""


def picture(path):
    with Image.open(path) as image:
        image.load()
        return image.size


def test_recipes_are_listed_with_a_line_each_and_what_was_measured(glasswork, tmp_path):
    printed = glasswork("recipes", folder=tmp_path)
    for name in recipe_names():
        assert re.search(rf"^{name}  +{re.escape(named_recipe(name).description)}$", printed, re.MULTILINE)
        assert re.search(rf"^{name} .*\n +\d\d\.\d\d .*% of the test images.*split", printed, re.MULTILINE)


def test_the_recipe_of_a_run_reruns_it_byte_for_byte(glasswork, tmp_path):
    (tmp_path / "everything.toml").write_text(EVERYTHING)
    printed = glasswork("train", "everything.toml", "--out", "first", folder=tmp_path)
    glasswork("train", "first/recipe.toml", "--out", "second", "--quiet", folder=tmp_path)
    for name in ("model.safetensors", "recipe.toml"):
        assert (tmp_path / "second" / name).read_bytes() == (tmp_path / "first" / name).read_bytes()
    first, second = (
        [line.split(",")[:4] for line in (tmp_path / run / "history.csv").read_text().splitlines()]
        for run in ("first", "second")
    )
    assert first == second
    (accuracy,) = re.findall(r"^Test accuracy: \d\d\.\d\d%", printed, re.MULTILINE)
    assert accuracy in glasswork("evaluate", "second", folder=tmp_path)


def test_settings_change_any_key_and_the_last_word_counts(glasswork, few_file, tmp_path):
    glasswork(
        "train", "relu", "--epochs", 1, "--learning-rate", 0.5, "--out", "run", "--quiet",
        "--set", "optimizer.learning_rate=0.05", "--set", "network.hidden=[30, 20]", "--set", "network.activation=tanh",
        "--set", "network.batch_norm=true", "--batch-size", 1000, "--data", few_file, "--no-report", folder=tmp_path,
    )  # fmt: skip
    recipe = read_recipe(tmp_path / "run" / "recipe.toml")
    assert recipe.optimizer.learning_rate == 0.05
    assert recipe.network.hidden == (30, 20)
    assert str(recipe.network.activation) == "tanh"
    assert recipe.network.batch_norm is True
    assert recipe.training.epochs == 1
    assert recipe.description.endswith("network.activation = tanh, network.batch_norm = True")
    (again,) = {glasswork("train", "run", "--epochs", 1, "--out", "again", "--quiet", "--no-report", folder=tmp_path)}
    assert "Test accuracy" in again
    assert (tmp_path / "again/model.safetensors").read_bytes() == (tmp_path / "run/model.safetensors").read_bytes()


def test_a_list_may_be_words_with_commas(glasswork, few_file, tmp_path):
    words = ["--set", "network.activation=relu,tanh", "--set", "network.hidden=12,8", "--set", "training.epochs=1"]
    words += ["--batch-size", 1000, "--data", few_file, "--no-report"]
    glasswork("train", "deep", *words, "--out", "run", "--quiet", folder=tmp_path)
    network = read_recipe(tmp_path / "run" / "recipe.toml").network
    assert ([str(one) for one in network.activations], network.hidden) == (["relu", "tanh"], (12, 8))


def test_options_of_what_was_chosen_can_be_set(glasswork, few_file, tmp_path):
    words = ["--set", "optimizer.name=adam", "--set", "optimizer.beta1=0.8", "--set", "network.activation=leaky-relu"]
    words += ["--set", "network.activation.slope=0.2", "--set", "schedule.name=cosine", "--set", "schedule.end=0.1"]
    words += ["--batch-size", 1000, "--data", few_file, "--no-report"]
    printed = glasswork("train", "relu", "--epochs", 1, *words, "--out", "run", folder=tmp_path)
    assert "leaky-relu (slope 0.2)" in printed
    assert "beta1 0.8" in printed
    recipe = read_recipe(tmp_path / "run" / "recipe.toml")
    assert recipe.optimizer.options["beta1"] == 0.8
    assert recipe.schedule.options["end"] == 0.1
    assert [str(one) for one in recipe.network.activations] == ["leaky-relu (slope 0.2)"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["train", "claswork"], r"Error: no recipe is named 'claswork'; did you mean classwork\?"),
        (["train", "--set", "optimiser.learning_rate=1"], r"Error: optimiser: no such key; did you mean optimizer\?"),
        (
            ["train", "--set", "optimizer.learning_rte=1"],
            r"optimizer\.learning_rte: no such key; did you mean learning",
        ),
        (["train", "--set", "training.epochs=many"], r"training\.epochs: expected a whole number.*, got 'many'"),
        (["train", "--set", "training.epochs"], r"expected KEY=VALUE, such as optimizer\.momentum=0\.9"),
        (
            ["train", "--set", "optimizer.beta1=0.5"],
            r"Error: optimizer\.beta1: only adam and adamw have beta1, not sgd",
        ),
        (["train", "bad.toml"], r"bad\.toml: network\.width: no such key; network has hidden"),
        (["compare", "bad.toml", "./bad.toml"], r"expected each run once"),
        (["compare", "run"], r"expected two to eight runs, got 1"),
        (["ladder", "--up-to", "moon"], r"--up-to: expected one of classwork, bias"),
        (["ladder", "--from", "moon"], r"--from: expected one of classwork, bias"),
        (["ladder", "--from", "relu", "--up-to", "bias"], r"--up-to: expected a rung from relu up, got .bias"),
        (["ladder", "--seeds", "0"], r"'--seeds': "),
    ],
)
def test_wrong_use_is_told_and_nothing_is_written(glasswork, words, message, tmp_path):
    (tmp_path / "bad.toml").write_text("[network]\nwidth = 3\n")
    assert re.search(message, glasswork(*words, folder=tmp_path, status=2))
    assert [path.name for path in tmp_path.iterdir()] == ["bad.toml"]


def test_compare_lays_runs_over_each_other(glasswork, few_file, tmp_path):
    """The handout's "compare with sigmoid"."""
    for recipe in ("cross-entropy", "relu"):
        words = ("--epochs", 2, "--batch-size", 500, "--data", few_file, "--no-report", "--quiet")
        glasswork("train", recipe, *words, "--out", f"runs/{recipe}", folder=tmp_path)
    printed = glasswork("compare", "cross-entropy", "relu", folder=tmp_path)  # names, as glasswork runs prints them
    for name in ("cross-entropy", "relu"):
        assert re.search(rf"^ *{name} +handout +39,760 +2 +\d\d\.\d\d% +\d\d\.\d\d%", printed, re.MULTILINE)
    assert "What differs between them:" in printed
    test = data_of_run(tmp_path / "runs" / "relu").parts.test
    one, other = (
        load_model(tmp_path / "runs" / name).predict(test.images) == test.labels for name in ("cross-entropy", "relu")
    )
    alone = int((one & ~other).sum()), int((other & ~one).sum())
    assert f"relu: {other.sum()} of {len(test):,} test images, handout split; 95 % confidence: " in printed
    assert "On the same test images (McNemar's exact test):" in printed
    p_value = scipy.stats.binomtest(alone[0], sum(alone)).pvalue
    assert f"only relu is right on {alone[1]}, only cross-entropy on {alone[0]} (p = {p_value:.2g})" in printed or (
        f"only cross-entropy is right on {alone[0]}, only relu on {alone[1]} (p = {p_value:.2g})" in printed
    )
    assert ("no difference shown" in printed) == (p_value > 0.05)
    assert re.search(r"^  network\.activation +sigmoid \(cross-entropy\); relu \(relu\)$", printed, re.MULTILINE)
    assert "training.epochs" not in printed
    assert "Figure saved to compare.png" in printed
    assert min(picture(tmp_path / "compare.png")) >= 300
    assert re.search(
        r"nowhere: expected the folder of a run", glasswork("compare", "relu", "nowhere", folder=tmp_path, status=1)
    )
    glasswork("compare", "runs/relu", "cross-entropy", "--out", "both.svg", folder=tmp_path)
    assert (tmp_path / "both.svg").read_bytes().rstrip().endswith(b"</svg>")
    printed = glasswork("compare", "relu", "cross-entropy", "--out", "a.gif", folder=tmp_path, status=2)
    assert re.search(r"\.png or \.svg or\W+\.pdf, got\W+'a\.gif'", printed)


def test_differences_are_the_keys_in_which_recipes_do_not_agree():
    sgd = named_recipe("relu")
    faster = sgd.override({"optimizer.learning_rate": 0.5, "network.hidden": [300, 100]})
    adam = sgd.override({"optimizer.name": "adam", "optimizer.learning_rate": 0.1, "optimizer.beta1": 0.8})
    assert differences([sgd, faster]) == [
        {"network.hidden": [50], "optimizer.learning_rate": 0.1},
        {"network.hidden": [300, 100], "optimizer.learning_rate": 0.5},
    ]
    assert differences([sgd, adam]) == [
        {"optimizer.name": "sgd"},
        {"optimizer.name": "adam", "optimizer.beta1": 0.8},
    ]
    assert differences([sgd, sgd]) == [{}, {}]
    assert in_words(differences([sgd, faster])[1]) == "hidden 300-100, learning rate 0.5"


def test_the_ladder_climbs_and_goes_on_where_it_was(glasswork, tmp_path):
    words = ["ladder", "--seeds", 1, "--epochs", 1, "--official", "--jobs", 1, "--out", "out"]
    glasswork(*words, "--up-to", "classwork", folder=tmp_path)
    folder = tmp_path / "out" / "official-1-epochs"
    first = (folder / "classwork" / "seed-1" / "model.safetensors").stat().st_mtime_ns
    printed = glasswork(*words, "--up-to", "bias", folder=tmp_path)
    assert (folder / "classwork" / "seed-1" / "model.safetensors").stat().st_mtime_ns == first  # not trained again
    assert re.search(r"^ +2/2  bias, seed 1: \d\d\.\d\d%", printed, re.MULTILINE)
    table = (folder / "ladder.md").read_text()
    assert table in printed
    assert "test accuracy, official split" in table
    assert re.search(r"^\| classwork \| .* \| \d\d\.\d\d % \(.*%\) \|  \| 39,760 \| \d+ \|$", table, re.MULTILINE)
    assert re.search(r"^\| bias \| .* \| \d\d\.\d\d % \(.*%\) \| .*one seed: not judged \([+−]\d", table, re.MULTILINE)
    assert min(picture(folder / "ladder.png")) >= 200
    run = read_recipe(folder / "bias" / "seed-1" / "recipe.toml")
    assert (run.seed, run.data.split, run.network.bias_grad) == (1, "official", "sum")
