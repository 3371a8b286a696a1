"""Runs a command as a training run of MLflow: bound to what it was given, ended as it ended.

Everything is captured, and the run opened, before the command starts: what cannot be put on record
costs no training. Once it has started its exit code is ours, and what MLflow does then is told, no
failure.
"""

import re
import shlex
import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ft_registry.actions.evaluations import dataset_input
from ft_registry.actions.made_weights import MadeWeights, made_since
from ft_registry.actions.run_capture import RunFacts, RunRequest, Surroundings, capture_run
from ft_registry.errors import BackendUnavailable, InvalidInput
from ft_registry.model.document import Unknown
from ft_registry.model.run_document import PACKAGES, RUN_JSON, RUN_TAG, RunDocument
from ft_registry.model.time import timestamp
from ft_registry.ports.context import Context
from ft_registry.ports.runs import OpenedRun, RunContent, RunStatus, RunStore, RunWish
from ft_registry.readers.made import look_for_weights
from ft_registry.readers.params import flatten

OUR_RUN = "FT_REGISTRY_RUN"
_PARENT = "mlflow.parentRunId"
_NO_NAME = re.compile(r"[^A-Za-z0-9._-]+")
_WORDS = 500
"""Characters of the command that MLflow's page shows."""
_ENDED_FROM_OUTSIDE = (
    signal.SIGINT, signal.SIGTERM, signal.SIGKILL, signal.SIGHUP, signal.SIGQUIT,
)  # fmt: skip
_SIGNALLED = 128
"""A shell adds it to the number of the signal that ended a command."""


@dataclass(frozen=True)
class RunEnded:
    """How a run ended."""

    run_id: str
    experiment: str
    document: str
    """The digest of its document."""
    status: RunStatus
    exit_code: int
    """The command's; of one that a signal ended 128 and its number, as in a shell."""
    made: tuple[str, ...] = ()
    """Folders of weights that it wrote, from the top level: to register one names the run."""
    notices: tuple[str, ...] = ()


def run_command(
    request: RunRequest,
    around: Surroundings,
    *,
    environ: Mapping[str, str],
    quiet: bool,
    tell: Callable[[str], None],
) -> RunEnded:
    """Captures, opens the run, runs the command, ends the run.

    Args:
        request: What to run.
        around: What it is captured from.
        environ: The environment that the command gets, before ours is added.
        quiet: The command's standard output goes to the standard error.
        tell: Told of the run before the command starts.

    Raises:
        InvalidInput, NotFound, Refused, IntegrityError, NotARegistry: See `capture_run`.
        BackendUnavailable: MLflow does not answer; the command was not started.
    """
    facts = capture_run(request, around)
    before = look_for_weights(around.top)
    runs = around.runs()
    opened = runs.open(_wish(facts, environ, around))
    try:
        document = _document(facts, opened, environ, around.context)
        runs.bind(opened.run_id, _content(facts, document))
        tell(f"run {opened.run_id} in experiment {opened.experiment}")
        variables = _variables(opened, runs.uri, environ)
        code = around.launcher.run(request.command, variables, quiet=quiet)
    except BaseException as error:
        status: RunStatus = "FAILED" if isinstance(error, Exception) else "KILLED"
        _close(runs, opened, status)
        raise
    status = _status(code)
    notices = _close(runs, opened, status)
    # The run has ended: whoever does not wait for the hashes leaves it as it is.
    made = made_since(before, around.top) if status == "FINISHED" else MadeWeights({}, ())
    return RunEnded(
        run_id=opened.run_id,
        experiment=opened.experiment,
        document=document.digest,
        status=status,
        exit_code=code if code >= 0 else _SIGNALLED - code,
        made=tuple(made.tags.values()),
        notices=(*notices, *made.notices, *_mark(runs, opened, made)),
    )


def _wish(facts: RunFacts, environ: Mapping[str, str], around: Surroundings) -> RunWish:
    """Returns the run that is wanted: the user's own, a part of ours, or a new one."""
    above = environ.get(OUR_RUN, "")
    given = environ.get("MLFLOW_RUN_ID", "")
    name = environ.get("MLFLOW_EXPERIMENT_NAME", "")
    words = shlex.join(facts.command)[:_WORDS]
    commit = facts.code.commit
    return RunWish(
        experiment=name
        or facts.model
        or _NO_NAME.sub("-", around.top.name).strip("-")
        or "Default",
        experiment_id="" if name else environ.get("MLFLOW_EXPERIMENT_ID", ""),
        # Inside a run of ours the variable is ours as well: two commands are two runs.
        run_id="" if given == above else given,
        parent=above,
        tags={
            "mlflow.source.name": words,
            "mlflow.source.type": "LOCAL",
            "mlflow.user": around.context.actor.name,
            **({_PARENT: above} if above else {}),
            **({"mlflow.source.git.commit": commit} if isinstance(commit, str) else {}),
        },
    )


