"""The classwork: one template, four files; the solution runs, the exercise has the handout's gaps."""

import ast
import io
import itertools
import json
import os
import re
import subprocess
import sys
import tokenize
import tomllib
from importlib.resources import files
from pathlib import Path

import nbclient
import nbformat
import pytest

from glasswork import FileError, InputError
from glasswork.classroom.exercise.figures import FIGURES
from glasswork.classroom.exercise.sizes import read_sizes, stated_sizes
from glasswork.classroom.exercise.write import read_template, render, write_classwork
from glasswork.classroom.handout import SIZES

#: The gaps of the exercise, by the place they are in: those of the handout, then the optional ones.
GAPS = {
    "Linear.__init__": 4,
    "Linear.forward": 1,
    "Sigmoid.forward": 1,
    "MSELoss.forward": 1,
    "MLP.__init__": 4,
    "MLP.forward": 1,
    "CrossEntropyLoss.forward": 1,
    "CrossEntropyLoss.backward": 1,
    "ReLU.forward": 1,
    "ReLU.backward": 1,
    "DeepMLP.__init__": 1,
    "DeepMLP.forward": 1,
    "DeepMLP.backward": 1,
    "DeepMLP.parameters": 1,
    "DeepMLP.gradients": 1,
}


def code_of(form, *, solution):
    """The Python of one form, as a syntax tree."""
    content = render(form, solution=solution)
    if form == "notebook":
        cells = json.loads(content)["cells"]
        content = "\n\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code").encode()
    return ast.parse(content)


