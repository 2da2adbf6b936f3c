"""What an engine is, and the compiled one; the handout's step in NumPy is in `glasswork.training.step`."""
