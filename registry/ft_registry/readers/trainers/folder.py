"""The files of a trainer, read within bounds: what was read is evidence, what was not is told."""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from pydantic_core import from_json

from ft_registry.errors import FtRegistryError, IntegrityError
from ft_registry.model.canonical import digest_bytes, parse_json
from ft_registry.model.manifest import FileEntry
from ft_registry.model.training import EvidenceFile
from ft_registry.readers.yaml_file import parse_yaml

_JSON_BYTES = 32 << 20
"""A log of a hundred thousand steps is smaller."""
_STRICT_BYTES = 1 << 20
"""Up to here a key that is given twice is noticed; only logs are longer."""
_YAML_BYTES = 128 << 10
"""The parser takes a second for more."""
_NOTES = 50
"""Sentences of what could not be read; a damaged log would have one for each line."""


class TrainerFolder:
    """A folder of weights, as far as its manifest goes.

    Args:
        root: The folder.
        files: Its manifest: no other file is opened.
    """

    def __init__(self, root: Path, files: Sequence[FileEntry]) -> None:
        self.root = root
        self._entries = {entry.path: entry for entry in files}
        self._read: dict[str, EvidenceFile] = {}
        self._left_out: dict[str, None] = {}

    @property
    def evidence(self) -> tuple[EvidenceFile, ...]:
        """What was read, by its path."""
        return tuple(one for _, one in sorted(self._read.items()))

    @property
    def left_out(self) -> tuple[str, ...]:
        """What could not be read, and why; of a great many sentences the first."""
        told = list(self._left_out)
        more = len(told) - _NOTES
        return (*told[:_NOTES], *([f"and {more} notes more"] if more > 0 else []))

    @property
    def names(self) -> tuple[str, ...]:
        """The paths of all files."""
        return tuple(self._entries)

    def leave_out(self, name: str, why: str) -> None:
        """Notes what could not be read."""
        self._read.pop(name, None)
        self.note(f"{name}: {why}")

    def note(self, sentence: str) -> None:
        """Notes what a reader of the training should know."""
        self._left_out.setdefault(sentence)

    def read(self, name: str, limit: int) -> bytes | None:
        """Returns a file's bytes; None: it is not there, or larger than such a file is.

        Raises:
            IntegrityError: It has other bytes than its manifest says.
        """
        entry = self._entries.get(name)
        if entry is None:
            return None
        if entry.size > limit:
            self.leave_out(name, f"not read, for it has {entry.size} bytes ({limit} at most)")
            return None
        place = self.root / name
        try:
            with place.open("rb") as file:
                content = file.read(limit + 1)
        except OSError as error:
            raise _changed(place, error.strerror or "an error") from error
        digest = digest_bytes(content)
        if digest != f"sha256:{entry.sha256}":
            raise _changed(place, "that it changed")
        self._read[name] = EvidenceFile(path=name, digest=digest)
        return content

    def text(self, name: str, limit: int) -> str | None:
        """Returns a text in UTF-8; None: see `read`; odd bytes are replaced."""
        content = self.read(name, limit)
        return None if content is None else content.decode("utf-8-sig", errors="replace")

    def json(self, name: str) -> Any:
        """Returns JSON as Python writes it (NaN is a number); None: see `read`, or it is none."""
        content = self.read(name, _JSON_BYTES)
        if content is None:
            return None
        if len(content) > _STRICT_BYTES:
            # A log of a long training takes the standard library three times as long. What it does
            # not read, the other may; or says where the fault is.
            with suppress(ValueError):
                return from_json(content)
        try:
            return parse_json(
                content.decode("utf-8-sig", errors="replace"), what=name, tolerant=True
            )
        except IntegrityError as error:
            found = error.message.partition("found: ")[2]
            self.leave_out(name, f"it is no JSON ({found[:120]})")
            return None

    def yaml(self, name: str) -> Any:
        """Returns a YAML document; None: see `read`, or it is none."""
        text = self.text(name, _YAML_BYTES)
        return None if text is None else self.parse_yaml(name, text)

    def parse_yaml(self, name: str, text: str) -> Any:
        """Returns a YAML document that stands in a file; None: it is too long, or none."""
        if len(text) > _YAML_BYTES:
            self.leave_out(name, f"{len(text)} characters of YAML ({_YAML_BYTES} at most)")
            return None
        try:
            return parse_yaml(text.encode("utf-8", errors="replace"), what=name)
        except FtRegistryError as error:
            self.leave_out(name, error.message[:300])
            return None


def _changed(place: Path, found: str) -> IntegrityError:
    return IntegrityError(
        f"expected {place} to stay as it is while it is read, found {found}",
        hints=["wait for the program that writes it, then run the command again"],
    )
