"""Captures what made a version, without being asked: git, DVC, params, adapter, environment."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ft_registry.actions.base import BaseSources
from ft_registry.actions.config_files import config_files
from ft_registry.actions.datasets import DataArgument, describe_datasets
from ft_registry.actions.evaluations import Evidence
from ft_registry.actions.held_base import AFTERWARDS, HeldBase, hold_base
from ft_registry.actions.hosted import hold_hosted_base
from ft_registry.actions.known_base import is_folder
from ft_registry.actions.secrecy import reason_of
from ft_registry.errors import InvalidInput, Refused
from ft_registry.model.canonical import digest_bytes
from ft_registry.model.config import SuiteSettings
from ft_registry.model.document import Unknown
from ft_registry.model.manifest import FileEntry, manifest_digest
from ft_registry.model.proof import some
from ft_registry.model.record import (
    METHODS,
    Base,
    Code,
    Config,
    Environment,
    Exemption,
    FolderBase,
    Hosted,
    HubBase,
    Kind,
    Patch,
    PeftSettings,
    Stage,
    Tokenizer,
    VersionBase,
    identity,
)
from ft_registry.model.registered import PackageList
from ft_registry.model.run_document import PATCH
from ft_registry.model.snapshot import Dataset
from ft_registry.model.training import Cost, Training
from ft_registry.ports.code import CodeRepository, CodeState
from ft_registry.ports.context import Context
from ft_registry.ports.data import DataStore
from ft_registry.ports.ledger import Ledger
from ft_registry.readers.base_files import tokenizer_of
from ft_registry.readers.files import hash_path
from ft_registry.readers.lasting_names import check_names
from ft_registry.readers.params import find_seeds, read_config_files
from ft_registry.readers.weights import holds_weights, read_kind, read_peft, weights_of

if TYPE_CHECKING:
    from ft_registry.readers.contents import Contents, LeftOut
    from ft_registry.readers.trainers.hosted import HostedTraining

_ALIKE = {
    # Continued pre-training is what a trainer for SFT does with plain text.
    "sft": {"cpt"},
    "ppo": {"rlhf"},
    "grpo": {"rlhf"},
    # A service that grades answers does not tell by which algorithm.
    "rft": {"grpo", "ppo", "rlhf"},
}
"""Methods that a person may name where a trainer's files name another."""


@dataclass(frozen=True)
class Registration:
    """What a person asks to register."""

    model: str
    path: Path
    """The folder of weights, or the job of a hosted service: its file, or its folder."""
    run_id: str | None = None
    """None: the run that made the weights; `none`: no run."""
    base: str | None = None
    data: tuple[DataArgument, ...] = ()
    configs: tuple[Path, ...] = ()
    evaluations: tuple[Path, ...] = ()
    allow_partial: bool = False
    """Take evaluations that do not cover their suite."""
    trust: bool = False
    """Take evaluations for those of these weights, whatever they say of their model, and the base
    for theirs, whatever they say of it."""
    suites: Mapping[str, SuiteSettings] = field(default_factory=dict)
    """What the settings say of suites."""
    method: str | None = None
    note: str = ""
    allow_pickle: str | None = None
    """Why files are kept that may run something; None: they are left out, or refused."""
    allow_secret: str | None = None
    """Why what looks like a secret is taken; None: it is refused."""


