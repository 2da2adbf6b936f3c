"""Sweeps: the space is checked first, validation alone decides, and a sweep that is stopped loses nothing."""

import itertools
import os
import re
import signal
import statistics
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import optuna
import pytest
import scipy.stats

from glasswork import figures
from glasswork.errors import InputError, RecipeError
from glasswork.recipes.shelf import named_recipe, read_recipe
from glasswork.runs.folder import RunFolder
from glasswork.runs.many import open_site
from glasswork.runs.run import Run
from glasswork.runs.sweep import Sweep, run_folder
from glasswork.runs.sweep_optuna import open_study
from glasswork.runs.sweep_space import check_spaces, grid_point, grid_size, parse_space, random_point
from glasswork.runs.sweep_study import Study
from glasswork.runs.sweep_table import markdown, mattered, ranked
from glasswork.tasks import open_pool

RELU = named_recipe("relu")

# The space --------------------------------------------------------------------------------------


def values(space, points=2000):
    return [space.draw(share) for share in np.linspace(0, 1, points, endpoint=False)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("activation=relu,tanh", ["relu", "tanh"]),
        ("network.hidden=[50],[300,100]", [[50], [300, 100]]),
        ("hidden=50,100", [50, 100]),
        ("lr=0.1,1e-3", [0.1, 0.001]),
        ("batch_norm=true,false", [True, False]),
    ],
)
def test_a_list_is_what_was_written(text, expected):
    space = parse_space(text)
    assert list(space.listed) == expected
    assert [space.draw((k + 0.5) / len(expected)) for k in range(len(expected))] == expected


def test_ranges_are_filled_evenly_to_their_ends():
    plain, log, whole, whole_log = (
        parse_space(text) for text in ("lr=0.1..0.9", "lr=log:1e-4..1", "hidden=int:10..100", "epochs=log:1..1000")
    )
    assert np.quantile(values(plain), [0, 0.5, 1]) == pytest.approx([0.1, 0.5, 0.9], abs=0.002)
    assert np.quantile(np.log10(values(log)), [0, 0.25, 0.5, 1]) == pytest.approx([-4, -3, -2, 0], abs=0.01)
    counts = np.bincount(values(whole, 9100), minlength=101)
    assert counts[:10].sum() == 0
    assert set(counts[10:]) == {100}
    assert {type(value) for value in values(whole_log)} == {int}
    assert np.mean(np.array(values(whole_log)) < 32) == pytest.approx(0.5, abs=0.01)
    assert {float(f"{value:.3g}") for value in values(log)} == set(values(log))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("lr", "expected KEY=SPACE"),
        ("lrr=1,2", "no key is named lrr; did you mean learning_rate"),
        ("lr=0.1", "expected two values or more"),
        ("lr=0.1,0.1", "all different"),
        ("hidden=50,[50]", "all different"),
        ("lr=log:0..1", "numbers above 0"),
        ("lr=1..0.1", "the first to be below the second"),
        ("lr=a..1", "expected numbers around the two points"),
        ("lr=lgo:0.1..1", "expected log: or int: before a range, got lgo:; did you mean log"),
        ("optimizer.learnin_rate=1,2", "no key is named optimizer.learnin_rate; did you mean learning_rate"),
        ("network.activaton=relu,tanh", "no key is named network.activaton; did you mean activation"),
        ("hidden=[50],[300,100", "a bracket or a quote is missing"),
        ("activation=[relu,tanh],[tanh,relu]", r"words have quotes, such as \['relu','tanh'\]"),
        ("hidden=int:1.5..3", "whole numbers"),
        ("epochs=1..2.5", "whole numbers"),
        ("seed=1,2", "that is what --seeds is for"),
        ("data=mnist,digits", "compared on the same validation images"),
    ],
)
def test_a_space_that_is_none_is_refused(text, message):
    with pytest.raises(RecipeError, match=message):
        parse_space(text)


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (["activation=rellu,tanh"], "network.activation = rellu: .*did you mean relu"),
        (["lr=-1..1"], "optimizer.learning_rate = -1.0: .*at least 0"),
        (["hidden=[0],[5]"], r"network.hidden = 0"),
        (
            ["loss=mse,cross-entropy", "output_activation=none,sigmoid"],
            "cross-entropy, network.output_activation = sig",
        ),
        (["lr=1,2", "learning_rate=3,4"], "optimizer.learning_rate is searched twice"),
        ([f"{key}=0..1" for key in ("dropout", "noise", "input_noise", "lr", "momentum")], "momentum = 1.0"),
    ],
)
def test_the_whole_space_is_checked_also_values_together(texts, message):
    with pytest.raises(RecipeError, match=message):
        check_spaces(RELU, [parse_space(text) for text in texts])


