"""What the steps of a sync share: the two sides, and what came of the steps so far."""

from dataclasses import dataclass, field

from ft_registry.actions.plan_sync import Step
from ft_registry.model.reference import VersionReference
from ft_registry.ports.artifacts import ArtifactStore
from ft_registry.ports.byte_cache import ByteCache
from ft_registry.ports.ledger import Ledger
from ft_registry.ports.models import ModelStore, StoreView


@dataclass(frozen=True)
class Sides:
    """What has to agree, and what helps."""

    ledger: Ledger
    models: ModelStore
    view: StoreView
    artifacts: ArtifactStore
    cache: ByteCache
    place: str
    """The store's address without login: where an adopted change was found."""


@dataclass
class Course:
    """What came of the steps so far."""

    done: list[Step] = field(default_factory=list)
    lost: dict[VersionReference, str] = field(default_factory=dict)
    """The versions that could not be restored, and why."""
    refused: list[str] = field(default_factory=list)
    """What the ledger did not take, in words."""
    notices: list[str] = field(default_factory=list)
