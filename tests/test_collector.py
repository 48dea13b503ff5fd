"""What answering leaves behind does not add up: connections of asyncio end as cycles."""

import subprocess
import sys

LIVES = 5_000
"""How many others are made while one lives: by then the young generations have passed it on."""
MADE = 400_000
LEFT = 150_000

SCRIPT = f"""
import gc
from collections import deque
from waitless.serve.process import calm_collector

class Connection:
    def __init__(self):
        self.transport = self

calm_collector()
open_now = deque(maxlen={LIVES})
for _ in range({MADE}):
    open_now.append(Connection())
print(len(gc.get_objects()))
"""


def test_cycles_that_lived_for_long_are_collected_before_they_are_many() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True, timeout=120
    )

    assert LIVES < int(done.stdout) < LEFT