@dataclass(frozen=True)
class Draft:
    """A record but for what only the store of models can tell: number and ids."""

    model: str
    root: Path
    kind: Kind
    method: str | Unknown
    files: tuple[FileEntry, ...]
    digest: str
    peft: PeftSettings | Unknown
    base: Base | Unknown
    data: tuple[Dataset, ...]
    code: Code
    patch: bytes
    config: Config
    tokenizer: Tokenizer
    environment: Environment
    packages: PackageList
    pipeline: Stage | Unknown
    training: Training | Unknown
    cost: Cost | Unknown
    points: Mapping[str, bytes]
    """The file with every point of the training's curves, by where it goes; empty: all are in
    the record."""
    evaluations: tuple[Evidence, ...]
    note: str
    run_document: bytes = b""
    """``ftr/run.json`` of the run that it was admitted from; empty: it was seen here."""
    admitted: tuple[str, ...] = ()
    """The parts that the run's document gave."""
    is_code_here: bool = True
    """Whether this clone has the commit."""
    notices: tuple[str, ...] = ()
    """What nobody can tell of its base."""
    base_folder: Path | None = None
    """Where the base lies on this machine, if it is a folder."""
    hosted: Hosted | None = None
    """See `Artifact.hosted`."""
    left_out: tuple["LeftOut", ...] = ()
    """What of the folder is not kept."""
    whole: str = ""
    """The digest of all that lies in the folder; empty: all of it is kept."""
    exemptions: tuple[Exemption, ...] = ()

    @property
    def folder(self) -> str:
        """The folder of the logged model that the weights go to."""
        return {"adapter": "adapter", "external": "job"}.get(self.kind, "model")

    @property
    def identity(self) -> str:
        """See `ft_registry.model.record.identity`."""
        return self._identity(self.digest)

    @property
    def whole_identity(self) -> str:
        """The identity with all that lies in the folder; empty: all of it is kept.

        So it was registered before anything was left out, or with pickles allowed.
        """
        return self._identity(self.whole) if self.whole else ""

    def _identity(self, artifact: str) -> str:
        return identity(
            model=self.model,
            kind=self.kind,
            artifact=artifact,
            base=self.base,
            data=self.data,
            config=self.config.digest,
        )

    @property
    def seeds(self) -> dict[str, int] | Unknown:
        """Those of the configuration, and those that the trainer says it had."""
        seeds = find_seeds(self.config)
        if isinstance(self.training, Unknown) or not self.training.seeds:
            return seeds
        trained = {f"{self.training.trainer}.{k}": n for k, n in self.training.seeds.items()}
        return trained if isinstance(seeds, Unknown) else seeds | trained

    @property
    def parents(self) -> tuple[str, ...]:
        """Records of the versions that it was made from."""
        return (self.base.record,) if isinstance(self.base, VersionBase) else ()


@dataclass(frozen=True)
class Looked:
    """What lies where something is to be registered."""

    files: tuple[FileEntry, ...]
    """All of it, every byte hashed."""
    contents: "Contents"
    """What of it is kept."""
    job: "HostedTraining | None"
    """What it is the job of; None: there are weights."""


def capture(
    request: Registration,
    looked: Looked,
    *,
    top: Path,
    cwd: Path,
    ledger: Ledger,
    data: DataStore,
    code: CodeRepository,
    context: Context,
    knows_data: bool = False,
) -> Draft:
    """Returns everything that can be known about what is to be registered.

    Nothing is written, and every byte of data is hashed. With `knows_data` a run says what the
    weights were trained on: only what was named beside it is looked at.

    Raises:
        InvalidInput, NotFound, Refused, IntegrityError, NotARegistry: What was asked cannot be
            put on record as it is.
    """
    named = named_method(request.method)
    contents, job = looked.contents, looked.job
    files = contents.kept
    # Not above: only this command reads tensors and what trainers leave.
    from ft_registry.readers.fit import check_weights
    from ft_registry.readers.trainers.reading import read_training

    kind = read_kind(request.path, files) if job is None else "external"
    if job is None:
        check_weights(request.path, kind)
    # Of what is not kept as well: a trainer's settings are a pickle.
    trained = read_training(request.path, looked.files) if job is None else job.trained
    method = _method(named, trained.training)
    evaluations = _evidence(request, top, cwd, context)
    if len({evaluation.suite for evaluation in evaluations}) < len(evaluations):
        raise InvalidInput("expected each suite once, found two evaluation files of one name")
    state = code.capture()
    if job is None:
        tokenizer = tokenizer_of(request.path, files)
        sources = BaseSources(ledger, top, cwd, context.hub_cache)
        held = hold_base(
            request.base, root=request.path, weights=weights_of(files), kind=kind, method=method,
            tokenizer=tokenizer,
            training=trained.training, sources=sources, trust=request.trust,
        )  # fmt: skip
    else:
        theirs = _kept_by(job)
        tokenizer = Tokenizer(digest=theirs, chat_template=theirs)
        based = hold_hosted_base(request.base, job.base, ledger)
        held = HeldBase(based, kind, method, ())
    base = held.base
    stage = data.stage_of(request.path)
    base_folder = base.id if isinstance(base, HubBase | FolderBase) else ""
    datasets = describe_datasets(
        request.data,
        stage=None if knows_data else stage,
        base=base_folder,
        top=top,
        data=data,
        ledger=ledger,
    )
    config = read_config_files(config_files(request.configs, top))
    found = context.environment()
    packages = PackageList(packages=found.packages)
    return Draft(
        model=request.model,
        root=request.path,
        kind=held.kind,
        method=held.method,
        files=files,
        digest=manifest_digest(files),
        peft=_peft(request.path, kind, job),
        base=base,
        data=datasets,
        code=_code(state),
        patch=state.patch,
        config=config,
        tokenizer=tokenizer,
        environment=Environment(
            python=found.python,
            platform=found.platform,
            lock=found.lock or Unknown(unknown="there is no lock file at the top level"),
            packages=packages.digest,
            accelerator=Unknown(unknown="the registering process does not train"),
        ),
        packages=packages,
        pipeline=stage or Unknown(unknown="no stage of dvc.lock has the folder as its output"),
        training=trained.training,
        cost=trained.cost,
        points=trained.attachments,
        evaluations=evaluations,
        note=request.note,
        notices=held.notices,
        base_folder=held.folder,
        hosted=job.hosted if job is not None else None,
        left_out=contents.left_out,
        whole=manifest_digest(looked.files) if contents.left_out else "",
        exemptions=_exempt(contents, request.allow_pickle),
    )


