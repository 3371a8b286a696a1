"""Runs the kernel here: in this process when there is little to do, else on all cores."""

import multiprocessing
import os
import sys
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

from ft_registry.errors import BackendUnavailable
from ft_registry.examples.kernel import Part, Settings
from ft_registry.ports.executor import Outcome
from ft_registry.readers.examination import examine
from ft_registry.readers.example_sources import Task

_SMALL_BYTES = 8 << 20
"""Done before other processes would have started."""


class LocalExecutor:
    """Runs the kernel on the cores of this machine.

    Args:
        workers: Processes; None: one a core.
    """

    def __init__(self, workers: int | None = None) -> None:
        self._workers = workers or os.cpu_count() or 1

    def run(
        self, tasks: Sequence[Task], settings: Settings, *, tokenizer: Path | None
    ) -> Iterator[Outcome]:
        """See `Executor.run`."""
        size = sum({task.source.path: task.source.size for task in tasks}.values())
        workers = min(self._workers, len(tasks))
        if workers < 2 or size < _SMALL_BYTES:
            for task in tasks:
                yield Outcome(task, *examine(task, settings, tokenizer))
            return
        # A fork is ready at once, but copies no thread: what a thread holds it holds for ever.
        forks = sys.platform == "linux" and threading.active_count() == 1
        context = multiprocessing.get_context("fork" if forks else "spawn")
        with ProcessPoolExecutor(workers, mp_context=context) as pool:
            running: deque[tuple[Task, Future[tuple[Part, str]]]] = deque()
            try:
                for task in tasks:
                    running.append((task, pool.submit(examine, task, settings, tokenizer)))
                    # Few enough that memory stays small, enough that no core waits.
                    while len(running) > 2 * workers:
                        yield _outcome(*running.popleft())
                while running:
                    yield _outcome(*running.popleft())
            finally:
                pool.shutdown(wait=True, cancel_futures=True)


def _outcome(task: Task, future: "Future[tuple[Part, str]]") -> Outcome:
    try:
        return Outcome(task, *future.result())
    except BrokenProcessPool as error:
        raise BackendUnavailable(
            f"expected to examine {task.source.path}, found that a process of ours was ended",
            hints=["is memory short? the kernel needs about 100 MB a core"],
        ) from error