def test_a_large_space_is_checked_in_pairs():
    wide = [
        parse_space(f"{key}=" + ",".join(f"0.{n}" for n in range(1, 10)))
        for key in ("dropout", "noise", "lr", "average")
    ]
    check_spaces(RELU, wide)
    with pytest.raises(RecipeError, match="batch normalisation needs at least 2"):
        check_spaces(RELU, [*wide, parse_space("batch_size=1,2"), parse_space("batch_norm=false,true")])


def test_the_grid_has_each_combination_once():
    spaces = [parse_space(text) for text in ("lr=0.1,0.2", "hidden=int:3..5", "activation=relu,tanh")]
    found = [tuple(grid_point(spaces, n).values()) for n in range(grid_size(spaces))]
    assert found == list(itertools.product([0.1, 0.2], [3, 4, 5], ["relu", "tanh"]))
    with pytest.raises(RecipeError, match="a grid needs values that can be counted"):
        grid_size([parse_space("lr=0.1..0.2")])


def test_a_random_point_depends_on_its_number_alone():
    spaces = [parse_space("lr=log:1e-4..1"), parse_space("dropout=0..0.9")]
    points = [random_point(spaces, 1, n) for n in range(200)]
    assert [random_point(spaces, 1, n) for n in reversed(range(200))] == points[::-1]
    assert random_point(spaces, 2, 0) != points[0]
    rates, dropouts = (np.array([point[space.key] for point in points]) for space in spaces)
    assert abs(np.corrcoef(np.log(rates), dropouts)[0, 1]) < 0.2
    assert len(set(rates)) > 150


# Sweeps -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def recipe(few_file):
    return RELU.override(
        {"data.source": str(few_file), "network.hidden": [6], "training.epochs": 2, "training.batch_size": 50}
    )


@pytest.fixture(scope="module")
def swept():
    """``swept(sweep, folder, count)`` runs trials and returns them all, with what the command writes about them."""
    with open_pool(1) as pool:

        def run(sweep, folder, count, **options):
            with open_site(folder, pool) as site:
                study = Study(sweep, site)
                list(study.run(count, **options))
                judgement = [*study.judgement(), *mattered(study.importances())]
                return study.trials(), markdown(sweep, study.trials(), judgement, study.measured)

        yield run


@pytest.fixture(scope="module")
def grid(recipe):
    return Sweep(recipe, (parse_space("lr=0,0.05,1e20"), parse_space("activation=relu,tanh")), "grid", seeds=2)


@pytest.fixture(scope="module")
def done(grid, tmp_path_factory, swept):
    """A grid of six trials with two seeds: some learn nothing, one diverges; and its folder."""
    folder = tmp_path_factory.mktemp("grid")
    return *swept(grid, folder, 6), folder