def look_at(path: Path, *, keep_all: bool) -> Looked:
    """Hashes what is to be registered, and tells what it is and what of it is kept.

    Args:
        path: Where it lies.
        keep_all: Files that may run something are kept as well.

    Raises:
        NotFound, Refused, IntegrityError: It is not there, or cannot be put on record as it is.
    """
    # Not above: only this command reads jobs, and chooses what is kept.
    from ft_registry.readers.contents import choose
    from ft_registry.readers.trainers.hosted import check_file, read_hosted

    is_weights = is_folder(path)
    if not is_weights:
        check_file(path)
    files = hash_path(path)
    contents = choose(path, files, allow_runnable=keep_all)
    check_names(path, [entry.path for entry in contents.kept])
    is_weights = is_weights and holds_weights(contents.kept)
    job = None if is_weights else read_hosted(path, contents.kept)
    return Looked(files, contents, job)


def _exempt(contents: "Contents", given: str | None) -> tuple[Exemption, ...]:
    if not contents.runnable:
        return ()
    return (Exemption(door="pickle", reason=pickle_reason(given), places=contents.runnable),)


def pickle_reason(given: str | None) -> str:
    """Returns why files are kept that may run something; empty: they are not.

    Raises:
        InvalidInput: See `reason_of`.
    """
    return reason_of(given, "--allow-pickle", "why they are kept")


def _peft(root: Path, kind: Kind, job: "HostedTraining | None") -> PeftSettings | Unknown:
    if job is not None:
        return _kept_by(job)
    return read_peft(root) if kind == "adapter" else Unknown(unknown="the weights are no adapter")


def _kept_by(job: "HostedTraining") -> Unknown:
    return Unknown(unknown=f"{job.hosted.service} keeps it")


def _method(named: str, training: Training | Unknown) -> str | Unknown:
    """Returns the method that was named, or that the trainer's files tell.

    Raises:
        Refused: They tell different ones.
    """
    if isinstance(training, Unknown):
        return named or Unknown(unknown="no method was named: --method says it")
    told = training.method
    if not named or isinstance(told, Unknown):
        return named or told
    if named == told or named in AFTERWARDS or named in _ALIKE.get(told, ()):
        return named
    raise Refused(
        f"expected the method that the files of {training.trainer} tell, {told}, "
        f"found --method {named}",
        hints=[
            "leave --method away: the trainer's files tell it",
            f"or do they stem from another training? {some([one.path for one in training.files])}",
        ],
    )


def named_method(method: str | None) -> str:
    """Returns the method that a person named; empty: none.

    Raises:
        InvalidInput: It is no method.
    """
    if method is None:
        return ""
    if method.lower() in METHODS:
        return method.lower()
    raise InvalidInput(
        f"expected a method of fine-tuning, found {method!r}",
        hints=[f"methods: {', '.join(METHODS)}"],
    )


def _evidence(
    request: Registration, top: Path, cwd: Path, context: Context
) -> tuple[Evidence, ...]:
    if not request.evaluations:
        return ()
    # Not above: it imports what reads tables.
    from ft_registry.actions.evidence import read_evidence

    return tuple(
        read_evidence(
            [path], top=top, cwd=cwd, context=context, allow_partial=request.allow_partial,
            suites=request.suites,
        )
        for path in request.evaluations
    )  # fmt: skip


def _code(state: CodeState) -> Code:
    return Code(
        repo=state.repo,
        commit=state.commit,
        branch=state.branch,
        dirty=state.dirty,
        patch=Patch(digest=digest_bytes(state.patch), size=len(state.patch), artifact=PATCH)
        if state.patch
        else Unknown(unknown="the tree held nothing that the commit does not"),
        left_out=state.left_out,
    )
