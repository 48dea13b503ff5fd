"""The link to Redis: opening it, and telling weather that passes from faults of ours."""

from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import OutOfMemoryError, ReadOnlyError, ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError

from waitless.settings import SettingsFault

TIMEOUT_S = 2.0
_WEATHER = ("MISCONF", "NOREPLICAS", "CLUSTERDOWN", "TRYAGAIN", "LOADING", "MASTERDOWN", "FENCED")
"""Redis's words for states that pass: a full disk, a missing replica, a failover; and ours for a
write by who does not hold the writer's lease, which waits until its process finds out."""


class StoreUnwilling(Exception):
    """Redis answers, but cannot do it just now."""


StoreAway = (
    StoreUnwilling,
    RedisConnectionError,
    RedisTimeoutError,
    OutOfMemoryError,
    ReadOnlyError,
    OSError,
)
"""What a call raises while Redis cannot be reached or cannot write: it may pass, so try again.
Anything else is a fault of ours."""


def open_redis(url: str) -> Redis:
    """A client with bounded patience: a hung server is an absent one.

    Raises:
        SettingsFault: the address is none.
    """
    try:
        return Redis.from_url(
            url,
            socket_timeout=TIMEOUT_S,
            socket_connect_timeout=TIMEOUT_S,
            health_check_interval=10,
        )
    except ValueError as fault:
        raise SettingsFault(f"redis_url: {fault}") from fault


def weather(fault: Exception) -> Exception:
    """The fault itself, or `StoreUnwilling` where it will pass."""
    if isinstance(fault, ResponseError) and any(word in str(fault) for word in _WEATHER):
        return StoreUnwilling(str(fault))
    return fault
