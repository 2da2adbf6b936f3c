"""The loop, the recipe, and the run with what it leaves behind."""
