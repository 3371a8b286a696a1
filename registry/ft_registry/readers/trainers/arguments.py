"""Reads ``training_args.bin`` of transformers and TRL: every setting, without PyTorch.

The file is a zip of PyTorch with one pickle. PyTorch would run the pickle to load it; here its
opcodes are followed instead (`pickled`), and a pickle that would run anything is refused.
"""

import io
import re
import zipfile
from dataclasses import dataclass
from typing import Any

from ft_registry.errors import Refused
from ft_registry.readers.trainers.folder import TrainerFolder
from ft_registry.readers.trainers.pickled import Made, Name, Pickle, follow
from ft_registry.readers.trainers.values import clean, mapping_of, plain

FILE = "training_args.bin"
_FILE_BYTES = 4 << 20
_PICKLE_BYTES = 1 << 20
"""Of the settings as a pickle; some 5 kB are usual."""
_DATA = re.compile(r"[^/]+/data\.pkl")
_LEGACY = bytes.fromhex("8a0a6cfc9c46f9206aa85019")
"""The number that PyTorch before 1.6 began a file with, as a pickle writes it."""
_PICKLES = 8


@dataclass(frozen=True)
class Arguments:
    """The settings of a trainer."""

    of: str
    """Their class, such as ``trl.trainer.sft_config.SFTConfig``."""
    values: dict[str, Any]

    @property
    def name(self) -> str:
        """``SFTConfig``."""
        return self.of.rpartition(".")[2]


def read_arguments(folder: TrainerFolder) -> Arguments | None:
    """Returns what ``training_args.bin`` holds; None: it is not there, or the folder notes why not.

    Raises:
        Refused: The pickle in it would run something if it were loaded.
    """
    content = folder.read(FILE, _FILE_BYTES)
    if content is None:
        return None
    if not content.startswith(b"PK"):
        _check_bare(content, folder)
        return None
    pickle = _from_zip(content, folder)
    if pickle is None:
        return None
    found = follow(pickle)
    _check(found, folder)
    if found.fault:
        folder.leave_out(FILE, f"its pickle cannot be followed: {found.fault}")
        return None
    if not isinstance(found.value, Made) or not isinstance(found.value.of, Name):
        folder.leave_out(FILE, "it holds no settings of a trainer")
        return None
    return Arguments(clean(str(found.value.of)), mapping_of(plain(found.value, unwrap=_unwrap)))


def _from_zip(content: bytes, folder: TrainerFolder) -> bytes | None:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = [name for name in archive.namelist() if _DATA.fullmatch(name)]
            if len(names) != 1:
                folder.leave_out(FILE, f"{len(names)} files data.pkl in it, where PyTorch has one")
                return None
            with archive.open(names[0]) as file:
                found = file.read(_PICKLE_BYTES + 1)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, ValueError, EOFError, OSError):
        folder.leave_out(FILE, "it is a damaged zip: was it cut short?")
        return None
    if len(found) > _PICKLE_BYTES:
        folder.leave_out(FILE, f"more than {_PICKLE_BYTES} bytes of settings in it")
        return None
    return found


def _check_bare(content: bytes, folder: TrainerFolder) -> None:
    """Looks at a file that is no zip: PyTorch would load it as pickles one after the other."""
    at = 0
    for _ in range(_PICKLES):
        found = follow(content, at)
        _check(found, folder)
        if found.fault or found.end <= at or found.end >= len(content):
            break
        at = found.end
    is_legacy = _LEGACY in content[:16]
    what = "the format of PyTorch before 1.6" if is_legacy else "another format than PyTorch's zip"
    folder.leave_out(FILE, f"{what}, which is not read: save it anew")


def _check(found: Pickle, folder: TrainerFolder) -> None:
    if not found.calls:
        return
    shown = ", ".join(clean(call)[:80] for call in found.calls[:3])
    raise Refused(
        f"expected settings of a trainer in {folder.root / FILE}, found a pickle that would run "
        f"{shown} when it is loaded (it was not)",
        hints=["trust neither the file nor the folder; without the file it can be registered"],
    )


def _unwrap(value: Any) -> Any:
    """Returns what a pickle's object stands for: an enumeration's value, a section's settings."""
    if isinstance(value, Name):
        return str(value)
    if not isinstance(value, Made):
        return value
    state = value.state
    if isinstance(state, tuple) and len(state) == 2 and all(map(_is_state, state)):
        state = {**(state[0] or {}), **(state[1] or {})}  # the latter is that of __slots__
    held = state if isinstance(state, dict) and state else value.items
    return held or _made_of(value)


def _made_of(value: Made) -> Any:
    arguments = value.arguments if isinstance(value.arguments, tuple) else ()
    is_simple = all(isinstance(one, str | int | float | bool | None) for one in arguments)
    if len(arguments) == 1 and is_simple:
        return arguments[0]  # an enumeration, a device, a path of one part
    if arguments and is_simple:
        return ("/" if "Path" in str(value.of) else ":").join(map(str, arguments))
    return f"<{value.of}>"


def _is_state(value: Any) -> bool:
    return value is None or isinstance(value, dict)
