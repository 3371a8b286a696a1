"""The hashes of what was erased."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Erased:
    """The hashes of what was erased, made with one secret. Travels to other processes."""

    key: bytes | None = None
    """The secret; None: they are plain."""
    exact: bytes = b""
    """Of examples, 16 bytes each."""
    normal: bytes = b""
    """Of the same, 8 bytes each."""
    subjects: bytes = b""
    """Of persons of whom nothing may be learnt, 8 bytes each."""
