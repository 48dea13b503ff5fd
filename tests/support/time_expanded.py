"""Earliest arrivals by another way: a graph of every event of a day, searched by Dijkstra.

Written for the tests alone, with nothing of `routing.transit`: it reads the tables itself, takes
walks by the haversine formula, and searches forwards from each question.
"""

import csv
import io
import zipfile
from collections import defaultdict
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from math import asin, ceil, cos, radians, sin, sqrt
from pathlib import Path
from zoneinfo import ZoneInfo

import networkx as nx

Point = tuple[float, float]

HOURS = 30
ACCESS_M, WHOLE_M, BETWEEN_M, CHANGE_S = 1_200.0, 2_400.0, 400.0, 60
METRES_PER_SECOND = 4.8 / 3.6 / 1.3
"""Of the straight line: streets are 1.3 times as long."""


class TimeExpanded:
    """One day of a feed. Nodes: one gets off at a stop at a second ("off"), could get on ("on"), or
    sits in a trip between two of its events ("in")."""

    def __init__(self, path: Path, day: date) -> None:
        self._archive = zipfile.ZipFile(path)
        zone = ZoneInfo(self._rows("agency.txt")[0]["agency_timezone"])
        self._midnight = datetime.combine(day, time(), zone).timestamp()
        stops = self._rows("stops.txt")
        self.places = {s["stop_id"]: (float(s["stop_lat"]), float(s["stop_lon"])) for s in stops}
        self._stations = {s["stop_id"]: s.get("parent_station") or s["stop_id"] for s in stops}
        self.graph: nx.DiGraph[tuple[object, ...]] = nx.DiGraph()
        self.departures: dict[str, set[int]] = defaultdict(set)
        self._arrivals: set[tuple[str, int]] = set()
        self._patterns: dict[str, list[dict[str, str]]] = defaultdict(list)
        for row in self._rows("stop_times.txt"):
            self._patterns[row["trip_id"]].append(row)
        self.used = {row["stop_id"] for rows in self._patterns.values() for row in rows}
        repeats = defaultdict(list)
        for row in self._rows("frequencies.txt"):
            repeats[row["trip_id"]].append(row)
        for back in (2, 1, 0, -1):
            service_day = day - timedelta(back)
            noon = datetime.combine(service_day, time(12), zone).timestamp()
            shift = int(noon - 12 * 3600 - self._midnight)
            running = self._list_services(service_day)
            for trip in self._rows("trips.txt"):
                if trip["service_id"] in running:
                    pattern = self._patterns[trip["trip_id"]]
                    pattern.sort(key=lambda row: int(row["stop_sequence"]))
                    for more in self._list_shifts(pattern, repeats[trip["trip_id"]]):
                        self._add_run((trip["trip_id"], back, more), pattern, shift + more)
        for stop, departures in self.departures.items():
            for sooner, later in pairwise(sorted(departures)):
                self.graph.add_edge(("on", stop, sooner), ("on", stop, later), s=later - sooner)
        for stop, at in self._arrivals:
            self._add_changes(stop, at)

    def find_arrival(self, origin: Point, facility: Point, leaves_s: int) -> int | None:
        """Return the earliest arrival in seconds from local midnight; None where there is none."""
        there = ("facility", facility)
        if there not in self.graph:
            self._add_facility(facility)
        start = ("origin",)
        for stop in self.used:
            if metres(origin, self.places[stop]) <= ACCESS_M:
                ready = leaves_s + seconds(origin, self.places[stop])
                following = [at for at in self.departures[stop] if at >= ready]
                if following:
                    first = min(following)
                    self.graph.add_edge(start, ("on", stop, first), s=first - leaves_s)
        if metres(origin, facility) <= WHOLE_M:
            self.graph.add_edge(start, there, s=seconds(origin, facility))
        try:
            return leaves_s + int(nx.dijkstra_path_length(self.graph, start, there, weight="s"))
        except (nx.NetworkXNoPath, nx.NodeNotFound):
            return None
        finally:
            self.graph.remove_nodes_from([start])

    def _add_facility(self, facility: Point) -> None:
        there = ("facility", facility)
        self.graph.add_node(there)
        for stop, at in self._arrivals:
            if metres(self.places[stop], facility) <= ACCESS_M:
                walk_s = seconds(self.places[stop], facility)
                self.graph.add_edge(("off", stop, at), there, s=walk_s)

    def _rows(self, name: str) -> list[dict[str, str]]:
        if name not in self._archive.namelist():
            return []
        text = io.TextIOWrapper(self._archive.open(name), "utf-8-sig", newline="")
        return list(csv.DictReader(text))

    def _list_services(self, day: date) -> set[str]:
        written, weekday = day.strftime("%Y%m%d"), day.strftime("%A").lower()
        running = {
            row["service_id"]
            for row in self._rows("calendar.txt")
            if row[weekday] == "1" and row["start_date"] <= written <= row["end_date"]
        }
        for row in self._rows("calendar_dates.txt"):
            if row["date"] == written and row["exception_type"] == "1":
                running.add(row["service_id"])
            elif row["date"] == written:
                running.discard(row["service_id"])
        return running

    @staticmethod
    def _list_shifts(pattern: list[dict[str, str]], repeats: list[dict[str, str]]) -> Iterator[int]:
        if not repeats:
            yield 0
        for row in repeats:
            at = clock(row["start_time"])
            while at < clock(row["end_time"]):
                yield at - clock(pattern[0]["departure_time"])
                at += int(row["headway_secs"])

    def _add_run(self, run: object, pattern: list[dict[str, str]], shift: int) -> None:
        for place, (here, there) in enumerate(pairwise(pattern)):
            leaves = clock(here["departure_time"]) + shift
            arrives = clock(there["arrival_time"]) + shift
            if not 0 <= leaves < HOURS * 3600:
                continue
            sits, sat = ("in", run, place, "leaves"), ("in", run, place, "arrives")
            self.graph.add_edge(sits, sat, s=arrives - leaves)
            if place + 2 < len(pattern):
                dwells = clock(there["departure_time"]) + shift - arrives
                if leaves + (arrives - leaves) + dwells < HOURS * 3600:
                    self.graph.add_edge(sat, ("in", run, place + 1, "leaves"), s=dwells)
            if here.get("pickup_type") != "1":
                self.departures[here["stop_id"]].add(leaves)
                self.graph.add_edge(("on", here["stop_id"], leaves), sits, s=0)
            if there.get("drop_off_type") != "1":
                self._arrivals.add((there["stop_id"], arrives))
                self.graph.add_edge(sat, ("off", there["stop_id"], arrives), s=0)

    def _add_changes(self, stop: str, at: int) -> None:
        for other in self.used:
            same = self._stations[stop] == self._stations[other]
            apart = metres(self.places[stop], self.places[other])
            if other != stop and apart > BETWEEN_M and not same:
                continue
            ready = at + max(seconds(self.places[stop], self.places[other]), CHANGE_S)
            following = [leaves for leaves in self.departures[other] if leaves >= ready]
            if following:
                self.graph.add_edge(
                    ("off", stop, at), ("on", other, min(following)), s=min(following) - at
                )


def clock(text: str) -> int:
    hours, minutes, second = text.split(":")
    return int(hours) * 3600 + int(minutes) * 60 + int(second)


def seconds(here: Point, there: Point) -> int:
    return ceil(metres(here, there) / METRES_PER_SECOND)


def metres(here: Point, there: Point) -> float:
    (lat_a, lon_a), (lat_b, lon_b) = here, there
    north, east = radians(lat_b - lat_a), radians(lon_b - lon_a)
    half = sin(north / 2) ** 2 + cos(radians(lat_a)) * cos(radians(lat_b)) * sin(east / 2) ** 2
    return 2 * 6_371_008.8 * asin(sqrt(half))
