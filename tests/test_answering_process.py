"""What a process that only answers holds."""

import subprocess
import sys
from pathlib import Path

from routing.roadarrays import Roads
from routing.roadfile import save_road_file
from routing.roads import load_roads
from waitless.area.pack import SHIPPED

ANSWERING = """
import sys
from pathlib import Path
import waitless.app
from routing.modes import Mode
from routing.roads import read_roads
roads = read_roads(Path(sys.argv[1]))
roads.compile(Mode.DRIVE)
print("networkx" in sys.modules, len(roads.lat))
"""


def test_networkx_is_not_held_where_a_built_road_file_is_served(tmp_path: Path) -> None:
    roads = Roads.from_graph(load_roads(next(SHIPPED.glob("east_kent/roads.geojsonl"))))
    save_road_file(roads, tmp_path / "built.roads")

    told = subprocess.run(
        [sys.executable, "-c", ANSWERING, tmp_path / "built.roads"],
        capture_output=True,
        check=True,
        text=True,
    ).stdout.split()

    assert told == ["False", str(len(roads.lat))]
