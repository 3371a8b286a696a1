"""Data that DVC keeps in a cache and two remotes, with the objects at hand to damage."""

import hashlib
import shutil
from dataclasses import dataclass
from pathlib import Path

from tests.cli.project import Project, jsonl, tree_digests

from ft_registry.backends.dvc.store import DvcData
from ft_registry.model.snapshot import DataContent

FILE = "data/train.jsonl"
FOLDER = "prefs"
FILES = {
    "a.jsonl": jsonl(30, word="a"),
    "deep/er/b.jsonl": jsonl(40, word="b"),
    "twin.jsonl": jsonl(30, word="a"),
    "ünï cödé": "c",
}
"""The folder: two of its files are one object."""


@dataclass(frozen=True)
class Kept:
    """A registry whose data is in the cache and in the remotes `store` (default) and `vault`."""

    root: Path

    @property
    def project(self) -> Project:
        """The registry."""
        return Project(self.root / "project")

    @property
    def places(self) -> dict[str, Path]:
        """Where objects lie, by place."""
        return {
            "cache": self.project.root / ".dvc" / "cache" / "files" / "md5",
            "store": self.root / "store" / "files" / "md5",
            "vault": self.root / "vault" / "files" / "md5",
        }

    @property
    def data(self) -> DvcData:
        """The data, as a new process would see it."""
        return self.project.workspace().data

    def content(self, path: str) -> DataContent:
        """Returns what was tracked; the work tree must still hold it."""
        return self.data.describe(self.project.root / path).content

    def place_of(self, place: str, md5: str) -> Path:
        """Returns where a place keeps an object."""
        return self.places[place] / md5[:2] / md5[2:]

    def rewrite(self, place: str, md5: str, content: bytes) -> None:
        """Puts other bytes under an object's name, read-only as DVC leaves it."""
        file = self.place_of(place, md5)
        file.chmod(0o644)
        file.write_bytes(content)
        file.chmod(0o444)

    def damage(self, place: str, md5: str, how: str) -> None:
        """Does to an object what disks do: ``flipped``, ``cut``, ``emptied`` or ``gone``."""
        content = self.place_of(place, md5).read_bytes()
        if how == "gone":
            self.place_of(place, md5).unlink()
        else:
            flipped = bytes([content[0] ^ 1]) + content[1:]
            self.rewrite(place, md5, {"flipped": flipped, "cut": content[:-1], "emptied": b""}[how])

    def configure(self, **urls: str) -> None:
        """Writes DVC's configuration: remotes by name, the first of them the default."""
        text = f"[core]\n    remote = {next(iter(urls), '')}\n"
        for name, url in urls.items():
            text += f"['remote \"{name}\"']\n    url = {url}\n"
        self.project.write(".dvc/config", text)

    def everything(self) -> dict[str, object]:
        """Returns all that reading must leave alone: project, `.dvc` with its state, remotes."""
        return {
            "state": self.project.state(),
            "HEAD": self.project.git("rev-parse", "HEAD"),
            **{name: tree_digests(self.root / name) for name in ("project/.dvc", "store", "vault")},
        }


def make_kept(folder: Path, fresh: Path) -> None:
    """Tracks a file and a folder, and pushes both to two remotes, by DVC itself."""
    folder.mkdir(parents=True)
    kept = Kept(folder)
    project = Project.copy(fresh, folder / "project")
    for name, content in FILES.items():
        project.write(f"{FOLDER}/{name}", content)
    kept.configure(store=str(folder / "store"), vault=str(folder / "vault"))
    project.dvc("add", "--quiet", FILE, FOLDER)
    project.dvc("push", "--quiet")
    project.dvc("push", "--quiet", "--remote", "vault")
    project.git("add", "-A")
    project.git("commit", "--quiet", "-m", "data")


def copy_kept(template: Path, folder: Path) -> Kept:
    """Returns a copy of one's own."""
    shutil.copytree(template, folder, symlinks=True)
    kept = Kept(folder)
    kept.configure(store=str(folder / "store"), vault=str(folder / "vault"))
    kept.project.commit(".dvc/config")
    return kept


def md5_of(content: str | bytes) -> str:
    """Returns the name of the object that holds these bytes."""
    encoded = content.encode() if isinstance(content, str) else content
    return hashlib.md5(encoded, usedforsecurity=False).hexdigest()


def configure(kept: Kept, settings: str) -> None:
    """Makes a cloud remote the only one."""
    kept.project.write(
        ".dvc/config", f"[core]\n    remote = cloud\n['remote \"cloud\"']\n    {settings}"
    )
