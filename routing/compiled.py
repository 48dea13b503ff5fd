"""Compile a function to machine code when it is first called (decision 0008).

A compiled function takes arrays and numbers only and runs without the interpreter's lock, so that
other threads go on. What was compiled is kept beside the source or in the user's cache folder;
where neither may be written it is compiled anew in each process, which takes seconds.

Numba looks for changes in the file of the function alone, though it freezes what the function
takes from other files: constants, and other compiled functions. So those files are named.
"""

import inspect
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from types import ModuleType
from typing import TypeVar, cast

from numba import njit

_Function = TypeVar("_Function", bound=Callable[..., object])


def compiled(function: _Function) -> _Function:
    """Compile a function, all of whose parts stand in its file, at its first call."""
    return compiled_with()(function)


def compiled_with(*modules: ModuleType) -> Callable[[_Function], _Function]:
    """The same for one that takes constants or compiled functions from other modules.

    Args:
        modules: those, and those that they take from in turn.
    """

    def compile_it(function: _Function) -> _Function:
        try:
            dispatcher = njit(nogil=True, cache=True)(function)
        except RuntimeError:  # no folder to keep it in
            return cast("_Function", njit(nogil=True)(function))
        if modules and not _stamp(dispatcher, modules):
            return cast("_Function", njit(nogil=True)(function))
        return cast("_Function", dispatcher)

    return compile_it


def _stamp(dispatcher: object, modules: tuple[ModuleType, ...]) -> bool:
    """Have what is kept depend on other files too; False where this numba offers no place for it.

    Private to numba; tests/routing/test_compiled.py holds that a change is noticed.
    """
    try:
        kept = dispatcher._cache._cache_file  # type: ignore[attr-defined]  # noqa: SLF001
        digest = sha256()
        for file in sorted({inspect.getfile(module) for module in modules}):
            digest.update(Path(file).read_bytes())
        kept._source_stamp = (*kept._source_stamp, digest.hexdigest())  # noqa: SLF001
    except (AttributeError, TypeError):
        return False
    return True