def gaps(tree):
    """How many ``...`` each method holds, those of ``array[...]`` aside."""
    found = {}
    for scope in (node for node in tree.body if isinstance(node, ast.ClassDef)):
        for method in scope.body:
            nodes = list(ast.walk(method))
            indices = {id(node.slice) for node in nodes if isinstance(node, ast.Subscript)}
            found[f"{scope.name}.{method.name}"] = sum(
                isinstance(node, ast.Constant) and node.value is ... and id(node) not in indices for node in nodes
            )
    return {name: count for name, count in found.items() if count}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with all four files."""
    folder = tmp_path_factory.mktemp("classwork")
    write_classwork(folder)
    write_classwork(folder, solution=True)
    return folder


def test_four_files_and_valid_notebooks(folder):
    names = {path.name for path in folder.iterdir()}
    assert names == {"classwork.ipynb", "classwork.py", "classwork-solution.ipynb", "classwork-solution.py"}
    for path in folder.glob("*.ipynb"):
        notebook = nbformat.read(path, as_version=nbformat.NO_CONVERT)
        nbformat.validate(notebook)
        assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)
        assert nbformat.writes(notebook) + "\n" == path.read_text("utf-8")  # as Jupyter itself would save it


@pytest.mark.parametrize("form", ["notebook", "script"])
@pytest.mark.parametrize("solution", [False, True])
def test_the_same_bytes_every_time(form, solution):
    assert render(form, solution=solution) == render(form, solution=solution)


#: Parts that are given unless a teacher opens them, with their gaps.
GIVEN = {
    "Linear.backward": 1,
    "Sigmoid.backward": 1,
    "MSELoss.backward": 1,
    "MLP.backward": 1,
    "train": 1,
    "int_to_onehot": 1,
    "normalize": 1,
    "minibatch_generator": 1,
    "SGD": 1,
    "valid": 1,
}


def test_a_teacher_chooses_what_is_left_open(glasswork, checker, tmp_path):
    chosen = ["Sigmoid.forward", *GIVEN]
    glasswork("classwork", "new", "mine", "--parts", ", ".join(chosen), folder=tmp_path)
    report = checker.check(tmp_path / "mine" / "classwork.py")
    status = {part.name: part.status for part in report.parts}
    assert {name for name, word in status.items() if word == "open"} == set(chosen)
    assert {len(part.hints) for part in report.parts if part.status == "open"} == {3}
    assert all(word == "done" for name, word in status.items() if name not in (*chosen, "whole file"))
    text = (tmp_path / "mine" / "classwork.py").read_text("utf-8")
    assert ("write `backward`" in text, "two splits" in text, "train_test_split(X, y" in text) == (True, False, True)
    said = glasswork("classwork", "new", "x", "--parts", "Linaer", folder=tmp_path, status=1)
    assert "no part 'Linaer' can be left open; did you mean Linear?" in " ".join(said.split())


def test_the_words_of_the_handouts_table_are_parts():
    by_class, by_part = (
        render("script", solution=False, parts=parts)
        for parts in (
            ["split", "Linear", "Sigmoid", "MSELoss", "MLP"],
            [name for name in GAPS if name[:4] not in ("Cros", "ReLU", "Deep")] + ["split"],
        )
    )
    assert by_class == by_part


@pytest.mark.parametrize(("language", "number"), [("en", "7,000"), ("de", "7.000")])
def test_a_teacher_chooses_the_sizes_of_the_sets(language, number):
    sizes = read_sizes("7000/1000/2000")
    assert sizes == {"train": 7000, "valid": 1000, "test": 2000}
    for form, solution in itertools.product(("notebook", "script"), (False, True)):
        text = render(form, solution=solution, language=language, sizes=sizes).decode()
        assert number in text
        assert not re.search(r"55[,.]?000|\b5[,.]?000|10[,.]?000", text)
        lines = [line.strip(' "').replace("\\n", "") for line in text.split("\n")]
        assert stated_sizes(lines) == sizes
        assert ("train_size=8000, test_size=2000" in text) is solution
    assert stated_sizes(["x = 7  # 7,000 (training)"]) == SIZES
    assert stated_sizes(render("script", solution=False).decode().split("\n")) == SIZES


@pytest.mark.parametrize("form", ["notebook", "script"])
@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("deleted", [r"[(]test[)].*[.]", r"[(](training|validation|test|Validierung)", r"[*]{2}"])
def test_the_sizes_are_found_in_what_a_student_has_left(form, language, deleted):
    sizes = read_sizes("50000/8000/12000")
    lines = render(form, solution=False, language=language, sizes=sizes).decode().split("\n")
    assert stated_sizes([line for line in lines if not re.search(deleted, line, re.IGNORECASE)]) == sizes


@pytest.mark.parametrize(
    "sizes", ["7000", "7000/1000/2000/1", "a/b/c", "60000/10000/10000", "500/1000/2000", "7e3/1/2"]
)
def test_sizes_that_cannot_be(sizes, glasswork, tmp_path):
    with pytest.raises(InputError, match="sizes: expected"):
        read_sizes(sizes)


def test_a_check_expects_the_sizes_that_the_exercise_states(glasswork, checker, tmp_path):
    glasswork("classwork", "new", "mine", "--solution", "--sizes", "7000/1000/2000", folder=tmp_path)
    path = tmp_path / "mine" / "classwork-solution.py"
    split = {part.name: part for part in checker.check(path).parts}["split"]
    assert (split.status, split.message) == ("done", "")
    path.write_text(path.read_text("utf-8").replace("train_size=8000, test_size=2000", "test_size=10000"), "utf-8")
    split = {part.name: part for part in checker.check(path).parts}["split"]
    assert (split.status, split.mistake) == ("wrong", None)
    assert "expected train 7,000, valid 1,000 and test 2,000" in split.message


def test_a_teacher_says_which_sizes_count(glasswork, checker, tmp_path):
    path = tmp_path / "mine.py"
    text = render("script", solution=True, sizes=read_sizes("50000/10000/10000")).decode()
    path.write_text("\n".join(line for line in text.split("\n") if not line.startswith("# ")), "utf-8")
    split = {part.name: part for part in checker.check(path).parts}["split"]  # nothing in the file states them
    assert (split.status, split.mistake) == ("wrong", None)
    assert "fraction" not in f"{split.message} {split.hints}"
    said = json.loads(glasswork("check", "mine.py", "--json", "--sizes", "50000/10000/10000", folder=tmp_path))
    assert {part["status"] for part in said["parts"] if part["name"] == "split"} == {"done"}


def test_no_task_is_told_that_is_not_there():
    for part in (*GAPS, *GIVEN):
        if part.startswith(("CrossEntropyLoss", "ReLU", "DeepMLP")):
            continue
        text = render("script", solution=False, parts=[part]).decode()
        assert text.count("**TODO**") == ("." in part), part
        assert len(re.findall(r"^# \| (?:Section|last)", text, re.MULTILINE)) == 1, part


@pytest.mark.parametrize("language", ["en", "de"])
def test_no_solution_of_an_optional_part_is_handed_out(language):
    optional = ("CrossEntropyLoss", "ReLU", "DeepMLP")
    for form in ("notebook", "script"):
        without = render(form, solution=False, parts=["Linear.forward"], language=language).decode()
        assert not any(name in without for name in ("class ReLU", "class CrossEntropyLoss", "DeepMLP", "softmax"))
        whole = render(form, solution=False, language=language).decode()
        last = whole[whole.index("class CrossEntropyLoss") :]
        for name in optional:
            one = render(form, solution=False, parts=["Linear.forward", name], language=language).decode()
            assert one.endswith(last)


def test_every_text_and_comment_is_german(glasswork, tmp_path):
    parts = [*dict.fromkeys(name for name in GAPS if name[:4] not in ("Cros", "ReLU", "Deep")), "split", *GIVEN]
    same = ("# TODO", "#", "# from sklearn", "# X", "# X, y", "# y")
    for options in ({}, {"parts": [*parts, "CrossEntropyLoss", "ReLU", "DeepMLP"]}):
        for solution in (False, True):
            english, german = (read_template(solution=solution, language=word, **options) for word in ("en", "de"))
            for one, other in zip(english, german, strict=True):
                words = {line.strip() for line in one.source.split("\n") if one.is_text and len(line) > 25} - {
                    "|---|---|"
                }
                assert not words & {line.strip() for line in other.source.split("\n") if "$$" not in line}, one.id
                for name in ("TODO", "attachment:", "`"):
                    assert one.source.count(name) == other.source.count(name), (one.id, name)
                if not one.is_text:
                    assert ast.dump(without_docstrings(one.source)) == ast.dump(without_docstrings(other.source))
                    left = comments(one.source) & comments(other.source)
                    assert all(text.split(" = ")[0].split(".datasets")[0] in same for text in left), left
    said = glasswork("classwork", "new", "x", "--language", "fr", folder=tmp_path, status=1)
    assert "expected one of en, de, got 'fr'" in said
    glasswork("classwork", "new", "x", "--language", "de", folder=tmp_path)
    text = (tmp_path / "x" / "classwork.ipynb").read_text("utf-8")
    assert "Übungsblatt" in text
    assert "#{" not in text
    assert text.count("image/png") == 4


def test_every_word_of_a_figure_is_german():
    words = tomllib.loads(files("glasswork.classroom.exercise").joinpath("exercise.de.toml").read_text("utf-8"))[
        "words"
    ]
    asked = set()
    for figure in FIGURES.values():
        figure(lambda word: (asked.add(word), word)[1], SIZES)
    assert len(asked) > 15
    assert {word for word in asked if re.search(r"[a-z]{3}", word)} <= words.keys()


def comments(source):
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return {token.string for token in tokens if token.type == tokenize.COMMENT}


def without_docstrings(source):
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and ast.get_docstring(node):
            node.body[0].value.value = ""
    return tree


def test_a_template_of_a_teachers_own(glasswork, tmp_path):
    mine = tmp_path / "mine.template"
    mine.write_text(
        "# %% [markdown] id=title\n# # Meins\n\n# %% id=one\n#[ open One\nx = ... # TODO\n#[ solved\nx = 1\n#]\n",
        "utf-8",
    )
    glasswork("classwork", "new", "a", "--template", str(mine), folder=tmp_path)
    assert (tmp_path / "a" / "classwork.py").read_text(
        "utf-8"
    ) == "# %% [markdown]\n# # Meins\n\n# %%\nx = ... # TODO\n"
    glasswork("classwork", "new", "a", "--template", str(mine), "--solution", folder=tmp_path)
    assert "x = 1" in (tmp_path / "a" / "classwork-solution.py").read_text("utf-8")
    for content, words in (
        ("x = 1\n", "no line begins a cell"),
        ("# %% id=a\n#[ open\n", "belongs to no gap"),
        ("# %%\n", "a cell"),
        ("# %% [markdown] id=a\n# # A heading\n", "no gap is marked"),
        ("# %% id=a\nx = ... # TODO\n", "no gap is marked"),
    ):
        mine.write_text(content)
        with pytest.raises(InputError, match=words):
            read_template(solution=False, template=mine)
    mine.write_text("# %% id=a\n#[ open A\ndef f():\n    return ...\n#[ solved\ndef f():\n    return ...\n#]\n")
    assert read_template(solution=False, template=mine)
    with pytest.raises(InputError, match=r"solution still holds 'return \.\.\.' \(cell a\)"):
        read_template(solution=True, template=mine)
    with pytest.raises(FileError, match="cannot be read"):
        read_template(solution=False, template=tmp_path / "none")


def test_the_gap_of_the_docs_is_one(tmp_path):
    text = (Path(__file__).parents[2] / "docs" / "lookup" / "classwork.md").read_text("utf-8")
    mine = tmp_path / "mine.template"
    mine.write_text(next(b for b in re.findall(r"```text\n(.*?)```", text, re.DOTALL) if "#[ open" in b), "utf-8")
    *_, gap = read_template(solution=False, template=mine)
    *_, solved = read_template(solution=True, template=mine)
    assert re.search(r"return \.\.\. # TODO", gap.source)
    assert "return ..." not in solved.source
    ast.parse(solved.source)


@pytest.mark.parametrize("form", ["notebook", "script"])
def test_the_gaps_are_those_of_the_handout(form):
    assert gaps(code_of(form, solution=False)) == GAPS
    assert gaps(code_of(form, solution=True)) == {}


def test_both_forms_hold_the_same_code():
    for solution in (False, True):
        in_notebook = [ast.dump(node) for node in code_of("notebook", solution=solution).body]
        in_script = [ast.dump(node) for node in code_of("script", solution=solution).body]
        helper = [ast.dump(node) for node in ast.parse("import glasswork\nglasswork.check()").body]
        assert [node for node in in_notebook if node not in helper] == in_script


def test_only_gaps_differ_from_the_solution():
    exercise, solution = (read_template(solution=flag) for flag in (False, True))
    changed = [a.id for a, b in zip(exercise, solution, strict=True) if a != b]
    assert changed == ["split", "linear", "sigmoid", "mse", "mlp", "cross-entropy", "relu", "deep", "optional-run"]


def test_the_figures_are_inside_the_notebook(folder):
    notebook = nbformat.read(folder / "classwork.ipynb", as_version=4)
    shown = [
        (name, cell.get("attachments", {}))
        for cell in notebook.cells
        for name in re.findall(r"\(attachment:([^)]+)\)", cell.source)
    ]
    assert len(shown) == 4
    assert all(attachments[name]["image/png"].startswith("iVBORw0KGgo") for name, attachments in shown)
    assert "attachment:" not in (folder / "classwork.py").read_text("utf-8")


def test_no_file_is_overwritten(tmp_path):
    (tmp_path / "classwork.py").write_text("my work")
    with pytest.raises(FileError, match=r"classwork\.py: this file exists already"):
        write_classwork(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["classwork.py"]
    assert (tmp_path / "classwork.py").read_text() == "my work"


def test_a_link_to_nowhere_is_not_written_through(tmp_path):
    (tmp_path / "classwork.ipynb").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(FileError, match="exists already"):
        write_classwork(tmp_path)
    assert not (tmp_path / "elsewhere").exists()


def test_a_file_in_the_place_of_the_folder(tmp_path):
    (tmp_path / "taken").touch()
    with pytest.raises(FileError, match="choose another folder"):
        write_classwork(tmp_path / "taken")


@pytest.fixture
def one_thread(monkeypatch):
    """For what a test starts."""
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "1")
    monkeypatch.setenv("MPLBACKEND", "Agg")


@pytest.mark.usefixtures("one_thread")
def test_the_solution_notebook_runs_from_top_to_bottom(tmp_path):
    notebook = nbformat.reads(render("notebook", solution=True).decode(), as_version=4)
    for cell in notebook.cells:
        cell.source = re.sub(r"^(num_epochs|deep_epochs) = \d+$", r"\1 = 2", cell.source, flags=re.MULTILINE)
    nbclient.NotebookClient(notebook, timeout=600, resources={"metadata": {"path": tmp_path}}).execute()
    printed = "".join(out.get("text", "") for cell in notebook.cells for out in cell.get("outputs", []))
    assert 80 < float(re.search(r"Test accuracy: ([\d.]+)%", printed)[1]) < 95
    assert 90 < float(re.search(r"Test accuracy of the deep network: ([\d.]+)%", printed)[1]) < 99


@pytest.mark.usefixtures("one_thread")
def test_the_solution_script_runs(tmp_path):
    script = re.sub(
        rb"^(num_epochs|deep_epochs) = \d+", rb"\1 = 1", render("script", solution=True), flags=re.MULTILINE
    )
    (tmp_path / "solution.py").write_bytes(script)
    done = subprocess.run(
        [sys.executable, "solution.py"], cwd=tmp_path, env=os.environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert "(70000, 784) int64 (70000,) int64" in done.stdout
    assert 65 < float(re.search(r"Test accuracy: ([\d.]+)%", done.stdout)[1]) < 90


def test_the_command(installed, glasswork, tmp_path):
    said = installed("classwork", "new", "mine", folder=tmp_path)
    assert "mine/classwork.ipynb" in said
    assert "exists already" in glasswork("classwork", "new", "mine", folder=tmp_path, status=1)
    glasswork("classwork", "new", "mine", "--solution", folder=tmp_path)
    assert len(list((tmp_path / "mine").iterdir())) == 4
