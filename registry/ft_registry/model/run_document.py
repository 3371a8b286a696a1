"""What a training run was given: data, code, configuration and environment, as it started.

The document lies in the run as ``ftr/run.json``. A registration that names the run takes from it
what the registering process cannot know any more. Whoever may write to the run may write it:
it is read as input from outside.
"""

from collections.abc import Iterable
from typing import Annotated, ClassVar, Literal

from pydantic import Field, field_validator

from ft_registry.model.document import Document, Part, Unknown, is_empty
from ft_registry.model.manifest import FileEntry, manifest_digest
from ft_registry.model.names import ModelName, dataset_name
from ft_registry.model.origin import Actor
from ft_registry.model.record import Code, Config, Environment, Exemption, Patch
from ft_registry.model.snapshot import ROLES, Dataset
from ft_registry.model.time import Timestamp

RUN_JSON = "ftr/run.json"
PATCH = "ftr/patch.diff"
PACKAGES = "ftr/packages.json"
RUN_TAG = "ftr.run"
"""The run's tag that holds the digest of its document."""
_MADE = "ftr.made."
_DIGITS = 16
"""Of a digest, which MLflow's page has to show."""

_MOST_DATASETS = 1000
Commit = Annotated[str, Field(pattern=r"^[0-9a-f]{40}([0-9a-f]{24})?$")]


def made_tag(weights: Iterable[FileEntry]) -> str:
    """Returns the tag that a run bears which made these weights: their content is its name."""
    return _MADE + manifest_digest(weights).removeprefix("sha256:")[:_DIGITS]


class RunCode(Part):
    """The code that ran, as far as somebody could tell."""

    source: Literal["git", "environment", "none"]
    """Who told: git itself, variables of the environment, nobody."""
    repo: str | Unknown
    commit: Commit | Unknown
    branch: str | Unknown
    dirty: bool | Unknown
    patch: Patch | Unknown
    left_out: tuple[str, ...] = ()
    """Untracked files that are too large for the patch."""

    def as_code(self) -> Code | None:
        """Returns it as a record has it; None: no commit is known."""
        if isinstance(self.commit, Unknown):
            return None
        return Code(
            repo=self.repo,
            commit=self.commit,
            branch=self.branch,
            # Where nobody could compare, `patch` says so.
            dirty=self.dirty is True,
            patch=self.patch,
            left_out=self.left_out,
        )


class RunDocument(Document):
    """What a run was given when it started."""

    SCHEMA: ClassVar[str] = "ft-registry/run/1"

    run_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
    model: ModelName | Unknown
    """The model that it was to make a version of."""
    command: tuple[str, ...]
    data: Annotated[tuple[Dataset, ...], Field(max_length=_MOST_DATASETS)]
    code: RunCode
    config: Config
    environment: Environment
    """Of the program that ran, not of ft-registry."""
    stage: Annotated[str, Field(exclude_if=is_empty)] = ""
    """The DVC stage whose command it was."""
    experiment: Annotated[str, Field(exclude_if=is_empty)] = ""
    """The DVC experiment that it belongs to."""
    exemptions: Annotated[tuple[Exemption, ...], Field(exclude_if=is_empty)] = ()
    """What was let in with a reason; see `VersionRecord.exemptions`."""
    started_at: Timestamp
    started_by: Actor
    host: str

    @field_validator("data")
    @classmethod
    def _known_roles(cls, data: tuple[Dataset, ...]) -> tuple[Dataset, ...]:
        for dataset in data:
            dataset_name(dataset.name)
            if dataset.role not in ROLES:
                raise ValueError(f"expected one of {', '.join(ROLES)}, found {dataset.role!r}")
        places = [(dataset.role, dataset.path) for dataset in data]
        names = [(dataset.role, dataset.name) for dataset in data]
        if len(set(places)) < len(data) or len(set(names)) < len(data):
            raise ValueError("expected each dataset once in a role, found one twice")
        return data
