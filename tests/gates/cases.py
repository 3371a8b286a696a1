"""Cases before a gate: versions with evaluations in a ledger and a store in memory."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from tests.fakes.memory_artifacts import MemoryArtifacts
from tests.fakes.memory_ledger import MemoryLedger
from tests.ledger.changes import ADA, TIME, begin, make_change
from tests.ledger.records import make_record

from ft_registry.actions.checks.case import Case, Tools
from ft_registry.actions.item_tables import ItemTables
from ft_registry.evaluations.items import Items
from ft_registry.formats.item_table import item_table
from ft_registry.model import layout
from ft_registry.model.alias import AliasState
from ft_registry.model.baseline import Baseline
from ft_registry.model.canonical import digest, digest_bytes
from ft_registry.model.document import Unknown
from ft_registry.model.evaluation import Evaluation, Harness, ItemTable, Score, SnapshotUse
from ft_registry.model.record import Config, Run
from ft_registry.model.reference import VersionReference

HELDOUT = SnapshotUse(name="heldout", key="a" * 32, sha256=digest("heldout"))


def never() -> Any:
    raise AssertionError("these checks ask for scores alone")


def items_of(scores: Sequence[float], **columns: Any) -> Items:
    """Returns items q0, q1, ... with one metric, ``exact``."""
    given = {"ids": [f"q{number}" for number in range(len(scores))], **columns}
    return Items(scores={"exact": np.array(scores, dtype=float)}, **given)


@dataclass
class World:
    """A model m with three versions; the first is the champion."""

    scratch: Path
    ledger: MemoryLedger = field(default_factory=MemoryLedger)
    artifacts: MemoryArtifacts = field(default_factory=MemoryArtifacts)
    evaluated: int = 0

    def __post_init__(self) -> None:
        begin(self.ledger)
        documents: dict[str, bytes | None] = {layout.model("m"): b"{}"}
        for number in (1, 2, 3):
            documents[layout.version("m", number)] = make_record("m", number).to_bytes()
        self.write(documents)
        self.name("champion", 1)

    def write(self, documents: dict[str, bytes | None]) -> None:
        self.ledger.append(make_change(documents))

    def name(self, alias: str, number: int) -> None:
        state = AliasState(
            model="m", alias=alias, version=number, record=make_record("m", number).digest,
            since=TIME, by=ADA, through="promote",
        )  # fmt: skip
        self.write({layout.alias("m", alias): state.to_bytes()})

    def baseline(self, items: Items) -> None:
        """Puts the baseline m:prompt on record, measured on items."""
        document = Baseline(
            model="m", label="prompt", kind="prompt", base="org/base",
            config=Config(files={}, digest=digest({})), uri="models:/m-prompt",
            run=Run(run_id="0" * 32, logged_model_id="m-prompt"),
            recorded_at=TIME, recorded_by=ADA,
        )  # fmt: skip
        self.write({layout.baseline("m", "prompt"): document.to_bytes()})
        self.evaluate(None, items)

    def evaluate(
        self, number: int | None, items: Items | None, *, value: float | None = None, **fields: Any
    ) -> Evaluation:
        """Puts an evaluation of the suite dates on record."""
        self.evaluated += 1
        table = Unknown(unknown="totals only")
        if number is None:
            content = self.ledger.read(layout.baseline("m", "prompt"))
            assert content is not None
            record, stored = digest_bytes(content), "m-prompt"
        else:
            record, stored = make_record("m", number).digest, f"m-{number:032x}"
        mean = 0.0
        if items is not None:
            content, name = item_table(items), f"items-{self.evaluated}.parquet"
            self.artifacts.contents.setdefault(stored, {})[name] = content
            table = ItemTable(digest=digest_bytes(content), rows=len(items), artifact=name)
            mean = float(np.nanmean(items.scores["exact"])) if len(items) else 0.0
        score = Score(
            metric="exact", value=mean if value is None else value,
            n=0 if items is None else len(items), higher_is_better=True,
        )  # fmt: skip
        given = {
            "record": record, "scores": (score,), "data": HELDOUT,
            "harness": Harness(name="items"), "baseline": "" if number else "prompt",
            "recorded_at": f"2026-11-24T09:30:00.{self.evaluated:06}Z", **fields,
        }  # fmt: skip
        found = Evaluation(
            model="m", version=number, suite="dates", items=table,
            origin=digest(self.evaluated), recorded_by=ADA, **given,
        )  # fmt: skip
        path = (
            layout.baseline_evaluation("m", "prompt", found.id)
            if number is None
            else layout.evaluation("m", number, found.id)
        )
        self.write({path: found.to_bytes()})
        return found

    def case(self, number: int = 2) -> Case:
        tools = Tools(
            tables=lambda: ItemTables(self.scratch / "items", self.artifacts), shelves=never,
            evidence=never, artifacts=never, runner=never, scratch=self.scratch,
        )  # fmt: skip
        now = datetime(2026, 11, 25, tzinfo=UTC)
        return Case(self.ledger, VersionReference("m", number), "champion", now, tools)
