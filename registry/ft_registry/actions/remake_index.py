"""Makes an index of examples again from the data that it names, and takes it if it is the same."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from ft_registry.actions.examine import examine, sources_of
from ft_registry.actions.look import Look, Tombstones
from ft_registry.actions.recorded_indexes import RecordedIndex
from ft_registry.errors import BackendUnavailable, FtRegistryError, NotFound
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
    is_open: bool = False
    """Whether that may pass: a disk is full, a place does not answer."""


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
        try:
            found = self._put(one)
        except BackendUnavailable as error:
            return Remade(reason=error.message, is_open=True)
        except FtRegistryError as error:
            return Remade(reason=error.message)
        except OSError as error:
            why = f"{error.filename or 'it'} cannot be used: {error.strerror or error}"
            return Remade(reason=why, is_open=True)
        file = self.cache.get(one.index.sha256.removeprefix("sha256:"))
        if file is None:
            return Remade(reason=f"what is made from the data is another file, sha256:{found}")
        return Remade(file)

    def _put(self, one: RecordedIndex) -> str:
        """Puts what is made into the cache if it is the index; returns the SHA-256 of what it is.

        Raises:
            FtRegistryError: The data or the secret is not here, or nothing can be written.
        """
        index, content = one.index, one.snapshot.content
        secret = self._secret(index.key) if index.key else None
        profile = one.snapshot.profile
        known = titled_format(profile.format) if profile is not None else None
        look = Look(
            format=known.name if known is not None else "", sensitive=False,
            subject=index.subject, key=secret.value if secret else None,
        )  # fmt: skip
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
                return self.cache.put(aside / "index", index.sha256.removeprefix("sha256:"))

    def _secret(self, name: str) -> Secret:
        found = next((one for one in self.secrets() if one.name == name), None)
        if found is None:
            raise NotFound(f"the secret {name} of its hashes is not here")
        return found
