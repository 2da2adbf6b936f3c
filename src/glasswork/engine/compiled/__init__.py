"""The compiled engine: the same step in machine code, by Numba; tests compare it with the NumPy step."""
