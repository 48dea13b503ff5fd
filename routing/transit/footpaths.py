"""Walks between stops, and the time that a change takes."""

import math
from dataclasses import dataclass
from itertools import product
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from routing import geo
from routing.compiled import compiled_with
from routing.geo import EARTH_RADIUS_M, crosses_any
from routing.modes import PACES, Mode
from routing.transit.model import NO_STATION, Gtfs
from routing.transit.timetable import TimetableFault

_PACE: Final = PACES[Mode.WALK]


@dataclass(frozen=True, slots=True)
class Walking:
    """How far and how fast one walks to, from and between stops."""

    speed_kmh: float = _PACE.access_speed_kmh
    detour: float = _PACE.access_detour
    """Length of the way over the straight line."""
    access_m: float = 1_200.0
    """Straight line from the origin to a stop, or from a stop to a facility, at most: some 20
    minutes."""
    whole_m: float = 2_400.0
    """Straight line from the origin to a facility, for one who rides nothing: as far as a ride may
    ask for, to a stop and from one; some 40 minutes."""
    between_m: float = 400.0
    """Straight line between two stops at most; within one station any distance."""
    change_s: int = 60
    """A change of vehicles takes at least this long, at one stop too."""

    @property
    def s_per_m(self) -> float:
        """Seconds for each metre of a straight line."""
        return self.detour / (self.speed_kmh / 3.6)

    def walk_s(self, straight_m: NDArray[np.float64]) -> NDArray[np.int32]:
        """Return walking times, rounded up to whole seconds."""
        return np.ceil(straight_m * self.s_per_m).astype(np.int32)


LOOKED_THROUGH: Final = 4_096
"""So few stops are quicker to look through than a tree is to ask."""
MOST_PATHS: Final = 20_000_000
"""Great Britain's rail has some thousands."""


class Footpaths(NamedTuple):
    """Those from stop s stand from `first[s]` up to `first[s + 1]`: the stop itself is one."""

    first: NDArray[np.int64]
    ends: NDArray[np.int32]
    seconds: NDArray[np.int32]


NO_WATER: Final = np.empty((0, 4))


class Walks:
    """All that is walked: to and from the stops near a point, and between stops."""

    def __init__(
        self,
        gtfs: Gtfs,
        walking: Walking = Walking(),
        *,
        water: NDArray[np.float64] = NO_WATER,
    ) -> None:
        """Find the stops, and the footpaths between them.

        Args:
            gtfs: whose stops.
            walking: how far and how fast.
            water: that nobody crosses who walks all the way; one row (latitude, longitude,
                latitude, longitude) per straight stretch.

        Raises:
            TimetableFault: so many stops stand so near together that no feed can mean it.
        """
        self.walking = walking
        self._water = water
        self._used = np.unique(gtfs.stops)
        self._tree = cKDTree(to_space(gtfs.lat[self._used], gtfs.lon[self._used]))
        self._all = np.arange(len(self._used))
        self.footpaths = self._build_footpaths(gtfs)

    def find(self, lat: float, lon: float) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """Return the numbers of the stops within a walk, rising, and the seconds to each."""
        point = _to_point(lat, lon)
        reach = _to_chord(self.walking.access_m)
        near = self._all
        if len(near) > LOOKED_THROUGH:
            near = np.array(sorted(self._tree.query_ball_point(point, reach)), dtype=np.int64)
        seconds = _walk_to(self._tree.data, near, point, reach, self.walking.s_per_m)
        within = seconds >= 0
        return self._used[near[within]], seconds[within]

    def walk_directly(
        self, lat: float, lon: float, places: NDArray[np.float64]
    ) -> NDArray[np.int32]:
        """Return the seconds all the way to places, as `to_space` has them.

        -1 where it is too far, or water is between: the way round by a bridge is not known here.
        """
        reach = _to_chord(self.walking.whole_m)
        every = np.arange(len(places))
        seconds = _walk_to(places, every, _to_point(lat, lon), reach, self.walking.s_per_m)
        near = np.flatnonzero(seconds >= 0)
        if len(near) and len(self._water):
            # A line as short as a walk is straight in degrees too.
            seconds[near[crosses_any((lat, lon), _to_degrees(places[near]), self._water)]] = -1
        return seconds

    def _count_pairs(self) -> int:
        """Return how many pairs `_list_pairs` gives."""
        reach = _to_chord(self.walking.between_m)
        return int(self._tree.count_neighbors(self._tree, reach)) - len(self._used)

    def _list_pairs(self) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]:
        """Return pairs of different stops near each other, both ways round, and the seconds."""
        pairs = self._tree.query_pairs(_to_chord(self.walking.between_m), output_type="ndarray")
        pairs = np.concatenate((pairs, pairs[:, ::-1])).astype(np.int64)
        chords = np.linalg.norm(self._tree.data[pairs[:, 0]] - self._tree.data[pairs[:, 1]], axis=1)
        seconds = self.walking.walk_s(_to_arc(chords))
        return self._used[pairs[:, 0]], self._used[pairs[:, 1]], seconds

    def _build_footpaths(self, gtfs: Gtfs) -> Footpaths:
        """Return near stops, stops of one station, and what the feed's transfers say.

        A transfer's time counts as told, but for `change_s`; one said not to be possible takes the
        footpath away. One from or to a station holds for all of its stops.
        """
        members = _list_members(gtfs)
        if self._count_pairs() + sum(len(m) ** 2 for m in members.values()) > MOST_PATHS:
            raise TimetableFault(f"more than {MOST_PATHS:,} footpaths between stops")
        paths = {(stop, stop): 0 for stop in range(len(gtfs.stop_ids))}
        for start, end, seconds in zip(*(a.tolist() for a in self._list_pairs()), strict=True):
            paths[start, end] = seconds
        points = to_space(gtfs.lat, gtfs.lon)
        for group in members.values():
            for pair in product(group, group):
                paths.setdefault(pair, self._walk_between(points, *pair))
        for transfer in gtfs.transfers:
            starts = members.get(transfer.start, [transfer.start])
            for pair in product(starts, members.get(transfer.end, [transfer.end])):
                if not transfer.possible:
                    paths.pop(pair, None)
                elif transfer.least_s is None:
                    paths.setdefault(pair, self._walk_between(points, *pair))
                else:
                    paths[pair] = transfer.least_s
        return _lay_out(paths, len(gtfs.stop_ids), self.walking.change_s)

    def _walk_between(self, points: NDArray[np.float64], start: int, end: int) -> int:
        chord = np.linalg.norm(points[[start]] - points[[end]], axis=1)
        return int(self.walking.walk_s(_to_arc(chord))[0])


