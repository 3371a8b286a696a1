"""Cases before a gate: a registry in memory with real indexes and real commands."""

import hashlib
import os
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from tests.unit.actions.proving import Registry
from tests.unit.actions.stage import make_context
from tests.unit.values import ADA, NOON, make_dataset, make_evaluation, make_record, sha

from ft_registry.actions.checks.case import Case, Tools
from ft_registry.actions.item_tables import ItemTables
from ft_registry.actions.shelves import Shelves
from ft_registry.backends.kept_indexes import KeptIndexes
from ft_registry.backends.recipe import ShellRunner
from ft_registry.backends.sqlite_index import SqliteIndex
from ft_registry.model import layout
from ft_registry.model.canonical import digest_bytes
from ft_registry.model.document import Unknown
from ft_registry.model.evaluation import Evaluation, PublicSet, SnapshotUse
from ft_registry.model.examples import ExampleIndex, Profile, Spread
from ft_registry.model.record import VersionBase, VersionRecord
from ft_registry.model.reference import VersionReference
from ft_registry.model.registered import ModelDocument
from ft_registry.model.snapshot import Dataset, Snapshot

Row = tuple[int, int, int]
"""The exact hash, the normal one, that of the prompt."""
NOW = datetime(2026, 7, 8, 12, tzinfo=UTC)
NOTHING = Spread(mean=0, p50=0, p90=0, p99=0, max=0)


def profile(rows: int, *, duplicates: int = 0, **faults: int) -> Profile:
    """Returns the profile of a dataset."""
    return Profile(
        format="prompt-completion", rows=rows, unit="characters", prompts=NOTHING, answers=NOTHING,
        totals=NOTHING, turns=NOTHING, duplicates=duplicates, near_duplicates=0, labels={},
        label_count=0, sources={}, languages={}, systems=0, foreign=0,
        faults={name.replace("_", "-"): count for name, count in faults.items()}, warnings=(),
    )  # fmt: skip


class World:
    """Versions of `support`, each with what a check wants to know.

    Args:
        root: A folder of its own.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.registry = Registry(root, make_context())
        self.ledger = self.registry.ledger
        self.indexes = KeptIndexes(root / "examples", top=None, bring=self._gone)

    def _gone(self, path: str, md5: str, into: Path) -> object:
        raise AssertionError(f"{path} is not fetched by this test")

    def case(self, number: int = 1, *, allow_commands: bool = False, **changes: Any) -> Case:
        """Returns a version that wants to be champion."""
        tools = Tools(
            tables=lambda: ItemTables(self.root / "items", self.registry.artifacts),
            shelves=self._shelves,
            evidence=lambda: self.registry.evidence,
            artifacts=lambda: self.registry.artifacts,
            runner=lambda: ShellRunner(os.environ),
            scratch=self.root / "scratch",
            allow_commands=allow_commands,
        )
        version = VersionReference("support", number)
        return Case(**{"ledger": self.ledger, "version": version, "alias": "champion",
                       "now": NOW, "tools": tools} | changes)  # fmt: skip

    def _shelves(self) -> Shelves:
        return Shelves(
            ledger=self.ledger, versions=SqliteIndex(self.ledger, self.root / "index.sqlite"),
            indexes=self.indexes, data=self.registry.data, top=None, scratch=self.root, secret=None,
        )  # fmt: skip

    def version(self, number: int = 1, **changes: Any) -> VersionRecord:
        """Puts a version on record; tuned from the one before unless a base is named."""
        if number > 1 and "base" not in changes:
            path = layout.version("support", number - 1)
            content = self.ledger.read(path)
            assert content is not None
            below = VersionBase(version=f"support/{number - 1}", record=digest_bytes(content))
            changes["base"] = below
        record = make_record(version=number, **changes)
        self.registry.write(
            {
                layout.model("support"): ModelDocument(name="support").to_bytes(),
                layout.version("support", number): record.to_bytes(),
            }
        )
        return record

    def evaluation(
        self, number: int = 1, *, on: "Snapshot | PublicSet | None" = None, **changes: Any
    ) -> Evaluation:
        """Puts an evaluation of a version on record."""
        data: Any = on or Unknown(unknown="no dataset was named")
        if isinstance(on, Snapshot):
            content = on.content
            data = SnapshotUse(name=on.name, key=content.key, sha256=content.sha256)
        found = make_evaluation(version=number, data=data, **changes)
        path = layout.evaluation("support", number, found.id)
        self.registry.write({path: found.to_bytes()})
        return found

    def snapshot(
        self,
        name: str,
        digit: str,
        rows: Iterable[Row] | None = None,
        *,
        key: str = "",
        taken_at: str = NOON,
        **changes: Any,
    ) -> Snapshot:
        """Puts a snapshot on record, with an index of its rows if there are some."""
        path = f"data/{name}.jsonl"
        index = self._index(path, list(rows), key) if rows is not None else None
        content = dataset(path, digit)
        found = Snapshot(
            name=name, content=content, pointer=f"{path}.dvc", commit="d" * 40, taken_at=taken_at,
            taken_by=ADA, examples=index, **changes,
        )  # fmt: skip
        self.registry.write({layout.snapshot(name, content.key): found.to_bytes()})
        return found

    def _index(self, path: str, rows: list[Row], key: str) -> ExampleIndex:
        words = np.array([(0, *row) for row in rows], dtype=">u8")
        file = self.root / "written"
        with self.indexes.writer(key=key) as writer:
            writer.add(words.tobytes(), b"")
            written = writer.finish(file)
        md5 = hashlib.md5(file.read_bytes(), usedforsecurity=False).hexdigest()
        index = ExampleIndex(
            path=f"{path}.examples.arrow", md5=md5, size=file.stat().st_size,
            sha256=digest_bytes(file.read_bytes()), rows=written.rows, root=written.root, key=key,
        )  # fmt: skip
        self.indexes.keep(file, index)
        return index


def dataset(path: str, digit: str, *, role: str = "train", **changes: Any) -> Dataset:
    """Returns data whose hashes consist of one digit."""
    hashes = {"dvc": {"md5": digit * 32, "size": 1, "nfiles": 1}, "sha256": sha(digit)}
    return make_dataset(role, path, **(hashes | changes))
