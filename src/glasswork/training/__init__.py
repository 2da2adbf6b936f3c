"""The loop, and what watches it: progress, health, threads."""
