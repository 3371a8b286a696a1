"""What commands are cut off at: places made once and copied, and what is compared afterwards."""

import contextlib
import io
import json
import re
import shutil
import sqlite3
import subprocess
import tarfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.cli.project import Project, items, jsonl, move_artifacts, tree_digests

from ft_registry.readers.files import hash_file

_CHANGING = re.compile(
    r"[0-9a-f]{12,64}"  # digests, ids of runs and models, commits, nonces
    r"|\d{4}-\d\d-\d\dT[0-9:.]+Z?|\d{8}T\d{6}[0-9Z]*"
    r"|/[^\s\"']*/(?:project|store|origin\.git)"  # where this copy lies
)
_NOT_WORK = (".git", ".dvc/tmp", ".dvc/config.local", "mlflow.db", "mlartifacts")
_DATA = ("--data", "data/train.jsonl", "--method", "sft")


@dataclass(frozen=True)
class Place:
    """A registry, with the DVC remote and the shared ledger beside it."""

    folder: Path

    @property
    def project(self) -> Project:
        """The registry."""
        return Project(self.folder / "project")

    def copy(self, folder: Path) -> "Place":
        """Returns a copy that stands by itself."""
        shutil.copytree(self.folder, folder, symlinks=True)
        there = Place(folder)
        root = there.project.root
        if (root / "mlflow.db").exists():
            move_artifacts(root / "mlflow.db", self.project.root, root)
        there.settle()
        return there

    def settle(self) -> None:
        """Points DVC and git at the remotes beside the registry."""
        store = self.folder / "store"
        store.mkdir(exist_ok=True)
        if (self.project.root / ".dvc").is_dir():
            self._settle_dvc(store)
        config = self.project.root / ".git" / "config"
        text = config.read_text()
        if "[remote" in text:
            line = f"\turl = {self.folder / 'origin.git'}"
            config.write_text(re.sub(r"(?m)^\turl = .*$", line, text))

    def _settle_dvc(self, store: Path) -> None:
        self.project.write(
            ".dvc/config.local",
            f"[core]\n    remote = store\n['remote \"store\"']\n    url = {store}\n",
        )

    @property
    def has_ledger(self) -> bool:
        """Whether it is a registry already."""
        return bool(self.project.git("for-each-ref", "refs/heads/ft-registry"))

    def state(self) -> dict[str, Any]:
        """Everything that a command leaves behind, but for ids, times and unreachable bytes."""
        return {
            "ledger": self._ledger() if self.has_ledger else [],
            "events": [_same(one) for one in self.project.events()] if self.has_ledger else [],
            "mlflow": self._mlflow(),
            "files": self._files(),
            "index": self.project.git("status", "--porcelain=v1"),
            "weights": self._weights(),
        }

    def _weights(self) -> list[str]:
        """Which weights MLflow holds: a cut may leave one of them twice."""
        shelf = self.project.root / "mlartifacts"
        return sorted({hash_file(file, "sha256")[0] for file in shelf.rglob("*.safetensors")})

    def _ledger(self) -> list[str]:
        packed = subprocess.run(
            ["git", "archive", "--format=tar", "ft-registry"],
            cwd=self.project.root, capture_output=True, check=True,
        ).stdout  # fmt: skip
        with tarfile.open(fileobj=io.BytesIO(packed)) as files:
            read = {one.name: files.extractfile(one) for one in files}
            return sorted(
                f"{_same(name)}: {_same(file.read().decode())}"
                for name, file in read.items()
                if file
            )

    def _mlflow(self) -> dict[str, list[str]]:
        queries = {
            "models": "SELECT name, description FROM registered_models",
            "model tags": "SELECT name, key, value FROM registered_model_tags",
            "aliases": "SELECT name, alias, version FROM registered_model_aliases",
            "versions": "SELECT name, version, current_stage, description FROM model_versions",
            "tags": "SELECT name, version, key, value FROM model_version_tags",
        }
        with contextlib.closing(sqlite3.connect(self.project.root / "mlflow.db")) as db:
            return {
                what: sorted(_same(json.dumps(row)) for row in db.execute(query))
                for what, query in queries.items()
            }

    def _files(self) -> dict[str, str]:
        found = tree_digests(self.project.root, leave_out=_NOT_WORK)
        for name in ("restored", "store"):
            if (self.folder / name).is_dir():
                there = tree_digests(self.folder / name, leave_out=(".git",))
                found |= {f"../{name}/{path}": digest for path, digest in there.items()}
        changing = {"../restored/restored.json"}
        return {name: "a file" if name in changing else digest for name, digest in found.items()}


def _same(text: str) -> str:
    return _CHANGING.sub("~", text)


def _nothing(place: Place) -> None:
    """Leaves a place as it is."""


def _with_more(place: Place) -> None:
    place.project.adapter("ad3")
    place.project.write("more.jsonl", items(metric="f1"))
    place.project.write("data/more.jsonl", jsonl(20, word="more"))


