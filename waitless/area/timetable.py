"""An area's public transport: the timetable that its pack or a setting names."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np

from routing.transit.feedfile import SUFFIX, load_feed
from routing.transit.gtfs import read_gtfs
from routing.transit.model import Gtfs
from waitless.area.bounds import Bounds


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaTimetable:
    """What runs in the area, on any day, and how far it is to be believed."""

    gtfs: Gtfs
    approximate: bool
    """True: made by hand from public facts, so the basis of its journeys is an estimate; False:
    the operators' own, so it is a timetable."""

    def find_last_day(self) -> date:
        """The last day on which anything may run; `date.min` where nothing ever does."""
        services = self.gtfs.services
        weekly = [service.ends for service in services if any(service.weekdays)]
        added = [day for service in services for day in service.added]
        return max([*weekly, *added], default=date.min)

    def sum_up(self) -> str:
        """What it holds, in one line; rows that were refused are counted."""
        gtfs = self.gtfs
        refused = sum(gtfs.report.counts.values())
        return (
            f"{len(np.unique(gtfs.stops))} stops, {len(gtfs.line_names)} lines and "
            f"{np.count_nonzero(np.diff(gtfs.first))} trips until {self.find_last_day()}"
            f"{', an approximation' if self.approximate else ''}"
            f"{f', {refused} rows refused or not as written' if refused else ''}"
        )


def load_timetable(path: Path, zone: str, bounds: Bounds, *, approximate: bool) -> AreaTimetable:
    """Read a timetable for an area.

    Args:
        path: a file ending in `.transit` (`waitless transit build`), or GTFS tables: a folder or a
            zip file.
        zone: IANA name of the area's zone, which the timetable must keep.
        bounds: of the area, in which some stop must lie.
        approximate: as `AreaTimetable` has it.

    Raises:
        GtfsFault: it cannot be read, or is refused whole.
        ValueError: it keeps another zone, or is of another place.
    """
    gtfs = load_feed(path) if path.suffix == SUFFIX else read_gtfs(path)
    if gtfs.zone != zone:
        raise ValueError(f"{path}: keeps the zone {gtfs.zone}, which is not the area's {zone}")
    if not any(map(bounds.contain, gtfs.lat.tolist(), gtfs.lon.tolist())):
        raise ValueError(f"{path}: none of its {len(gtfs.stop_ids)} stops is within the area")
    return AreaTimetable(gtfs=gtfs, approximate=approximate)
