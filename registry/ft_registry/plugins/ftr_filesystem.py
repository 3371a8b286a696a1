"""``ftr://NAME/2/train.jsonl``: the data of a version, for whatever reads through fsspec.

Read only. Every byte of a file is verified against the record before the first one is given out.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from fsspec import AbstractFileSystem

if TYPE_CHECKING:
    from ft_registry.actions.version_files import VersionFile, VersionFiles


class FtrFileSystem(AbstractFileSystem):  # type: ignore[misc]
    """The data of versions as files: ``NAME/2/...``, ``NAME/latest/...``, ``NAME@champion/...``.

    Args:
        root: A folder in the registry's repository; None: the current one, each time.
        options: fsspec's own.
    """

    protocol = "ftr"

    def __init__(self, root: str | None = None, **options: Any) -> None:
        super().__init__(**options)
        self._root = root

    def info(self, path: str, **_: Any) -> dict[str, Any]:
        """Returns what a path names; the SHA-256 serves as its ETag.

        Raises:
            FileNotFoundError: There is no such version, or no such data in it.
            FtRegistryError: It cannot be told.
        """
        version, address = self._split(path)
        with _as_files():
            files = self._files(version)
            if not address:
                return {"name": version, "size": 0, "type": "directory"}
            return _entry(version, files.find(address))

    def ls(self, path: str, detail: bool = True, **_: Any) -> list[Any]:
        """Returns what lies in a version, or in a folder of its data.

        Raises:
            FileNotFoundError, FtRegistryError: See `info`.
        """
        version, address = self._split(path)
        with _as_files():
            found = [_entry(version, file) for file in self._files(version).below(address)]
        return found if detail else [entry["name"] for entry in found]

    def checksum(self, path: str) -> str:
        """Returns the SHA-256 of a file."""
        return str(self.info(path)["ETag"])

    def ukey(self, path: str) -> str:
        """Returns what changes when the file does."""
        return self.checksum(path)

    def _open(self, path: str, mode: str = "rb", **_: Any) -> BinaryIO:
        if mode != "rb":
            raise PermissionError(
                f"expected to read {path}, found mode {mode!r}: the data of a version stays as it "
                "is"
            )
        version, address = self._split(path)
        with _as_files():
            return self._files(version).open(address).open("rb")

    def _split(self, path: str) -> tuple[str, str]:
        text = str(self._strip_protocol(path)).strip("/")
        first, _, rest = text.partition("/")
        if "@" in first:
            return first, rest
        number, _, address = rest.partition("/")
        return f"{first}/{number}", address

    def _files(self, version: str) -> "VersionFiles":
        from ft_registry.workspace import Workspace

        root = Path(self._root) if self._root is not None else None
        return Workspace.open(root).datasets.of_version(version)


def _entry(version: str, file: "VersionFile") -> dict[str, Any]:
    return {
        "name": f"{version}/{file.address}",
        "size": file.size,
        "type": "directory" if file.is_folder else "file",
        "ETag": file.sha256,
    }


@contextmanager
def _as_files() -> Iterator[None]:
    """Tells of what is not there as file systems do."""
    from ft_registry.errors import InvalidInput, NotFound

    try:
        yield
    except (NotFound, InvalidInput) as error:
        hints = "".join(f"; {hint}" for hint in error.hints)
        raise FileNotFoundError(f"{error.message}{hints}") from error
