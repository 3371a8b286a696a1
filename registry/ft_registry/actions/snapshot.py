"""Takes a snapshot of data: tracks its bytes, commits the pointer, puts it on record."""

from dataclasses import dataclass
from pathlib import Path

from ft_registry.actions.events import make_event, require_ledger
from ft_registry.model import layout
from ft_registry.model.document import Unknown
from ft_registry.model.event import Requirement
from ft_registry.model.names import dataset_name
from ft_registry.model.snapshot import DataContent, Snapshot
from ft_registry.model.time import timestamp
from ft_registry.ports.code import CodeRepository
from ft_registry.ports.context import Context
from ft_registry.ports.data import DataStore
from ft_registry.ports.ledger import Change, Ledger, RequirementFailed


@dataclass(frozen=True)
class Snapshotted:
    """What a snapshot is, and whether it was taken now."""

    snapshot: Snapshot
    created: bool
    """False: the same bytes were on record under this name."""
    commit: str | None
    """The git commit that was made for the pointer; None when it stood already."""
    pushed: bool


@dataclass(frozen=True)
class SnapshotPlan:
    """What a snapshot would put on record."""

    name: str
    content: DataContent
    tracked: bool
    """The bytes are tracked as they are."""


def plan_snapshot(path: Path, *, name: str | None, data: DataStore) -> SnapshotPlan:
    """Hashes data and says what a snapshot of it would be; writes nothing.

    Raises:
        InvalidInput, NotFound, Refused: See `DataStore.inspect`.
    """
    content, tracked = data.inspect(path)
    return SnapshotPlan(_name(path, name), content, tracked)


def take_snapshot(
    path: Path,
    *,
    name: str | None,
    push: bool,
    data: DataStore,
    code: CodeRepository,
    ledger: Ledger,
    context: Context,
) -> Snapshotted:
    """Tracks data as it is now.

    Args:
        path: A file, a directory, or an output of a pipeline.
        name: What to call it; None: the file's stem.
        push: Upload it to the DVC remote as well.
        data: Tracks it.
        code: Commits the pointer.
        ledger: Records it.
        context: Who, where, when.

    Raises:
        InvalidInput: The path is outside the repository, or the name malformed.
        NotFound, Refused, IntegrityError, BackendUnavailable: See `DataStore.track`.
    """
    require_ledger(ledger)
    ledger.refresh()
    called = _name(path, name)
    if push:
        data.check_push(path)
    tracking = data.track(path)
    content = tracking.data.content
    commit = code.commit_files(tracking.touched, f"data: snapshot {called} {content.dvc.md5[:12]}")
    if push:
        data.push((tracking.data.pointer,))
    place = layout.snapshot(called, content.dvc.md5)
    known = ledger.read(place)
    if known is not None:
        snapshot = Snapshot.parse(known, what=place)
        return Snapshotted(snapshot, created=False, commit=commit, pushed=push)
    snapshot = Snapshot(
        name=called,
        content=content,
        pointer=tracking.data.pointer,
        commit=commit or code.capture().commit,
        taken_at=timestamp(context.now()),
        taken_by=context.actor,
    )
    rows = "" if isinstance(content.rows, Unknown) else f", {content.rows} rows"
    change = Change(
        event=make_event(context, "snapshot", f"snapshot {called} {content.dvc.md5[:12]}{rows}"),
        documents={place: snapshot.to_bytes()},
        requires=(Requirement(path=place, digest=None),),
        pins=(snapshot.commit,) if isinstance(snapshot.commit, str) else (),
    )
    try:
        ledger.append(change)
    except RequirementFailed:
        return Snapshotted(snapshot, created=False, commit=commit, pushed=push)
    return Snapshotted(snapshot, created=True, commit=commit, pushed=push)


def _name(path: Path, name: str | None) -> str:
    return dataset_name(name or path.absolute().name.partition(".")[0])
