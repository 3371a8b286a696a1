"""Imports of large libraries, kept away from the garbage collector."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """Keeps the garbage collector away from what is imported inside.

    It stays until the process ends. To look through it again and again, for the last time when the
    process ends, costs a fifth of a second.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
        gc.freeze()
    finally:
        if enabled:
            gc.enable()
