"""The arithmetic: training, random streams and elementary functions for Numba. Knows arrays and numbers only."""

PROJECT = "seedsweep"  # tells these kernels from another package of the same name
