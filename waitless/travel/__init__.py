"""Travel: tables made by the writer, shared through the store, looked up by answers.

`builder` makes them, `retime` makes them again as traffic and the hour change, `shelf` keeps them
in the store, `follow` has every answering process use the newest, `tables` is what answers ask.
Timetables are made by each answering process: `keep` has those of today and tomorrow ready,
`timetables` and `rides` are what answers ask.
"""

from waitless.travel.builder import MODES, TravelBuilder
from waitless.travel.follow import TravelFollower
from waitless.travel.keep import TimetableKeeper
from waitless.travel.retime import Retimer
from waitless.travel.shelf import Shelf
from waitless.travel.tables import TravelTables

__all__ = [
    "MODES",
    "Retimer",
    "Shelf",
    "TimetableKeeper",
    "TravelBuilder",
    "TravelFollower",
    "TravelTables",
]
