"""The port to the derived index of versions."""

from dataclasses import dataclass
from typing import Protocol

from ft_registry.model.version_row import BaselineRow, VersionRow


@dataclass(frozen=True)
class HashUse:
    """A version that names a hash, and what for."""

    kind: str
    """``record``, ``identity``, ``artifact``, ``data``, ``base``, ``parent``, ``config``,
    ``commit``, ``run``."""
    model: str
    number: int


class VersionIndex(Protocol):
    """Finds versions without reading every record."""

    def rows(self, model: str | None = None) -> list[VersionRow]:
        """Returns one row a version, of one model or of all, by model and number."""

    def baselines(self, model: str | None = None) -> list[BaselineRow]:
        """Returns one row a baseline, of one model or of all, by model and label."""

    def uses(self, hash_: str) -> list[HashUse]:
        """Returns the versions that name a hash in their record."""
