"""Benchmarks: each prints a ratio against the plain way of doing the same, measured in one run."""
