"""Restores a version into a folder: weights, code, data, configuration, environment, scores.

The work tree, HEAD, the index and DVC's state stay as they are. Every byte is hashed against the
record, and the folder appears when it is whole. What was reached is a level (see `model.proof`),
which goes on record.

A folder that holds the version already (a restore was cut off before its proof was on record, say)
is held against what comes out of the stores now; where nothing differs, only the proof is missing.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from ft_registry.actions.bringing import Bringing, Sources, list_files
from ft_registry.actions.events import require_ledger
from ft_registry.actions.folder import built_aside, check_target, find_made, held_against
from ft_registry.actions.homes import home_of
from ft_registry.actions.proofs import is_on_record, make_proof, record_proof
from ft_registry.actions.resolve import FiledRecord, read_evaluations, read_record, resolve
from ft_registry.actions.stages import outputs, scoring
from ft_registry.errors import BackendUnavailable, Conflict, InvalidInput
from ft_registry.model import layout
from ft_registry.model.document import Unknown
from ft_registry.model.evaluation import Evaluation
from ft_registry.model.home import Home
from ft_registry.model.lock import Lock, lock_of
from ft_registry.model.proof import LEVELS, Level, ProofStep
from ft_registry.model.record import Stage
from ft_registry.model.reference import Reference, VersionReference
from ft_registry.model.registered import PackageList
from ft_registry.model.restored import RECORD, RESTORED, RestoredFolder
from ft_registry.model.time import timestamp
from ft_registry.ports.ledger import Ledger

_APART = ("environment", "evaluation ", "scoring ")
"""Steps that come along and decide no level, by the beginning of their name."""


@dataclass(frozen=True)
class RestorePlan:
    """What is to be restored, from where."""

    version: VersionReference
    filed: FiledRecord
    home: Home
    evaluations: tuple[Evaluation, ...]
    packages: PackageList
    into: Path
    level: Level
    """How far to go: R0, R1 or R2."""
    notices: tuple[str, ...]
    is_there: bool = False
    """Whether the folder says that it holds the version already."""

    @property
    def lock(self) -> Lock:
        """What the weights are, file by file."""
        return lock_of(self.filed.record, self.home)

    @property
    def lines(self) -> list[tuple[str, str]]:
        """What would come from where, for people."""
        record = self.filed.record
        found = [("record", f"the ledger, {self.filed.digest[:19]}")]
        if self.level == "R0":
            return found
        size = f"{len(record.artifact.files)} files, {record.artifact.size} bytes"
        found.append(("artifact", f"{self.home.uri}, {size}"))
        if self.level == "R1":
            return found
        patch = "" if isinstance(record.code.patch, Unknown) else " and its patch"
        found.append(("code", f"git, commit {record.code.commit[:12]}{patch}"))
        found += [(f"data {d.role}", f"{d.path}, {d.dvc.words} {d.key}") for d in record.data]
        found += [
            (f"evaluation {e.suite}", e.items.artifact)
            for e in self.evaluations
            if not isinstance(e.items, Unknown)
        ]
        return found


@dataclass(frozen=True)
class Restored:
    """What was restored."""

    plan: RestorePlan
    level: Level
    steps: tuple[ProofStep, ...]
    notices: list[str] = field(default_factory=list)
    unanswered: tuple[ProofStep, ...] = ()
    """Steps that failed as a place did not answer."""

    @property
    def is_complete(self) -> bool:
        """Whether the level that was asked for was reached."""
        return LEVELS.index(self.level) >= LEVELS.index(self.plan.level)

    @property
    def is_undecided(self) -> bool:
        """Whether it may be, once places that did not answer do: nothing else is wanting."""
        wanting = _fallen(self.steps)
        return not self.is_complete and all(step in self.unanswered for step in wanting)


def plan_restore(
    reference: Reference, into: Path, *, level: Level, sources: Sources
) -> RestorePlan:
    """Says what would be restored; looks at nothing but the ledger and the folder.

    Args:
        reference: The version.
        into: A folder that does not exist, is empty, or holds the same already.
        level: How far to go: R0, R1 or R2.
        sources: When the ledger's remote does not answer, what is known here counts.

    Raises:
        InvalidInput: The folder cannot be made there, or holds something else.
        NotFound: The reference names nothing.
        IntegrityError: The record is damaged, or what a restored folder says of itself.
    """
    target = check_target(into, apart_from=sources.own, may_hold=RESTORED)
    plan = plan_at(reference, target, level=level, ledger=sources.ledger)
    made = find_made(target, RESTORED)
    if made is None:
        return plan
    found = RestoredFolder.parse(made.read_bytes(), what=str(made))
    if (found.record, found.level) != (plan.filed.digest, level):
        raise InvalidInput(
            f"expected a new or empty folder at {target}, or one that holds {plan.version} at "
            f"{level}, found {found.model}/{found.version} at {found.level}",
            hints=["choose a folder that does not exist yet; nothing is overwritten"],
        )
    told = f"{target} was restored before: every file is compared"
    return replace(plan, is_there=True, notices=(*plan.notices, told))


def plan_at(reference: Reference, target: Path, *, level: Level, ledger: Ledger) -> RestorePlan:
    """Returns the plan for a folder that was checked; see `plan_restore`."""
    require_ledger(ledger)
    notices = []
    try:
        ledger.refresh()
    except (BackendUnavailable, Conflict) as error:
        notices.append(f"as far as this clone knows: {error.message}")
    version = resolve(ledger, reference)
    filed = read_record(ledger, version)
    place = layout.environment(filed.record.environment.packages)
    content = ledger.read(place)
    packages = (
        PackageList.parse(content, what=place) if content is not None else PackageList(packages={})
    )
    return RestorePlan(
        version=version,
        filed=filed,
        home=home_of(ledger, filed),
        evaluations=tuple(read_evaluations(ledger, version)),
        packages=packages,
        into=target,
        level=level,
        notices=tuple(notices),
    )


def restore(plan: RestorePlan, sources: Sources, *, record: bool = True) -> Restored:
    """Restores a version.

    Args:
        plan: What, and where to.
        sources: Where everything comes from.
        record: Put the proof on record; a reproduction that goes on from here has its own.

    Raises:
        IntegrityError: The weights are damaged or lost; nothing is left in the folder.
        BackendUnavailable: The store of weights does not answer; nothing is left in the folder.
        InvalidInput: The folder does not hold just the version, as it says; it stays as it is.
    """
    context = sources.context
    started = timestamp(context.now())
    build = partial(held_against, apart_from=RESTORED) if plan.is_there else built_aside
    with build(plan.into, context.nonce()) as aside:
        bringing = Bringing(plan.filed, plan.home, aside, sources)
        (aside / RECORD).write_bytes(plan.filed.content)
        if plan.level != "R0":
            bringing.artifact()
        if plan.level == "R2":
            _bring_all(bringing, plan)
        steps = tuple(bringing.steps)
        level = level_of(steps, at_most=plan.level)
        folder = RestoredFolder(
            model=plan.version.model,
            version=plan.version.number,
            record=plan.filed.digest,
            level=level,
            steps=steps,
            lock=plan.lock.as_json(),
            files=list_files(aside),
            tool=context.tool,
            started_at=started,
            finished_at=timestamp(context.now()),
        )
        (aside / RESTORED).write_bytes(folder.to_bytes() + b"\n")
    notices = list(plan.notices)
    if record:
        proof = make_proof("restore", level, steps, filed=plan.filed, context=context)
        if not (plan.is_there and is_on_record(proof, sources.ledger)):
            notices += record_proof(proof, ledger=sources.ledger, context=context)
    return Restored(plan, level, steps, notices, tuple(bringing.unanswered))


def _bring_all(bringing: Bringing, plan: RestorePlan) -> None:
    stage = bringing.record.pipeline
    # The code comes first, because git wants an empty folder; a folder that a stage read comes
    # before the dataset that is a part of it.
    bringing.code()
    if isinstance(stage, Stage):
        bringing.inputs(stage)
        recipes = scoring(bringing.tree, stage, plan.evaluations, bringing.sources.pipelines)
        again = [recipe.stage for recipe in recipes]
        for scores in again:
            bringing.inputs(scores, called="scoring ", made=outputs([stage, *again]))
    bringing.data()
    bringing.base()
    bringing.config()
    bringing.evaluations(plan.evaluations)
    bringing.environment(plan.packages)


def level_of(steps: Sequence[ProofStep], *, at_most: Level) -> Level:
    """Returns how far a restore came."""
    if at_most == "R0":
        return "R0"
    return "R1" if _fallen(steps) else at_most


def _fallen(steps: Sequence[ProofStep]) -> list[ProofStep]:
    """Returns the steps that lower the level."""
    return [
        step
        for step in steps
        # A base that no stage read is not ours to bring: it is unknown, and nothing is lost.
        if step.state not in (("ok", "unknown") if step.name == "base" else ("ok",))
        and not step.name.startswith(_APART)
    ]
