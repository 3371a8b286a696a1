"""Runs the kernel on a Ray cluster: for corpora that outgrow one machine.

Tasks name files by path, so the data lies where every node sees it, and ft-registry is installed on
every node. See docs/adr/0008-corpora-beyond-one-machine.md.
"""

import logging
import os
import socket
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ft_registry.backends.executors.in_worker import attempt
from ft_registry.backends.imports import large_import
from ft_registry.errors import BackendUnavailable, Refused
from ft_registry.examples.kernel import Settings
from ft_registry.examples.work import Task
from ft_registry.ports.executor import Outcome

_AHEAD = 4
"""Tasks a core that are under way or done before their turn."""


class RayExecutor:
    """Runs tasks on a cluster.

    Args:
        address: Of the cluster, ``auto`` for the one that this machine is part of; None: that of
            RAY_ADDRESS, or else workers on this machine for as long as the tasks take.
    """

    def __init__(self, address: str | None = None) -> None:
        self._address = address

    def run(
        self, tasks: Sequence[Task], settings: Settings, *, tokenizer: Path | None
    ) -> Iterator[Outcome]:
        """See `Executor.run`."""
        with _cluster(self._address) as ray:
            examine = ray.remote(attempt)
            shared = ray.put(settings)
            waiting = deque(tasks)
            running: deque[Any] = deque()
            try:
                while waiting or running:
                    # Asked again and again: a cluster grows with what waits for it.
                    cores = int(ray.cluster_resources().get("CPU", 1)) or 1
                    while waiting and len(running) < _AHEAD * cores:
                        running.append(examine.remote(waiting.popleft(), shared, tokenizer))
                    found = ray.get(running.popleft())
                    if isinstance(found, Exception):
                        raise found
                    yield found
            finally:
                for reference in running:
                    ray.cancel(reference, force=True)


@contextmanager
def _cluster(address: str | None) -> Iterator[Any]:
    """Yields Ray, connected; leaves a connection of somebody else's as it is.

    Raises:
        Refused: Ray is not installed.
        BackendUnavailable: There is no cluster, or it failed.
    """
    # A tool that counts examples tells nobody that it does.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        with large_import():
            import ray
    except ImportError as error:
        raise Refused(
            "expected Ray, to run on a cluster; found that it is not installed",
            hints=["pip install ft-registry[ray]"],
        ) from error
    is_ours = not ray.is_initialized()
    try:
        if is_ours:
            _knock(address or os.environ.get("RAY_ADDRESS", ""))
            ray.init(
                address,
                include_dashboard=False,
                log_to_driver=False,
                logging_level=logging.ERROR,
            )
        yield ray
    except (ray.exceptions.RayError, OSError) as error:
        reason = str(error).strip().splitlines()
        raise BackendUnavailable(
            f"expected a Ray cluster to run the tasks, found: {reason[-1] if reason else error!r}",
            hints=[
                "see that it is up: ray status",
                "see that ft-registry is installed on every node, in this version",
            ],
        ) from error
    finally:
        if is_ours:
            ray.shutdown()


def _knock(address: str) -> None:
    """Finds out whether anybody is there: Ray itself tries for five minutes.

    Args:
        address: Where the cluster is; empty or a word (``auto``): Ray finds out.

    Raises:
        OSError: Nobody is.
    """
    host, _, port = address.rpartition("://")[2].rpartition(":")
    if host and port.isdecimal():
        socket.create_connection((host.strip("[]"), int(port)), timeout=10).close()
