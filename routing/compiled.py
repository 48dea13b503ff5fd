"""Compile a function to machine code when it is first called (decision 0008).

A compiled function takes arrays and numbers only and runs without the interpreter's lock, so that
other threads go on. What was compiled is kept beside the source or in the user's cache folder;
where neither may be written it is compiled anew in each process, which takes seconds.

Numba looks for changes in the file of the function alone: compiled functions that call one another
stand in one file.
"""

from collections.abc import Callable
from typing import TypeVar, cast

from numba import njit

_Function = TypeVar("_Function", bound=Callable[..., object])


def compiled(function: _Function) -> _Function:
    """Compile a function when it is first called with arguments of new types."""
    try:
        return cast("_Function", njit(nogil=True, cache=True)(function))
    except RuntimeError:  # no folder to keep it in
        return cast("_Function", njit(nogil=True)(function))
