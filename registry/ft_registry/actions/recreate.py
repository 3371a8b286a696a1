"""Puts versions that the store lost back under their numbers."""

from collections.abc import Mapping, Sequence

from ft_registry.actions.homes import home_of
from ft_registry.actions.plan_sync import Step
from ft_registry.actions.projection import model_description
from ft_registry.actions.resolve import (
    FiledRecord,
    read_evaluations,
    read_record,
    version_numbers,
)
from ft_registry.actions.store_anew import check_whole, store_anew
from ft_registry.actions.stories import version_story
from ft_registry.actions.sync_course import Course, Sides
from ft_registry.actions.tags import TRANSACTION, record_tags
from ft_registry.actions.verdicts import read_verdicts, verdict_tags
from ft_registry.errors import IntegrityError, NotFound, Refused
from ft_registry.formats.description import describe
from ft_registry.model.home import Home
from ft_registry.model.reference import VersionReference
from ft_registry.model.shown import DESCRIPTION, ShownModel, ShownVersion, mark_of
from ft_registry.ports.context import Context
from ft_registry.ports.ledger import RequirementFailed
from ft_registry.ports.models import Restored, StoredModel


def recreate(
    model: str, steps: Sequence[Step], sides: Sides, context: Context, course: Course
) -> None:
    """Creates versions of one model again, those whose bytes survive somewhere.

    Raises:
        BackendUnavailable: A store does not answer.
        Conflict: The registered model changed while it was made anew.
        OutcomeUnknown: A reply was lost.
    """
    restored: dict[int, Restored] = {}
    for step in steps:
        assert step.version is not None  # noqa: S101 - the plan gives every such step one
        version = VersionReference(model, step.version)
        filed = read_record(sides.ledger, version)
        try:
            restored[step.version] = _restored(filed, sides, context, course)
        except (NotFound, IntegrityError, Refused) as error:
            course.lost[version] = error.message
    if not restored or not _place(model, restored, sides, course):
        return
    sides.models.describe(model, model_description(sides.ledger, model))
    course.done += [step for step in steps if step.version in restored]


def _restored(filed: FiledRecord, sides: Sides, context: Context, course: Course) -> Restored:
    record = filed.record
    version = VersionReference(record.model, record.version)
    evaluations = read_evaluations(sides.ledger, version)
    home = home_of(sides.ledger, filed)
    stored = _stored(home)
    if sides.models.knows(stored):
        check_whole(filed, home, artifacts=sides.artifacts, cache=sides.cache)
    else:
        try:
            stored, notices = store_anew(
                filed, evaluations, home,
                artifacts=sides.artifacts, cache=sides.cache, ledger=sides.ledger,
                models=sides.models, context=context,
            )  # fmt: skip
            course.notices += notices
        except RequirementFailed:  # another clone has just done it
            stored = _stored(home_of(sides.ledger, filed))
    tags = record_tags(record, filed.digest) | verdict_tags(read_verdicts(sides.ledger, version))
    description = describe(version_story(sides.ledger, filed))
    tags |= {TRANSACTION: context.nonce(), DESCRIPTION: mark_of(description)}
    return Restored(stored, tags, description)


def _stored(home: Home) -> StoredModel:
    return StoredModel(home.logged_model_id, home.uri, home.run_id, home.location)


def _place(model: str, restored: Mapping[int, Restored], sides: Sides, course: Course) -> bool:
    """Lets the store have versions under their numbers; returns whether it has them."""
    shown = sides.view.shown([model]).get(model)
    there = dict(shown.versions) if shown is not None else {}
    left = {
        number: one
        for number, one in sorted(restored.items())
        if number not in there or not _is_sound(there[number], one)
    }
    last = max([0, *there])
    for number in list(left):
        if number <= last or not sides.models.create_at(model, number, left[number]):
            break
        del left[number]
    if not left:
        return True
    stuck = _stuck(shown, left)
    if stuck:
        why = (
            f"it is whole, but comes back only by making all of {model} anew, and that cannot take "
            f"{model}/{stuck[0]} over: MLflow has nothing behind it"
        )
        course.lost |= {VersionReference(model, number): why for number in left}
        return False
    numbers = version_numbers(sides.ledger, model)
    sides.models.rebuild(model, left, last=max([last, *numbers]))
    return True


def _is_sound(found: ShownVersion, wanted: Restored) -> bool:
    return (
        not found.deleted
        and found.uri == wanted.stored.uri
        and found.model_known is not False
        and found.run_state != "missing"
    )


def _stuck(shown: ShownModel | None, restored: Mapping[int, Restored]) -> list[int]:
    """Returns the versions that the store would not take over, since nothing is behind them."""
    there = shown.versions if shown is not None else {}
    return [
        number
        for number, one in sorted(there.items())
        if number not in restored and not one.deleted and one.uri and one.model_known is False
    ]
