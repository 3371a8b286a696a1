"""The record of a version: the immutable document that ties weights to what made them.

The record's digest names the document. Its *identity* names what was made: weights, training data,
base and configuration, and nothing about when, where or under which number. Registering the same
identity twice gives the same version.
"""

from typing import Annotated, Any, ClassVar, Literal, TypeAlias

from pydantic import Field, FiniteFloat

from ft_registry.model.canonical import digest
from ft_registry.model.document import Document, Part, Unknown, is_empty
from ft_registry.model.manifest import Digest, FileEntry
from ft_registry.model.names import ModelName
from ft_registry.model.origin import Actor
from ft_registry.model.snapshot import TRAINING_ROLES, Dataset
from ft_registry.model.time import Timestamp
from ft_registry.model.training import Cost, Training

Kind: TypeAlias = Literal["adapter", "full", "merged", "quantized", "external"]
"""External: a service hosts the weights, and what is kept here is the job that made them."""

NO_TRAINING = Unknown(unknown="no trainer's files were read")
"""Of a record that was written before they were, or that has none."""

METHODS = (
    "sft", "dpo", "kto", "orpo", "ppo", "grpo", "rlhf", "reward", "rft", "cpt", "merge", "quantize",
)  # fmt: skip


class PeftSettings(Part):
    """The part of ``adapter_config.json`` that shapes the adapter (PEFT's names)."""

    peft_type: str
    task_type: str | None = None
    r: int | None = None
    lora_alpha: FiniteFloat | None = None
    lora_dropout: FiniteFloat | None = None
    bias: str | None = None
    target_modules: list[str] | str | None = None
    modules_to_save: list[str] | None = None


class Hosted(Part):
    """Weights that a service keeps: by what name it answers, and which of its jobs made them."""

    service: str
    """``openai``, ``bedrock``."""
    model: str
    """What a request asks for."""
    job: str


class Artifact(Part):
    """The weights, or the job that made them elsewhere: what was uploaded, file by file."""

    uri: str
    """MLflow's URI of the logged model, ``models:/m-<32 hex>``."""
    folder: str
    """The folder inside the logged model that holds the files."""
    digest: Digest
    """Of the manifest."""
    size: int
    """Bytes."""
    files: tuple[FileEntry, ...]
    peft: PeftSettings | Unknown
    location: Annotated[str, Field(exclude_if=is_empty)] = ""
    """Where MLflow put the logged model, as it said itself: the last place to look when MLflow's
    database is lost. Without credentials."""
    hosted: Annotated[Hosted | None, Field(exclude_if=is_empty)] = None
    """Of an external version: who keeps the weights."""
    mlmodel: Annotated[FileEntry | None, Field(exclude_if=is_empty)] = None
    """The file by which MLflow's own loader finds the parts; None: an older version."""


class Tokenizer(Part):
    """The digests of what turns text into tokens."""

    digest: str | Unknown
    chat_template: str | Unknown


class HubBase(Part):
    """Base weights named by a model hub: an id and the commit they were taken at."""

    source: Literal["hub"] = "hub"
    id: str
    revision: str | Unknown
    digest: Digest | Unknown
    """Of the manifest of its weights alone, where they were at hand: what else of a model lies in
    a cache differs from machine to machine."""
    pinned: Annotated[str, Field(exclude_if=is_empty)] = ""
    """How the revision is known, where nobody stated it."""
    tokenizer: Annotated[Tokenizer | None, Field(exclude_if=is_empty)] = None
    """Where the base was at hand."""
    trusted: Annotated[str, Field(exclude_if=is_empty)] = ""
    """What in the files speaks for another base; set aside by whoever registered."""


class FolderBase(Part):
    """Base weights in a local folder, named by their bytes."""

    source: Literal["folder"] = "folder"
    id: str
    """The folder, from the top level of the repository where it lies inside."""
    revision: str | Unknown
    digest: Digest
    """Of the manifest of all that lies in the folder."""
    weights: Annotated[Digest | None, Field(exclude_if=is_empty)] = None
    """Of the manifest of its weights alone, by which it is told to be what a hub has."""
    tokenizer: Annotated[Tokenizer | None, Field(exclude_if=is_empty)] = None
    trusted: Annotated[str, Field(exclude_if=is_empty)] = ""
    """See `HubBase.trusted`."""


class VersionBase(Part):
    """Base weights that are a version of this registry: a stage in a chain."""

    source: Literal["version"] = "version"
    version: str
    """``name/7``."""
    record: Digest
    trusted: Annotated[str, Field(exclude_if=is_empty)] = ""
    """See `HubBase.trusted`."""


class HostedBase(Part):
    """Base weights that nobody but a service has, by its name of them."""

    source: Literal["hosted"] = "hosted"
    service: str
    """See `Hosted.service`."""
    id: str
    digest: Unknown
    """Nobody else can hash them."""


Base: TypeAlias = Annotated[
    HubBase | FolderBase | VersionBase | HostedBase, Field(discriminator="source")
]


