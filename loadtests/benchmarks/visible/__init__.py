"""The parts of the benchmark from publishing to an answer."""
