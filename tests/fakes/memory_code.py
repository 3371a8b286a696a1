"""Code in memory: commits as trees of files, for restoring; there is no work tree."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ft_registry.errors import NotFound
from ft_registry.model.document import Unknown
from ft_registry.ports.code import CodeChange, CodeState


@dataclass
class MemoryCode:
    """Trees by commit."""

    trees: dict[str, dict[str, bytes]] = field(default_factory=dict)
    """Files by path, by commit."""
    left_out: tuple[str, ...] = ()
    """What an export cannot write."""
    foreign: set[str] = field(default_factory=set)
    """Commits that no branch leads to."""
    url: str = ""
    patched: list[bytes] = field(default_factory=list)
    """The patches that exports were given."""

    def capture(self) -> CodeState:
        raise NotFound("expected a work tree, found none: it is in memory")

    def commit_files(self, paths: Sequence[Path], message: str) -> str | None:
        return None

    def keeps(self, path: str) -> bool:
        return any(path in tree for tree in self.trees.values())

    def read(self, path: str, *, rev: str) -> bytes | None:
        return self.trees.get(rev, {}).get(path)

    def origin(self) -> str | Unknown:
        return self.url or Unknown(unknown="there is no remote 'origin'")

    def has(self, commit: str) -> bool:
        return commit in self.trees

    def is_own(self, commit: str) -> bool:
        return self.has(commit) and commit not in self.foreign

    def between(self, old: str, new: str) -> CodeChange | None:
        if not (self.has(old) and self.has(new)):
            return None
        before, after = self.trees[old], self.trees[new]
        how = {
            path: "D" if path not in after else "A" if path not in before else "M"
            for path in before.keys() | after.keys()
            if before.get(path) != after.get(path)
        }
        commits = ((new, ""),) if old != new else ()
        return CodeChange(commits, 0, tuple((how[path], path) for path in sorted(how)))

    def export(self, commit: str, patch: bytes, into: Path) -> tuple[str, ...]:
        if not self.has(commit):
            raise NotFound(f"expected the commit {commit}", hints=["git fetch it"])
        self.patched.append(patch)
        for name, content in self.trees[commit].items():
            (into / name).parent.mkdir(parents=True, exist_ok=True)
            (into / name).write_bytes(content)
        return self.left_out
