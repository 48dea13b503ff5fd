"""The parts of the replay of recorded waits through the believer."""