def test_validation_decides_and_the_test_images_are_looked_at_for_the_winner_alone(done, grid):
    trials, words, folder = done
    results = {
        (trial.number, seed): RunFolder(run_folder(folder, trial.number, seed)).result()
        for trial in trials if trial.state == "finished" for seed in (1, 2)
    }  # fmt: skip
    means = {n: statistics.fmean(results[n, seed].valid_accuracy for seed in (1, 2)) for n, _ in results}
    best = max(means, key=means.get)
    assert best in (2, 3)
    assert {key for key, result in results.items() if result.test_accuracy is not None} == {(best, 1), (best, 2)}
    assert {result.state for result in results.values()} == {"finished"}
    tested = [results[best, seed].test_accuracy for seed in (1, 2)]
    assert f"Winner: trial {best}, validation accuracy {means[best]:.2f} ± " in words
    spread, error = f"{statistics.fmean(tested):.2f} ± {statistics.stdev(tested):.2f}%", scipy.stats.sem(tested)
    assert (
        f"{spread} (mean ± standard deviation over 2 seeds, standard error {error:.2f}; 200 test images, handout split)"
        in words
    )
    assert "The test images were looked at once, for the winner alone." in words
    assert "mean ± standard deviation over 2 seeds, 100 validation images, handout split." in words
    assert ranked(trials)[0].number == best


def test_a_trial_that_diverges_is_a_result(done):
    trials, words, _ = done
    assert [trial.state for trial in trials] == ["finished"] * 4 + ["diverged", "finished"]
    assert words.count("| diverged |") == 1


def test_trials_come_from_the_grid_and_each_run_is_what_its_recipe_says(done, grid, recipe, tmp_path):
    trials, _, folder = done
    assert [tuple(trial.settings.values()) for trial in trials] == list(
        itertools.product([0, 0.05, 1e20], ["relu", "tanh"])
    )
    alone = recipe.override({"optimizer.learning_rate": 0.05, "network.activation": "tanh", "seed": 2})
    with Run(alone, tmp_path / "alone") as run:
        list(run.epochs())
    there = run_folder(folder, 3, 2) / "model.safetensors"
    assert there.read_bytes() == (tmp_path / "alone" / "model.safetensors").read_bytes()
    assert grid.recipe_of(trials[3], seed=2).override({"description": alone.description}) == alone


def test_a_finished_sweep_trains_nothing_again_and_another_one_is_refused(done, grid, swept):
    trials, words, folder = done
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*.safetensors")}
    assert swept(grid, folder, 6) == (trials, words)
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*.safetensors")} == before
    slower = grid.recipe.override({"optimizer.momentum": 0.5, "network.hidden": [7]})
    for change, names in (
        ({"seeds": 3}, "seeds"), ({"search": "random"}, "search"),
        ({"recipe": slower}, "network.hidden, optimizer.momentum"),
    ):  # fmt: skip
        with pytest.raises(InputError, match=f"holds a sweep with other {names};"):
            swept(Sweep(**{**vars(grid), **change}), folder, 6)


def test_trials_that_are_added_are_those_of_a_longer_sweep(recipe, tmp_path, swept):
    sweep = Sweep(recipe, (parse_space("lr=log:1e-3..0.1"),), "random")
    few, _ = swept(sweep, tmp_path / "a", 2, keep="all")
    assert len(list((tmp_path / "a").glob("trial-*"))) == 2
    more, words = swept(sweep, tmp_path / "a", 4, keep="best")
    assert more[:2] == few
    assert [trial.settings for trial in more] == [random_point(sweep.spaces, recipe.seed, n) for n in range(4)]
    winners = 1 if ranked(few)[0].number == ranked(more)[0].number else 2
    assert ("looked at once, for the winner" if winners == 1 else "for 2 winners, as trials were added") in words
    kept = {path.name for path in (tmp_path / "a").glob("trial-*")}
    assert kept == {f"trial-{ranked(more)[0].number:04}"}


def test_a_trial_that_was_half_begun_when_the_command_was_killed_does_not_count(recipe, tmp_path, swept):
    sweep = Sweep(recipe, (parse_space("lr=0.01..0.1"), parse_space("momentum=0..0.5")), "tpe")
    swept(sweep, tmp_path, 1)
    open_study(tmp_path).ask({"optimizer.learning_rate": optuna.distributions.FloatDistribution(0.01, 0.1)})
    trials, words = swept(sweep, tmp_path, 2)
    assert [(trial.number, trial.state) for trial in trials] == [(0, "finished"), (2, "finished")]
    assert "2 trials by tpe search" in words


