"""Takes from a training run what only it knows: data, code, configuration, environment.

Whoever registers later, from a pipeline say, sees other files and another Python than the training
did. The run's document is input from outside: its digest, and those of what it names, are checked,
and where it contradicts what a person, the pipeline or the ledger says, nothing is registered.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ft_registry.actions.capture import Draft, Registration
from ft_registry.actions.config_files import config_files
from ft_registry.actions.datasets import NO_RECORDS, name_datasets
from ft_registry.actions.snapshots import snapshots_of
from ft_registry.errors import IntegrityError, Refused
from ft_registry.model.canonical import digest, digest_bytes
from ft_registry.model.document import Unknown
from ft_registry.model.record import Code, Stage
from ft_registry.model.registered import PackageList
from ft_registry.model.run_document import PACKAGES, PATCH, RUN_JSON, RUN_TAG, RunDocument
from ft_registry.model.snapshot import MEASURING_ROLES, TRAINING_ROLES, Dataset, DvcHash
from ft_registry.ports.code import CodeRepository
from ft_registry.ports.ledger import Ledger
from ft_registry.ports.runs import RunStore, StoredRun
from ft_registry.readers.params import read_config_files

_OTHER_WAY = "--run none captures what is here now"


@dataclass(frozen=True)
class AdmittedRun:
    """A run's document, every digest in it checked."""

    document: RunDocument
    content: bytes
    patch: bytes
    packages: PackageList
    status: str
    """How the run ended, or that it has not."""

    @property
    def run_id(self) -> str:
        """The run's."""
        return self.document.run_id


def read_run(run_id: str, runs: RunStore) -> AdmittedRun | None:
    """Returns what a run says that it was given; None: `ft-registry run` did not make it.

    Raises:
        NotFound: There is no such run.
        IntegrityError: Document, patch or packages are not what their digests name, or the document
            is another run's.
        BackendUnavailable: MLflow does not answer.
    """
    stored = runs.read(run_id, (RUN_JSON, PATCH, PACKAGES))
    if RUN_TAG not in stored.tags:
        return None
    content = _checked(stored, RUN_JSON, stored.tags[RUN_TAG])
    document = RunDocument.parse(content, what=f"{RUN_JSON} of run {stored.run_id}")
    if document.run_id != stored.run_id:
        raise IntegrityError(
            f"expected {RUN_JSON} to be of run {stored.run_id}, found that of {document.run_id}",
            hints=["was it copied from there? name that run, or " + _OTHER_WAY],
        )
    if digest(document.config.files) != document.config.digest:
        raise IntegrityError(
            f"expected the configuration in {RUN_JSON} of run {stored.run_id} at "
            f"{document.config.digest}, found other values",
            hints=[_OTHER_WAY],
        )
    patch = document.code.patch
    if not isinstance(patch, Unknown) and patch.artifact != PATCH:
        raise IntegrityError(f"expected the patch of a run at {PATCH}, found {patch.artifact!r}")
    return AdmittedRun(
        document=document,
        content=content,
        patch=b"" if isinstance(patch, Unknown) else _checked(stored, PATCH, patch.digest),
        packages=PackageList.parse(
            _checked(stored, PACKAGES, document.environment.packages),
            what=f"{PACKAGES} of run {stored.run_id}",
        ),
        status=stored.status,
    )


def _checked(stored: StoredRun, name: str, expected: str) -> bytes:
    content = stored.attachments.get(name)
    found = "none" if content is None else digest_bytes(content)
    if content is None or found != expected:
        raise IntegrityError(
            f"expected {name} of run {stored.run_id} at {expected}, found {found}",
            hints=["somebody changed the run since it started", _OTHER_WAY],
        )
    return content


def admit(
    draft: Draft,
    run: AdmittedRun,
    *,
    request: Registration,
    top: Path,
    ledger: Ledger,
    code: CodeRepository,
) -> tuple[Draft, tuple[str, ...]]:
    """Puts what a run was given in the place of what the registering process saw.

    Data that the registration names beside is kept where it measures, or where the run names none.

    Args:
        draft: What the registering process saw; its data is what was named to it.
        run: The run.
        request: What a person asked.
        top: The top level, for params.yaml.
        ledger: Knows what snapshots are called, and what they hold.
        code: Tells whether the commit is at hand.

    Returns:
        The draft, and what the caller should hear.

    Raises:
        Refused: The run was for another model; named data or configuration is not the run's.
        IntegrityError: A snapshot has other bytes under the MD5 that the run names.
    """
    document = run.document
    if isinstance(document.model, str) and document.model != draft.model:
        raise Refused(
            f"expected a run for {draft.model}, found that run {document.run_id} was for "
            f"{document.model}",
            hints=[f"ft-registry register {document.model} ..., or {_OTHER_WAY}"],
        )
    _compare_config(run, request, top)
    admitted = ["config", "environment"]
    notices = _notices(run)
    ran = [_claimed(dataset) for dataset in document.data]
    data = _united(ran, draft.data, draft.pipeline, run=document.run_id)
    _check_snapshots(document.data, ledger)
    if document.data:
        admitted.append("data")
    known = document.code.as_code()
    if known is not None:
        admitted.append("code")
        is_here = code.has(known.commit)
        draft = replace(draft, code=known, patch=run.patch, is_code_here=is_here)
        notices += _code_notices(known, is_here=is_here)
    elif isinstance(document.code.commit, Unknown):
        notices.append(
            f"the run does not know its commit ({document.code.commit.unknown}): the code on "
            "record is what is here now"
        )
    admitted_draft = replace(
        draft,
        config=document.config,
        environment=document.environment,
        data=name_datasets(data, lambda key: snapshots_of(key, ledger)),
        packages=run.packages,
        run_document=run.content,
        admitted=tuple(sorted(admitted)),
    )
    return admitted_draft, tuple(notices)


