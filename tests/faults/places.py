"""What commands are cut off at: places made once and copied, and what is compared afterwards."""

import contextlib
import json
import re
import shutil
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.cli.project import Project, items, jsonl, move_artifacts, tree_digests

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
        self.project.write(
            ".dvc/config.local",
            f"[core]\n    remote = store\n['remote \"store\"']\n    url = {store}\n",
        )
        config = self.project.root / ".git" / "config"
        text = config.read_text()
        if "[remote" in text:
            line = f"\turl = {self.folder / 'origin.git'}"
            config.write_text(re.sub(r"(?m)^\turl = .*$", line, text))

    def state(self) -> dict[str, Any]:
        """Everything that a command leaves behind, but for ids, times and unreachable bytes."""
        return {
            "ledger": self._ledger(),
            "events": [_same(subject) for subject in self.project.events()],
            "mlflow": self._mlflow(),
            "files": self._files(),
            "index": self.project.git("status", "--porcelain=v1"),
        }

    def _ledger(self) -> list[str]:
        names = self.project.git("ls-tree", "-r", "--name-only", "ft-registry").splitlines()
        return sorted(
            f"{_same(name)}: {_same(self.project.git('show', f'ft-registry:{name}'))}"
            for name in names
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


def _moved_by_hand(place: Place) -> None:
    with contextlib.closing(sqlite3.connect(place.project.root / "mlflow.db")) as db, db:
        db.execute("UPDATE registered_model_aliases SET version = 1")
        db.execute("UPDATE model_versions SET description = 'by hand' WHERE version = 2")


def _version_by_hand(place: Place) -> None:
    place.project.client().delete_model_version("m", "1")


def _shared(place: Place) -> None:
    project = place.project
    origin = place.folder / "origin.git"
    project.git("init", "--quiet", "--bare", str(origin))
    project.git("remote", "add", "origin", str(origin))
    project.write("ft-registry.toml", 'ledger_remote = "origin"\n')
    project.commit("ft-registry.toml")
    project.git("push", "--quiet", "origin", "main", "ft-registry")


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
    "register": Scenario(
        "fresh", ("register", "m", "ad1", *_DATA, "--eval", "dates.jsonl"),
        lambda place: place.project.done("data", "snapshot", "data/train.jsonl"),
    ),
    "register-next": Scenario(
        "seeded", ("register", "m", "ad3", *_DATA, "--eval", "more.jsonl"), _with_more
    ),
    "promote": Scenario(
        "seeded", ("promote", "m/1", "--to", "staging", "--reason", "it is good")
    ),
    "promote-shared": Scenario(
        "seeded", ("promote", "m/1", "--to", "champion", "--reason", "it is good"), _shared
    ),
    "rollback": Scenario(
        "seeded", ("rollback", "m@champion", "--reason", "worse"), once_only=True
    ),
    "restore": Scenario("seeded", ("restore", "m/2", "--into", "../restored")),
    "snapshot": Scenario(
        "seeded", ("data", "snapshot", "data/more.jsonl", "--push"), _with_more
    ),
    "sync": Scenario("seeded", ("sync",), _lost_by_hand),
    "sync-win": Scenario("seeded", ("sync", "--restore"), _moved_by_hand),
    "sync-restore": Scenario("seeded", ("sync", "--restore"), _version_by_hand),
    "eval-add": Scenario("seeded", ("eval", "add", "m/2", "more.jsonl"), _with_more),
}  # fmt: skip
