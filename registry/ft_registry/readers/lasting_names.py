"""Refuses names of files that do not come back as they were from every place that keeps them.

MLflow reads some signs as parts of an address, and gives the file back under another name or not
at all; disks that know no case, or one form of accents, keep one of two twins.
"""

import re
import unicodedata
from collections.abc import Sequence
from pathlib import Path

from ft_registry.errors import Refused

_ADDRESS = re.compile(r"[#%?\\]")
_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
"""Control characters, and those that turn the direction of a text."""
_LONGEST = 255
"""Bytes of one part of a path that common disks take."""


def check_names(root: Path, names: Sequence[str]) -> None:
    """Looks whether every place would give files back under their names.

    Args:
        root: Where they lie.
        names: Their paths below it.

    Raises:
        Refused: One would not come back, or two would be one.
    """
    taken: dict[str, str] = {}
    for name in names:
        if found := _ADDRESS.search(name):
            raise _refused(
                root, name, f"{found.group()!r}, which MLflow reads as a part of an address"
            )
        if found := _UNSEEN.search(name):
            raise _refused(root, name, f"the control character {found.group()!a}")
        parts = name.split("/")
        if any(len(part.encode(errors="surrogateescape")) > _LONGEST for part in parts):
            raise _refused(root, name, f"a part of more than {_LONGEST} bytes")
        for end in range(1, len(parts) + 1):
            path = "/".join(parts[:end])
            twin = taken.setdefault(_folded(path), path)
            if twin != path:
                raise Refused(
                    "expected names that differ by more than case and form of accents, found "
                    f"{twin!r} and {path!r} in {root}",
                    hints=["rename one of them: not every disk keeps both"],
                )


def _folded(path: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", path).casefold())


def _refused(root: Path, name: str, found: str) -> Refused:
    return Refused(
        f"expected file names that come back as they are, found {name!r} in {root} with {found}",
        hints=["rename the file"],
    )
