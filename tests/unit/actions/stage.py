"""A registry in memory: versions on record and in the store, and somebody who moves aliases."""

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count

from tests.fakes.memory_ledger import MemoryLedger
from tests.fakes.memory_models import MemoryModels
from tests.unit.values import ADA, make_record, sha

from ft_registry.actions.events import make_event
from ft_registry.actions.init import init_ledger
from ft_registry.actions.move import Moved, apply_move
from ft_registry.actions.plan_move import MovePlan, plan_promotion, plan_rollback
from ft_registry.errors import IntegrityError
from ft_registry.model import layout
from ft_registry.model.manifest import FileEntry
from ft_registry.model.record import Artifact
from ft_registry.model.reference import AliasReference, VersionReference
from ft_registry.model.registered import ModelDocument
from ft_registry.model.verification import Finding, Verification
from ft_registry.ports.context import CapturedEnvironment, Context
from ft_registry.ports.ledger import Change
from ft_registry.ports.models import StoredModel

CHAMPION = AliasReference("support", "champion")


def make_context() -> Context:
    """Returns circumstances whose clock goes on by a second with each look."""
    start, ticks, nonces = datetime(2026, 11, 25, 3, tzinfo=UTC), count(), count()
    return Context(
        actor=ADA,
        host="bench",
        tool="ft-registry 0",
        now=lambda: start + timedelta(seconds=next(ticks)),
        nonce=lambda: f"{next(nonces):016x}",
        lock=lambda _: nullcontext(),
        environment=lambda: CapturedEnvironment("3.11.7", "Linux", {}, None),
    )


@dataclass
class Stage:
    """The registry and its people."""

    ledger: MemoryLedger = field(default_factory=MemoryLedger)
    models: MemoryModels = field(default_factory=MemoryModels)
    context: Context = field(default_factory=make_context)
    damaged: dict[int, Finding] = field(default_factory=dict)
    """By version: what is found when its bytes are read."""
    proved: list[int] = field(default_factory=list)
    """The versions whose bytes were read, in order."""

    @classmethod
    def with_versions(cls, versions: int) -> "Stage":
        """Returns a registry with so many versions of `support`."""
        stage = cls()
        init_ledger(stage.ledger, stage.context)
        for number in range(1, versions + 1):
            stage.register(number)
        return stage

    def register(self, number: int) -> None:
        """Puts a version on record and into the store."""
        artifact = Artifact(
            uri=f"models:/m-{number:032x}", folder="adapter", digest=sha("a"), size=7,
            files=(FileEntry(path="adapter.safetensors", size=7, sha256=f"{number:064x}"),),
            peft=make_record().artifact.peft,
        )  # fmt: skip
        identity = f"sha256:{number:064x}"
        record = make_record(version=number, identity=identity, artifact=artifact)
        stored = StoredModel(f"m-{number:032x}", artifact.uri, f"{number:032x}")
        self.models.create_version(
            "support", stored, tags={"ftr.identity": identity}, description=""
        )
        event = make_event(
            self.context, "register", f"register support/{number}", model="support", version=number
        )
        documents = {
            layout.model("support"): ModelDocument(name="support").to_bytes(),
            layout.version("support", number): record.to_bytes(),
        }
        self.ledger.append(Change(event=event, documents=documents))

    def prove(self, version: VersionReference, data_may_be_damaged: bool) -> Verification:
        """Reads a version's bytes, as far as this world has any."""
        self.proved.append(version.number)
        found = self.damaged.get(version.number)
        if found is not None and not (data_may_be_damaged and found.kind == "data"):
            raise IntegrityError(found.as_text())
        return Verification((found,) if found else ())

    def apply(self, plan: MovePlan) -> Moved:
        """Applies a plan."""
        return apply_move(
            plan, prove=self.prove, ledger=self.ledger, models=self.models, context=self.context
        )

    def promote(
        self, number: int, *, reason: str = "r", overrides: Sequence[str] = (),
        expect: int | None = None, alias: str = "champion",
    ) -> Moved:  # fmt: skip
        """Promotes a version, to champion unless it is said otherwise."""
        version = VersionReference("support", number)
        return self.apply(
            plan_promotion(
                self.ledger, version, alias, expect=expect, reason=reason, overrides=overrides
            )
        )

    def plan_rollback(
        self, *, to: int | None = None, keep_good: bool = False, overrides: Sequence[str] = ()
    ) -> MovePlan:
        """Plans to roll champion back."""
        return plan_rollback(
            self.ledger, CHAMPION, to=to, expect=None, reason="worse", keep_good=keep_good,
            overrides=overrides,
        )  # fmt: skip

    def roll_back(
        self, *, to: int | None = None, keep_good: bool = False, overrides: Sequence[str] = ()
    ) -> int:
        """Rolls champion back and returns the version that serves then."""
        plan = self.plan_rollback(to=to, keep_good=keep_good, overrides=overrides)
        return self.apply(plan).plan.to
