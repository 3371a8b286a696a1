"""Looks at the datasets of versions, in every place that should have them."""

from dataclasses import replace
from functools import cached_property

from ft_registry.errors import BackendUnavailable
from ft_registry.model.record import VersionRecord
from ft_registry.model.snapshot import Dataset, Snapshot
from ft_registry.model.verification import Depth, Finding, Verification
from ft_registry.ports.data import DataCopy, DataStore
from ft_registry.ports.ledger import Ledger


class DataLook:
    """Looks at the data of many versions; what they share is looked at once.

    Args:
        ledger: Knows when data was last seen.
        data: Where the data is.
        depth: How closely to look.
    """

    def __init__(self, ledger: Ledger, data: DataStore, depth: Depth) -> None:
        self._ledger = ledger
        self._data = data
        self._depth = depth
        self._copies: dict[tuple[str, str, str], list[DataCopy]] = {}

    def look(self, record: VersionRecord) -> Verification:
        """Returns what became of the data of a version."""
        named = {(data.path, data.key, data.identity): data for data in record.data}
        return Verification().joined(self._dataset(data, record) for data in named.values())

    def _dataset(self, dataset: Dataset, record: VersionRecord) -> Verification:
        subject = record.reference
        copies = self._look(dataset, record.code.commit)
        findings: list[Finding] = []
        for copy in copies:
            if copy.state == "ok":
                findings.append(Finding("data", dataset.path, "ok", subject, copy.place))
            elif copy.state == "damaged":
                findings += _faults(dataset, copy, subject)
        if not findings:
            unseen = tuple(f"{dataset.path}: {copy.note}" for copy in copies if copy.note)
            return self._nowhere(dataset, copies, record).joined([Verification(notes=unseen)])
        notes = [
            f"{dataset.path}: {copy.place} was not checked: {copy.reason}"
            for copy in copies
            if copy.state == "unknown"
        ]
        notes += [f"{dataset.path}: {copy.note}" for copy in copies if copy.note]
        remotes = [copy for copy in copies if not copy.is_cache]
        if remotes and all(copy.state == "absent" for copy in remotes):
            notes.append(f"{dataset.path} is in this clone's DVC cache only: dvc push uploads it")
        return Verification(tuple(findings), tuple(notes))

    def _look(self, dataset: Dataset, commit: str) -> list[DataCopy]:
        key = (dataset.path, dataset.key, dataset.identity)
        if key not in self._copies:
            try:
                self._copies[key] = self._data.copies(dataset, depth=self._depth, rev=commit)
            except BackendUnavailable as error:
                self._copies[key] = [DataCopy("DVC", "unknown", reason=error.message)]
        return self._copies[key]

    def _nowhere(
        self, dataset: Dataset, copies: list[DataCopy], record: VersionRecord
    ) -> Verification:
        """Returns the finding for data of which no whole copy was seen."""
        places = "; ".join(copy.place for copy in copies)
        finding = Finding(
            "data", dataset.path, "missing", record.reference, places, dataset.identity
        )
        reasons = [f"{copy.place}: {copy.reason}" for copy in copies if copy.state == "unknown"]
        if reasons or not copies:
            found = "; ".join(reasons) or "there is no place to look in"
            return Verification((replace(finding, state="unknown", found=found),))
        lost = _lost(dataset, copies)
        if lost == []:
            note = f"{dataset.path}: no place has all of it, together they have: dvc push"
            return Verification((replace(finding, state="ok", expected=""),), (note,))
        last_seen = f"last seen {self._last_seen(dataset, record)}"
        if lost is None:
            return Verification((replace(finding, found=f"nothing; {last_seen}"),))
        return Verification(
            tuple(
                replace(finding, name=_name(dataset, name), found=f"nothing; {last_seen}")
                for name in lost
            )
        )

    @cached_property
    def _snapshots(self) -> list[str]:
        return self._ledger.paths("data")

    def _last_seen(self, dataset: Dataset, record: VersionRecord) -> str:
        # By hash: a snapshot may have been given another name than the version's data.
        ending = f"/{dataset.key}.json"
        paths = [path for path in self._snapshots if path.endswith(ending)]
        contents = self._ledger.read_many(paths)
        snapshots = [Snapshot.parse(content, what=path) for path, content in contents.items()]
        taken = max(snapshots, key=lambda snapshot: snapshot.taken_at, default=None)
        if taken is not None and taken.taken_at > record.registered_at:
            who, when = taken.taken_by, taken.taken_at
        else:
            who, when = record.registered_by, record.registered_at
        return f"{when[:19]}Z by {who.as_text()}"


def _faults(dataset: Dataset, copy: DataCopy, subject: str) -> list[Finding]:
    return [
        Finding(
            "data", _name(dataset, fault.name), fault.state, subject, copy.place,
            fault.expected, fault.found, at=fault.at,
        )
        for fault in copy.faults
    ]  # fmt: skip


def _name(dataset: Dataset, name: str) -> str:
    """Returns what a fault is about: the dataset by its object's name, or a file of a folder."""
    return dataset.path if name == dataset.key else f"{dataset.path}/{name}"


def _lost(dataset: Dataset, copies: list[DataCopy]) -> list[str] | None:
    """Returns the files of a folder that no place has; None: no place knows what the folder is."""
    missing = [{fault.name for fault in copy.faults} for copy in copies]
    parts = [names for names in missing if names and dataset.key not in names]
    return sorted(set.intersection(*parts)) if parts else None
