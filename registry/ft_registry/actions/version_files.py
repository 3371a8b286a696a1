"""Hands out files of the data that a version was made from, each verified before it is read.

A file is known by its SHA-256. A folder's SHA-256 is that of its manifest, so the manifest is kept
like a file, and the folder's files after it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from ft_registry.errors import IntegrityError, InvalidInput, NotFound, Refused
from ft_registry.model.canonical import canonical_bytes, parse_json
from ft_registry.model.manifest import FileEntry
from ft_registry.model.record import VersionRecord
from ft_registry.model.snapshot import Dataset
from ft_registry.ports.byte_cache import ByteCache
from ft_registry.ports.data import DataStore
from ft_registry.readers.files import hash_folder

_FOLDER = ".dir"
"""How DVC's hash of a folder ends."""


@dataclass(frozen=True)
class VersionFile:
    """One file of a version's data, or a folder of them."""

    address: str
    """Below the version: ``train.jsonl``, or ``corpus/part-1.jsonl``."""
    size: int
    """Bytes."""
    is_folder: bool
    sha256: str
    """In hexadecimal; of a folder that of its manifest."""


class VersionFiles:
    """The data of one version, by address.

    The first part of an address is the last part of the data's path in the repository, or its name,
    or its role, in this order; what comes after it is a path inside a folder.

    Args:
        record: The version's record.
        data: Brings the bytes.
        cache: Keeps them.
    """

    def __init__(self, record: VersionRecord, *, data: DataStore, cache: ByteCache) -> None:
        self._record = record
        self._data = data
        self._cache = cache

    def below(self, address: str = "") -> list[VersionFile]:
        """Returns what lies at an address: one file, or what is in a folder.

        Raises:
            NotFound: There is nothing.
            InvalidInput: Several datasets are meant.
            Refused, IntegrityError, BackendUnavailable: See `open`; a folder is brought to be
                looked into.
        """
        if not address:
            return [self._top(dataset) for dataset in self._record.data]
        dataset, inner = self._find(address)
        first = address.partition("/")[0]
        if not dataset.key.endswith(_FOLDER):
            return [self._single(dataset, first, inner)]
        entries = self._manifest(dataset)
        if not inner:
            return [_listed(first, entry) for entry in entries]
        found = [e for e in entries if e.path == inner or e.path.startswith(f"{inner}/")]
        if not found:
            raise self._missing(address, [entry.path for entry in entries])
        return [_listed(first, entry) for entry in found]

    def find(self, address: str) -> VersionFile:
        """Returns what an address names.

        Raises:
            NotFound, InvalidInput, Refused, IntegrityError, BackendUnavailable: See `below`.
        """
        dataset, inner = self._find(address)
        first = address.partition("/")[0]
        if not dataset.key.endswith(_FOLDER):
            return self._single(dataset, first, inner)
        if not inner:
            return self._top(dataset, first)
        found = self.below(address)
        if found[0].address == address:
            return found[0]
        return VersionFile(address, sum(file.size for file in found), True, "")

    def open(self, address: str) -> Path:
        """Returns a copy of a file, after hashing every byte of it.

        Raises:
            NotFound: There is no such file, or no place has its bytes.
            InvalidInput: Several datasets are meant, or it is a folder.
            Refused: Its bytes stay at their source: no SHA-256 names them.
            IntegrityError: Every place that has it has other bytes.
            BackendUnavailable: It may be in a remote that does not answer.
        """
        file = self.find(address)
        if file.is_folder:
            raise InvalidInput(f"expected a file, found the folder {address}")
        dataset, _ = self._find(address)
        known = self._cache.get(file.sha256)
        if known is None:
            self._bring(dataset)
            known = self._cache.get(file.sha256)
        if known is None:
            raise NotFound(
                f"expected to keep {address} in the cache, found that it went at once",
                hints=["is the disk full?"],
            )
        return known

    def _find(self, address: str) -> tuple[Dataset, str]:
        first, _, inner = address.strip("/").partition("/")
        data = self._record.data
        for meant in (
            [one for one in data if PurePosixPath(one.path).name == first],
            [one for one in data if one.name == first],
            [one for one in data if one.role == first],
        ):
            if len({one.identity for one in meant}) > 1:
                names = ", ".join(f"{one.name} ({one.role}, {one.path})" for one in meant)
                raise InvalidInput(
                    f"expected one dataset of {self._record.reference} called {first!r}, found "
                    f"{names}",
                    hints=["write a name or a role that only one of them has"],
                )
            if meant:
                return meant[0], inner
        raise self._missing(address, [PurePosixPath(one.path).name for one in data])

    def _missing(self, address: str, there: Sequence[str]) -> NotFound:
        return NotFound(
            f"expected {address!r} in the data of {self._record.reference}, found "
            f"{', '.join(there[:5]) or 'none'}{' ...' * (len(there) > 5)}"
        )

    def _top(self, dataset: Dataset, address: str = "") -> VersionFile:
        return VersionFile(
            address=address or PurePosixPath(dataset.path).name,
            size=dataset.dvc.size,
            is_folder=dataset.key.endswith(_FOLDER),
            sha256=_sha256(dataset),
        )

    def _single(self, dataset: Dataset, first: str, inner: str) -> VersionFile:
        if inner:
            raise self._missing(f"{first}/{inner}", [first])
        return self._top(dataset, first)

    def _manifest(self, dataset: Dataset) -> list[FileEntry]:
        known = self._cache.get(_sha256(dataset))
        if known is None:
            self._bring(dataset)
            known = self._cache.get(_sha256(dataset))
        if known is None:
            return []
        entries = parse_json(known.read_bytes(), what=f"the manifest of {dataset.path}")
        return [FileEntry.model_validate(entry) for entry in entries]

    def _bring(self, dataset: Dataset) -> None:
        """Puts a dataset into the cache, if all of it is what the record says."""
        expected = _sha256(dataset)
        with self._cache.scratch() as folder:
            target = folder.resolve() / "data"
            self._data.bring(dataset.path, dataset.key, target)
            if not target.is_dir():
                found = self._cache.put(target, expected)
                _check(dataset, expected, found)
                return
            entries = sorted(hash_folder(target), key=lambda entry: entry.path)
            manifest = folder / "manifest.json"
            manifest.write_bytes(
                canonical_bytes(
                    [{"path": e.path, "sha256": e.sha256, "size": e.size} for e in entries]
                )
            )
            _check(dataset, expected, self._cache.put(manifest, expected))
            for entry in entries:
                self._cache.put(target / entry.path, entry.sha256)


def _listed(first: str, entry: FileEntry) -> VersionFile:
    return VersionFile(f"{first}/{entry.path}", entry.size, False, entry.sha256)


def _check(dataset: Dataset, expected: str, found: str) -> None:
    if found != expected:
        raise IntegrityError(
            f"expected {dataset.path} (md5 {dataset.key}) at sha256 {expected}, found {found}",
            hints=["ft-registry verify says which places have it damaged"],
        )


def _sha256(dataset: Dataset) -> str:
    if isinstance(dataset.sha256, str):
        return dataset.sha256.removeprefix("sha256:")
    raise Refused(
        f"expected data whose bytes are on record, found that {dataset.path} has no SHA-256: "
        f"{dataset.sha256.unknown}",
    )
