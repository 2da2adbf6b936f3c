"""The handout as an exercise to fill in, and its figures."""
