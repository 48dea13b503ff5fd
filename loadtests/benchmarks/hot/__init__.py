"""The servers that `hot_path` compares."""
