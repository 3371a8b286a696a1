"""The quarantine: bytes that lay where others should have been, kept with a note of it."""

import json
import shutil
from collections.abc import Iterable
from pathlib import Path

from ft_registry.backends.whole_files import settle, write_new
from ft_registry.errors import BackendUnavailable
from ft_registry.faultpoints import faultpoint
from ft_registry.model.healing import Wound
from ft_registry.model.time import timestamp
from ft_registry.ports.context import Context

BYTES, NOTE = "bytes", "note.json"
_NEW = ".new-"


class FolderQuarantine:
    """Keeps bytes as ``<folder>/<time>-<digest>/bytes``, the note beside them.

    Args:
        folder: Where; made when it is first needed.
        context: Who heals, where, when.
    """

    def __init__(self, folder: Path, context: Context) -> None:
        self._folder = folder
        self._context = context

    def keep(self, chunks: Iterable[bytes], wound: Wound) -> Path:
        """See `Quarantine.keep`."""
        new = self._folder / f"{_NEW}{self._context.nonce()}"
        try:
            new.mkdir(parents=True)
            sha256, size = write_new(new / BYTES, chunks)
            kept = self._kept(sha256, wound)
            if kept is not None:
                return kept
            note = {
                "schema": "ft-registry/quarantine/1",
                "kind": wound.kind,
                "name": wound.name,
                "subject": wound.subject,
                "place": wound.place,
                "at": wound.at,
                "expected": wound.expected,
                "sha256": sha256,
                "size": size,
                "time": timestamp(self._context.now()),
                "by": self._context.actor.as_text(),
                "host": self._context.host,
            }
            write_new(new / NOTE, [json.dumps(note, indent=1, ensure_ascii=False).encode()])
            return self._named(new, sha256)
        except OSError as error:
            raise BackendUnavailable(
                f"expected to keep what lies at {wound.at or wound.place} in {self._folder}, "
                f"found: {error.strerror}",
                hints=["nothing was taken away; make room, then run it again"],
            ) from error
        finally:
            shutil.rmtree(new, ignore_errors=True)

    def _kept(self, sha256: str, wound: Wound) -> Path | None:
        """Returns where the same bytes of the same place lie already: a healing was cut off."""
        for folder in sorted(self._folder.glob(f"*-{sha256[:12]}*")):
            try:
                note = json.loads((folder / NOTE).read_bytes())
            except (OSError, ValueError):
                continue
            where = (note.get("sha256"), note.get("place"), note.get("at"))
            if where == (sha256, wound.place, wound.at) and (folder / BYTES).is_file():
                return folder
        return None

    def _named(self, new: Path, sha256: str) -> Path:
        stem = f"{self._context.now():%Y%m%dT%H%M%SZ}-{sha256[:12]}"
        number = 1
        while True:
            target = self._folder / (stem if number == 1 else f"{stem}-{number}")
            if not target.exists():
                faultpoint("file.place")
                new.rename(target)  # over an empty folder at most
                settle(self._folder)
                return target
            number += 1
