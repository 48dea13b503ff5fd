"""Compile a function to machine code when it is first called (decision 0008).

A compiled function takes arrays and numbers only and runs without the interpreter's lock, so that
other threads go on. What was compiled is kept beside the source or in the user's cache folder;
where neither may be written it is compiled anew in each process, which takes seconds.

Numba looks for changes in the file of the function alone: compiled functions that call one another
stand in one file, or the caller closes over a `stamp` of what it calls.
"""

import inspect
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import TypeVar, cast

from numba import njit

_Function = TypeVar("_Function", bound=Callable[..., object])


def compiled(function: _Function) -> _Function:
    """Compile a function when it is first called with arguments of new types."""
    try:
        return cast("_Function", njit(nogil=True, cache=True)(function))
    except RuntimeError:  # no folder to keep it in
        return cast("_Function", njit(nogil=True)(function))


def stamp(*functions: Callable[..., object]) -> str:
    """Changes when a file does in which one of the functions stands.

    What a compiled function closes over is part of what numba keeps it by.
    """
    files = sorted({inspect.getfile(inspect.unwrap(function)) for function in functions})
    digest = sha256()
    for file in files:
        digest.update(Path(file).read_bytes())
    return digest.hexdigest()