def _document(
    facts: RunFacts, opened: OpenedRun, environ: Mapping[str, str], context: Context
) -> RunDocument:
    return RunDocument(
        run_id=opened.run_id,
        model=facts.model or Unknown(unknown="no model was named: --name says it"),
        command=facts.command,
        data=facts.data,
        code=facts.code,
        config=facts.config,
        environment=facts.environment,
        stage=environ.get("DVC_STAGE", ""),
        experiment=environ.get("DVC_EXP_NAME", ""),
        exemptions=facts.exemptions,
        started_at=timestamp(context.now()),
        started_by=context.actor,
        host=context.host,
    )


def _content(facts: RunFacts, document: RunDocument) -> RunContent:
    patch = document.code.patch
    tags = {
        RUN_TAG: document.digest,
        "ftr.config": facts.config.digest,
        "ftr.environment": facts.packages.digest,
        **({"ftr.model": facts.model} if facts.model else {}),
        **({"ftr.commit": c} if isinstance(c := facts.code.commit, str) else {}),
        **({"ftr.dirty": str(d).lower()} if isinstance(d := facts.code.dirty, bool) else {}),
        **({"ftr.dvc.stage": document.stage} if document.stage else {}),
        **({"ftr.dvc.experiment": document.experiment} if document.experiment else {}),
    }
    for dataset in facts.data:
        tags[f"ftr.data.{dataset.role}.{dataset.name}.dvc"] = dataset.key
        if isinstance(dataset.sha256, str):
            tags[f"ftr.data.{dataset.role}.{dataset.name}.sha256"] = dataset.sha256
    return RunContent(
        tags=tags,
        params=flatten(facts.config.files),
        datasets=tuple(dataset_input(dataset) for dataset in facts.data),
        attachments={
            RUN_JSON: document.to_bytes(),
            PACKAGES: facts.packages.to_bytes(),
            **({} if isinstance(patch, Unknown) else {patch.artifact: facts.patch}),
        },
    )


def _variables(opened: OpenedRun, uri: str, environ: Mapping[str, str]) -> dict[str, str]:
    """Returns what the command's environment gets; what a user has set stays."""
    wanted = {
        "MLFLOW_FLATTEN_PARAMS": "1",
        # Weights go to MLflow once, when they are registered.
        "HF_MLFLOW_LOG_ARTIFACTS": "0",
    }
    if not environ.get("MLFLOW_EXPERIMENT_ID"):
        wanted["MLFLOW_EXPERIMENT_NAME"] = opened.experiment
    return {
        **{name: value for name, value in wanted.items() if not environ.get(name)},
        "MLFLOW_TRACKING_URI": uri,
        "MLFLOW_RUN_ID": opened.run_id,
        OUR_RUN: opened.run_id,
    }


def _status(code: int) -> RunStatus:
    if code == 0:
        return "FINISHED"
    number = -code if code < 0 else code - _SIGNALLED
    return "KILLED" if number in _ENDED_FROM_OUTSIDE else "FAILED"


def _close(runs: RunStore, opened: OpenedRun, status: RunStatus) -> tuple[str, ...]:
    if not opened.is_ours:
        return ()  # whoever opened it ends it
    try:
        runs.close(opened.run_id, status)
    except BackendUnavailable as error:
        return (f"MLflow was not told that the run is {status}: {error.message}",)
    return ()


def _mark(runs: RunStore, opened: OpenedRun, made: MadeWeights) -> tuple[str, ...]:
    """Writes into the run which weights it made."""
    if not made.tags:
        return ()
    try:
        runs.mark(opened.run_id, made.tags)
    except BackendUnavailable as error:
        return (
            f"MLflow was not told which weights the run made: {error.message}; register --run "
            f"{opened.run_id} says it",
        )
    return ()


def check_addresses(setting: str, variable: str) -> None:
    """Refuses two MLflows: the command would log to one, and its run would be in the other.

    Args:
        setting: Where the settings say that it is, or nothing.
        variable: Where ``MLFLOW_TRACKING_URI`` says that it is, or nothing.

    Raises:
        InvalidInput: They differ.
    """
    if setting and variable and setting != variable:
        raise InvalidInput(
            f"expected one MLflow, found mlflow_uri = {setting} in the settings and "
            f"MLFLOW_TRACKING_URI = {variable}",
            hints=["unset one of them: the command logs to the other's run otherwise"],
        )
