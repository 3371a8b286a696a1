"""Takes a snapshot of data: checks and indexes its examples, tracks its bytes, records both."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ft_registry.actions.events import make_event, require_ledger
from ft_registry.actions.look import Look, Tombstones
from ft_registry.actions.snapshots import stored_snapshots
from ft_registry.actions.tombstones import read_tombstones, stored_tombstones, untold_words
from ft_registry.errors import IntegrityError, Refused
from ft_registry.examples.faults import UNPARDONED
from ft_registry.examples.work import INDEX_SUFFIX
from ft_registry.faultpoints import faultpoint
from ft_registry.model import layout
from ft_registry.model.document import Unknown
from ft_registry.model.event import Requirement
from ft_registry.model.examples import ExampleIndex, Profile
from ft_registry.model.names import dataset_name, file_stem
from ft_registry.model.secret import Secret
from ft_registry.model.snapshot import DataContent, LateIndex, Snapshot
from ft_registry.model.time import timestamp
from ft_registry.model.tombstone import Tombstone
from ft_registry.ports.code import CodeRepository
from ft_registry.ports.context import Context
from ft_registry.ports.data import DataStore
from ft_registry.ports.ledger import Change, Ledger, RequirementFailed
from ft_registry.readers.files import empty_folders

if TYPE_CHECKING:
    from ft_registry.actions.examine import Examination
    from ft_registry.examples.faults import Fault
    from ft_registry.ports.example_index import IndexFiles, IndexWriter
    from ft_registry.ports.executor import Executor

NO_EXAMPLES = "no file of a kind that holds examples"
NOT_HERE = "the bytes stay at their source, where nobody read them"
NOT_ASKED = "it was only to be tracked (--no-index)"
_SHOWN = 3


@dataclass(frozen=True)
class Snapshotted:
    """What a snapshot is, and whether it was taken now."""

    snapshot: Snapshot
    created: bool
    """False: the same bytes were on record under this name."""
    commit: str | None
    """The git commit that was made for the pointer; None when it stood already."""
    pushed: bool
    indexed: bool = False
    """The snapshot was on record without an index, and has one now."""
    notices: tuple[str, ...] = ()
    """What nobody can tell of it."""


@dataclass(frozen=True)
class SnapshotPlan:
    """What a snapshot would put on record."""

    name: str
    content: DataContent
    tracked: bool
    """The bytes are tracked as they are."""


@dataclass(frozen=True)
class Examining:
    """How the examples of a snapshot are looked at."""

    look: Look
    key: str
    """The name of the look's secret; empty: hashes are plain."""
    secrets: tuple[Secret, ...]
    """All that are here: tombstones are compared under each."""
    executor: Callable[[], "Executor"]
    """Made when there is something to look at."""
    allow_faults: bool = False
    """Put data on record that breaks rules of its format."""
    progress: Callable[[int, int], None] | None = None

    def can_compare(self, stone: Tombstone) -> bool:
        """Returns whether the secret of a tombstone is here."""
        return stone.key in {"", *(secret.name for secret in self.secrets)}

    def tombstones(self, ledger: Ledger) -> Tombstones:
        """Returns what must not be among the examples; see `read_tombstones`."""
        return read_tombstones(ledger, self.secrets, subject=self.look.subject)


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
    examining: Examining | None,
    indexes: Callable[[], "IndexFiles"],
    data: DataStore,
    code: CodeRepository,
    ledger: Ledger,
    context: Context,
) -> Snapshotted:
    """Tracks data as it is now.

    Args:
        path: A file, a directory, or an output of a pipeline.
        name: What to call it; None: its file's, less its kind.
        push: Upload it to the DVC remote as well.
        examining: How its examples are looked at; None: they are not.
        indexes: Hold the hashes of examples; made when they are needed.
        data: Tracks it.
        code: Commits the pointer.
        ledger: Records it.
        context: Who, where, when.

    Raises:
        InvalidInput: The path is outside the repository, or the name malformed.
        Refused: Examples break the rules of their format, or were erased, or nobody would look
            whether they were; it is an index of examples; or see `DataStore.track`.
        NotFound, IntegrityError, BackendUnavailable: See `DataStore.track`.
    """
    if path.name.endswith(INDEX_SUFFIX):
        raise Refused(
            f"expected data, found the index of its examples, {path.name}",
            hints=["it is tracked with the data: ft-registry data snapshot "
                   f"{path.with_name(path.name.removesuffix(INDEX_SUFFIX))}"],
        )  # fmt: skip
    require_ledger(ledger)
    ledger.refresh()
    called = _name(path, name)
    if push:
        data.check_push(path)
    data.check(path)
    known = _as_it_was(path, called, data, ledger)
    has_index = known is not None and _is_indexed(known)
    untold = _untold(path, known, examining, indexes, data, ledger)
    index: ExampleIndex | Unknown = Unknown(unknown=_no_index(path, examining))
    profile, touched = None, tuple[Path, ...]()
    with ExitStack() as stack:
        examined = None
        if examining is not None and path.exists():
            if not has_index:
                examined = _examined(path, examining, indexes, ledger, stack)
            elif any(examining.can_compare(one) for one in untold):
                # What breaks other rules is on record already.
                allowing = replace(examining, allow_faults=True)
                examined = _examined(path, allowing, indexes, ledger, stack)
        tracking = data.track(path)
        content = tracking.data.content
        if examining is not None and examined is not None and not has_index:
            index, profile, touched = _indexed(path, *examined, examining, indexes, data)
    commit = code.commit_files(
        (*tracking.touched, *touched), f"data: snapshot {called} {content.key[:12]}"
    )
    if examined is not None:
        notices = tuple(examined[0].notes) if has_index else ()  # else the profile has them
    else:
        notices = (untold_words(content, untold),) if untold else ()
    notices += _hollow(path)
    snapshot = known or Snapshot(
        name=called,
        content=content,
        pointer=tracking.data.pointer,
        commit=commit or code.capture().commit,
        taken_at=timestamp(context.now()),
        taken_by=context.actor,
        examples=index,
        profile=profile,
    )
    if push:
        data.push(_pointers(snapshot, index))
    place = layout.snapshot(called, content.key)
    known = known or _filed(place, ledger)  # of the same bytes at another path
    if known is not None:
        late = _index_late(known, index, profile, ledger, context)
        return Snapshotted(
            known.with_index(late) if late else known,
            created=False, commit=commit, pushed=push, indexed=late is not None,
            notices=notices,
        )  # fmt: skip
    rows = "" if isinstance(content.rows, Unknown) else f", {content.rows} rows"
    change = Change(
        event=make_event(context, "snapshot", f"snapshot {called} {content.key[:12]}{rows}"),
        documents={place: snapshot.to_bytes()},
        requires=(Requirement(path=place, digest=None),),
        pins=(snapshot.commit,) if isinstance(snapshot.commit, str) else (),
    )
    try:
        ledger.append(change)
    except RequirementFailed:
        return Snapshotted(snapshot, created=False, commit=commit, pushed=push, notices=notices)
    return Snapshotted(snapshot, created=True, commit=commit, pushed=push, notices=notices)


