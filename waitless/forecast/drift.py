"""What a reading's further course depends on, and the local hour that the usual wait goes by."""

from datetime import datetime, tzinfo

from waitless.forecast.gain import Drifts
from waitless.forecast.profile import HOURS_A_DAY, Profile
from waitless.forecast.state import Posted


def week_hour(at_min: float, zone: tzinfo) -> float:
    """Hours since the local midnight before Monday, by the clock on the wall."""
    local = datetime.fromtimestamp(at_min * 60, zone)
    return local.weekday() * HOURS_A_DAY + local.hour + local.minute / 60 + local.second / 3600


def find_drifts(profile: Profile, posted: Posted, ahead_min: float, zone: tzinfo) -> Drifts:
    """The drifts of a reading over the minutes ahead of it."""
    usual = profile.usual(week_hour(posted.at_min, zone))
    then = profile.usual(week_hour(posted.at_min + ahead_min, zone))
    return (then - usual) / 60, (posted.figure - usual) / 60, posted.rise / 60
