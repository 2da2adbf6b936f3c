"""What does the steps of a training: NumPy, as the handout does, or the same step compiled."""