def _hollow(path: Path) -> tuple[str, ...]:
    """Returns what to say of folders that DVC does not keep."""
    empty = empty_folders(path) if path.is_dir() else []
    if not empty:
        return ()
    shown = ", ".join(f"{path.name}/{name}" for name in empty[:_SHOWN])
    more = f" and {len(empty) - _SHOWN} more" if len(empty) > _SHOWN else ""
    return (f"DVC keeps files only, so no empty folder comes back: {shown}{more}",)


def _untold(
    path: Path,
    known: Snapshot | None,
    examining: Examining | None,
    indexes: "Callable[[], IndexFiles]",
    data: DataStore,
    ledger: Ledger,
) -> list[Tombstone]:
    """Returns the tombstones that no index on record can be compared with.

    Raises:
        Refused: An index holds what was erased; or nobody would look, and somebody could.
    """
    stones = stored_tombstones(ledger)
    if not stones:
        return []
    # Not above: it imports what reads tables.
    from ft_registry.actions.recall import recall

    content = known.content if known is not None else data.inspect(path)[0]
    untold = recall(content, stones, ledger, indexes())
    if untold and examining is None and path.exists():
        raise Refused(
            f"expected data that is known to hold nothing that was erased, found {len(untold)} "
            f"tombstone{'s' if len(untold) != 1 else ''} on record and --no-index, which looks at "
            "nothing",
            hints=[f"ft-registry data snapshot {path} looks; it takes other kinds of data too"],
        )
    return untold


def _no_index(path: Path, examining: Examining | None) -> str:
    """Returns why a snapshot has no index, should it get none."""
    if examining is None:
        return NOT_ASKED
    return NO_EXAMPLES if path.exists() else NOT_HERE


def _as_it_was(path: Path, called: str, data: DataStore, ledger: Ledger) -> Snapshot | None:
    """Returns the snapshot of what lies at a path, if it is tracked and on record as it is."""
    if not data.tracks(path):
        return None
    content, is_tracked = data.inspect(path)
    found = _filed(layout.snapshot(called, content.key), ledger) if is_tracked else None
    if found is None or found.content.path != content.path:
        return None
    return found


def _filed(place: str, ledger: Ledger) -> Snapshot | None:
    return next(iter(stored_snapshots([place], ledger)), None)


def _is_indexed(snapshot: Snapshot) -> bool:
    return isinstance(snapshot.examples, ExampleIndex)


