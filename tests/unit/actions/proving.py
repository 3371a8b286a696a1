"""A registry in memory whose bytes are really there, to damage them and look."""

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.fakes.memory_artifacts import MemoryArtifacts
from tests.fakes.memory_data import MemoryData
from tests.fakes.memory_ledger import MemoryLedger
from tests.unit.values import make_evaluation, make_record

from ft_registry.actions.events import make_event
from ft_registry.actions.init import init_ledger
from ft_registry.actions.resolve import FiledRecord
from ft_registry.actions.verify import Evidence, verify_version
from ft_registry.backends.digest_cache import DigestCache
from ft_registry.backends.kept_indexes import KeptIndexes
from ft_registry.backends.mlflow.artifacts import MlflowArtifacts
from ft_registry.backends.mlflow.connection import MlflowPlace
from ft_registry.model import layout
from ft_registry.model.canonical import digest_bytes
from ft_registry.model.evaluation import ItemTable
from ft_registry.model.manifest import FileEntry, manifest_digest
from ft_registry.model.record import Artifact, Patch, VersionRecord
from ft_registry.model.reference import VersionReference
from ft_registry.model.registered import ModelDocument
from ft_registry.model.snapshot import DataContent, Dataset
from ft_registry.model.verification import Depth, Verification
from ft_registry.ports.artifacts import ArtifactStore
from ft_registry.ports.context import Context
from ft_registry.ports.ledger import Change

PATCH = "ftr/patch.diff"
ITEMS = "ftr/evaluations/dates.jsonl"
TABLE = (
    "CREATE TABLE logged_models "
    "(model_id TEXT PRIMARY KEY, artifact_location TEXT, lifecycle_stage TEXT)"
)


class Registry:
    """Versions of `support` with their bytes.

    Args:
        root: A folder of its own.
        context: Who, where, when.
    """

    def __init__(self, root: Path, context: Context) -> None:
        self.root = root
        self.context = context
        self.ledger = MemoryLedger()
        self.artifacts = MemoryArtifacts()
        self.data = MemoryData()
        self.indexes = KeptIndexes(root / "examples", top=None, bring=self.data.bring)
        self.top = root / "work"
        self.top.mkdir()
        init_ledger(self.ledger, context)

    @property
    def evidence(self) -> Evidence:
        return self.looking_at(self.artifacts)

    def looking_at(self, artifacts: ArtifactStore) -> Evidence:
        return Evidence(
            self.ledger, artifacts, self.data, DigestCache(self.root / "objects"), self.top,
            lambda: self.indexes,
        )  # fmt: skip

    def register(
        self,
        files: Mapping[str, bytes],
        *,
        number: int = 1,
        patch: bytes = b"",
        items: bytes = b"",
        data: tuple[DataContent, ...] = (),
        **changes: Any,
    ) -> VersionRecord:
        """Puts a version on record and its bytes on the shelf."""
        model_id = f"m-{number:032x}"
        entries = tuple(
            FileEntry(path=name, size=len(content), sha256=_sha256(content))
            for name, content in sorted(files.items())
        )
        record = make_record(
            version=number,
            artifact=Artifact(
                uri=f"models:/{model_id}", folder="adapter", digest=manifest_digest(entries),
                size=sum(entry.size for entry in entries), files=entries,
                peft=make_record().artifact.peft, location=f"/gone/{model_id}/artifacts",
            ),
            run=make_record().run.model_copy(update={"logged_model_id": model_id}),
            data=tuple(_dataset(content) for content in data),
            **changes,
        )  # fmt: skip
        shelf = {f"adapter/{name}": content for name, content in files.items()}
        shelf["MLmodel"] = b"flavors: {}\n"
        if patch:
            kept = Patch(digest=digest_bytes(patch), size=len(patch), artifact=PATCH)
            record = record.model_copy(
                update={"code": record.code.model_copy(update={"patch": kept})}
            )
            shelf[PATCH] = patch
        filed = FiledRecord(record, record.to_bytes())
        documents = {
            layout.model("support"): ModelDocument(name="support").to_bytes(),
            layout.version("support", number): filed.content,
        }
        if items:
            table = ItemTable(digest=digest_bytes(items), rows=1, artifact=ITEMS)
            evaluation = make_evaluation(version=number, record=filed.digest, items=table)
            documents[layout.evaluation("support", number, evaluation.id)] = evaluation.to_bytes()
            shelf[ITEMS] = items
        self.artifacts.contents[model_id] = shelf
        self.write(documents, record.code.commit)
        return record

    def write(self, documents: Mapping[str, bytes], *pins: str) -> None:
        event = make_event(self.context, "register", "register a version")
        self.ledger.append(Change(event=event, documents=documents, pins=pins))

    def shelf(self, number: int = 1) -> dict[str, bytes]:
        """The files of a version as the store has them: to damage."""
        return self.artifacts.contents[f"m-{number:032x}"]

    def verify(self, number: int = 1, *, depth: Depth = "full") -> Verification:
        return verify_version(VersionReference("support", number), self.evidence, depth=depth)

    def on_disk(self) -> MlflowArtifacts:
        """Lays the shelves out as MLflow does and returns what reads them."""
        database = self.root / "mlflow.db"
        with closing(sqlite3.connect(database)) as db:
            db.execute(TABLE)
            for model_id, files in self.artifacts.contents.items():
                folder = self.root / "mlartifacts" / "models" / model_id / "artifacts"
                for name, content in files.items():
                    (folder / name).parent.mkdir(parents=True, exist_ok=True)
                    (folder / name).write_bytes(content)
                row = (model_id, folder.as_uri(), "active")
                db.execute("INSERT INTO logged_models VALUES (?, ?, ?)", row)
            db.commit()
        place = MlflowPlace.at(f"sqlite:///{database}", home=self.root, scratch=self.root)
        return MlflowArtifacts(place)


def _dataset(content: DataContent) -> Dataset:
    return Dataset(
        **dict(content), role="train", name="train", pointer=f"{content.path}.dvc",
        records_root={"unknown": "not indexed"},
    )  # fmt: skip


def _sha256(content: bytes) -> str:
    return digest_bytes(content).removeprefix("sha256:")
