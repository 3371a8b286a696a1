"""Runs the kernel on all cores of this machine, by processes; little work in this one.

Each worker has a pipe of its own. A worker that is killed closes it, which is told; when this
process is killed, the workers find theirs closed and end. (`concurrent.futures` tells the first but
has no way to end workers in the midst of a task, `multiprocessing.Pool` waits for a killed one for
ever.)
"""

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkContext, SpawnContext
from multiprocessing.process import BaseProcess
from pathlib import Path

from ft_registry.backends.executors.in_worker import attempt
from ft_registry.errors import BackendUnavailable
from ft_registry.examples.kernel import Settings
from ft_registry.examples.work import Task
from ft_registry.ports.executor import Outcome
from ft_registry.readers.examination import examine
from ft_registry.readers.scanner import forbids_fork

SMALL_BYTES = 8 << 20
"""Done before other processes would have started."""
_AHEAD = 4
"""Tasks a worker that may be done before their turn: what comes out of them waits in memory."""


class LocalExecutor:
    """Runs the kernel on the cores of this machine.

    Args:
        workers: Processes; None: one for each core that this process may use.
        small: Bytes of files; what is less is done in this process.
    """

    def __init__(self, workers: int | None = None, *, small: int = SMALL_BYTES) -> None:
        self._workers = workers or _cores()
        self._small = small

    def run(
        self, tasks: Sequence[Task], settings: Settings, *, tokenizer: Path | None
    ) -> Iterator[Outcome]:
        """See `Executor.run`."""
        size = sum({task.source.path: task.source.size for task in tasks}.values())
        workers = min(self._workers, len(tasks))
        if workers < 2 or size < self._small:
            for task in tasks:
                yield Outcome(task, examine(task, settings, tokenizer))
            return
        with _Workers(workers, settings, tokenizer) as running:
            yield from running.run(tasks)


def _cores() -> int:
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class _Workers:
    """Processes that each do one task at a time."""

    def __init__(self, count: int, settings: Settings, tokenizer: Path | None) -> None:
        # To fork copies what is imported already, and the locks that other threads hold.
        is_alone = threading.active_count() == 1 and not forbids_fork()
        forks = sys.platform == "linux" and is_alone
        context: ForkContext | SpawnContext = (
            multiprocessing.get_context("fork") if forks else multiprocessing.get_context("spawn")
        )
        self._workers: dict[Connection, BaseProcess] = {}
        try:
            for _ in range(count):
                ours, theirs = context.Pipe()
                process = context.Process(
                    target=_work,
                    args=(theirs, ours if forks else None, settings, tokenizer),
                    daemon=True,
                )
                process.start()
                theirs.close()
                self._workers[ours] = process
        except BaseException:
            self._end()
            raise

    def __enter__(self) -> "_Workers":
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def _end(self) -> None:
        for connection, process in self._workers.items():
            connection.close()
            process.terminate()
        for process in self._workers.values():
            process.join()

    def run(self, tasks: Sequence[Task]) -> Iterator[Outcome]:
        idle = list(self._workers)
        busy: dict[Connection, int] = {}
        done: dict[int, Outcome] = {}
        given = 0
        for turn in range(len(tasks)):
            while turn not in done:
                while idle and given < min(len(tasks), turn + _AHEAD * len(self._workers)):
                    connection = idle.pop()
                    self._give(connection, tasks[given])
                    busy[connection] = given
                    given += 1
                ready = wait(list(busy))
                for connection in [one for one in busy if one in ready]:
                    done[busy.pop(connection)] = self._take(connection)
                    idle.append(connection)
            yield done.pop(turn)

    def _give(self, connection: Connection, task: Task) -> None:
        try:
            connection.send(task)
        except OSError as error:
            raise self._lost(connection) from error

    def _take(self, connection: Connection) -> Outcome:
        try:
            found: Outcome | Exception = connection.recv()
        except (EOFError, OSError) as error:
            raise self._lost(connection) from error
        if isinstance(found, Exception):
            raise found
        return found

    def _lost(self, connection: Connection) -> BackendUnavailable:
        process = self._workers[connection]
        process.join(timeout=5)
        code = process.exitcode
        how = (
            f"was killed by signal {-code}" if code is not None and code < 0 else f"ended ({code})"
        )
        return BackendUnavailable(
            f"expected every worker to finish, found that process {process.pid} {how}",
            hints=["if memory ran out, run the command again while less else runs"],
        )


def _work(
    theirs: Connection, ours: Connection | None, settings: Settings, tokenizer: Path | None
) -> None:
    """Does tasks until there are no more.

    Args:
        theirs: Brings tasks and takes what comes out.
        ours: The other end, where this process inherited it: it would hold the pipe open.
        settings: What to look for.
        tokenizer: Counts lengths.
    """
    # Ctrl-C reaches every process of the terminal: the one that started this one ends it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # What the other process does when it is told to end is not for a copy of it to do.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if ours is not None:
        ours.close()
    with suppress(EOFError, OSError):  # the other end is closed: there is no more to do
        while True:
            theirs.send(attempt(theirs.recv(), settings, tokenizer))
