"""The pen: texts and numbers written into an answer's bytes, compiled.

Every function that writes takes the room and the place, and returns the place after what it wrote.
"""

import numpy as np
from numpy.typing import NDArray

from routing.compiled import compiled

_Bytes = NDArray[np.uint8]


@compiled
def round_half_even(value: float) -> int:
    """Return the nearest whole number, as Python's `round` has it."""
    return int(np.rint(value))


@compiled
def round_to_tenths(value: float) -> int:
    """Return the tenths that Python's `round(value, 1)` has: correctly rounded, ties to even."""
    product = value * 10
    whole = np.floor(product)
    if product - whole != 0.5:  # noqa: PLR2004 - half
        return int(np.rint(product))
    # What the product lost in rounding decides; its halves are exact (Dekker 1971).
    upper = value * 134217729.0
    upper -= upper - value
    lost = (upper * 10 - product) + (value - upper) * 10
    if lost != 0:
        return int(whole) + (1 if lost > 0 else 0)
    return int(np.rint(product))


@compiled
def write_text(out: _Bytes, at: int, text: _Bytes) -> int:
    """Write a text."""
    # Unsigned indices cannot mean "from the end"; so the loop becomes one wide copy.
    to = np.uint64(at)
    for i in range(np.uint64(len(text))):
        out[to + i] = text[i]
    return at + len(text)


@compiled
def copy_text(out: _Bytes, at: int, blob: _Bytes, first: NDArray[np.int64], number: int) -> int:
    """Write one of the texts that stand in a blob, by its number."""
    begin, end = first[number], first[number + 1]
    to, since = np.uint64(at), np.uint64(begin)
    for i in range(np.uint64(end - begin)):
        out[to + i] = blob[since + i]
    return at + int(end - begin)


@compiled
def write_digits(out: _Bytes, at: int, number: int) -> int:
    """Write a whole number that is not negative."""
    length, rest = 1, number // 10
    while rest > 0:
        length, rest = length + 1, rest // 10
    rest = number
    for i in range(length):
        out[at + length - 1 - i] = 48 + rest % 10
        rest //= 10
    return at + length


@compiled
def write_tenths(out: _Bytes, at: int, value: float) -> int:
    """Write a number with one decimal that is not negative."""
    tenths = round_to_tenths(value)
    at = write_digits(out, at, tenths // 10)
    out[at], out[at + 1] = 46, 48 + tenths % 10
    return at + 2


@compiled
def write_clock(out: _Bytes, at: int, minute: int) -> int:
    """Write HH:MM."""
    hour, minute = minute // 60, minute % 60
    out[at], out[at + 1], out[at + 2] = 48 + hour // 10, 48 + hour % 10, 58
    out[at + 3], out[at + 4] = 48 + minute // 10, 48 + minute % 10
    return at + 5
