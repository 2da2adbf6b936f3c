"""Using a trained network: its file, its answers, and its doubt about images unlike the training images."""
