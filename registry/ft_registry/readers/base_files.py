"""Reads base weights: which files of a folder they are, and what turns text into tokens there."""

import re
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path

from ft_registry.errors import FtRegistryError, IntegrityError, Refused
from ft_registry.model.canonical import digest_bytes
from ft_registry.model.document import Unknown
from ft_registry.model.manifest import FileEntry
from ft_registry.model.record import Tokenizer
from ft_registry.readers.files import hash_file, in_parallel, walk
from ft_registry.readers.weights import read_config, read_tokenizer

_SETS = (
    re.compile(r"model\.safetensors"),
    re.compile(r"model-\d+-of-(\d+)\.safetensors"),
    re.compile(r"(?:model|pytorch_model)(?!.*-\d+-of-\d+\.).*\.safetensors"),
    re.compile(r"pytorch_model\.bin"),
    re.compile(r"pytorch_model-\d+-of-(\d+)\.bin"),
    re.compile(r".*\.gguf"),
    re.compile(r"consolidated.*\.(?:safetensors|pth)"),
)
"""One model in several formats lies in one folder: the first of these is what is loaded."""
ENDINGS = (".safetensors", ".bin", ".gguf", ".pth")
"""Of files of weights."""
_TOKENS = (
    "tokenizer.json", "tokenizer.model", "spiece.model", "vocab.json", "chat_template.jinja",
)  # fmt: skip
_BLOB = re.compile(r"[0-9a-f]{64}")


def weight_names(names: Iterable[str]) -> list[str]:
    """Returns the files of a folder that hold its weights, in the format that is loaded first.

    Shards without all the others of their set are none.
    """
    there = sorted(names)
    for pattern in _SETS:
        found = [match for name in there if (match := pattern.fullmatch(name))]
        of = {int(match[1]) for match in found if match.re.groups}
        if found and (not of or of == {len(found)}):
            return [match.string for match in found]
    return []


def has_weights(folder: Path) -> bool:
    """Returns whether weights lie in a folder itself; what lies deeper is not looked at.

    A file may name any folder, ``/`` too: this is asked before one is walked.
    """
    try:
        return any(entry.name.endswith(ENDINGS) for entry in folder.iterdir())
    except OSError:
        return False  # it may not be entered: no weights can be read there


def hash_parts(root: Path) -> tuple[tuple[FileEntry, ...], Tokenizer]:
    """Returns the weights of a hub's snapshot, every byte read, and the digests of its tokenizer.

    The hub names a blob of weights by its SHA-256: that of other bytes was damaged on the way.

    Raises:
        Refused: A link in it leads out of the cache, or a file cannot be read.
        IntegrityError: A file is not what its name in the cache says, or changed meanwhile.
    """
    names = walk(root, follow_links=True)
    wanted = weight_names(names)
    chosen = [*wanted, *(name for name in _TOKENS if name in names)]
    hashed = in_parallel([partial(hash_file, root / name, "sha256") for name in chosen])
    files = tuple(
        FileEntry(path=name, size=size, sha256=sha256)
        for name, (sha256, size) in zip(chosen, hashed, strict=True)
    )
    for entry in files:
        blob = (root / entry.path).resolve().name
        if _BLOB.fullmatch(blob) and blob != entry.sha256:
            raise IntegrityError(
                f"expected {root / entry.path} to be the {blob[:12]} that the hub names it, found "
                f"{entry.sha256[:12]}",
                hints=["the download was damaged: delete the file and fetch it again"],
            )
    weights = tuple(entry for entry in files if entry.path in wanted)
    return weights, tokenizer_of(root, files)


def tokenizer_of(root: Path, files: Sequence[FileEntry]) -> Tokenizer:
    """Returns the digests of tokenizer and chat template of a folder.

    Older trainers write the template into ``tokenizer_config.json``; its digest is that of the
    file that newer ones write.
    """
    found = read_tokenizer(files)
    if isinstance(found.chat_template, str):
        return found
    try:
        template = read_config(root / "tokenizer_config.json").get("chat_template")
    except FtRegistryError as error:
        why = Unknown(unknown=f"no chat_template.jinja, and of the other: {error.message}"[:300])
        is_there = (root / "tokenizer_config.json").exists()
        return found.model_copy(update={"chat_template": why}) if is_there else found
    if not isinstance(template, str):
        return found
    content = template.encode(errors="surrogatepass")
    return found.model_copy(update={"chat_template": digest_bytes(content)})


def check_links(root: Path, home: Path) -> None:
    """Refuses links in a folder that lead out of where they may lead.

    Args:
        root: The folder.
        home: What may hold their targets: the folder itself, or a model's in a hub's cache.

    Raises:
        Refused: One leads elsewhere.
    """
    inside = home.resolve()
    for name in walk(root, follow_links=True):
        path = root / name
        if path.is_symlink() and not path.resolve().is_relative_to(inside):
            raise Refused(
                f"expected links that stay in {inside}, found {path} that leads to "
                f"{path.resolve()}",
                hints=[
                    "put copies of the files in place of links, or name the folder where they lie"
                ],
            )