def _claimed(dataset: Dataset) -> Dataset:
    """Returns the run's dataset without what it says of examples: a snapshot's index tells that."""
    if not isinstance(dataset.dvc, DvcHash):
        return dataset
    return dataset.model_copy(update={"records_root": NO_RECORDS, "profile": None})


def _united(
    ran: Sequence[Dataset], named: Sequence[Dataset], stage: Stage | Unknown, *, run: str
) -> list[Dataset]:
    """Returns the run's data and what was named beside it, which must not contradict it."""
    for dataset in named:
        other = next(
            (one for one in ran if (one.role, one.path) == (dataset.role, dataset.path)), None
        )
        same = [one for one in ran if _is_same(one, dataset) and one.role == dataset.role]
        if same or (dataset.role in MEASURING_ROLES and other is None):
            continue
        trained = [one for one in ran if one.role in TRAINING_ROLES]
        if not trained and other is None:
            continue
        found = other or trained[0]
        raise Refused(
            f"expected --data to be what run {run} was given, found {dataset.path} "
            f"({dataset.role}, {dataset.dvc.words} {dataset.key}), where the run has "
            f"{found.path} ({found.role}, {found.dvc.words} {found.key})",
            hints=["leave --data away: the run says what it was", _OTHER_WAY],
        )
    if not isinstance(stage, Unknown):
        _compare_stage(ran, stage, run)
    beside = [one for one in named if not any(_is_same(one, dataset) for dataset in ran)]
    return [*ran, *beside]


def _is_same(left: Dataset, right: Dataset) -> bool:
    if isinstance(left.sha256, str) and isinstance(right.sha256, str):
        return left.sha256 == right.sha256
    return left.key == right.key


def _compare_stage(ran: Sequence[Dataset], stage: Stage, run: str) -> None:
    """Raises Refused if the pipeline says that it made the weights from other data."""
    read = {str(entry["path"]): entry.get("md5") for entry in stage.deps}
    for dataset in ran:
        md5 = read.get(dataset.path)
        if isinstance(dataset.dvc, DvcHash) and isinstance(md5, str) and md5 != dataset.key:
            raise Refused(
                f"expected {dataset.path} at md5 {dataset.key}, as run {run} was given, found that "
                f"the stage {stage.stage} of dvc.lock made the weights from md5 {md5}",
                hints=["register what that run made, or name the run of these weights"],
            )


def _check_snapshots(ran: Sequence[Dataset], ledger: Ledger) -> None:
    for dataset in ran:
        for snapshot in snapshots_of(dataset.key, ledger):
            known = snapshot.content.sha256
            if isinstance(known, str) and isinstance(dataset.sha256, str):
                if known == dataset.sha256:
                    continue
                raise IntegrityError(
                    f"expected {dataset.path} (md5 {dataset.key}) at {known}, as the snapshot "
                    f"{snapshot.name} has it, found {dataset.sha256} in the run",
                    hints=["two contents have one MD5, or the run's document was written by hand"],
                )


def _compare_config(run: AdmittedRun, request: Registration, top: Path) -> None:
    """Raises Refused if a configuration that was named is not the run's."""
    if not request.configs:
        return
    named = {path.name for path in request.configs}
    found = read_config_files(config_files(request.configs, top)).files
    for name in sorted(named):
        if run.document.config.files.get(name) != found[name]:
            other = "others" if name in run.document.config.files else "no such file"
            raise Refused(
                f"expected --config {name} to hold the values that run {run.document.run_id} was "
                f"given, found {other} there",
                hints=["leave --config away: the run says what it was", _OTHER_WAY],
            )


def _notices(run: AdmittedRun) -> list[str]:
    if run.status == "FINISHED":
        return []
    return [f"run {run.document.run_id} is {run.status}, not FINISHED: are the weights whole?"]


def _code_notices(code: Code, *, is_here: bool) -> list[str]:
    if is_here:
        return []
    return [
        f"the commit {code.commit[:12]} that the run had is not in this clone, and nothing keeps "
        "it: push it, fetch it here, and run ft-registry verify"
    ]
