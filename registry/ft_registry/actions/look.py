"""How examples are to be looked at, and what must not be among them."""

from dataclasses import dataclass
from pathlib import Path

from ft_registry.examples.erased import Erased
from ft_registry.examples.faults import FIRST


@dataclass(frozen=True)
class Look:
    """How a dataset is to be looked at."""

    format: str = ""
    """A key of `ft_registry.examples.formats.KINDS`; empty: it is recognised."""
    method: str = ""
    """How a model is to be tuned with it; empty: what its format is made for."""
    context: int = 0
    """The model's context in the unit of the lengths; 0: not given."""
    tokenizer: Path | None = None
    """Measures lengths; None: characters are counted."""
    unit: str = "characters"
    sensitive: bool | None = None
    """Look for secrets and personal data by heuristics; None: where it costs little."""
    scan: bool = False
    """Look for secrets with the scanner that is an extra."""
    max_faults: int = FIRST
    """Faults that are told one by one; 0: all."""
    subject: str = ""
    key: bytes | None = None
    """The secret of the hashes; None: they are plain."""


@dataclass(frozen=True)
class Tombstones:
    """What was erased."""

    erased: tuple[Erased, ...] = ()
    """By secret, as far as the secrets are here."""
    untold: tuple[str, ...] = ()
    """What nobody can look for, and why."""
