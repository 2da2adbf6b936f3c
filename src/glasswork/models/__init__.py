"""A network to use: its file, its answers, and its doubt about images unlike those it learnt from."""
