"""How much a server bears: a compiled client (wrk) asks as fast as it is answered."""

import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence

CONNECTIONS = 16
WARM_SECONDS = 2


def find_saturation(port: int, paths: Sequence[str], seconds: int) -> float:
    """Answers a second with every connection always busy.

    Args:
        port: of a server on this machine.
        paths: asked for in turn.
        seconds: how long; two more are spent before, uncounted.

    Raises:
        FileNotFoundError: wrk is not on this machine.
        RuntimeError: some answers were errors.
    """
    wrk = shutil.which("wrk")
    if wrk is None:
        raise FileNotFoundError("wrk is not on this machine (on Debian: apt-get install wrk)")
    with tempfile.NamedTemporaryFile("w", suffix=".lua", encoding="ascii") as script:
        script.write(_script(paths))
        script.flush()
        words = [wrk, "-t1", f"-c{CONNECTIONS}", "-s", script.name, f"http://127.0.0.1:{port}/"]
        told = ""
        for length in (WARM_SECONDS, seconds):
            told = subprocess.run(
                [*words, f"-d{length}s"], capture_output=True, text=True, check=True
            ).stdout
    rate = re.search(r"Requests/sec:\s+([0-9.]+)", told)
    if rate is None or "Non-2xx" in told or "Socket errors" in told:
        raise RuntimeError(f"wrk against port {port}:\n{told}")
    return float(rate[1])


def _script(paths: Sequence[str]) -> str:
    quoted = ",\n".join(f'"{path}"' for path in paths)
    return (
        f"local paths = {{{quoted}}}\nlocal turn = 0\n"
        "request = function()\n  turn = turn % #paths + 1\n"
        '  return wrk.format("GET", paths[turn])\nend\n'
    )
