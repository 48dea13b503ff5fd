"""Minutes from every origin to every destination by Valhalla and OSRM, as JSON.

Run by `road_accuracy` under the interpreter that has the routers (`python router_times.py EXTRACT
FOLDER` with the points on standard input); imports nothing of ours, so that any environment will
do. The last line printed is a JSON object, `{"valhalla": {"drive": [[minutes or null]]}}`, `osrm`
likewise; a router that is not installed is left out. `us_per_origin` beside them is what Valhalla
takes for the drives of one origin asked by itself, microseconds (median of `TIMED_ORIGINS`).

Asked `questions` instead of points (`walk_cycle_accuracy`), each a costing with its options and
points of its own, it prints `{"answers": [[[minutes or null]]]}`, Valhalla's alone.
"""

import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

POINTS_PER_REQUEST = 50
TIMED_ORIGINS = 200

Point = Sequence[float]
Minutes = list[list[float | None]]

VALHALLA_COSTINGS = {"drive": "auto", "walk": "pedestrian", "cycle": "bicycle"}
OSRM_PROFILES = {"drive": "car", "walk": "foot", "cycle": "bicycle"}


def main() -> None:
    """Build each router's data from the extract and ask it for every mode."""
    extract, folder = Path(sys.argv[1]), Path(sys.argv[2])
    asked = json.load(sys.stdin)
    if "questions" in asked:
        actor = start_valhalla(extract, folder)
        json.dump({"answers": [ask_matrix(actor, **one) for one in asked["questions"]]}, sys.stdout)
        return
    answers: dict[str, Any] = {}
    for name, ask in (("valhalla", ask_valhalla), ("osrm", ask_osrm)):
        try:
            answers[name] = ask(extract, folder, asked["origins"], asked["destinations"])
        except ImportError:
            continue
    json.dump(answers, sys.stdout)


def ask_valhalla(
    extract: Path, folder: Path, origins: list[Point], destinations: list[Point]
) -> dict[str, Any]:
    """Return Valhalla's minutes by mode, and `us_per_origin`.

    Raises:
        ImportError: pyvalhalla is not installed.
    """
    actor = start_valhalla(extract, folder)
    targets = [{"lat": lat, "lon": lon} for lat, lon in destinations]
    answers: dict[str, Any] = {
        mode: ask_matrix(actor, origins, destinations, costing)
        for mode, costing in VALHALLA_COSTINGS.items()
    }
    answers["us_per_origin"] = statistics.median(
        _time_us(
            actor.matrix,
            {"sources": [{"lat": lat, "lon": lon}], "targets": targets, "costing": "auto"},
        )
        for lat, lon in origins[:TIMED_ORIGINS]
    )
    return answers


def start_valhalla(extract: Path, folder: Path) -> Any:  # noqa: ANN401 - the router has no types
    """Build Valhalla's tiles and return its actor.

    Raises:
        ImportError: pyvalhalla is not installed.
    """
    import valhalla  # noqa: PLC0415 - not everybody has it

    (folder / "tiles").mkdir(exist_ok=True)
    config = valhalla.get_config(tile_extract="", tile_dir=str(folder / "tiles"))
    config["mjolnir"]["concurrency"] = 1
    for costing in ("pedestrian", "bicycle"):
        config["service_limits"][costing]["max_matrix_distance"] = 400_000
    (folder / "valhalla.json").write_text(json.dumps(config))
    _call("valhalla_build_tiles", "-c", str(folder / "valhalla.json"), str(extract))
    return valhalla.Actor(str(folder / "valhalla.json"))


def ask_matrix(
    actor: Any,  # noqa: ANN401
    origins: list[Point],
    destinations: list[Point],
    costing: str,
    options: dict[str, Any] | None = None,
) -> Minutes:
    """Return minutes, a row per origin; None where Valhalla knows no way."""
    targets = [{"lat": lat, "lon": lon} for lat, lon in destinations]
    minutes: Minutes = []
    for first in range(0, len(origins), POINTS_PER_REQUEST):
        sources = [
            {"lat": lat, "lon": lon} for lat, lon in origins[first : first + POINTS_PER_REQUEST]
        ]
        asked = {"sources": sources, "targets": targets, "costing": costing}
        told = actor.matrix(asked | {"costing_options": {costing: options or {}}})
        minutes += [
            [_to_minutes(cell["time"]) for cell in row] for row in told["sources_to_targets"]
        ]
    return minutes


def _time_us(ask: Callable[[dict[str, Any]], object], request: dict[str, Any]) -> float:
    began = time.perf_counter()
    ask(request)
    return (time.perf_counter() - began) * 1e6


def ask_osrm(
    extract: Path, folder: Path, origins: list[Point], destinations: list[Point]
) -> dict[str, Minutes]:
    """Return OSRM's minutes by mode.

    Raises:
        ImportError: osrm-bindings is not installed.
    """
    import osrm  # noqa: PLC0415 - not everybody has it

    home = Path(osrm.__file__).parent
    count = len(origins)
    answers: dict[str, Minutes] = {}
    for mode, profile in OSRM_PROFILES.items():
        base = folder / profile / "roads"
        base.parent.mkdir(parents=True, exist_ok=True)
        copy = base.with_suffix(".osm.pbf")
        shutil.copyfile(extract, copy)
        rules = home / "share" / "profiles" / f"{profile}.lua"
        _call(str(home / "bin" / "osrm-extract"), "-t", "1", "-p", str(rules), str(copy))
        _call(str(home / "bin" / "osrm-contract"), "-t", "1", str(base.with_suffix(".osrm")))
        engine = osrm.OSRM(storage_config=str(base.with_suffix(".osrm")), use_shared_memory=False)
        table = osrm.TableParameters(
            coordinates=[(lon, lat) for lat, lon in [*origins, *destinations]],
            sources=list(range(count)),
            destinations=list(range(count, count + len(destinations))),
        )
        answers[mode] = [
            [_to_minutes(cell) for cell in row] for row in engine.Table(table)["durations"]
        ]
    return answers


def _to_minutes(seconds: float | None) -> float | None:
    return None if seconds is None else seconds / 60


def _call(program: str, *arguments: str) -> None:
    """Run a program of a router's wheel; its own words go to standard error."""
    beside = Path(sys.executable).parent
    environment = {**os.environ, "PATH": f"{beside}{os.pathsep}{os.environ['PATH']}"}
    path = shutil.which(program, path=environment["PATH"])
    if path is None:
        raise FileNotFoundError(f"no {program} beside {sys.executable}")
    subprocess.run([path, *arguments], check=True, stdout=sys.stderr, env=environment)


if __name__ == "__main__":
    main()
