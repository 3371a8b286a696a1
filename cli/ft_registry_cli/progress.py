"""A line on a terminal that says how far long work is."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ft_registry_cli.state import State, size

_QUIET_SECONDS = 1.0
"""Work that takes no longer is done without a word."""
_REPAINT_SECONDS = 0.2


@contextmanager
def progress_of(state: State) -> Iterator[Callable[[int, int], None] | None]:
    """Yields what is told the bytes done and all of them; None: nobody looks."""
    if state.quiet or not sys.stderr.isatty():
        yield None
        return
    line = _ProgressLine()
    try:
        yield line.show
    finally:
        line.clear()


class _ProgressLine:
    """One line on a terminal that says how far the work is."""

    def __init__(self) -> None:
        self._painted = time.monotonic() + _QUIET_SECONDS - _REPAINT_SECONDS
        self._is_there = False

    def show(self, done: int, total: int) -> None:
        """Paints the line anew, now and then."""
        now = time.monotonic()
        if now - self._painted >= _REPAINT_SECONDS:
            self._painted = now
            self._is_there = True
            print(
                f"\r{size(done)} of {size(total)} read\x1b[K", end="", file=sys.stderr, flush=True
            )

    def clear(self) -> None:
        """Takes the line away."""
        if self._is_there:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
