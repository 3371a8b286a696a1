"""Runs commands, ours and DVC's, as processes forked from one that has imported everything.

To import MLflow or DVC takes a command longer than its work, and hundreds of tests run commands
that need them. A forked process is a process like any other: it has its own memory, working folder,
environment, standard streams and exit code. What only a fresh interpreter shows (what is imported,
how encodings and signals are set up at the start) is tested with `tests.cli.project.COMMAND`.
"""

import io
import multiprocessing
import os
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from multiprocessing import forkserver
from pathlib import Path
from typing import Any, Literal

_STARTING = ("PYTHON", "LC_", "LANG", "COVERAGE")
"""Settings that Python reads when it starts: a fork would not see them."""

forking = multiprocessing.get_context("forkserver")
forking.set_forkserver_preload(["tests.cli.imported"])


def suits(environ: Mapping[str, str]) -> bool:
    """Returns whether a forked process would see all of an environment."""
    return all(
        environ.get(name) == os.environ.get(name)
        for name in environ.keys() | os.environ.keys()
        if name.startswith(_STARTING) and name != "PYTHONPATH"
    )


def run_forked(
    arguments: Sequence[str],
    *,
    cwd: Path,
    environ: Mapping[str, str],
    stdin: str,
    patience: float,
    prepare: Callable[[], object] | None = None,
    program: Literal["ft-registry", "dvc"] = "ft-registry",
) -> tuple[int, str, str]:
    """Runs a command in a forked process.

    Args:
        arguments: Of the command.
        cwd: Its working folder.
        environ: Its whole environment.
        stdin: What it reads.
        patience: Seconds that it may take.
        prepare: Is called in that process just before the command: a plan of faults, say. It must
            be picklable.
        program: Whose command it is.

    Returns:
        Its exit code, what it wrote to its standard output and to its standard error.

    Raises:
        TimeoutError: It did not end within so many seconds; it was killed.
    """
    with tempfile.TemporaryDirectory(prefix="ft-registry-forked-") as folder:
        streams = [Path(folder) / name for name in ("stdin", "stdout", "stderr")]
        streams[0].write_text(stdin)
        process = forking.Process(
            target=_run,
            args=([program, *arguments], str(cwd), dict(environ), [*map(str, streams)], prepare),
        )
        ensure_server(environ)
        process.start()
        process.join(patience)
        if process.exitcode is None:
            process.kill()
            process.join()
            raise TimeoutError(f"{arguments} ran longer than {patience} seconds")
        code = process.exitcode
        process.close()
        # As universal newlines read them, like the pipes of `subprocess`.
        return code, streams[1].read_text(), streams[2].read_text()


def run_together(
    work: Callable[..., object], calls: Sequence[tuple[Any, ...]], *, patience: float
) -> list[Any]:
    """Runs one process a call, all beginning at once, and returns what each came to.

    Raises:
        RuntimeError: One of them failed; its traceback is on the standard error.
        TimeoutError: One did not end within so many seconds; all were killed.
    """
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    ensure_server(environ)
    barrier = forking.Barrier(len(calls))
    ends = [forking.Pipe(duplex=False) for _ in calls]
    processes = [
        forking.Process(target=_work, args=(work, call, environ, barrier, end))
        for call, (_, end) in zip(calls, ends, strict=True)
    ]
    for process in processes:
        process.start()
    for _, end in ends:
        end.close()
    deadline = time.monotonic() + patience
    found = []
    try:
        for mouth, _ in ends:
            if not mouth.poll(max(deadline - time.monotonic(), 0)):
                raise TimeoutError(f"{work.__name__} ran longer than {patience} seconds")
            try:
                found.append(mouth.recv())
            except EOFError as error:
                raise RuntimeError(f"{work.__name__} failed in one of its processes") from error
    finally:
        for process in processes:
            process.join(5)
            if process.exitcode is None:
                process.kill()
                process.join()
    return found


def _work(
    work: Callable[..., object],
    call: tuple[Any, ...],
    environ: dict[str, str],
    barrier: Any,
    end: Any,
) -> None:
    os.environ.clear()
    os.environ.update(environ)
    barrier.wait(60)
    end.send(work(*call))


def ensure_server(environ: Mapping[str, str]) -> None:
    """Starts the server, if there is none, where it imports the same sources as this process."""
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join([environ["PYTHONPATH"], *sys.path])
    try:
        forkserver.ensure_running()
    finally:
        if before is None:
            del os.environ["PYTHONPATH"]
        else:
            os.environ["PYTHONPATH"] = before


def _run(
    command: list[str],
    cwd: str,
    environ: dict[str, str],
    streams: list[str],
    prepare: Callable[[], object] | None,
) -> None:
    flags = (os.O_RDONLY, os.O_WRONLY | os.O_CREAT, os.O_WRONLY | os.O_CREAT)
    for number, (stream, flag) in enumerate(zip(streams, flags, strict=True)):
        opened = os.open(stream, flag, 0o600)
        os.dup2(opened, number)
        os.close(opened)
    sys.stdin = io.TextIOWrapper(io.FileIO(0, closefd=False), encoding="utf-8")
    sys.stdout = io.TextIOWrapper(io.BufferedWriter(io.FileIO(1, "w", closefd=False)), "utf-8")
    sys.stderr = io.TextIOWrapper(
        io.BufferedWriter(io.FileIO(2, "w", closefd=False)), "utf-8", line_buffering=True
    )
    os.environ.clear()
    os.environ.update(environ)
    tempfile.tempdir = None  # the server may have asked for it, in its own environment
    os.chdir(cwd)
    sys.argv = command
    if command[0] == "dvc":
        from dvc.cli import main as dvc

        sys.exit(dvc(command[1:]))
    from ft_registry_cli.main import main

    if prepare is not None:
        prepare()
    main()
