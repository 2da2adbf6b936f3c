"""What is handed in to Kaggle: columns and ids as the sample beside the test images has them, or their own."""

import csv

import numpy as np
import pytest
from PIL import Image

from glasswork import MLP, InputError, save_model
from glasswork.data.sources.kaggle import submission_for

PIXELS = np.random.default_rng(0).integers(0, 256, (5, 16))


def images(path, first=None):
    columns = PIXELS if first is None else np.column_stack([np.arange(5) + first, PIXELS])
    names = ([] if first is None else ["id"]) + [f"pixel{k}" for k in range(16)]
    np.savetxt(path, columns, fmt="%d", delimiter=",", header=",".join(names), comments="")


@pytest.mark.parametrize(
    ("own", "sample", "columns", "ids"),
    [
        (None, None, ("ImageId", "Label"), "1 2 3 4 5"),
        (None, ("ImageId,Label", 1), ("ImageId", "Label"), "1 2 3 4 5"),
        (None, ("id,label", 0), ("id", "label"), "0 1 2 3 4"),
        (0, ("id,label", 0), ("id", "label"), "0 1 2 3 4"),
        (700, ("Id,Category", 700), ("Id", "Category"), "700 701 702 703 704"),
        (7, None, ("id", "label"), "7 8 9 10 11"),
    ],
)
@pytest.mark.parametrize("name", ["sample_submission.csv", "sampleSubmission.csv"])
def test_columns_and_ids(tmp_path, own, sample, columns, ids, name):
    images(tmp_path / "test.csv", own)
    (tmp_path / "submission.csv").write_text("wrong,form\n9,9\n")  # of an earlier time
    if sample is not None:
        rows = "".join(f"{k + sample[1]},0\n" for k in range(5))
        (tmp_path / name).write_text(f"{sample[0]}\n{rows}")
    form = submission_for(str(tmp_path / "test.csv"))
    assert form.columns == columns
    items = [str(k + 1 if own is None else own + k) for k in range(5)]
    assert " ".join(form.id_of(k, item) for k, item in enumerate(items)) == ids


def test_pictures_are_called_as_in_the_sample(tmp_path):
    (tmp_path / "test").mkdir()
    for suffix in ("", ".png"):
        rows = "".join(f"{k}{suffix},cat\n" for k in (30, 4, 100))
        (tmp_path / "sample_submission.csv").write_text("id,breed\n" + rows)
        form = submission_for(str(tmp_path / "test"))
        assert form.columns == ("id", "breed")
        names = ["4.png", "30.png", "100.png"]
        assert [form.id_of(k, name) for k, name in enumerate(names)] == [f"{k}{suffix}" for k in (4, 30, 100)]


@pytest.mark.parametrize("item", ["cover.png", "a/9.png", "3"])
def test_no_id_is_guessed_for_an_image_that_the_sample_lacks(tmp_path, item):
    images(tmp_path / "test.csv")
    (tmp_path / "sample_submission.csv").write_text("id,label\n0,0\n1,0\n")
    form = submission_for(str(tmp_path / "test.csv"))
    assert form.id_of(1, "2") == "1"
    with pytest.raises(
        InputError, match=f"^{item}: the sample of a submission has 2 ids, such as 0, and none for this"
    ):
        form.id_of(2, item)


def test_a_sample_of_another_form(tmp_path):
    images(tmp_path / "test.csv")
    (tmp_path / "sample_submission.csv").write_text("id,cat,dog\n1,.5,.5\n")
    with pytest.raises(InputError, match=r"expected two columns, ids and labels, got id, cat, dog.*--scores"):
        submission_for(str(tmp_path / "test.csv"))


def test_the_command_writes_it(tmp_path, glasswork):
    images(tmp_path / "test.csv", 0)
    (tmp_path / "sample_submission.csv").write_text("id,label\n0,0\n1,0\n")
    model = MLP(16, [4], 3, output_activation=None, rng=np.random.default_rng(0))
    save_model(model, tmp_path / "m.safetensors", image_shape=(4, 4))
    glasswork("predict", "m.safetensors", "test.csv", "--submission", "kaggle", "-o", "out.csv", folder=tmp_path)
    rows = list(csv.reader((tmp_path / "out.csv").read_text().splitlines()))
    assert [row[0] for row in rows] == ["id", "0", "1", "2", "3", "4"]
    assert rows[0] == ["id", "label"]
    (tmp_path / "pictures").mkdir()
    Image.fromarray(PIXELS[0].reshape(4, 4).astype(np.uint8)).save(tmp_path / "pictures" / "1.png")
    glasswork("predict", "m.safetensors", "pictures", "--submission", "kaggle", "-o", "p.csv", folder=tmp_path)
    assert (tmp_path / "p.csv").read_text().splitlines()[1].startswith("1,")
