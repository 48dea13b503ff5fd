"""Values as they are stored: JSON, and what becomes of one that cannot be read."""

import logging
from collections.abc import Iterable, Mapping
from typing import TypeVar

import msgspec

log = logging.getLogger(__name__)

T = TypeVar("T")

encode = msgspec.json.Encoder().encode


def list_decoded(
    encoded: Mapping[bytes, bytes], decoder: msgspec.json.Decoder[T]
) -> Iterable[tuple[str, T]]:
    """Name and value of each that can be read; of the others the log tells."""
    for name, value in encoded.items():
        try:
            yield name.decode(), decoder.decode(value)
        except (msgspec.MsgspecError, UnicodeDecodeError) as fault:
            log.warning("stored value of %r cannot be read, so counts as absent: %s", name, fault)
