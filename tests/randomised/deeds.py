"""What the randomised test lets people do, as values; done here, or in a process that is killed.

A deed is done through the workspace, as the command line does it. What comes of it is an answer:
the exit code that the command line would end with, and what was put on record. An exception that is
none of ours goes through: it is a bug.
"""

import multiprocessing
import os
import tempfile
from collections.abc import Callable, Mapping
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Literal

from tests.cli.forked import ensure_server, forking
from tests.cli.project import Project, environment, items
from tests.randomised.doom import Doom

from ft_registry.actions.plan_sync import Mode
from ft_registry.errors import FtRegistryError
from ft_registry.workspace import Workspace

MODEL = "m"
PATIENCE_SECONDS = 120
Verb = Literal["register", "promote", "rollback", "evaluate", "sync"]
DATA = {"none": (), "train": ("data/train.jsonl",), "other": ("data/other.jsonl",)}


@dataclass(frozen=True)
class Deed:
    """One command."""

    verb: Verb
    weights: int = 0
    data: str = "none"
    number: int | None = None
    """The version that it is about, or to go to."""
    alias: str = ""
    expect: int | None = None
    override: bool = False
    suite: int = 0
    mode: Mode = "mend"
    hours: int = 0
    """How far the clock of this machine is off."""
    offline: bool = False


@dataclass(frozen=True)
class Answer:
    """What came of a deed."""

    code: int = 0
    text: str = ""
    number: int | None = None
    """The version that a registration ended with."""
    created: bool = False


def perform(project: Project, settings: Mapping[str, str], deed: Deed) -> Answer:
    """Does a deed in this process."""
    workspace = _workspace(project, settings, deed)
    try:
        return _VERBS[deed.verb](project, workspace, deed)
    except FtRegistryError as error:
        return Answer(code=error.exit_code, text=error.message)


def _workspace(project: Project, settings: Mapping[str, str], deed: Deed) -> Workspace:
    values = {**os.environ, **settings}
    workspace = Workspace.open(project.root, offline=deed.offline, environ=values)
    real = workspace.context
    off = timedelta(hours=deed.hours)
    workspace.__dict__["context"] = replace(real, now=lambda: real.now() + off)
    return workspace


def _register(project: Project, workspace: Workspace, deed: Deed) -> Answer:
    done = project.register(
        MODEL, f"ad{deed.weights}", data=DATA[deed.data], method="sft", workspace=workspace
    )
    return Answer(number=done.filed.record.version, created=done.created)


def _promote(_project: Project, workspace: Workspace, deed: Deed) -> Answer:
    plan = workspace.plan_promotion(
        f"{MODEL}/{deed.number}", deed.alias, expect=deed.expect,
        reason="it is better", overrides=("standing",) * deed.override,
    )  # fmt: skip
    return Answer(created=workspace.move(plan).event is not None)


def _rollback(_project: Project, workspace: Workspace, deed: Deed) -> Answer:
    plan = workspace.plan_rollback(
        f"{MODEL}@{deed.alias}", to=deed.number, expect=deed.expect,
        reason="it is worse", overrides=("standing",) * deed.override,
    )  # fmt: skip
    return Answer(created=workspace.move(plan).event is not None)


def _evaluate(project: Project, workspace: Workspace, deed: Deed) -> Answer:
    file = project.root / "scores" / f"{deed.number}-{deed.suite}.jsonl"
    if not file.exists():
        good = (3 * (deed.number or 0) + deed.suite) % 11
        project.write(f"scores/{file.name}", items(metric=f"s{deed.suite}", good=good))
    plan = workspace.scoring.plan_add(
        f"{MODEL}/{deed.number}", [file], suite=f"suite{deed.suite}", cwd=project.root
    )
    return Answer(created=workspace.scoring.add(plan).created)


def _sync(_project: Project, workspace: Workspace, deed: Deed) -> Answer:
    settlement = workspace.plan_settlement(deed.mode)
    if settlement.is_needed:
        workspace.settle(settlement)
    done = workspace.sync(workspace.plan_sync(deed.mode))
    if done.failure is not None:
        raise done.failure
    return Answer(created=bool(done.done))


_VERBS: Mapping[Verb, Callable[[Project, Workspace, Deed], Answer]] = {
    "register": _register,
    "promote": _promote,
    "rollback": _rollback,
    "evaluate": _evaluate,
    "sync": _sync,
}


def perform_killed(
    project: Project, settings: Mapping[str, str], deed: Deed, *, point: int
) -> tuple[Answer | None, int]:
    """Does a deed in a process of its own, which is killed at a point of its way.

    Returns:
        What came of it, None: it was killed; and how many points there were until then.
    """
    ensure_server(environment())
    receive, send = forking.Pipe(duplex=False)
    process = forking.Process(
        target=_die_on_the_way,
        args=(str(project.root), dict(settings), dict(os.environ), deed, point, send),
    )
    process.start()
    send.close()
    process.join(PATIENCE_SECONDS)
    if process.exitcode is None:
        process.kill()
        raise TimeoutError(f"{deed} ran longer than {PATIENCE_SECONDS} seconds")
    code = process.exitcode
    process.close()
    if code == Doom.KILLED:
        return None, point
    assert code == 0, f"{deed} ended with {code}"
    found: tuple[Answer, int] = receive.recv()
    return found


def _die_on_the_way(
    root: str,
    settings: dict[str, str],
    environ: dict[str, str],
    deed: Deed,
    point: int,
    send: "multiprocessing.connection.Connection",
) -> None:
    os.environ.clear()
    os.environ.update(environ)
    os.chdir(root)
    with (
        tempfile.TemporaryFile("w") as talk,
        redirect_stdout(talk),
        redirect_stderr(talk),
    ):
        doom = Doom(point)
        answer = perform(Project(Path(root)), settings, deed)
        doom.is_over = True
    send.send((answer, doom.passed))
