"""Finds snapshots on record: all of them, and the one that somebody means."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from ft_registry.actions.events import require_ledger
from ft_registry.errors import NotFound, Refused
from ft_registry.model import layout
from ft_registry.model.document import Unknown
from ft_registry.model.examples import ExampleIndex
from ft_registry.model.names import DATASET
from ft_registry.model.snapshot import LateIndex, Snapshot, SourceListing
from ft_registry.ports.data import DataStore
from ft_registry.ports.ledger import Ledger

_REFERENCE = re.compile(rf"({DATASET})(?:@([0-9a-f]{{4,64}}(?:\.dir)?)|~(\d{{1,6}}))?")


@dataclass(frozen=True)
class FoundSnapshot:
    """A snapshot, and how it is named."""

    snapshot: Snapshot

    @property
    def reference(self) -> str:
        """``train@3f2a90c1b2d4``."""
        return f"{self.snapshot.name}@{self.snapshot.content.key[:12]}"

    @property
    def index(self) -> ExampleIndex:
        """The index of its examples.

        Raises:
            Refused: It has none.
        """
        found = self.snapshot.examples
        if isinstance(found, ExampleIndex):
            return found
        why = found.unknown if isinstance(found, Unknown) else "it was taken by an older version"
        raise Refused(
            f"expected {self.reference} with an index of its examples, found none: {why}",
            hints=[self._way_to_an_index],
        )

    @property
    def gaps(self) -> tuple[str, ...]:
        """What its index does not have: in words, with how much of it.

        Raises:
            Refused: See `index`.
        """
        profile = self.snapshot.profile
        if profile is None:
            return ()
        rows, files = profile.rows - self.index.rows, profile.unread_files
        was = "was" if files == 1 else "were"
        counted = ((rows, "row", "could not be read"), (files, "file", f"{was} not read"))
        return tuple(
            f"{n:,} {what}{'s' if n != 1 else ''} {why}" for n, what, why in counted if n > 0
        )

    @property
    def _way_to_an_index(self) -> str:
        content, pointer = self.snapshot.content, self.snapshot.pointer
        if isinstance(content.dvc, SourceListing):
            return (
                f"to have one, bring the bytes: dvc pull {pointer}, dvc commit --force {pointer}, "
                f"then ft-registry data snapshot {content.path}"
            )
        return f"ft-registry data snapshot {content.path} makes one, where these bytes still are"


def read_snapshots(ledger: Ledger) -> list[FoundSnapshot]:
    """Returns all snapshots, the oldest first.

    Raises:
        NotARegistry: There is no ledger here.
    """
    require_ledger(ledger)
    return [FoundSnapshot(snapshot) for snapshot in stored_snapshots(ledger.paths("data"), ledger)]


def snapshots_of(key: str, ledger: Ledger) -> list[Snapshot]:
    """Returns the snapshots of some bytes, under whichever name; oldest first."""
    places = [place for place in ledger.paths("data") if place.endswith(f"/{key}.json")]
    return stored_snapshots(places, ledger)


def stored_snapshots(places: Iterable[str], ledger: Ledger) -> list[Snapshot]:
    """Returns the snapshots at some paths, each with the index that it got later; oldest first."""
    contents = ledger.read_many(places)
    late = ledger.read_many(_beside(place) for place in contents)
    found = [_joined(place, content, late) for place, content in contents.items()]
    return sorted(found, key=lambda snapshot: (snapshot.taken_at, snapshot.name))


def snapshots_with(keys: Iterable[str], ledger: Ledger) -> dict[str, list[FoundSnapshot]]:
    """Returns the snapshots of some contents, under whatever names, by key; oldest first.

    Args:
        keys: What names the contents, see `DataContent.key`.
        ledger: The truth.
    """
    found: dict[str, list[FoundSnapshot]] = {key: [] for key in keys}
    endings = tuple(f"/{key}.json" for key in found)
    places = [place for place in ledger.paths("data") if place.endswith(endings)]
    for snapshot in stored_snapshots(places, ledger):
        found[snapshot.content.key].append(FoundSnapshot(snapshot))
    return found


def _beside(place: str) -> str:
    """Returns where the index lies that a snapshot got later."""
    return layout.LATE_INDEXES + place.removeprefix("data")


def _joined(place: str, content: bytes, late: Mapping[str, bytes]) -> Snapshot:
    snapshot = Snapshot.parse(content, what=place)
    beside = _beside(place)
    if beside not in late:
        return snapshot
    return snapshot.with_index(LateIndex.parse(late[beside], what=beside))


def find_snapshot(
    text: str, snapshots: Iterable[FoundSnapshot], *, cwd: Path, data: DataStore
) -> FoundSnapshot:
    """Returns the snapshot that somebody means.

    Args:
        text: ``NAME`` (the newest), ``NAME~2`` (two before it), ``NAME@MD5`` (its first digits
            do), or the path of data that lies in the work tree.
        snapshots: All of them, the oldest first.
        cwd: What paths count from.
        data: Hashes what lies at a path.

    Raises:
        NotFound: There is none; the hint says which there are.
    """
    known = list(snapshots)
    named = _REFERENCE.fullmatch(text)
    own = [one for one in known if named and one.snapshot.name == named[1]]
    if named and own:
        if named[2]:
            same = [one for one in own if one.snapshot.content.key.startswith(named[2])]
            if same:
                return same[-1]
        elif int(named[3] or 0) < len(own):
            return own[-1 - int(named[3] or 0)]
        raise NotFound(
            f"expected a snapshot of {named[1]}, found no {text}",
            hints=["there are " + ", ".join(one.reference for one in own[-5:])],
        )
    if text and ((cwd / text).exists() or data.tracks(cwd / text)):
        return _at_path(cwd / text, known, data)
    names = sorted({one.snapshot.name for one in known})
    near = get_close_matches(text, names) or names[:5]
    raise NotFound(
        f"expected a snapshot or a path, found no {text!r}",
        hints=[
            f"snapshots here: {', '.join(near)}",
            "one is named NAME, NAME~1 (the one before), or NAME@ and 4 digits or more of its hash",
        ]
        if near
        else ["ft-registry data snapshot PATH"],
    )


def _at_path(path: Path, known: list[FoundSnapshot], data: DataStore) -> FoundSnapshot:
    content, _ = data.inspect(path)
    same = [one for one in known if one.snapshot.content.key == content.key]
    here = [one for one in same if one.snapshot.content.path == content.path] or same
    if not here:
        raise NotFound(
            f"expected a snapshot of what lies at {content.path}, found none of "
            f"{content.dvc.words} {content.key[:12]}",
            hints=[f"ft-registry data snapshot {content.path}"],
        )
    return here[-1]
