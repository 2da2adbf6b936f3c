"""An output never replaces an input, nor a file that glasswork did not write: every verb that writes one."""

import os
import shutil

import numpy as np
import pytest
from PIL import Image

from glasswork import MLP, InputError, save_model
from glasswork.outputs import check_output, is_ours


@pytest.fixture(scope="module")
def home(glasswork, mnist, tmp_path_factory):
    """A folder with a run on a few digits, its model file and a table."""
    folder = tmp_path_factory.mktemp("outputs")
    np.savez(folder / "few.npz", X=mnist[0][:300].reshape(-1, 28, 28), y=mnist[1][:300])
    glasswork(
        "train", "relu", "--data", "few.npz", "--epochs", 1, "--batch-size", 20, "--no-report", "-q", "--out", "run",
        folder=folder,
    )  # fmt: skip
    shutil.copy(folder / "run" / "model.safetensors", folder / "m.safetensors")
    np.savetxt(folder / "digits.csv", mnist[0][:3], fmt="%d", delimiter=",")
    (folder / "pictures").mkdir()
    Image.fromarray(mnist[0][0].reshape(28, 28)).save(folder / "pictures" / "five.png")
    return folder


def by_name(path, folder):
    return path


def by_another_way(path, folder):
    return folder / "pictures" / ".." / path.name


def by_symlink(path, folder):
    (folder / f"link{path.suffix}").unlink(missing_ok=True)
    (folder / f"link{path.suffix}").symlink_to(path)
    return folder / f"link{path.suffix}"


def by_hard_link(path, folder):
    (folder / f"hard{path.suffix}").unlink(missing_ok=True)
    os.link(path, folder / f"hard{path.suffix}")
    return folder / f"hard{path.suffix}"


@pytest.mark.parametrize("force", [(), ("--force",)])
@pytest.mark.parametrize("way", [by_name, by_another_way, by_symlink, by_hard_link])
def test_an_input_is_never_replaced(home, glasswork, way, force):
    before = (home / "digits.csv").read_bytes()
    out = way(home / "digits.csv", home)
    printed = glasswork("predict", "m.safetensors", "digits.csv", "-o", out, *force, folder=home, status=1)
    assert "is read in this command, so it is not replaced" in printed
    assert (home / "digits.csv").read_bytes() == before


def test_a_file_in_a_folder_that_is_read_is_never_replaced(home, tmp_path):
    (tmp_path / "in" / "deep").mkdir(parents=True)
    inside = tmp_path / "in" / "deep" / "a.csv"
    inside.write_text("mine")
    (tmp_path / "other").symlink_to(tmp_path / "in")
    (tmp_path / "link.csv").symlink_to(inside)
    for out in (inside, tmp_path / "other" / "deep" / "a.csv", tmp_path / "link.csv"):
        with pytest.raises(InputError, match="which is read, so it is not replaced"):
            check_output(out, [tmp_path / "in"], force=True)
    check_output(tmp_path / "in" / "new.csv", [tmp_path / "in"])


def foreign(path):
    """Write a file of the right kind that glasswork did not write."""
    if path.suffix == ".png" or path.suffix == ".pdf":
        Image.new("L", (9, 9)).save(path)
    else:
        path.write_text({".csv": "student,midterm\nada,17\n", ".json": '[{"file": 1}]'}.get(path.suffix, "<html>notes"))


VERBS = {
    "predictions.csv": ("predict", "m.safetensors", "digits.csv", "-o"),
    "predictions.json": ("predict", "m.safetensors", "digits.csv", "-o"),
    "predictions.parquet": ("predict", "m.safetensors", "digits.csv", "-o"),
    "samples.png": ("data", "inspect", "few.npz", "-o"),
    "curves.svg": ("show", "run", "curves", "-o"),
    "weights.pdf": ("show", "run", "weights", "-o"),
    "both.png": ("compare", "run", "again", "--out"),
    "page.html": ("report", "run", "-o"),
}


