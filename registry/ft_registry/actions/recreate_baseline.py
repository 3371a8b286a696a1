"""Stores a baseline again that the store of models lost.

Its document has all that its file says; the scored items are taken from where they were.
"""

from pathlib import Path

from ft_registry.actions.baselines import store_baseline
from ft_registry.actions.contenders import baseline_evaluations, read_baseline
from ft_registry.actions.evaluations import make_metrics
from ft_registry.actions.events import make_event
from ft_registry.actions.homes import home_of_baseline
from ft_registry.actions.plan_sync import Step
from ft_registry.actions.sync_course import Course, Sides
from ft_registry.errors import NotFound
from ft_registry.model import layout
from ft_registry.model.canonical import digest_bytes
from ft_registry.model.evaluation import Evaluation, ItemTable, in_force
from ft_registry.model.event import Requirement
from ft_registry.model.home import Home
from ft_registry.model.reference import BaselineReference
from ft_registry.model.time import timestamp
from ft_registry.ports.artifacts import ArtifactStore
from ft_registry.ports.context import Context
from ft_registry.ports.ledger import Change, RequirementFailed


def recreate_baseline(step: Step, sides: Sides, context: Context, course: Course) -> bool:
    """Uploads a baseline again and puts on record where it is now; returns whether it is there.

    Raises:
        BackendUnavailable: A store does not answer.
    """
    reference = BaselineReference(step.model, step.baseline)
    baseline, digest = read_baseline(sides.ledger, reference)
    evaluations = baseline_evaluations(sides.ledger, reference)
    home = home_of_baseline(sides.ledger, baseline, digest)
    with sides.cache.scratch() as scratch:
        items, lost = _items(evaluations, home, sides.artifacts, scratch / "items")
        stored = store_baseline(
            reference, baseline.kind, baseline.base, baseline.config,
            attachments=items, scratch=scratch, models=sides.models,
        )  # fmt: skip
    path = layout.baseline_home(baseline.model, baseline.label)
    before = sides.ledger.read(path)
    moved = Home(
        model=baseline.model,
        version=None,
        baseline=baseline.label,
        record=digest,
        uri=stored.uri,
        run_id=stored.run_id,
        logged_model_id=stored.logged_model_id,
        location=stored.location,
        since=timestamp(context.now()),
        by=context.actor,
    )
    event = make_event(
        context,
        "relocate",
        f"relocate {reference}: it is stored anew, as {stored.uri}",
        model=baseline.model,
    )
    free = Requirement(path=path, digest=digest_bytes(before) if before is not None else None)
    change = Change(event=event, documents={path: moved.to_bytes()}, requires=(free,))
    try:
        sides.ledger.append(change)
    except RequirementFailed:  # another clone has just done it
        sides.models.discard(stored)
        return False
    sides.models.attach(stored, {}, make_metrics(in_force(evaluations), (), sides.ledger))
    course.notices += [
        f"{reference}: {name} is lost or damaged; baseline add of the same files puts it back"
        for name in lost
    ]
    return True


def _items(
    evaluations: tuple[Evaluation, ...], home: Home, artifacts: ArtifactStore, scratch: Path
) -> tuple[dict[str, bytes], list[str]]:
    """Returns the scored items that are what was recorded, and the names of the others."""
    tables = [one.items for one in evaluations if isinstance(one.items, ItemTable)]
    wanted = {table.artifact: table.digest for table in tables}
    try:
        there = sorted(wanted.keys() & artifacts.shelf(home).sizes.keys())
        if there:
            artifacts.fetch(home, there, scratch)
    except NotFound:  # the store knows it no more: what is lost is told
        there = []
    contents = {name: (scratch / name).read_bytes() for name in there}
    kept = {name: one for name, one in contents.items() if digest_bytes(one) == wanted[name]}
    return kept, sorted(wanted.keys() - kept.keys())
