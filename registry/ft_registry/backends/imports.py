"""Imports of large libraries, kept away from the garbage collector and from other threads' way."""

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager

_TURN_SECONDS = 0.0005
"""A thread that hashes asks for the interpreter a thousand times a second, for a moment each; with
Python's own 5 ms it would do nothing else but wait while modules are imported."""


@contextmanager
def large_import() -> Iterator[None]:
    """Keeps the garbage collector away from what is imported inside, and lets threads take turns.

    It stays until the process ends. To look through it again and again, for the last time when the
    process ends, costs a fifth of a second.
    """
    enabled, interval = gc.isenabled(), sys.getswitchinterval()
    gc.disable()
    sys.setswitchinterval(min(interval, _TURN_SECONDS))
    try:
        yield
        gc.freeze()
    finally:
        sys.setswitchinterval(interval)
        if enabled:
            gc.enable()
