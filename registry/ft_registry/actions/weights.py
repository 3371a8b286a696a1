"""Finds the weights of a version where they lie, every byte held against the record."""

from pathlib import Path

from ft_registry.actions.resolve import FiledRecord
from ft_registry.errors import IntegrityError, NotFound, Refused
from ft_registry.model.home import Home
from ft_registry.ports.artifacts import ArtifactStore, Shelf
from ft_registry.readers.files import hash_folder


def find_weights(
    filed: FiledRecord, home: Home, shelf: Shelf, artifacts: ArtifactStore, scratch: Path
) -> Path:
    """Returns a folder with the weights of a version, each file at its digest.

    Args:
        filed: The version's record.
        home: Where its bytes lie.
        shelf: What lies there.
        artifacts: Fetches what does not lie on this machine.
        scratch: A folder for what is fetched.

    Raises:
        NotFound: A file is nowhere.
        IntegrityError: It has other bytes than on record.
        BackendUnavailable: The store does not answer.
    """
    record = filed.record
    folder = record.artifact.folder
    wanted = {f"{folder}/{entry.path}": entry.size for entry in record.artifact.files}
    there = {name: size for name, size in shelf.sizes.items() if name.startswith(f"{folder}/")}
    lost = sorted(wanted.keys() - there.keys())
    if lost:
        raise NotFound(
            f"expected {lost[0]} of {record.reference} in {shelf.shown}, found no such file"
            + (f" ({len(lost)} files are lost)" if len(lost) > 1 else "")
        )
    root = shelf.folder / folder if shelf.folder is not None else None
    if root is None or there.keys() != wanted.keys() or shelf.odd:
        artifacts.fetch(home, sorted(wanted), scratch)
        root = scratch / folder
    try:
        files = hash_folder(root)
    except Refused as error:
        raise IntegrityError(error.message) from error
    if files != record.artifact.files:
        expected = {entry.path: entry for entry in record.artifact.files}
        wrong = sorted(entry.path for entry in files if expected.get(entry.path) != entry)
        raise IntegrityError(
            f"expected {folder}/{wrong[0] if wrong else ''} of {record.reference} in {shelf.shown} "
            "as it was recorded, found other bytes"
        )
    return root
