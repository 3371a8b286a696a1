"""The law of paths at which files are put into a folder: below it, and none that git obeys.

What a commit, a pointer or a record names comes from outside. The rules are git's own for its
index (`verify_path`), with those for NTFS and HFS+, so that a folder is as harmless on every disk.
"""

import re

from ft_registry.model.manifest import relative_path

_IGNORED_BY_HFS = re.compile(
    "[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]"  # what HFS+ does not see in a name
)
_GIT_DIRECTORY = re.compile(r"(\.git|git~[0-9]+)[ .]*(:.*)?", re.IGNORECASE)
"""The folder's name with what NTFS leaves out: trailing dots and spaces, a stream, short names."""


def checkout_path(text: str) -> str:
    """Returns a path at which a file may be put.

    Raises:
        ValueError: It is absolute, not normalised, leaves its folder, or goes through ``.git`` in
            any spelling.
    """
    relative_path(text)
    for part in re.split(r"[/\\]", text):
        if part == ".." or _GIT_DIRECTORY.fullmatch(_IGNORED_BY_HFS.sub("", part)):
            raise ValueError(f"expected a path outside of git's own folder, found {text!r}")
    return text
