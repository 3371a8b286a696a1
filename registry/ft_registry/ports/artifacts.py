"""The port to the bytes of weights, wherever the store of models put them.

Reading only: what `verify`, `restore` and `rollback` look at. The ledger says what must be there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ft_registry.model.home import Home


@dataclass(frozen=True)
class Shelf:
    """Where the files of one logged model lie, and what lies there."""

    shown: str
    """The folder or URI, for people: without credentials."""
    folder: Path | None
    """The folder, when it is on this machine; None: the bytes come by `fetch` only."""
    sizes: Mapping[str, int]
    """Bytes of every file, by its path below the logged model (``adapter/adapter_config.json``).

    Read back from a store, hence not to be trusted: paths are normalised and stay below the shelf,
    all else is left out by the back end.
    """
    odd: tuple[str, ...] = ()
    """Paths of what is no file that could be kept: links, pipes, devices. They are not followed."""
    is_orphan: bool = False
    """The store knows the logged model no more; its files were found where they were put."""


class ArtifactStore(Protocol):
    """Finds and fetches the bytes of logged models."""

    def shelf(self, home: Home) -> Shelf:
        """Returns where a version's bytes lie and lists them.

        Raises:
            NotFound: The store knows the logged model no more; the message says where it was last
                seen. A logged model without files is a shelf without sizes.
            BackendUnavailable: The store does not answer.
        """

    def fetch(self, home: Home, names: Sequence[str], into: Path) -> None:
        """Copies files of a logged model below a folder, under their own paths.

        Bytes are not judged here: whoever asked compares digests.

        Raises:
            NotFound: One of them is not there.
            BackendUnavailable: The store does not answer, or the disk failed.
        """
