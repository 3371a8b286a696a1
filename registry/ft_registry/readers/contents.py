"""Chooses what of a folder of weights is kept: judged by bytes, and told where it is left out.

Kept is what nothing runs of when it is loaded, and headers of weights are read in full. Trainers
leave pickles and states to resume from beside the weights: those are left out. What else may run,
or is of no known format, is refused.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from ft_registry.errors import IntegrityError, NotFound, Refused
from ft_registry.model.manifest import FileEntry
from ft_registry.model.proof import some
from ft_registry.readers.file_sort import SAFE, WORDS, Sort, sort_of
from ft_registry.readers.gguf import check_gguf
from ft_registry.readers.tensors import read_header
from ft_registry.readers.weights import holds_weights, is_weights, read_kind

_STATE = re.compile(r"((?:checkpoint-|global_step)[0-9]+)/.+")
"""What a training is resumed from, at the top: a checkpoint may be registered itself."""
_OF_TOOLS = re.compile(r"(?:.*/)?(\.git|\.cache|\.ipynb_checkpoints|__pycache__|wandb|mlruns)/.+")
_NO_MODEL = re.compile(
    r"events\.out\.tfevents\..*|\.DS_Store|\._.*|Thumbs\.db|\..*\.sw[a-p]|zero_to_fp32\.py"
    r"|pytorch_model.*\.bin\.index\.json"
)
"""Logs of TensorBoard, what file managers and editors leave, a script of DeepSpeed, lists of shards
that are pickles."""
_WEIGHTS_OR_STATE = frozenset(
    (
        ".bin", ".pt", ".pth", ".pkl", ".pickle", ".ckpt", ".joblib", ".dill", ".npy", ".npz",
        ".distcp", ".h5", ".hdf5", ".keras", ".msgpack", ".onnx", ".onnx_data", ".ot", ".tflite",
        ".pb", ".nemo", ".pdparams",
    )
)  # fmt: skip
"""Names that say what they are: a pickle, or weights in another format."""
_RUNNABLE: frozenset[Sort] = frozenset(("pickle", "archive", "program", "code", "unknown"))
_IMAGE = 16 << 20
"""Bytes of an image: a card has pictures, and trainers plot their curves."""
_SHARD = re.compile(r"(.*)-([0-9]{5})-of-([0-9]{5})(\.safetensors|\.gguf)")
_STRICT = {".safetensors": "safetensors", ".gguf": "gguf"}


@dataclass(frozen=True)
class LeftOut:
    """Files that are not kept, and why not."""

    what: str
    """A file, or a folder with a slash behind it."""
    why: str
    files: tuple[FileEntry, ...]

    @property
    def size(self) -> int:
        """Bytes."""
        return sum(entry.size for entry in self.files)


@dataclass(frozen=True)
class Contents:
    """What is kept of a folder."""

    kept: tuple[FileEntry, ...]
    left_out: tuple[LeftOut, ...] = ()
    runnable: tuple[str, ...] = ()
    """Files that are kept though they may run something: a person allowed it."""


def is_model_file(path: str) -> bool:
    """Returns whether a file's name speaks for no state, log or cache of a trainer or tool."""
    return not (_STATE.fullmatch(path) or _OF_TOOLS.fullmatch(path) or _is_no_model(path))


def choose(root: Path, files: Sequence[FileEntry], *, allow_runnable: bool = False) -> Contents:
    """Returns which files are kept, their formats looked at.

    Args:
        root: The folder; or the one file, of which nothing can be left out.
        files: Its manifest.
        allow_runnable: Keep all as it lies.

    Raises:
        Refused: A file may run something or has no format that is kept; or the weights are there
            as pickles alone.
        IntegrityError: Weights are damaged, or something else than their name says.
    """
    if root.is_file():
        return Contents(tuple(files))
    folders, rest = _by_name(files)
    if allow_runnable:
        folders, rest = {}, list(files)
    sorts = {entry.path: _checked(root, entry) for entry in rest}
    if allow_runnable:
        runnable = tuple(path for path, sort in sorts.items() if sort not in SAFE)
        return Contents(tuple(files), (), runnable)
    left = [LeftOut(name, _why(name), tuple(inner)) for name, inner in folders.items()]
    left += _left_alone(rest, sorts)
    gone = {entry.path for one in left for entry in one.files}
    kept = tuple(entry for entry in files if entry.path not in gone)
    if not any(is_weights(one.path) or one.path.endswith(".json") for one in files):
        _tell_checkpoint(root, files)
        read_kind(root, files)  # neither weights nor a job: formats are not what is wrong with it
    _refuse_others(root, kept, sorts)
    _check_weights_left(root, files, kept)
    return Contents(kept, tuple(left))


def _why(folder: str) -> str:
    if _STATE.fullmatch(f"{folder}-"):
        return "to resume a training from, no part of the model"
    return "of a tool, no part of the model"


