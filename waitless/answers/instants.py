"""Instants as whole microseconds since 1970, and as the bytes that answers hold."""

from datetime import UTC, datetime, timedelta

import orjson

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def to_us(instant: datetime) -> int:
    """Microseconds since 1970, exactly."""
    return (instant - _EPOCH) // _MICROSECOND


def from_us(instant_us: int) -> datetime:
    """The instant, aware UTC."""
    return _EPOCH + timedelta(microseconds=instant_us)


def render(value: object) -> bytes:
    """A value as JSON, in the form of every answer: instants end in Z."""
    return orjson.dumps(value, option=orjson.OPT_UTC_Z)
