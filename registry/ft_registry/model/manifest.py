"""Manifests: a folder or file as a list of names, sizes and SHA-256.

The digest of a manifest is the digest of the canonical JSON of its entries sorted by path, so that
it covers names, sizes and content, and can be recomputed with any SHA-256 tool and ten lines of
script.
"""

from collections.abc import Iterable
from typing import Annotated

from pydantic import AfterValidator, Field

from ft_registry.model.canonical import digest, digest_bytes
from ft_registry.model.document import Part


def relative_path(text: str) -> str:
    """Returns the text if it is a normalised POSIX path below its root.

    Raises:
        ValueError: It is absolute, empty, leaves the root, or holds `.` or empty parts or NUL.
    """
    # Plain text, not pathlib: a long history holds tens of thousands of paths.
    if "\0" in text or not {"", ".", ".."}.isdisjoint(text.split("/")):
        raise ValueError(f"expected a relative path without '..', found {text!r}")
    return text


RelativePath = Annotated[str, AfterValidator(relative_path)]
Sha256Hex = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Md5Hex = Annotated[str, Field(pattern=r"^[0-9a-f]{32}(\.dir)?$")]
"""An MD5 as DVC writes it; a directory's ends with ``.dir``."""
Digest = Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")]


class FileEntry(Part):
    """One file of a manifest."""

    path: RelativePath
    size: Annotated[int, Field(ge=0)]
    """Bytes."""
    sha256: Sha256Hex


def entry_of(path: str, content: bytes) -> FileEntry:
    """Returns the entry of a file with these bytes."""
    hexadecimal = digest_bytes(content).removeprefix("sha256:")
    return FileEntry(path=path, size=len(content), sha256=hexadecimal)


def manifest_digest(files: Iterable[FileEntry]) -> str:
    """Returns the digest of a set of files."""
    entries = sorted(files, key=lambda entry: entry.path)
    return digest([{"path": e.path, "sha256": e.sha256, "size": e.size} for e in entries])
