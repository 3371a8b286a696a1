"""What a registry does with datasets, as methods: check, snapshot, compare, trace, erase.

Reached as `Workspace.datasets`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ft_registry.errors import InvalidInput
from ft_registry.examples.faults import FIRST
from ft_registry.wiring import Wiring

if TYPE_CHECKING:
    from ft_registry.actions.compare_data import DataDiff, DataOverlap
    from ft_registry.actions.erase import ErasurePlan
    from ft_registry.actions.examine import Examination
    from ft_registry.actions.look import Look
    from ft_registry.actions.snapshot import SnapshotPlan, Snapshotted
    from ft_registry.actions.snapshots import FoundSnapshot
    from ft_registry.actions.trace import Trace
    from ft_registry.actions.trace_query import Query
    from ft_registry.actions.version_files import VersionFiles
    from ft_registry.model.event import LoggedEvent
    from ft_registry.model.examples import Profile
    from ft_registry.model.secret import Secret


@dataclass(frozen=True)
class CheckedData:
    """What was found in the examples of a dataset."""

    found: "Examination"
    profile: "Profile"


class Datasets:
    """The datasets of a repository.

    Args:
        wiring: Its back ends.
    """

    def __init__(self, wiring: Wiring) -> None:
        self._wiring = wiring

    def look(
        self,
        *,
        format: str = "",  # noqa: A002 - the field's word
        method: str = "",
        context: int = 0,
        tokenizer: Path | None = None,
        sensitive: bool | None = None,
        scan: bool = False,
        subject: str = "",
        keyed: bool = False,
        max_faults: int = FIRST,
    ) -> "Look":
        """Returns how examples are to be looked at; see `ft_registry.actions.examine.Look`.

        Raises:
            InvalidInput: There is no such format, method or tokenizer.
        """
        from ft_registry.actions.look import Look
        from ft_registry.examples.formats import KINDS
        from ft_registry.model.record import METHODS
        from ft_registry.readers.measure import name_of

        if format and format not in KINDS:
            raise InvalidInput(
                f"expected a format, found {format!r}", hints=[f"formats: {', '.join(KINDS)}"]
            )
        if method.lower() not in ("", *METHODS):
            raise InvalidInput(
                f"expected a method of fine-tuning, found {method!r}",
                hints=[f"methods: {', '.join(METHODS)}"],
            )
        secret = self._wiring.example_secret(make=True) if keyed else None
        unit = name_of(tokenizer) if tokenizer is not None else "characters"
        return Look(
            format=format, method=method.lower(), context=context, tokenizer=tokenizer, unit=unit,
            sensitive=sensitive, scan=scan, subject=subject, key=secret.value if secret else None,
            max_faults=max_faults,
        )  # fmt: skip

    def check(
        self, path: Path, look: "Look", *, progress: Callable[[int, int], None] | None = None
    ) -> CheckedData:
        """See `ft_registry.actions.examine.check_data`."""
        from ft_registry.actions.examine import check_data
        from ft_registry.actions.tombstones import read_tombstones

        with self._wiring.indexes.writer(key="") as writer:
            found, profile = check_data(
                path, look, executor=self._wiring.executor, writer=writer,
                tombstones=read_tombstones(
                    self._wiring.ledger, self._secrets(look), subject=look.subject
                ),
                scratch=self._wiring.private, progress=progress,
            )  # fmt: skip
        return CheckedData(found, profile)

    def plan_snapshot(self, path: Path, *, name: str | None = None) -> "SnapshotPlan":
        """See `ft_registry.actions.snapshot.plan_snapshot`."""
        from ft_registry.actions.snapshot import plan_snapshot

        return plan_snapshot(path, name=name, data=self._wiring.data)

    def snapshot(
        self,
        path: Path,
        *,
        name: str | None = None,
        push: bool = False,
        look: "Look | None" = None,
        allow_faults: bool = False,
        index: bool = True,
        progress: Callable[[int, int], None] | None = None,
    ) -> "Snapshotted":
        """See `ft_registry.actions.snapshot.take_snapshot`."""
        from ft_registry.actions.look import Look
        from ft_registry.actions.snapshot import Examining, take_snapshot

        wanted = look or Look()
        examining = Examining(
            wanted, self._key(wanted), self._secrets(wanted),
            lambda: self._wiring.executor, allow_faults=allow_faults, progress=progress,
        )  # fmt: skip
        return take_snapshot(
            path, name=name, push=push, examining=examining if index else None,
            indexes=lambda: self._wiring.indexes,
            data=self._wiring.data, code=self._wiring.code, ledger=self._wiring.ledger,
            context=self._wiring.context,
        )  # fmt: skip

    def all(self) -> "list[FoundSnapshot]":
        """See `ft_registry.actions.snapshots.read_snapshots`."""
        from ft_registry.actions.snapshots import read_snapshots

        return read_snapshots(self._wiring.ledger)

    def find(self, text: str) -> "FoundSnapshot":
        """See `ft_registry.actions.snapshots.find_snapshot`."""
        from ft_registry.actions.snapshots import find_snapshot

        return find_snapshot(text, self.all(), cwd=Path.cwd(), data=self._wiring.data)

    def diff(self, old: str, new: str, *, shown: int = 3) -> "DataDiff":
        """See `ft_registry.actions.compare_data.diff_data`."""
        from ft_registry.actions.compare_data import diff_data

        return diff_data(self.find(old), self.find(new), self._wiring.shelves, shown=shown)

    def overlap(self, left: str, right: str, *, near: float | None = None) -> "DataOverlap":
        """See `ft_registry.actions.compare_data.overlap_data`."""
        from ft_registry.actions.compare_data import overlap_data

        return overlap_data(
            self._side(left), self._side(right), self._wiring.shelves, threshold=near
        )

    def _side(self, text: str) -> "list[FoundSnapshot]":
        """Returns the snapshot that is named, or all that a version's ancestry was trained on."""
        from ft_registry.actions.ancestry import trained_on
        from ft_registry.errors import NotFound
        from ft_registry.model.reference import parse_reference

        try:
            return [self.find(text)]
        except NotFound:
            try:
                reference = parse_reference(text)
            except InvalidInput:
                reference = None
            if reference is None:
                raise
        return trained_on(self._wiring.ledger, reference, self.all())

    def trace(self, query: "Query") -> "Trace":
        """See `ft_registry.actions.trace.trace`."""
        from ft_registry.actions.trace import trace

        return trace(query, self.all(), self._wiring.shelves)

    def query(self, *, example: Path | None = None, hashed: str = "", subject: str = "") -> "Query":
        """See `ft_registry.actions.trace_query.make_query`."""
        from ft_registry.actions.shelves import recorded_format
        from ft_registry.actions.trace_query import make_query

        indexed = self.all() if example is not None else []
        formats = {format_: None for one in indexed if (format_ := recorded_format(one))}
        return make_query(
            example=example, hashed=hashed, subject=subject,
            secrets=self._wiring.example_secrets(), formats=tuple(formats),
        )  # fmt: skip

    def plan_erasure(self, query: "Query") -> "ErasurePlan":
        """See `ft_registry.actions.erase.plan_erasure`."""
        from ft_registry.actions.erase import plan_erasure

        return plan_erasure(self.trace(query))

    def erase(self, plan: "ErasurePlan", *, reason: str) -> "LoggedEvent | None":
        """See `ft_registry.actions.erase.record_erasure`."""
        from ft_registry.actions.erase import record_erasure

        return record_erasure(
            plan, reason=reason, ledger=self._wiring.ledger, context=self._wiring.context
        )

    def of_version(self, reference: str) -> "VersionFiles":
        """Returns the files of the data that a version was made from.

        Raises:
            NotARegistry, NotFound, InvalidInput: The reference names no version.
        """
        from ft_registry.actions.resolve import read_record, resolve
        from ft_registry.actions.version_files import VersionFiles
        from ft_registry.model.reference import parse_reference

        version = resolve(self._wiring.ledger, parse_reference(reference))
        record = read_record(self._wiring.ledger, version).record
        return VersionFiles(record, data=self._wiring.data, cache=self._wiring.cache)

    def _secrets(self, look: "Look") -> "tuple[Secret, ...]":
        """Returns every secret that is here, the look's own among them."""
        from ft_registry.model.secret import Secret

        own = (Secret(look.key),) if look.key is not None else ()
        return tuple(dict.fromkeys((*self._wiring.example_secrets(), *own)))

    def _key(self, look: "Look") -> str:
        from ft_registry.model.secret import Secret

        return Secret(look.key).name if look.key is not None else ""
