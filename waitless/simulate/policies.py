"""The policies by name: by what a user is sent."""

from enum import StrEnum


class PolicyName(StrEnum):
    """What a user is sent by."""

    NONE = "none"
    """Nobody has the app."""
    NEAREST = "nearest"
    SHORTEST_POSTED = "shortest_posted"
    POSTED = "posted"
    """Journey and posted wait: what apps do today."""
    FORECAST = "forecast"
    LEDGER = "ledger"
    """Journey, forecast, and who is on the way."""
    WAITLESS = "waitless"
    """The same, and EDs counted later by the published margin."""


FORECASTING = {PolicyName.FORECAST, PolicyName.LEDGER, PolicyName.WAITLESS}
COUNTING = {PolicyName.LEDGER, PolicyName.WAITLESS}
