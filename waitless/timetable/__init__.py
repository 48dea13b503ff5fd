"""How the timetable runs: what sources of trip updates say, from the writer to whoever answers.

The writer decodes and keeps (`desk`), puts it on a shelf in Redis (`share`, `shelf`), and every
answering process follows that (`follow`), up to a call with the changes in force.
"""

from waitless.timetable.follow import TripFollower
from waitless.timetable.shelf import Telling, TripShelf

__all__ = ["Telling", "TripFollower", "TripShelf"]