def _index_late(
    known: Snapshot,
    index: ExampleIndex | Unknown,
    profile: Profile | None,
    ledger: Ledger,
    context: Context,
) -> LateIndex | None:
    """Puts an index on record for a snapshot that has none; None: there was nothing to do."""
    if _is_indexed(known) or not isinstance(index, ExampleIndex):
        return None
    key = known.content.key
    late = LateIndex(
        name=known.name, key=key, snapshot=known.digest, examples=index, profile=profile,
        since=timestamp(context.now()), by=context.actor,
    )  # fmt: skip
    place = layout.late_index(known.name, key)
    change = Change(
        event=make_event(context, "snapshot", f"index {known.name} {key[:12]}, {index.rows} rows"),
        documents={place: late.to_bytes()},
        requires=(
            Requirement(path=place, digest=None),
            Requirement(path=layout.snapshot(known.name, key), digest=known.digest),
        ),
    )
    try:
        ledger.append(change)
    except RequirementFailed:  # another clone has just done it
        return None
    return late


def _pointers(snapshot: Snapshot, made: ExampleIndex | Unknown) -> tuple[str, ...]:
    """Returns the pointers of the data and of its index, be it on record or made just now."""
    index = snapshot.examples if _is_indexed(snapshot) else made
    beside = (f"{index.path}.dvc",) if isinstance(index, ExampleIndex) else ()
    return (snapshot.pointer, *beside)


def _examined(
    path: Path,
    examining: Examining,
    indexes: "Callable[[], IndexFiles]",
    ledger: Ledger,
    stack: ExitStack,
) -> "tuple[Examination, IndexWriter] | None":
    """Returns what is found in the examples, and their hashes; None: the data holds none."""
    from ft_registry.actions.examine import examine
    from ft_registry.readers.example_sources import survey

    sources = survey(path)
    if not sources.files:
        return None
    writer = stack.enter_context(indexes().writer(key=examining.key))
    before = _state(path)
    found = examine(
        sources, examining.look, executor=examining.executor(), writer=writer,
        tombstones=examining.tombstones(ledger), progress=examining.progress,
    )  # fmt: skip
    if _state(path) != before:
        raise IntegrityError(
            f"expected {path} to stay as it is while it is looked at, found that it changed",
            hints=["wait for the program that writes it, then run the command again"],
        )
    # Data of a format that we do not know is no worse for it.
    broken = found.faults.total - found.faults.counts["unknown-format"]
    never = [reason for rule, reason in UNPARDONED.items() if found.faults.counts[rule]]
    if never or (broken and not examining.allow_faults):
        raise faulty(path, found, subject=examining.look.subject, never=never)
    return found, writer


def faulty(path: Path, found: "Examination", *, subject: str, never: Sequence[str]) -> Refused:
    """Returns the refusal of data that breaks rules.

    Args:
        path: The data.
        found: The first of its faults are told, and how many there are.
        subject: The key that names persons; empty: none.
        never: Why some are not to be allowed; empty: all may be.
    """
    told = sorted(found.faults.first, key=lambda fault: fault.rule not in UNPARDONED)
    first = "; ".join(f"{_place(fault)}{fault.rule}: {fault.message}" for fault in told[:_SHOWN])
    total = found.faults.total
    persons = f" --subject {subject}" if subject else ""
    more = f"; and {total - _SHOWN} more" if total > _SHOWN else ""
    return Refused(
        f"expected examples that are fit to train on, found {total} "
        f"fault{'s' if total != 1 else ''}: {first}{more}",
        hints=[
            f"ft-registry data check {path}{persons} shows them",
            *(never or ["--allow-faults puts them on record as they are"]),
        ],
    )


def _place(fault: "Fault") -> str:
    """Returns where a fault is, for what is said next; empty: of the whole."""
    if not fault.line:
        return f"{fault.file}: " if fault.file else ""
    return f"{fault.file}:{fault.line}: " if fault.file else f"line {fault.line}: "


def _indexed(
    path: Path,
    found: "Examination",
    writer: "IndexWriter",
    examining: Examining,
    indexes: "Callable[[], IndexFiles]",
    data: DataStore,
) -> tuple[ExampleIndex, Profile, tuple[Path, ...]]:
    """Writes the index beside the data and tracks it."""
    from ft_registry.actions.examine import make_profile

    file = path.absolute().with_name(f"{path.absolute().name}{INDEX_SUFFIX}")
    fresh = file.with_name(f".{file.name}.new")
    faultpoint("file.write")
    try:
        written = writer.finish(fresh)
        faultpoint("file.place")
        fresh.replace(file)
    finally:
        fresh.unlink(missing_ok=True)
    tracking = data.track(file)
    content = tracking.data.content
    profile = make_profile(
        found, examining.look, duplicates=written.duplicates,
        near_duplicates=written.near_duplicates,
    )  # fmt: skip
    index = ExampleIndex(
        path=content.path,
        md5=content.key,
        size=content.dvc.size,
        sha256=content.identity,
        rows=written.rows,
        root=written.root,
        key=examining.key,
        subject=examining.look.subject,
    )
    indexes().keep(file, index)
    return index, profile, tracking.touched


def _state(path: Path) -> list[tuple[str, int, int]]:
    """Returns names, sizes and times of the files at a path: whether one was written since."""
    files = [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.is_file())
    return [(str(file), file.stat().st_size, file.stat().st_mtime_ns) for file in files]


def _name(path: Path, name: str | None) -> str:
    return dataset_name(name or file_stem(path.absolute().name))
