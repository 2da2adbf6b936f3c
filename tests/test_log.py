"""--log: what a training yields, in one table for many runs; TensorBoard and MLflow are tried by make interop."""

import csv
import shutil

import pytest


def rows(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def train(glasswork, few_file, tmp_path):
    def call(*words, status=0, verb=("train", "relu")):
        data = ("--data", few_file) if verb[0] == "train" else ()
        return glasswork(*verb, *words, *data, "--no-figures", "--no-report", folder=tmp_path, status=status)

    return call


def test_one_table_for_all_runs_goes_on_when_one_is_resumed(train, tmp_path):
    train("--epochs", 1, "--out", "runs/a", "--log", "csv")
    train("--epochs", 2, "--log", "csv", verb=("resume", "runs/a"))
    train("--epochs", 1, "--seed", 5, "--out", "runs/b", "--log", "csv")
    found = rows(tmp_path / "runs" / "log.csv")
    assert [(row["run"], row["epoch"]) for row in found] == [("a", "1"), ("a", "2"), ("b", "1")]
    for run in "ab":
        for ours, history in zip(
            [row for row in found if row["run"] == run], rows(tmp_path / "runs" / run / "history.csv"), strict=True
        ):
            assert float(ours["valid_accuracy"]) == pytest.approx(float(history["valid_accuracy"]))
            assert float(ours["train_loss"]) == pytest.approx(float(history["train_loss"]))


def test_a_deleted_run_leaves_no_rows_to_the_next_one_of_its_name(train, tmp_path):
    """Whether that is logged from the start, or only from where it is resumed."""
    table = tmp_path / "runs" / "log.csv"
    train("--epochs", 1, "--out", "runs/b", "--log", "csv")
    train("--epochs", 2, "--out", "runs/a", "--log", "csv")
    shutil.rmtree(tmp_path / "runs" / "a")
    train("--epochs", 1, "--seed", 5, "--out", "runs/a", "--log", "csv")
    assert [(row["run"], row["epoch"]) for row in rows(table)] == [("b", "1"), ("a", "1")]
    shutil.rmtree(tmp_path / "runs" / "a")
    train("--epochs", 1, "--seed", 6, "--out", "runs/a")
    train("--epochs", 2, "--log", "csv", verb=("resume", "runs/a"))
    own = [row for row in rows(table) if row["run"] == "a"]
    history = rows(tmp_path / "runs" / "a" / "history.csv")
    assert [row["epoch"] for row in own] == [row["epoch"] for row in history] == ["1", "2"]
    assert [float(row["train_loss"]) for row in own] == pytest.approx([float(row["train_loss"]) for row in history])


def test_another_table_is_left_alone_and_a_missing_library_is_named_first(train, tmp_path):
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "log.csv").write_text("mine\n1\n")
    said = train("--epochs", 1, "--out", "runs/a", "--log", "csv", status=1)
    assert "log.csv: expected the columns run, epoch, train_loss" in said
    assert (tmp_path / "runs" / "log.csv").read_text() == "mine\n1\n"
    said = train("--epochs", 1, "--out", "runs/c", "--log", "wandb", status=2)
    assert "expected csv, tensorboard or mlflow" in said
    said = train("--epochs", 1, "--out", "runs/c", "--log", "mlflow", status=1)
    assert "mlflow is needed here but is not installed; install it with: pip install 'glasswork[log]'" in said
    assert not (tmp_path / "runs" / "c").exists()
