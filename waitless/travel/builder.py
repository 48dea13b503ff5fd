"""Making travel tables: from an area's roads, and from what every road takes right now."""

from hashlib import sha256

from routing.conditions import Conditions
from routing.modes import Mode
from routing.network import Network, NetworkFault
from routing.reach import build_table, renew
from routing.targets import FacilityOffNetwork, Targets, find_targets
from waitless.area.pack import Area, AreaFault
from waitless.recommend.ways import Basis
from waitless.traffic.edges import EdgeTimes
from waitless.travel.tables import ModeTable, TravelTables

MODES = (Mode.DRIVE, Mode.WALK, Mode.CYCLE)
FORM = 1
"""Counts up when the same roads give other tables."""


class TravelBuilder:
    """An area's roads compiled for every mode. It searches: never on the event loop.

    Attributes:
        pack: version of the roads and facilities.
    """

    def __init__(self, area: Area, horizon_minutes: float) -> None:
        """Compile the roads and find every facility's junctions.

        Args:
            area: the area pack.
            horizon_minutes: longer ways are not in the tables: the place counts as unreachable.

        Raises:
            AreaFault: a facility is farther from any road than it can be, or there are no roads.
        """
        self._area = area
        self._horizon_minutes = horizon_minutes
        self.pack = find_pack_version(area)
        places = {one.id: (one.lat, one.lon) for one in area.facilities.values()}
        try:
            self._networks: dict[Mode, Network] = {mode: area.roads.compile(mode) for mode in MODES}
            self._targets: dict[Mode, Targets] = {
                mode: find_targets(network, places) for mode, network in self._networks.items()
            }
        except (FacilityOffNetwork, NetworkFault) as fault:
            raise AreaFault([f"roads: {fault}"]) from fault
        self._driven: Conditions = self._networks[Mode.DRIVE].usual_conditions()

    def build(self, driving: EdgeTimes | None = None) -> TravelTables:
        """Every table anew.

        Args:
            driving: what every edge takes; None for the usual times of the road file.
        """
        self._driven = self._conditions(driving)
        tables = {}
        for mode, network in self._networks.items():
            conditions = self._driven if mode is Mode.DRIVE else network.usual_conditions()
            reach = build_table(network, self._targets[mode], conditions, self._horizon_minutes)
            as_of = driving.taken_at if driving and mode is Mode.DRIVE else None
            tables[mode] = ModeTable(reach, basis_of(self._area, mode), as_of)
        return TravelTables(tables).warmed()

    def renew(self, tables: TravelTables, driving: EdgeTimes) -> tuple[TravelTables, int]:
        """The tables after a change of what roads take, and how many facilities were searched for.

        Those that no change can affect keep their times unsearched.

        Args:
            tables: the ones last built or renewed here.
            driving: what every edge takes now.
        """
        now = self._conditions(driving)
        network, targets = self._networks[Mode.DRIVE], self._targets[Mode.DRIVE]
        drive = tables.by_mode[Mode.DRIVE]
        reach, searched = renew(drive.reach, network, targets, self._driven, now)
        self._driven = now
        drive = ModeTable(reach, drive.basis, driving.taken_at)
        return TravelTables({**tables.by_mode, Mode.DRIVE: drive}), len(searched)

    def _conditions(self, driving: EdgeTimes | None) -> Conditions:
        network = self._networks[Mode.DRIVE]
        if driving is None:
            return network.usual_conditions()
        return network.conditions(driving.times_s, driving.live)


def basis_of(area: Area, mode: Mode) -> Basis:
    """By car the usual; on foot and by bicycle an estimate on roads without their own paths."""
    from_openstreetmap = not area.roads.slugs
    return "usual" if mode is Mode.DRIVE or from_openstreetmap else "estimate"


def find_pack_version(area: Area) -> str:
    """Changes whenever tables of the one pack are not tables of the other."""
    places = [(one.id, one.lat, one.lon) for one in area.facilities.values()]
    digest = sha256(repr((FORM, area.id, places)).encode())
    roads = area.roads
    for array in (
        *(roads.lat, roads.lon, roads.joinable, roads.tails, roads.heads, roads.length_m),
        *(roads.time_s, roads.walk_s, roads.cycle_s),
        *(roads.uses, roads.barrier_lat, roads.barrier_lon, roads.barrier_sizes),
    ):
        digest.update(array.tobytes())
    return digest.hexdigest()[:16]