def test_the_key_that_matters_is_named(recipe, tmp_path, swept):
    """Nothing is learnt with a rate of 0; the decay of an average that is not used changes little."""
    spaces = (parse_space("optimizer.max_norm=101,102,103,104,105"), parse_space("lr=0,0.1"))
    sweep = Sweep(recipe, spaces, "grid")
    assert "What mattered" not in swept(sweep, tmp_path, 3)[1]
    _, words = swept(sweep, tmp_path, 10)
    (line,) = (line for line in words.splitlines() if line.startswith("What mattered"))
    shares = re.findall(r"([\w.]+) (\d+) %", line)
    assert [key for key, _ in shares] == ["optimizer.learning_rate", "optimizer.max_norm"]
    assert int(shares[0][1]) > 90
    assert sum(int(share) for _, share in shares) == 100


def test_a_hopeless_trial_is_pruned_and_its_other_seeds_are_not_trained(recipe, tmp_path, swept):
    """Optuna's median needs five trials before; the sixth learns nothing."""
    rates = "0.05,0.051,0.052,0.053,0.054,0"
    sweep = Sweep(recipe, (parse_space(f"lr={rates}"),), "grid", seeds=2, prune=True)
    trials, words = swept(sweep, tmp_path, 6)
    assert [trial.state for trial in trials] == ["finished"] * 5 + ["pruned"]
    assert {len(trial.accuracies) for trial in trials[:5]} == {2}
    assert RunFolder(run_folder(tmp_path, 5, 1)).result().epochs == 1
    assert not run_folder(tmp_path, 5, 2).exists()
    assert f"| pruned at {RunFolder(run_folder(tmp_path, 5, 1)).history()[0].valid_accuracy:.2f} % |" in words


def test_the_figures_show_each_trial_where_it_is():
    rate = figures.SweptKey("optimizer.lr", [0.01, 1.0, 0.1], log=True)
    word = figures.SweptKey("network.activation", [1, 0, 1], words=("relu", "tanh", "gelu"))
    accuracies, finished = [90.0, 20.0, 95.0], [True, False, True]
    axes = figures.sweep_key(rate, accuracies, finished, title="t").axes[0]
    assert [(*line.get_xdata(), *line.get_ydata()) for line in axes.lines] == list(
        zip(rate.values, accuracies, strict=True)
    )
    assert axes.get_xscale() == "log"
    lines = figures.sweep([rate, word], accuracies, finished, title="t").axes[0].lines
    heights = {tuple(np.round(line.get_ydata(), 6)) for line in lines if len(line.get_ydata()) == 3}
    assert heights == {(0.0, 0.5, round(70 / 75, 6)), (1.0, 0.0, 0.0), (0.5, 0.5, 1.0)}
    winner = max(lines, key=lambda line: line.get_linewidth())
    assert winner.get_ydata()[2] == 1.0
    with pytest.raises(InputError, match="an accuracy and an ending for every trial"):
        figures.sweep([rate], accuracies[:2], finished, title="t")


# The command ------------------------------------------------------------------------------------


