"""Looks at the base of a version, where it is near: a folder here, or another version."""

from pathlib import Path

from ft_registry.actions.holdings import Holdings
from ft_registry.errors import FtRegistryError, IntegrityError, NotFound, Refused
from ft_registry.model.canonical import digest_bytes
from ft_registry.model.manifest import manifest_digest, relative_path
from ft_registry.model.record import FolderBase, VersionBase, VersionRecord
from ft_registry.model.reference import VersionReference, parse_reference
from ft_registry.model.verification import Depth, Finding
from ft_registry.readers.files import hash_folder


class BaseLook:
    """Looks at the bases of many versions; a folder that they share is read once.

    Args:
        holdings: Know the versions.
        top: The top level of the work tree.
        depth: How closely to look.
    """

    def __init__(self, holdings: Holdings, top: Path, depth: Depth) -> None:
        self._holdings = holdings
        self._top = top
        self._depth = depth
        self._folders: dict[str, str | FtRegistryError] = {}

    def look(self, record: VersionRecord) -> list[Finding]:
        """Returns what became of a base; nothing of one that only a hub has."""
        base = record.base
        if isinstance(base, FolderBase):
            return [self._folder(base, record.reference)]
        if isinstance(base, VersionBase):
            return [self._version(base, record.reference)]
        return []

    def _folder(self, base: FolderBase, subject: str) -> Finding:
        """The registry never had its bytes: where the folder is gone nothing can be said."""
        try:
            folder = self._top / relative_path(base.id)
        except ValueError as error:
            return Finding("base", base.id, "unknown", subject, found=str(error))
        place = str(folder)
        if not folder.is_dir():
            why = "there is no such folder in this clone"
            return Finding("base", base.id, "unknown", subject, place, base.digest, why)
        if self._depth == "fast":
            return Finding("base", base.id, "ok", subject, place)
        found = self._hash(folder)
        if isinstance(found, FtRegistryError):
            return Finding("base", base.id, "unknown", subject, place, base.digest, found.message)
        if found == base.digest:
            return Finding("base", base.id, "ok", subject, place)
        return Finding("base", base.id, "changed", subject, place, base.digest, found)

    def _hash(self, folder: Path) -> str | FtRegistryError:
        if str(folder) not in self._folders:
            try:
                digest = manifest_digest(hash_folder(folder.resolve(), follow_links=True))
                self._folders[str(folder)] = digest
            except (NotFound, Refused, IntegrityError) as error:
                self._folders[str(folder)] = error
        return self._folders[str(folder)]

    def _version(self, base: VersionBase, subject: str) -> Finding:
        version = base_version(base)
        content = self._holdings.record(version) if version else None
        if content is None:
            return Finding(
                "document", base.version, "missing", subject, "", base.record, "no record"
            )
        found = digest_bytes(content)
        if found == base.record:
            return Finding("document", base.version, "ok", subject)
        return Finding("document", base.version, "changed", subject, "", base.record, found)


def base_version(base: VersionBase) -> VersionReference | None:
    """Returns the version that a base names; None when it names none."""
    try:
        reference = parse_reference(base.version)
    except FtRegistryError:
        return None
    return reference if isinstance(reference, VersionReference) else None
