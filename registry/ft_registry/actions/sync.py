"""Lets ledger and store of models agree again, by the plan that was printed."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from ft_registry.actions.adopt import adopt_alias, adopt_deletion
from ft_registry.actions.homes import home_of
from ft_registry.actions.plan_sync import Deed, Step, SyncPlan, plan_sync
from ft_registry.actions.projection import (
    load_pages,
    model_description,
    project_alias,
    projection_of,
)
from ft_registry.actions.recreate import recreate
from ft_registry.actions.recreate_baseline import recreate_baseline
from ft_registry.actions.resolve import FiledRecord, read_record
from ft_registry.actions.stories import version_story
from ft_registry.actions.sync_course import Course, Sides
from ft_registry.actions.tags import record_tags
from ft_registry.actions.verdicts import read_verdicts, verdict_tags
from ft_registry.errors import Conflict, FtRegistryError, IntegrityError
from ft_registry.formats.description import describe
from ft_registry.model.reference import VersionReference
from ft_registry.ports.context import Context

_NAMED = 5
"""Differences that an error names; `status` shows all of them."""


@dataclass(frozen=True)
class Synced:
    """What a sync did."""

    plan: SyncPlan
    """The last one, when the first was only to end what was cut off."""
    done: tuple[Step, ...] = ()
    lost: Mapping[VersionReference, str] = field(default_factory=dict)
    """The versions that could not be restored, and why."""
    refused: tuple[str, ...] = ()
    """What the ledger did not take, in words."""
    notices: tuple[str, ...] = ()

    @property
    def failure(self) -> FtRegistryError | None:
        """What the caller must raise, after telling what was done."""
        if self.lost:
            return IntegrityError(
                f"expected to restore every version, found {len(self.lost)} that cannot be: "
                f"{_listed([str(version) for version in self.lost])}",
                hints=[
                    "ft-registry verify --heal --from DIR puts files back from a backup; then run "
                    "this again"
                ],
            )
        return left_over(self.plan, self.refused)


def left_over(plan: SyncPlan, refused: tuple[str, ...] = ()) -> Conflict | None:
    """Returns the error that names what was left alone, if anything contradicts still."""
    left = [f"{drift.words} {drift.name}" for drift in plan.contradictions] + list(refused)
    if not left:
        return None
    kinds = {drift.kind for drift in plan.contradictions}
    hints = []
    if "alias_ahead" in kinds:
        hints.append("alias ahead: run ft-registry sync in the clone that moved it, then here")
    if "version_unknown" in kinds:
        hints.append("version unknown: register it, or delete it in MLflow")
    if plan.mode == "restore" and kinds - {"version_unknown"}:
        hints.append("MLflow itself refuses to change this: take it out of its database")
    if plan.mode != "restore":
        hints.append("ft-registry sync --restore lets the ledger win")
    if plan.mode == "mend" and any(drift.adoptable for drift in plan.contradictions):
        hints.append("ft-registry sync --adopt puts on record what was done by hand")
    return Conflict(
        f"expected MLflow to show what the ledger says, found that {len(left)} "
        f"difference{'s were' if len(left) > 1 else ' was'} left: {_listed(left)}",
        hints=hints,
    )


def _listed(texts: Sequence[str]) -> str:
    more = f"; and {len(texts) - _NAMED} more" if len(texts) > _NAMED else ""
    return "; ".join(texts[:_NAMED]) + more


def sync(plan: SyncPlan, sides: Sides, context: Context) -> Synced:
    """Does what a plan says, step by step; each may be cut off and done again.

    What cannot be done is told in the result and does not keep the rest from being done.

    Raises:
        BackendUnavailable: MLflow or the ledger's remote stopped answering.
        Conflict: A registered model changed while it was made anew.
        OutcomeUnknown: A reply was lost.
    """
    course = Course()
    if plan.steps:
        with context.lock("sync"):
            sides.models.check()
            _run(plan, sides, context, course)
            if plan.is_first:
                plan = plan_sync(
                    plan.mode, ledger=sides.ledger, view=sides.view, artifacts=sides.artifacts
                )
                if not plan.is_first:
                    _run(plan, sides, context, course)
    return Synced(
        plan, tuple(course.done), course.lost, tuple(course.refused), tuple(course.notices)
    )


def _run(plan: SyncPlan, sides: Sides, context: Context, course: Course) -> None:
    again: dict[str, list[Step]] = {}
    for step in plan.steps:
        if step.do == "recreate":
            again.setdefault(step.model, []).append(step)
    for step in plan.steps:
        if step.do == "recreate":
            if step.model in again:
                recreate(step.model, again.pop(step.model), sides, context, course)
        elif _DEEDS[step.do](step, sides, context, course):
            course.done.append(step)


def _tidy(step: Step, sides: Sides, _context: Context, _course: Course) -> bool:
    sides.models.tidy(step.model)
    return True


def _version(step: Step) -> VersionReference:
    assert step.version is not None  # noqa: S101 - the plan gives every such step one
    return VersionReference(step.model, step.version)


def _filed(step: Step, sides: Sides) -> FiledRecord:
    return read_record(sides.ledger, _version(step))


def _restore_run(step: Step, sides: Sides, _context: Context, _course: Course) -> bool:
    sides.models.restore_run(home_of(sides.ledger, _filed(step, sides)).run_id)
    return True


def _write_page(step: Step, sides: Sides, _context: Context, _course: Course) -> bool:
    filed = _filed(step, sides)
    verdicts = read_verdicts(sides.ledger, _version(step))
    wanted = record_tags(filed.record, filed.digest) | verdict_tags(verdicts)
    keys = [drift.key for drift in step.drift if drift.key]
    has_description = any(not drift.key for drift in step.drift)
    sides.models.write_page(
        step.model,
        filed.record.version,
        description=describe(version_story(sides.ledger, filed)) if has_description else None,
        tags={key: wanted[key] for key in keys if key in wanted},
        drop=[key for key in keys if key not in wanted],
    )
    return True


def _describe(step: Step, sides: Sides, _context: Context, _course: Course) -> bool:
    sides.models.describe(step.model, model_description(sides.ledger, step.model))
    return True


def _attach_record(step: Step, sides: Sides, _context: Context, _course: Course) -> bool:
    filed = _filed(step, sides)
    loaded = load_pages(sides.ledger, filed.record)
    sides.models.project(projection_of(filed, ledger=loaded))
    return True


def _set_alias(step: Step, sides: Sides, context: Context, course: Course) -> bool:
    if _version(step) in course.lost:
        return False
    notices = project_alias(
        step.model, step.alias, ledger=sides.ledger, models=sides.models, context=context
    )
    course.notices += notices
    return not notices


def _remove_alias(step: Step, sides: Sides, _context: Context, _course: Course) -> bool:
    sides.models.remove_alias(step.model, step.alias)
    # Who moved it described the model as it was then; of one that is ahead no other step tells.
    sides.models.describe(step.model, model_description(sides.ledger, step.model))
    return True


_DEEDS: dict[Deed, Callable[[Step, Sides, Context, Course], bool]] = {
    "tidy": _tidy,
    "restore_run": _restore_run,
    "recreate_baseline": recreate_baseline,
    "write_page": _write_page,
    "describe": _describe,
    "attach_record": _attach_record,
    "set_alias": _set_alias,
    "remove_alias": _remove_alias,
    "adopt_alias": adopt_alias,
    "adopt_deletion": adopt_deletion,
}
