"""An experiment on disk: a run, its folder, its checkpoints and its model file."""
