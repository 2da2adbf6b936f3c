"""Damaged files, a few of each kind; `make fuzz` reads two hundred thousand."""

import fuzz


def test_damaged_files_are_refused_or_read_rightly(tmp_path):
    counted = fuzz.fuzz(tmp_path, inputs=2000, seed=5, places=150)
    assert set().union(*counted.values()) <= {"refused", "the right answer", "another answer"}
    for name in ("model", "checkpoint", "history", "result"):
        assert set(counted[name]) <= {"refused", "the right answer"}
        assert counted[name]["refused"] > 500
