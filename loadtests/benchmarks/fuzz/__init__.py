"""The parts of the fuzz."""
