"""Processes that answer together tag the same answer alike, or a client is sent it again."""

import os
import subprocess
import sys

TELL_TAGS = """
from datetime import date
from waitless.answers.render import Renderer
from waitless.area.pack import find_pack, load_area
from waitless.travel.builder import TravelBuilder
from waitless.travel.timetables import TimetableBuilder

area = load_area(find_pack("east-kent"))
renderer = Renderer(area, horizon_minutes=30)
tables = TravelBuilder(area, 30).build().by_mode.values()
timetables = TimetableBuilder(area, area.timetable).build([date(2026, 11, 24)])
print([renderer.travelled(ways).tag for ways in (*tables, timetables)])
"""


def tell_tags(hash_seed: int) -> str:
    told = subprocess.run(
        [sys.executable, "-c", TELL_TAGS],
        env={**os.environ, "PYTHONHASHSEED": str(hash_seed)},
        capture_output=True,
        text=True,
        check=True,
    )
    return told.stdout


def test_two_processes_tag_what_they_answer_from_alike() -> None:
    assert tell_tags(1) == tell_tags(2)
