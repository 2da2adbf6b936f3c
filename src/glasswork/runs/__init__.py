"""Experiments on disk: a run, its folder, its checkpoints and its results."""