def _lost_by_hand(place: Place) -> None:
    with contextlib.closing(sqlite3.connect(place.project.root / "mlflow.db")) as db, db:
        db.execute("DELETE FROM registered_model_aliases")
        db.execute("DELETE FROM registered_model_tags")
        db.execute("DELETE FROM model_version_tags WHERE key LIKE 'ftr.data%'")
        db.execute("UPDATE model_versions SET description = ''")


def _changed_by_hand(place: Place) -> None:
    place.project.client().delete_model_version("m", "1")
    with contextlib.closing(sqlite3.connect(place.project.root / "mlflow.db")) as db, db:
        db.execute("UPDATE registered_model_aliases SET alias = 'other'")
        db.execute("UPDATE model_versions SET description = 'by hand' WHERE version = 2")


def _damaged(place: Place) -> None:
    place.project.done("data", "snapshot", "data/train.jsonl", "--push")
    weights = hash_file(place.project.root / "ad1/adapter_model.safetensors", "sha256")
    for file in (place.project.root / "mlartifacts").rglob("*.safetensors"):
        if hash_file(file, "sha256") == weights:
            file.write_bytes(bytes(weights[1]))
    data, _ = hash_file(place.project.root / "data/train.jsonl", "md5")
    place.project.cached(data).chmod(0o644)
    place.project.cached(data).write_text("damaged")
    place.project.cached(data).chmod(0o444)


def _shared(place: Place) -> None:
    project = place.project
    origin = place.folder / "origin.git"
    project.git("init", "--quiet", "--bare", str(origin))
    project.git("remote", "add", "origin", str(origin))
    project.write("ft-registry.toml", 'ledger_remote = "origin"\n')
    project.commit("ft-registry.toml")
    project.git("push", "--quiet", "origin", "main", "ft-registry")


def _not_yet(place: Place) -> None:
    """Takes a registry back to the day before, but for the database that MLflow has made."""
    project = place.project
    project.git("reset", "--quiet", "--hard", "HEAD~1")
    project.git("update-ref", "-d", "refs/heads/ft-registry")
    for name in (".dvc", ".git/ft-registry", "mlartifacts"):
        shutil.rmtree(project.root / name, ignore_errors=True)
    (place.folder / "store").rmdir()
    project.write("ft-registry.toml", 'actor = "Ada <ada@example.org>"\n')
    origin = place.folder / "origin.git"
    project.git("init", "--quiet", "--bare", str(origin))
    project.git("remote", "add", "origin", str(origin))


@dataclass(frozen=True)
class Scenario:
    """A command, and what it starts from."""

    start: str
    """Name of the template: fresh or seeded."""
    words: tuple[str, ...]
    prepare: Callable[[Place], None] = _nothing
    once_only: bool = False
    """Whether to repeat it, once it is on record, would do another thing."""

    def make(self, folder: Path, templates: Mapping[str, Path]) -> None:
        """Makes what the command starts from."""
        folder.mkdir()
        Project.copy(templates[self.start], folder / "project")
        place = Place(folder)
        place.settle()
        self.prepare(place)


SCENARIOS = {
    "init": Scenario("fresh", ("init", "--ledger-remote", "origin"), _not_yet),
    "register": Scenario(
        "fresh", ("register", "m", "ad1", *_DATA, "--eval", "dates.jsonl"),
        lambda place: place.project.done("data", "snapshot", "data/train.jsonl"),
    ),
    "register-next": Scenario(
        "seeded", ("register", "m", "ad3", *_DATA, "--eval", "more.jsonl"), _with_more
    ),
    "promote": Scenario(
        "seeded", ("promote", "m/1", "--to", "champion", "--reason", "it is good"), _shared
    ),
    "rollback": Scenario(
        "seeded", ("rollback", "m@champion", "--reason", "worse"), once_only=True
    ),
    "restore": Scenario("seeded", ("restore", "m/2", "--into", "../restored")),
    "restore-into": Scenario(
        "seeded", ("restore", "m/2", "--into", "../restored", "--level", "R1"),
        lambda place: (place.folder / "restored").mkdir(),
    ),
    "snapshot": Scenario(
        "seeded", ("data", "snapshot", "data/more.jsonl", "--push"), _with_more
    ),
    "sync": Scenario("seeded", ("sync",), _lost_by_hand),
    "sync-restore": Scenario("seeded", ("sync", "--restore"), _changed_by_hand),
    "heal": Scenario("seeded", ("verify", "--heal"), _damaged),
    "baseline": Scenario(
        "seeded",
        ("baseline", "add", "m", "--label", "few", "--base", "org/b@1", "--eval", "more.jsonl"),
        _with_more,
    ),
    "eval-add": Scenario("seeded", ("eval", "add", "m/2", "more.jsonl"), _with_more),
}  # fmt: skip
