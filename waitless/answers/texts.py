"""Texts: fragments of answers laid end to end, so that compiled code can copy them."""

from collections.abc import Iterable
from itertools import accumulate
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Texts(NamedTuple):
    """Fragments by number: that of number n is `blob[first[n]:first[n + 1]]`."""

    blob: NDArray[np.uint8]
    first: NDArray[np.int64]

    @property
    def nbytes(self) -> int:
        """Length of all fragments together."""
        return len(self.blob)


def lay_end_to_end(*sections: Iterable[bytes]) -> Texts:
    """Lay fragments down, section after section."""
    fragments = [fragment for section in sections for fragment in section]
    first = [0, *accumulate(len(fragment) for fragment in fragments)]
    return Texts(
        np.frombuffer(b"".join(fragments), dtype=np.uint8), np.array(first, dtype=np.int64)
    )
