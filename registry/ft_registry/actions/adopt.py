"""Puts on record what somebody did by hand in the store of models, with where it was found."""

from datetime import UTC, datetime

from ft_registry.actions.authors import read_authors
from ft_registry.actions.events import make_event
from ft_registry.actions.past_ledger import present_state
from ft_registry.actions.plan_sync import Step
from ft_registry.actions.policies import has_gate
from ft_registry.actions.projection import model_description, project_alias
from ft_registry.actions.resolve import alias_digest, read_alias, read_record
from ft_registry.actions.standings import make_standing, read_standing
from ft_registry.actions.sync_course import Course, Sides
from ft_registry.errors import NotFound
from ft_registry.model import layout
from ft_registry.model.alias import AliasState, holders, state_after
from ft_registry.model.canonical import digest_bytes
from ft_registry.model.event import Event, Requirement
from ft_registry.model.reference import AliasReference, VersionReference
from ft_registry.model.time import timestamp
from ft_registry.ports.context import Context
from ft_registry.ports.ledger import Change, Ledger, RequirementFailed

_STORE = "MLflow"


def adopt_alias(step: Step, sides: Sides, context: Context, course: Course) -> bool:
    """Lets the ledger's alias name what the store's names, or nothing.

    Returns:
        Whether the ledger took it; what it refused is noted in the course.
    """
    alias = AliasReference(step.model, step.alias)
    to = step.drift[0].target
    present = present_state(sides.ledger)
    state = read_alias(present, alias.model, alias.alias)
    previous = state.version if state is not None else None
    if previous != step.drift[0].version:
        course.refused.append(f"{alias} has moved since: it names {previous or 'nothing'} now")
        return False
    path = layout.alias(alias.model, alias.alias)
    requires = [Requirement(path=path, digest=alias_digest(present, alias.model, alias.alias))]
    record = None
    if to is not None and _goes_around_gate(present, alias, to):
        course.refused.append(
            f"{alias}: a policy guards it, and it never named {alias.model}/{to}: ft-registry "
            f"promote {alias.model}/{to} --to {alias.alias} asks its gate, sync --restore points "
            f"{_STORE} back"
        )
        return False
    if to is not None:
        try:
            record = read_record(present, VersionReference(alias.model, to)).digest
        except NotFound as error:
            course.refused.append(f"{alias}: {error.message}")
            return False
        requires.append(Requirement(path=layout.version(alias.model, to), digest=record))
        standing = read_standing(present, VersionReference(alias.model, to))
        if standing.is_bad:
            course.notices.append(f"{alias.model}/{to} was {standing.words}")
    was = f" (was {previous})" if previous is not None else ""
    event = _event(
        step, sides, context,
        f"adopt {alias} at {to} from {_STORE}{was}" if to is not None
        else f"adopt from {_STORE} that {alias} names nothing{was}",
        version=to, alias=alias.alias, previous=previous, to=to,
    )  # fmt: skip
    content = state_after(event, record).to_bytes() if record is not None else None
    change = Change(event=event, documents={path: content}, requires=tuple(requires))
    if not _append(change, sides, course):
        return False
    if to is None:
        sides.models.remove_alias(alias.model, alias.alias)
        sides.models.describe(alias.model, model_description(sides.ledger, alias.model))
    else:
        course.notices += project_alias(
            alias.model, alias.alias, ledger=sides.ledger, models=sides.models, context=context
        )
    return True


def _goes_around_gate(ledger: Ledger, alias: AliasReference, to: int) -> bool:
    """Returns whether an alias would come to name what no gate let through."""
    if not has_gate(ledger, alias):
        return False
    authors = read_authors(ledger, [layout.alias(alias.model, alias.alias)])
    return to not in holders(authors.events[::-1])


def adopt_deletion(step: Step, sides: Sides, context: Context, course: Course) -> bool:
    """Says on record that a version was deleted: it is expected in the store no more.

    Returns:
        Whether the ledger took it; what it refused is noted in the course.
    """
    assert step.version is not None  # noqa: S101 - the plan gives every such step one
    ledger = present_state(sides.ledger)
    version = VersionReference(step.model, step.version)
    record = read_record(ledger, version).digest
    standing = read_standing(ledger, version)
    documents = make_standing(
        version, "deleted", record=record, alias=None, reason=f"deleted in {_STORE}",
        context=context,
    )  # fmt: skip
    aliases = ledger.read_many(ledger.paths(layout.aliases(version.model)))
    held = [
        state.alias
        for state in (AliasState.parse(content, what=path) for path, content in aliases.items())
        if state.version == version.number
    ]
    if held:
        course.refused.append(f"{version} was deleted, but {version.model}@{held[0]} names it")
        return False
    requires = (
        standing.requirement(),
        Requirement(path=layout.version(version.model, version.number), digest=record),
        # None of them may come to name it meanwhile.
        *(Requirement(path=path, digest=digest_bytes(raw)) for path, raw in aliases.items()),
    )
    event = _event(
        step, sides, context, f"adopt the deletion of {version} from {_STORE}",
        version=version.number,
    )  # fmt: skip
    if not _append(Change(event=event, documents=documents, requires=requires), sides, course):
        return False
    sides.models.describe(version.model, model_description(sides.ledger, version.model))
    return True


def _event(step: Step, sides: Sides, context: Context, subject: str, **fields: object) -> Event:
    provenance = {
        "store": _STORE.lower(),
        "uri": sides.place,
        "seen_at": timestamp(context.now()),
    }
    shown = sides.view.shown([step.model]).get(step.model)
    if shown is not None and shown.updated_at:
        changed = datetime.fromtimestamp(shown.updated_at / 1000, tz=UTC)
        provenance["last_updated"] = timestamp(changed)
    return make_event(context, "adopt", subject, model=step.model, provenance=provenance, **fields)


def _append(change: Change, sides: Sides, course: Course) -> bool:
    try:
        sides.ledger.append(change)
    except RequirementFailed as error:
        course.refused.append(f"{change.event.subject}: {error.message}")
        return False
    return True
