"""Reads what the ledger says of the bytes of versions: of many at once, all at one moment."""

import re
from dataclasses import dataclass

from ft_registry.actions.homes import parse_baseline_home, parse_home
from ft_registry.actions.resolve import FiledRecord
from ft_registry.errors import IntegrityError
from ft_registry.model import layout
from ft_registry.model.baseline import Baseline
from ft_registry.model.canonical import digest_bytes
from ft_registry.model.evaluation import Evaluation
from ft_registry.model.home import Home
from ft_registry.model.record import VersionRecord
from ft_registry.model.reference import BaselineReference, VersionReference
from ft_registry.model.standing import Standing
from ft_registry.ports.ledger import Ledger

_READ = (
    "versions", "homes", "standings", "evaluations", "baselines", "baseline-evaluations",
    "baseline-homes",
)  # fmt: skip
_NUMBER = re.compile(r"[1-9][0-9]{0,15}")


@dataclass(frozen=True)
class Holding:
    """What must be there of one version, and where."""

    filed: FiledRecord
    home: Home
    evaluations: tuple[Evaluation, ...]


@dataclass(frozen=True)
class BaselineHolding:
    """The same of a baseline."""

    baseline: Baseline
    home: Home
    evaluations: tuple[Evaluation, ...]


class Holdings:
    """Documents of versions as they were at one event.

    Each question to the ledger costs a process or two: a thousand versions are read with a few.

    Args:
        ledger: The truth.
        head: The event.
    """

    def __init__(self, ledger: Ledger, head: str) -> None:
        self._ledger = ledger
        self._head = head
        self._documents: dict[str, bytes] = {}
        self._evaluations: dict[str, list[str]] = {}
        """The paths of evaluations, by the folder of the version or baseline."""
        self._baselines: list[str] = []

    def all(self) -> list[VersionReference]:
        """Reads every version and returns them by model and number."""
        wanted = []
        versions = []
        for path in self._ledger.paths("models", at=self._head):
            _, name, kind, *_rest = (*path.split("/"), "", "")
            if kind in _READ:
                wanted.append(path)
            if kind == "versions":
                number = path.rpartition("/")[2].removesuffix(".json")
                # What lies elsewhere was put there by hand: the ledger's verification tells it.
                if _NUMBER.fullmatch(number) and path == layout.version(name, int(number)):
                    versions.append(VersionReference(name, int(number)))
            if kind == "baselines" and path.count("/") == 3:
                self._baselines.append(path)
            if kind in ("evaluations", "baseline-evaluations"):
                self._evaluations.setdefault(path.rpartition("/")[0], []).append(path)
        self._documents = self._ledger.read_many(wanted, at=self._head)
        return sorted(versions, key=lambda version: (version.model, version.number))

    def add(self, version: VersionReference) -> None:
        """Reads one version, if it was not read yet."""
        record = layout.version(version.model, version.number)
        if record in self._documents:
            return
        folder = layout.evaluations(version.model, version.number)
        found = self._ledger.paths(folder, at=self._head)
        home = layout.home(version.model, version.number)
        self._evaluations[folder] = found
        standing = layout.standing(version.model, version.number)
        self._documents |= self._ledger.read_many([record, home, standing, *found], at=self._head)

    def record(self, version: VersionReference) -> bytes | None:
        """Returns a version's record as it lies there, or None."""
        self.add(version)
        return self._documents.get(layout.version(version.model, version.number))

    def of(self, version: VersionReference) -> Holding:
        """Returns what must be there of a version that is on record.

        Raises:
            IntegrityError: A document is damaged.
        """
        content = self.record(version)
        if content is None:
            raise IntegrityError(f"expected a record of {version}, found none")
        filed = FiledRecord(VersionRecord.parse(content, what=f"the record of {version}"), content)
        if filed.record.reference != str(version):
            raise IntegrityError(
                f"expected the record of {version}, found that of {filed.record.reference}"
            )
        home = self._documents.get(layout.home(version.model, version.number))
        folder = layout.evaluations(version.model, version.number)
        return Holding(filed, parse_home(home, filed), self._measured(folder))

    def baselines(self) -> list[BaselineHolding]:
        """Returns what must be there of every baseline, after `all`.

        Those whose documents are damaged are left out: the ledger's own verification tells them.
        """
        found = []
        for path in self._baselines:
            _, name, _, file = path.split("/")
            try:
                found.append(self._baseline(name, file.removesuffix(".json")))
            except IntegrityError:
                continue
        return found

    def baseline(self, reference: BaselineReference) -> BaselineHolding:
        """Returns what must be there of one baseline.

        Raises:
            IntegrityError: A document is damaged.
        """
        document = layout.baseline(reference.model, reference.label)
        folder = layout.baseline_evaluations(reference.model, reference.label)
        self._evaluations[folder] = self._ledger.paths(folder, at=self._head)
        home = layout.baseline_home(reference.model, reference.label)
        wanted = [document, home, *self._evaluations[folder]]
        self._documents |= self._ledger.read_many(wanted, at=self._head)
        return self._baseline(reference.model, reference.label)

    def _baseline(self, model: str, label: str) -> BaselineHolding:
        content = self._documents.get(layout.baseline(model, label), b"")
        baseline = Baseline.parse(content, what=f"the baseline {model}:{label}")
        return BaselineHolding(
            baseline,
            parse_baseline_home(
                self._documents.get(layout.baseline_home(model, label)), baseline,
                digest_bytes(content),
            ),
            self._measured(layout.baseline_evaluations(model, label)),
        )  # fmt: skip

    def _measured(self, folder: str) -> tuple[Evaluation, ...]:
        return tuple(
            Evaluation.parse(self._documents.get(path, b""), what=path)
            for path in self._evaluations.get(folder, ())
        )

    def is_given_up(self, version: VersionReference) -> bool:
        """Returns whether a version was taken out of the store of models on purpose."""
        path = layout.standing(version.model, version.number)
        content = self._documents.get(path)
        if content is None:
            return False
        try:
            return Standing.parse(content, what=path).standing == "deleted"
        except IntegrityError:  # the ledger's own verification tells it
            return False