@pytest.mark.parametrize("name", VERBS)
def test_every_verb_replaces_its_own_file_and_no_other(home, glasswork, name):
    if not (home / "again").exists():
        shutil.copytree(home / "run", home / "again")
    path = home / name
    path.unlink(missing_ok=True)
    glasswork(*VERBS[name], name, folder=home)
    assert is_ours(path)
    first = path.read_bytes()
    glasswork(*VERBS[name], name, folder=home)  # again, over its own file
    foreign(path)
    kept = path.read_bytes()
    printed = glasswork(*VERBS[name], name, folder=home, status=1)
    assert f"{name}: exists, and glasswork did not write it" in printed
    assert "--force" in printed
    assert path.read_bytes() == kept
    glasswork(*VERBS[name], name, "--force", folder=home)
    assert is_ours(path)
    if path.suffix != ".parquet":
        assert path.read_bytes() == first


def test_a_report_on_a_class_spares_what_lies_beside_it(glasswork, tmp_path):
    (tmp_path / "class").mkdir()
    (tmp_path / "class" / "ada.py").write_text("x = 1\n")
    ask = ("classwork", "report", "class", "-o", "grades.html")
    for name in ("grades.csv", "grades-mistakes.csv", "grades.journal"):
        (tmp_path / name).write_text("student,midterm\nada,17\n")
        assert f"{name}: exists" in glasswork(*ask, folder=tmp_path, status=1)
        assert (tmp_path / name).read_text() == "student,midterm\nada,17\n"
        assert not (tmp_path / "grades.html").exists()
        (tmp_path / name).unlink()


def test_the_figures_of_a_run_belong_to_the_run(home, glasswork):
    figure = home / "run" / "figures" / "confusion.png"
    glasswork("evaluate", "run", folder=home)
    before = {path: path.read_bytes() for path in (home / "run").rglob("*.png")}
    printed = glasswork("evaluate", "run", "--data", "few.npz", folder=home)
    assert "confusion-few.npz.png" in printed
    assert (home / "run" / "figures" / "confusion-few.npz.png").is_file()
    printed = glasswork("show", "run", "weights", "-o", figure, "--force", folder=home, status=1)
    assert "belongs to the run" in printed
    assert {path: path.read_bytes() for path in before} == before


def test_show_draws_among_the_figures_of_the_run_or_beside_the_output(home, glasswork, tmp_path):
    shutil.copy(home / "pictures" / "five.png", tmp_path)
    for name in ("five-reading.png", "five-reading-2.png"):
        printed = glasswork("predict", home / "run", "five.png", "--show", folder=tmp_path)
        assert f"figures/readings/{name}" in printed
        with Image.open(home / "run" / "figures" / "readings" / name) as figure:
            assert figure.width > figure.height > 100
    assert [path.name for path in tmp_path.iterdir()] == ["five.png"]
    (tmp_path / "out").mkdir()
    glasswork("predict", home / "run", "five.png", "--show", "-o", "out/a.csv", folder=tmp_path)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["a.csv", "five-reading.png"]
    printed = glasswork("predict", home / "m.safetensors", "five.png", "--show", folder=tmp_path)
    assert "Figure of the steps saved to" in printed
    assert sorted(path.name for path in tmp_path.iterdir()) == ["five.png", "out"]


def test_an_onnx_file_of_ours_is_replaced_and_no_other(tmp_path):
    from glasswork.interop import to_onnx

    model = MLP(4, 3, 2)
    to_onnx(model, tmp_path / "m.onnx")
    to_onnx(model, tmp_path / "m.onnx")
    (tmp_path / "m.onnx").write_bytes(b"\x08\x08\x12\x07pytorch")
    with pytest.raises(InputError, match="glasswork did not write it"):
        to_onnx(model, tmp_path / "m.onnx")
    to_onnx(model, tmp_path / "m.onnx", force=True)
    assert is_ours(tmp_path / "m.onnx")


def test_a_model_file_and_a_run_are_inputs_too(home):
    save_model(MLP(4, 3, 2), home / "odd.csv")
    with pytest.raises(InputError, match="is read in this command"):
        check_output(home / "odd.csv", [home / "odd.csv"], force=True)
    with pytest.raises(InputError, match="belongs to"):
        check_output(home / "run" / "history.csv", [home / "run"], force=True)