def test_the_command_goes_on_after_it_was_killed_and_the_winner_can_be_trained(glasswork, few_file, tmp_path):
    words = [
        "sweep", "relu", "--data", few_file, "--over", "lr=0.01,0.03", "--over", "hidden=[5],[6,4]", "--epochs", 6,
        "--batch-size", 20, "--jobs", 1, "--keep", "all", "--format", "svg",
    ]  # fmt: skip
    printed = glasswork(*words, "--out", tmp_path / "whole", folder=tmp_path)
    command = [Path(sys.executable).with_name("glasswork"), *map(str, words), "--out", str(tmp_path / "killed")]
    process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    second = tmp_path / "killed" / "trial-0001" / "seed-1" / "history.csv"
    end = time.monotonic() + 100
    while not second.exists():
        assert time.monotonic() < end
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert len(list((tmp_path / "killed").glob("trial-*"))) < 4
    again = glasswork(*words, "--out", tmp_path / "killed", folder=tmp_path)
    assert "  1/4  trial 0" not in again
    assert (tmp_path / "killed" / "sweep.md").read_bytes() == (tmp_path / "whole" / "sweep.md").read_bytes()
    models = [sorted((tmp_path / name).rglob("model.safetensors")) for name in ("whole", "killed")]
    assert [path.read_bytes() for path in models[0]] == [path.read_bytes() for path in models[1]]
    assert len(models[0]) == 4

    winner = int(re.search(r"Winner: trial (\d)", printed)[1])
    assert {path.name for path in (tmp_path / "whole" / "figures").iterdir()} == {
        "optimizer.learning_rate.svg", "network.hidden.svg", "trials.svg",
    }  # fmt: skip
    recipe = read_recipe(tmp_path / "whole" / "winner.toml")
    assert recipe.name == "relu-winner"
    glasswork(
        "train",
        tmp_path / "whole" / "winner.toml",
        "--out",
        "again",
        "-q",
        "--no-report",
        "--no-figures",
        folder=tmp_path,
    )
    assert (tmp_path / "again" / "model.safetensors").read_bytes() == (
        run_folder(tmp_path / "whole", winner, 1) / "model.safetensors"
    ).read_bytes()


def test_a_run_on_arrays_is_trained_with_seeds(glasswork, few_file, tmp_path):
    """The arrays are in the folder of the run alone."""
    with np.load(few_file) as few:
        arrays = few["x"], few["y"]
    recipe = RELU.override({"network.hidden": [5], "training.epochs": 1, "training.engine": "numpy"})
    for name, seed in (("old", 9), ("alone", 2)):
        with Run(recipe.override({"seed": seed}), tmp_path / name, dataset=arrays) as run:
            list(run.epochs())
    printed = glasswork("train", "old", "--seeds", 3, "--out", "three", folder=tmp_path)
    results = [RunFolder(tmp_path / "three" / f"seed-{n}").result() for n in (1, 2, 3)]
    tests = [result.test_accuracy for result in results]
    mean = f"{statistics.fmean(tests):.2f} ± {statistics.stdev(tests):.2f} %"
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in printed.splitlines() if line.startswith("|")]
    assert [(row[0], row[2]) for row in rows[2:]] == [
        *((str(n), f"{test:.2f} %") for n, test in enumerate(tests, 1)),
        ("mean ± standard deviation", mean), ("standard error of the mean", f"{scipy.stats.sem(tests):.2f} %"),
    ]  # fmt: skip
    for row, test in zip(rows[2:], tests, strict=False):
        low, high = scipy.stats.binomtest(round(2 * test), 200).proportion_ci(0.95, method="wilson")
        assert row[3] == f"{100 * low:.0f} to {100 * high:.0f} %"
    assert "3 seeds; 100 validation and 200 test images, handout split." in printed
    models = [tmp_path / place / "model.safetensors" for place in ("three/seed-2", "alone")]
    assert models[0].read_bytes() == models[1].read_bytes()
    listed = glasswork("runs", ".", folder=tmp_path)
    assert "Folders with more runs, which glasswork runs FOLDER lists: three (3)" in listed


def test_many_runs_and_options_for_one_exclude_each_other(glasswork, tmp_path):
    words = ["train", "relu", "--epochs", 1]
    assert "leave out --strict" in glasswork(*words, "--seeds", 2, "--seed", 5, folder=tmp_path, status=2)
    assert "needs --seeds" in glasswork(*words, "--jobs", 2, folder=tmp_path, status=2)
    assert "--folds" in glasswork(*words, "--folds", 2, "--seeds", 2, folder=tmp_path, status=2)
    assert list(tmp_path.iterdir()) == []


def test_a_space_that_is_wrong_creates_nothing(glasswork, tmp_path):
    printed = glasswork("sweep", "relu", "--over", "activation=relu,than", folder=tmp_path, status=2)
    assert "did you mean tanh?" in printed
    assert list(tmp_path.iterdir()) == []
