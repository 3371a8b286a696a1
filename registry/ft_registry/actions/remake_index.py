"""Makes an index of examples again from the data that it names, and takes it if it is the same."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from ft_registry.actions.examine import examine, sources_of
from ft_registry.actions.look import Look, Tombstones
from ft_registry.actions.recorded_indexes import RecordedIndex
from ft_registry.errors import FtRegistryError
from ft_registry.examples.titles import titled_format
from ft_registry.model.secret import Secret
from ft_registry.ports.byte_cache import ByteCache
from ft_registry.ports.data import DataStore
from ft_registry.ports.example_index import IndexFiles
from ft_registry.ports.executor import Executor


@dataclass(frozen=True)
class Remade:
    """What came of it."""

    file: Path | None = None
    """The index, byte for byte; None: see `reason`."""
    reason: str = ""


@dataclass(frozen=True)
class IndexMaker:
    """What an index is made from."""

    data: DataStore
    indexes: Callable[[], IndexFiles]
    cache: ByteCache
    """Takes what was made."""
    executor: Callable[[], Executor]
    secrets: Callable[[], tuple[Secret, ...]]
    """All that are here."""
    scratch: Path
    """A folder for what is thrown away."""

    def make(self, one: RecordedIndex) -> Remade:
        """Returns the index, made from bytes of the data that were hashed on their way.

        The same examples give the same bytes, unless another release reads them otherwise: then
        what comes out is not what is on record, and is not taken.
        """
        index, content = one.index, one.snapshot.content
        secret = next((own for own in self.secrets() if own.name == index.key), None)
        if index.key and secret is None:
            return Remade(reason=f"the secret {index.key} of its hashes is not here")
        profile = one.snapshot.profile
        known = titled_format(profile.format) if profile is not None else None
        look = Look(
            format=known.name if known is not None else "", sensitive=False,
            subject=index.subject, key=secret.value if index.key and secret else None,
        )  # fmt: skip
        sha256 = index.sha256.removeprefix("sha256:")
        try:
            self.scratch.mkdir(parents=True, exist_ok=True)
            with TemporaryDirectory(prefix="data-", dir=self.scratch) as folder:
                place = Path(folder).resolve() / Path(content.path).name
                self.data.bring(content.path, content.key, place)
                with self.indexes().writer(key=index.key) as writer, self.cache.scratch() as aside:
                    examine(
                        sources_of(place), look, executor=self.executor(), writer=writer,
                        tombstones=Tombstones(),
                    )  # fmt: skip
                    writer.finish(aside / "index")
                    found = self.cache.put(aside / "index", sha256)
        except FtRegistryError as error:
            return Remade(reason=error.message)
        except OSError as error:
            return Remade(reason=f"it cannot be written: {error.strerror or error}")
        file = self.cache.get(sha256)
        if file is None:
            return Remade(reason=f"what is made from the data is another file, sha256:{found}")
        return Remade(file)