def _lay_out(paths: dict[tuple[int, int], int], stop_count: int, least_s: int) -> Footpaths:
    ordered = sorted(paths)
    starts = np.array([start for start, _ in ordered], dtype=np.int64)
    return Footpaths(
        first=np.searchsorted(starts, np.arange(stop_count + 1)).astype(np.int64),
        ends=np.array([end for _, end in ordered], dtype=np.int32),
        seconds=np.array([max(paths[pair], least_s) for pair in ordered], dtype=np.int32),
    )


def _list_members(gtfs: Gtfs) -> dict[int, list[int]]:
    """Return the stops of each station, the station itself first: some feeds stop there too."""
    members: dict[int, list[int]] = {}
    for stop, station in enumerate(gtfs.stations.tolist()):
        if station != NO_STATION:
            members.setdefault(station, [station]).append(stop)
    return members


def to_space(lat: NDArray[np.float64], lon: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return points on a sphere of radius 1."""
    north, east = np.radians(lat), np.radians(lon)
    return np.column_stack(
        (np.cos(north) * np.cos(east), np.cos(north) * np.sin(east), np.sin(north))
    )


def _to_degrees(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return latitude and longitude of points of `to_space`."""
    x, y, z = points.T
    return np.asarray(np.degrees(np.column_stack((np.arcsin(z), np.arctan2(y, x)))))


def _to_point(lat: float, lon: float) -> tuple[float, float, float]:
    """Return one point of `to_space`."""
    north, east = math.radians(lat), math.radians(lon)
    return math.cos(north) * math.cos(east), math.cos(north) * math.sin(east), math.sin(north)


@compiled_with(geo)
def _walk_to(
    points: NDArray[np.float64],
    wanted: NDArray[np.int64],
    point: tuple[float, float, float],
    reach: float,
    s_per_m: float,
) -> NDArray[np.int32]:
    """Return the seconds from one point to some; -1 where the chord is longer than `reach`."""
    seconds = np.full(len(wanted), -1, dtype=np.int32)
    for i, number in enumerate(wanted):
        x, y = points[number, 0] - point[0], points[number, 1] - point[1]
        z = points[number, 2] - point[2]
        chord = math.sqrt(x * x + y * y + z * z)
        if chord <= reach:
            straight_m = 2 * EARTH_RADIUS_M * math.asin(min(chord / 2, 1.0))
            seconds[i] = math.ceil(straight_m * s_per_m)
    return seconds


def _to_chord(straight_m: float) -> float:
    return float(2 * np.sin(straight_m / EARTH_RADIUS_M / 2))


def _to_arc(chords: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return great-circle distances in metres."""
    return np.asarray(2 * EARTH_RADIUS_M * np.arcsin(np.minimum(chords / 2, 1)))
