"""Load tests (Locust) and benchmarks: behaviour under load, and ratios against references."""
