"""The compiled engine: the same step in machine code, by Numba, held to the NumPy step by tests."""
