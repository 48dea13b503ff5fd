"""Benchmarks: each a module with `run() -> list[Figure]`, against a reference in the same run."""
