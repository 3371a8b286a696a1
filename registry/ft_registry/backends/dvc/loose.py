"""Data in a folder that is no git repository, such as a container's: hashed where it lies."""

from pathlib import Path

from ft_registry.backends.dvc.content import hash_data
from ft_registry.backends.dvc.pointers import Pointer, find_pointer
from ft_registry.errors import IntegrityError, InvalidInput, NotFound
from ft_registry.model.document import Unknown
from ft_registry.model.snapshot import DataContent
from ft_registry.ports.data import TrackedData

_POINTER_ALONE = Unknown(unknown="the bytes were not there: only their pointer named them")


class LooseData:
    """Data below a folder, with DVC's pointers or without them.

    Args:
        top: The folder from which paths count.
    """

    def __init__(self, top: Path) -> None:
        self._top = top

    def describe(self, path: Path, *, rev: str | None = None) -> TrackedData:
        """Returns data after hashing every byte of it.

        A pointer that stands alone names data too: its MD5 is all that is known then.

        Raises:
            InvalidInput: A revision was named.
            NotFound: There is neither data nor a pointer to it.
            Refused: It holds what is no file, or the pointer is malformed.
            IntegrityError: The bytes are not what the pointer says.
        """
        if rev is not None:
            raise InvalidInput(
                f"expected data as it is here, found the revision {rev!r}: there is no git "
                "repository to look in",
                hints=["leave '@REV' away, or run this in a clone"],
            )
        root, name = self._located(path)
        pointer = find_pointer(name, lambda file: _read(root / file))
        own = pointer if pointer is not None and pointer.path == name else None
        if not (root / name).exists():
            return _alone(own, name)
        found = hash_data(root / name)
        if own is not None and own.hash.md5 != found.dvc.md5:
            raise IntegrityError(
                f"expected {name} at md5 {own.hash.md5} ({own.file}), found {found.dvc.md5}",
                hints=["dvc checkout or dvc pull brings what the pointer names"],
            )
        content = DataContent(path=name, dvc=found.dvc, sha256=found.sha256, rows=found.rows)
        return TrackedData(content=content, pointer=own.file if own else "")

    def _located(self, path: Path) -> tuple[Path, str]:
        """Returns the folder that a path counts from, and the path: its name alone, outside."""
        absolute = path.parent.resolve() / path.name
        if absolute.is_relative_to(self._top):
            return self._top, absolute.relative_to(self._top).as_posix()
        return absolute.parent, absolute.name


def _alone(pointer: Pointer | None, name: str) -> TrackedData:
    if pointer is None:
        raise NotFound(f"expected data or its pointer, found neither {name} nor {name}.dvc")
    content = DataContent(path=name, dvc=pointer.hash, sha256=_POINTER_ALONE, rows=_POINTER_ALONE)
    return TrackedData(content=content, pointer=pointer.file)


def _read(file: Path) -> bytes | None:
    return file.read_bytes() if file.is_file() else None
