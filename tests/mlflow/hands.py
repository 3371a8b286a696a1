"""A registry of three versions whose MLflow people work on by hand, and what `sync` makes of it."""

import contextlib
import shutil
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.cli.project import Project, items, tree_digests

from ft_registry.actions.plan_sync import Mode
from ft_registry.actions.sync import Synced
from ft_registry.model.drift import Drift
from ft_registry.workspace import Workspace

DATA = ("data/train.jsonl", "data/dates.jsonl:eval")


def make_three(folder: Path, with_data: Path) -> None:
    """Makes m/1 (scored), m/2 and m/3; champion moved from 1 to 3."""
    project = Project.copy(with_data, folder)
    project.write("dates.jsonl", items())
    project.adapter("ad3")
    workspace = project.workspace()
    project.register(
        "m", "ad1", data=DATA, evaluations=("dates.jsonl",), method="sft", workspace=workspace
    )
    for name in ("ad2", "ad3"):
        project.register("m", name, data=DATA[:1], method="sft", workspace=workspace)
    for number in (1, 3):
        workspace.move(workspace.plan_promotion(f"m/{number}", "champion"))


@dataclass
class Hands:
    """One registry, and hands in its MLflow."""

    project: Project
    settings: Mapping[str, str] = field(default_factory=dict)
    model: str = "m"

    @property
    def workspace(self) -> Workspace:
        """The workspace, opened anew."""
        return self.project.workspace(**self.settings)

    @property
    def client(self) -> Any:
        """MLflow's client."""
        from ft_registry.backends.mlflow.connection import connect

        return connect(self.workspace.mlflow)

    @property
    def database(self) -> Path:
        return self.project.root / "mlflow.db"

    def sql(self, *statements: str) -> None:
        """Runs SQL on MLflow's database."""
        with contextlib.closing(sqlite3.connect(self.database)) as db, db:
            for statement in statements:
                db.execute(statement)

    def back_up(self) -> Path:
        """Copies the database as it is now."""
        copy = self.database.with_name("backup.db")
        with (
            contextlib.closing(sqlite3.connect(self.database)) as db,
            contextlib.closing(sqlite3.connect(copy)) as to,
        ):
            db.backup(to)
        return copy

    def lose_database(self, instead: Path | None = None) -> None:
        """Removes the database, and puts another one in its place."""
        forget_connections()
        for rest in ("", "-wal", "-shm", "-journal"):
            self.database.with_name(f"mlflow.db{rest}").unlink(missing_ok=True)
        if instead is not None:
            shutil.copyfile(instead, self.database)

    def drift(self) -> list[Drift]:
        """What `status` names."""
        found = self.workspace.status()
        assert not found.unchecked, found.unchecked
        return list(found.drift)

    def kinds(self) -> list[tuple[str, str]]:
        return [(drift.kind, drift.name) for drift in self.drift()]

    def sync(self, mode: Mode = "mend") -> Synced:
        """Syncs here, whatever it leaves."""
        workspace = self.workspace
        return workspace.sync(workspace.plan_sync(mode))

    def restore_as_process(self) -> None:
        """The same in a process of its own: MLflow keeps what it knew of a database for ever."""
        forget_connections()
        outcome = self.project.cli("sync", "--restore")
        assert outcome.code == 0, outcome.stderr
        assert self.drift() == []

    def restore(self) -> Synced:
        """Syncs so that the ledger wins, which must leave nothing."""
        done = self.sync("restore")
        assert done.failure is None, done.failure
        assert self.drift() == []
        again = self.sync("restore")
        assert (again.done, again.plan.drift) == ((), ())
        return done

    def versions(self) -> dict[int, Any]:
        """MLflow's versions by number."""
        found = self.client.search_model_versions(f"name = '{self.model}'")
        return {int(version.version): version for version in found}

    def champion(self) -> int:
        """The version that MLflow's champion names."""
        return int(self.client.get_model_version_by_alias(self.model, "champion").version)

    def loads(self, number: int, source: str, into: Path) -> None:
        """Proves that MLflow hands out under a number what was registered from a folder."""
        from mlflow.artifacts import download_artifacts

        from ft_registry.backends.mlflow.connection import as_default

        with as_default(self.workspace.mlflow):
            uri = f"models:/{self.model}/{number}"
            got = Path(download_artifacts(artifact_uri=uri, dst_path=str(into)))
        assert tree_digests(got / "adapter") == tree_digests(self.project.root / source)

    def register_natively(self, like: int) -> None:
        """Creates a version in MLflow alone, with the bytes of another one."""
        self.native(self.versions()[like].source)

    def native(self, source: str) -> None:
        """Creates a version in MLflow alone."""
        from ft_registry.backends.mlflow.connection import as_default

        with as_default(self.workspace.mlflow):
            self.client.create_model_version(
                self.model, source, model_id=source.removeprefix("models:/")
            )


def forget_connections() -> None:
    """Lets MLflow in this process open its databases anew."""
    from mlflow.store.model_registry.sqlalchemy_store import SqlAlchemyStore as Registry
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore as Tracking

    for engine in (*Registry._engine_map.values(), *Tracking._engine_map.values()):
        engine.dispose()