class Patch(Part):
    """The difference between the commit and what really ran."""

    digest: Digest
    size: int
    """Bytes."""
    artifact: str
    """Where the patch lies inside the logged model."""


class Code(Part):
    """The state of the git work tree at registration, or at training: see `Run.admitted`."""

    repo: str | Unknown
    """The URL of the remote ``origin``, without credentials."""
    commit: str
    branch: str | Unknown
    dirty: bool
    patch: Patch | Unknown
    """Of a dirty tree; unknown, with the reason, when there is nothing to patch."""
    left_out: tuple[str, ...] = ()
    """Untracked files that are too large for the patch."""


class Config(Part):
    """The configuration as data: one mapping per file."""

    files: dict[str, Any]
    digest: Digest


class Environment(Part):
    """The Python that registered the version, or that trained it: see `Run.admitted`."""

    python: str
    platform: str
    lock: FileEntry | Unknown
    """The lock file at the top level."""
    packages: Digest
    """The document ``environments/<digest>`` of the ledger lists them."""
    accelerator: str | Unknown


class Stage(Part):
    """The DVC stage that made the artifact, as ``dvc.lock`` has it."""

    stage: str
    cmd: str
    deps: tuple[dict[str, Any], ...]
    outs: tuple[dict[str, Any], ...]
    lock: Digest
    """Of the bytes of ``dvc.lock``."""


class Run(Part):
    """What MLflow calls it."""

    run_id: str
    logged_model_id: str
    document: Annotated[FileEntry | None, Field(exclude_if=is_empty)] = None
    """What `ft-registry run` left in the run, kept beside the weights."""
    admitted: Annotated[tuple[str, ...], Field(exclude_if=is_empty)] = ()
    """The parts of the record that it gave, as they were when the training started: ``code``,
    ``config``, ``data``, ``environment``. The others are what registering saw."""


class Exemption(Part):
    """What `register` refuses, and a person let in with a reason: shown for ever."""

    door: Literal["pickle", "secret"]
    """``pickle``: files that may run something when they are loaded. ``secret``: what looks like a
    token or password."""
    reason: str
    places: tuple[str, ...]
    """The files; of a secret the key or line as well, never the value."""


EXEMPTED = {
    "pickle": "holds files that may run something",
    "secret": "holds what looks like a secret",
}
"""By door, in words for people."""


class VersionRecord(Document):
    """Everything that stands behind one version."""

    SCHEMA: ClassVar[str] = "ft-registry/version/1"

    model: ModelName
    version: Annotated[int, Field(ge=1)]
    identity: Digest
    kind: Kind
    method: str | Unknown
    artifact: Artifact
    base: Base | Unknown
    data: tuple[Dataset, ...]
    code: Code
    config: Config
    tokenizer: Tokenizer
    environment: Environment
    pipeline: Stage | Unknown
    run: Run
    cost: Cost | Unknown
    seeds: dict[str, int] | Unknown
    parents: tuple[str, ...]
    """Records of the versions that this one was made from."""
    training: Annotated[
        Training | Unknown, Field(exclude_if=lambda value: value == NO_TRAINING)
    ] = NO_TRAINING
    exemptions: Annotated[tuple[Exemption, ...], Field(exclude_if=is_empty)] = ()
    """By whoever registered."""
    note: str = ""
    registered_at: Timestamp
    registered_by: Actor
    host: str

    @property
    def reference(self) -> str:
        """``name/7``."""
        return f"{self.model}/{self.version}"


NOT_AT_HAND = Unknown(unknown="the weights were not at hand; --base DIR hashes them")
"""Of the weights of a hub's base."""


def base_identity(base: Base | Unknown) -> dict[str, Any]:
    """Returns what names base weights: the part of a base that another one would not share.

    A hub's commit names its weights whether or not they were at hand to be hashed, so that the
    same is registered once from machines with a cache and without.
    """
    if isinstance(base, HubBase) and isinstance(base.revision, str):
        base = base.model_copy(update={"digest": NOT_AT_HAND})
    left_out = {"pinned", "weights", "tokenizer", "trusted"}
    if isinstance(base, HostedBase):
        left_out.add("digest")  # no more than why there is none
    return base.model_dump(mode="json", exclude=left_out)


def identity(
    *,
    model: str,
    kind: Kind,
    artifact: str,
    base: Base | Unknown,
    data: tuple[Dataset, ...],
    config: str,
) -> str:
    """Returns the digest that names what was made.

    Covered: the model's name, the kind, the artifact's digest, the base, role and SHA-256 of each
    dataset that trained it (the listing of one that stays at its source), the digest of the
    configuration. Left out: time, actor, host, run,
    number, environment, evaluations, and the code commit: bytes that are equal and come from equal
    data, base and configuration are the same version, whatever commit the tree was at.
    """
    trained_on = sorted((d.role, d.identity) for d in data if d.role in TRAINING_ROLES)
    return digest(
        {
            "model": model,
            "kind": kind,
            "artifact": artifact,
            "base": base_identity(base),
            "data": [list(pair) for pair in trained_on],
            "config": config,
        }
    )
