"""A county with many facilities: the shipped pack's roads, its facilities copied about them."""

import random
import shutil
from pathlib import Path

from waitless.area.pack import find_pack, load_area


def write_pack(folder: Path, facilities: int) -> Path:
    """Write an area pack of so many facilities at junctions drawn by lot; gives its folder."""
    source = find_pack("east-kent")
    area = load_area(source)
    target = folder / f"east-kent-{facilities}"
    shutil.copytree(source, target)
    shutil.rmtree(target / "feeds", ignore_errors=True)
    (target / "feeds").mkdir()
    text = (source / "facilities.toml").read_text(encoding="utf-8")
    head, *rows = text.split("[[facility]]")
    lots = random.Random(7)
    written = [head.split("[[")[0]]
    inside = [
        (float(lat), float(lon))
        for lat, lon in zip(area.roads.lat, area.roads.lon, strict=True)
        if area.bounds.contain(lat, lon)
    ]
    for number in range(facilities):
        row = rows[number % len(rows)]
        lat, lon = inside[lots.randrange(len(inside))]
        lines = []
        for line in row.splitlines():
            key = line.partition("=")[0].strip()
            replaced = {"lat": f"{lat:.5f}", "lon": f"{lon:.5f}", "id": f'"place-{number}"'}
            if key == "service_ids":
                continue
            lines.append(f"{key} = {replaced[key]}" if key in replaced else line)
        written.append("[[facility]]" + "\n".join(lines) + "\n")
    area_file = target / "area.toml"
    about = area_file.read_text(encoding="utf-8")
    area_file.write_text(about.replace('"east-kent"', f'"east-kent-{facilities}"', 1))
    (target / "facilities.toml").write_text("".join(written), encoding="utf-8")
    return target