def _by_name(
    files: Iterable[FileEntry],
) -> tuple[dict[str, list[FileEntry]], list[FileEntry]]:
    """Returns the folders that are left out, and the files that lie in none of them."""
    folders: dict[str, list[FileEntry]] = {}
    rest = []
    for entry in files:
        match = _STATE.fullmatch(entry.path) or _OF_TOOLS.fullmatch(entry.path)
        if match is None:
            rest.append(entry)
        else:
            folders.setdefault(f"{entry.path[: match.end(1)]}/", []).append(entry)
    return folders, rest


def _checked(root: Path, entry: FileEntry) -> Sort:
    """Returns what a file is, after its header was read if it is weights."""
    path = root / entry.path
    sort = sort_of(path)
    if _is_no_model(entry.path):
        return sort
    expected = _STRICT.get(PurePosixPath(entry.path).suffix.lower())
    # Weights without a byte are told by the reader of their kind.
    allowed = (expected, "empty") if holds_weights([entry]) else (expected,)
    if expected is not None and sort not in allowed:
        hints = ["git lfs pull brings it"] if sort == "pointer" else ["save the weights anew"]
        raise IntegrityError(
            f"expected {path} to be what its name says, found {WORDS[sort]}", hints=hints
        )
    if sort == "safetensors":
        read_header(path)
    elif sort == "gguf":
        check_gguf(path)
    return sort


def _left_alone(files: Sequence[FileEntry], sorts: dict[str, Sort]) -> Iterator[LeftOut]:
    for entry in files:
        sort = sorts[entry.path]
        if _is_no_model(entry.path):
            yield LeftOut(entry.path, "no part of the model", (entry,))
        elif sort not in SAFE and PurePosixPath(entry.path).suffix.lower() in _WEIGHTS_OR_STATE:
            why = "a pickle, which may run what it says" if sort == "pickle" else WORDS[sort]
            yield LeftOut(entry.path, why, (entry,))


def _is_no_model(path: str) -> bool:
    return _NO_MODEL.fullmatch(PurePosixPath(path).name) is not None


def _refuse_others(root: Path, kept: Sequence[FileEntry], sorts: dict[str, Sort]) -> None:
    for entry in kept:
        sort = sorts[entry.path]
        if sort == "pointer":
            raise Refused(
                f"expected a file at {root / entry.path}, found {WORDS[sort]}",
                hints=["git lfs pull brings it"],
            )
        if sort == "image" and entry.size > _IMAGE:
            raise Refused(
                f"expected images of at most {_IMAGE} bytes, found {entry.size} in "
                f"{root / entry.path}",
                hints=["take it out of the folder"],
            )
        if sort in _RUNNABLE:
            others = sum(sorts[one.path] in _RUNNABLE for one in kept) - 1
            more = f" ({others} more files are none of these)" if others else ""
            raise Refused(
                "expected weights as safetensors or GGUF, JSON, text, tokenizers and images, "
                f"found {WORDS[sort]}: {root / entry.path}{more}",
                hints=[
                    "take it out of the folder"
                    + ("; texts are UTF-8" if sort == "unknown" else ""),
                    "or --allow-pickle REASON keeps all as it lies; the reason stays on record",
                ],
            )


def _check_weights_left(root: Path, files: Sequence[FileEntry], kept: Sequence[FileEntry]) -> None:
    if holds_weights(kept):
        _check_sets(root, kept)
        return
    gone = {entry.path for entry in files} - {entry.path for entry in kept}
    pickled = sorted(entry.path for entry in files if entry.path in gone and holds_weights([entry]))
    if not pickled:
        _tell_checkpoint(root, files)
        return
    raise Refused(
        f"expected weights as safetensors or GGUF, found {some(pickled)} alone in {root}: a "
        "pickle may run what it says when it is loaded",
        hints=[
            "save them anew: save_pretrained writes safetensors",
            "or --allow-pickle REASON keeps them as they are; the reason stays on record",
        ],
    )


def _check_sets(root: Path, kept: Sequence[FileEntry]) -> None:
    sets: dict[tuple[str, int], set[int]] = {}
    for entry in kept:
        if match := _SHARD.fullmatch(entry.path):
            sets.setdefault((match[1] + match[4], int(match[3])), set()).add(int(match[2]))
    for (name, count), there in sets.items():
        # Some count from 0.
        if len(there) != count:
            raise NotFound(
                f"expected {count} shards of {root / name}, found {len(there)}",
                hints=["was the copy cut off? fetch the folder again"],
            )


def _tell_checkpoint(root: Path, files: Sequence[FileEntry]) -> None:
    """Refuses a folder whose weights lie in checkpoints alone: which one is the model?"""
    found = {
        int(re.sub(r"\D", "", match[1])): match[1]
        for entry in files
        if (match := _STATE.fullmatch(entry.path))
        and holds_weights([entry.model_copy(update={"path": PurePosixPath(entry.path).name})])
    }
    if found:
        last = found[max(found)]
        raise Refused(
            f"expected weights in {root}, found them in its checkpoints alone",
            hints=[f"register the one that is meant: {root / last} is the last"],
        )
