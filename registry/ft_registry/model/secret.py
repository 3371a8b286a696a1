"""The secret of keyed hashes: without it nobody finds out by guessing what a dataset holds."""

import hashlib
from dataclasses import dataclass


@dataclass(frozen=True)
class Secret:
    """A secret and its public name."""

    value: bytes

    @property
    def name(self) -> str:
        """Eight digits that tell it from others and do not give it away."""
        return hashlib.sha256(b"ft-registry example key\0" + self.value).hexdigest()[:8]
