"""Bytes of logged models in memory, with the contract of `ports.artifacts.ArtifactStore`.

It stands for a store on another machine: a shelf has no folder, the bytes come by `fetch`. What a
test writes into `contents` is what the store hands out, whoever put it there.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ft_registry.errors import BackendUnavailable, NotFound
from ft_registry.model.home import Home
from ft_registry.ports.artifacts import Shelf


@dataclass
class MemoryArtifacts:
    """What the store of models holds: `MemoryModels.contents` fits."""

    contents: dict[str, dict[str, bytes]] = field(default_factory=dict)
    """Files by path, by the id of the logged model."""
    unavailable: bool = False
    """Nothing answers."""
    forgotten: set[str] = field(default_factory=set)
    """Logged models that the store knows no more, although it has their files."""
    fetched: list[str] = field(default_factory=list)

    def shelf(self, home: Home) -> Shelf:
        sizes = {name: len(content) for name, content in self._files(home).items()}
        is_orphan = home.logged_model_id in self.forgotten
        return Shelf(f"memory:/{home.logged_model_id}", None, sizes, is_orphan=is_orphan)

    def fetch(self, home: Home, names: Sequence[str], into: Path) -> None:
        files = self._files(home)
        for name in names:
            if name in files:
                target = into / name
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(files[name])
                self.fetched.append(name)
        if absent := sorted(set(names) - set(files)):
            raise NotFound(f"expected {absent[0]} in {home.uri}, found no such file")

    def _files(self, home: Home) -> dict[str, bytes]:
        if self.unavailable:
            raise BackendUnavailable("expected the store of models to answer, found no answer")
        if home.logged_model_id not in self.contents:
            raise NotFound(f"expected {home.uri} in the store, last seen at {home.location}")
        return self.contents[home.logged_model_id]
