"""Benchmarks: each module prints its results as JSON."""
