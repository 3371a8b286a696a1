"""DVC's listing of a folder: the object ``....dir`` that names its files and their hashes.

Whoever can write to a cache or remote can write a listing, and DVC follows its paths out of the
folder. So it is parsed only after its bytes were hashed, and its names are checked.
"""

import json
import os
import re

from ft_registry.backends.dvc.content import directory_listing
from ft_registry.errors import IntegrityError
from ft_registry.model.manifest import relative_path

_MD5 = re.compile(r"[0-9a-f]{32}")


def parse_listing(content: bytes, *, place: object, folder: str) -> dict[str, str]:
    """Returns MD5 by relative path.

    Args:
        content: The listing, whose MD5 was found to be its name.
        place: Where it lies, for the error.
        folder: What it lists, for the error.

    Raises:
        IntegrityError: A path would leave the folder, or DVC did not write it.
    """
    try:
        entries = [(entry["relpath"], entry["md5"]) for entry in json.loads(content)]
        listed = {_file_name(path): md5 for path, md5 in entries if _MD5.fullmatch(md5)}
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        raise IntegrityError(
            f"expected {place} to list files inside {folder}, found: {error}"
        ) from error
    # DVC writes one form only. What differs from it was made by hand: a name twice, no MD5.
    if directory_listing(listed) != content:
        raise IntegrityError(
            f"expected {place} to list files as DVC does, found another form",
            hints=["who made this snapshot? track the data again: dvc add"],
        )
    return listed


def _file_name(text: str) -> str:
    os.fsencode(text)  # half a surrogate pair, which JSON can write, names no file
    return relative_path(text)
