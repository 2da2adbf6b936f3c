"""Damaged files, a few of each kind; `make fuzz` reads two hundred thousand."""

import fuzz


def test_damaged_files_are_refused_or_read_rightly(tmp_path, few_images):
    counted = fuzz.fuzz(tmp_path, inputs=500, seed=5, places=60)
    assert set().union(*counted.values()) <= {"refused", "the right answer", "another answer"}
    for name in ("model", "checkpoint", "history", "result", "images"):
        assert set(counted[name]) <= {"refused", "the right answer"}
        assert counted[name]["refused"] > 300


def test_an_empty_file_is_no_answer(tmp_path, few_images):
    for name, reader in fuzz.readers(tmp_path).items():
        right = reader.read(reader.path)
        came = fuzz.try_one(reader, b"", right)
        assert came == ("another answer" if name.startswith("recipe") else "refused"), name
