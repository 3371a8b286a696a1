"""Settles the base of what is registered: found, held against the files, its kind made plain."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ft_registry.actions.base import BaseSources, FoundBase, find_base
from ft_registry.actions.base_names import hold_name
from ft_registry.actions.resolve import read_record, resolve
from ft_registry.errors import Refused
from ft_registry.model.document import Unknown
from ft_registry.model.manifest import FileEntry
from ft_registry.model.proof import some
from ft_registry.model.record import Base, FolderBase, Kind, Tokenizer, VersionBase
from ft_registry.model.reference import parse_reference
from ft_registry.model.training import Training
from ft_registry.readers.base_files import weight_names
from ft_registry.readers.named_base import TrainerClaim, read_named_base

AFTERWARDS = {"merge", "quantize"}
"""What is done to weights after a training, whose files may still lie beside them."""


@dataclass(frozen=True)
class HeldBase:
    """The base, and what it makes of the weights that were tuned from it."""

    base: Base | Unknown
    kind: Kind
    method: str | Unknown
    notices: tuple[str, ...]
    folder: Path | None = None
    """Where it lies on this machine, if it is a folder; that of a hub's cache may move away."""


def hold_base(
    argument: str | None,
    *,
    root: Path,
    weights: Sequence[FileEntry],
    kind: Kind,
    method: str | Unknown,
    tokenizer: Tokenizer,
    training: Training | Unknown,
    sources: BaseSources,
    trust: bool,
) -> HeldBase:
    """Returns the base of weights after holding it against all that their files say of it.

    Args:
        argument: As a person named it; None: not named.
        root: The folder of the weights.
        weights: Their files.
        kind: As the files show it.
        method: As it is known so far.
        tokenizer: What lies beside the weights.
        training: What a trainer left there.
        sources: Where bases are looked for.
        trust: Take the base even if the files speak for another; that stays on record.

    Raises:
        Refused: The files speak for another base, the weights are those of the base, or the method
            is not one of such weights.
        InvalidInput, NotFound, IntegrityError: See `find_base` and `BaseFit.doubts`.
    """
    # Not above: they import numpy, which is slow, and this is imported by what only reads.
    from ft_registry.actions.base_fits import BaseFit
    from ft_registry.readers.packed import check_packed

    named = read_named_base(root, is_adapter=kind == "adapter")
    found = find_base(argument, named, kind=kind, root=root, sources=sources)
    _check_tuned(found, weights, sources)
    if kind == "full" and method == "quantize":
        check_packed(root)
    kind, method = _made(found, kind, method, sources)
    # Files of a training that lie beside merged or quantised weights tell of what it began with.
    claim = None if method in AFTERWARDS else _claim(training)
    doubt, notice = hold_name(found, named, claim, sources)
    fit = BaseFit(found, root, kind, tokenizer, sources)
    doubts = [*([doubt] if doubt else []), *fit.doubts(method)]
    if doubts and not trust:
        raise Refused(
            f"expected weights that were tuned from the base, found that {doubts[0]}",
            hints=[
                *(f"also: {one}" for one in doubts[1:]),
                "--base names the base that they were tuned from",
                "--trust takes the base all the same; that stays on record",
            ],
        )
    base = found.base
    if doubts and not isinstance(base, Unknown):
        base = base.model_copy(update={"trusted": "; ".join(doubts)})
    told = [*found.notices, *([notice] if notice else []), *fit.notices(method)]
    notices = (*told, *(f"on trust: {one}" for one in doubts))
    folder = found.folder if isinstance(base, FolderBase) else None
    return HeldBase(base, kind, method, notices, folder)


def _check_tuned(found: FoundBase, weights: Sequence[FileEntry], sources: BaseSources) -> None:
    """Raises Refused if the weights are the base's own bytes."""
    base = found.base
    theirs = found.weights
    if isinstance(base, VersionBase):
        version = resolve(sources.ledger, parse_reference(base.version))
        theirs = read_record(sources.ledger, version).record.artifact.files
    loaded = set(weight_names(entry.path for entry in weights))
    own = {entry.sha256 for entry in weights if not loaded or entry.path in loaded}
    if own and own <= {entry.sha256 for entry in theirs}:
        name = base.version if isinstance(base, VersionBase) else getattr(base, "id", "")
        raise Refused(
            f"expected weights that were tuned from the base {name}, found the base's own: "
            f"{some([entry.path for entry in weights])} has the same bytes there",
            hints=[
                "did the training save into another folder?",
                "to put the base itself on record, as a version: leave --base away",
            ],
        )


def _claim(training: Training | Unknown) -> TrainerClaim | None:
    if isinstance(training, Unknown) or isinstance(training.base, Unknown):
        return None
    revision = training.base.revision
    return TrainerClaim(
        training.trainer, training.base.id, "" if isinstance(revision, Unknown) else revision
    )


def _made(
    found: FoundBase, kind: Kind, method: str | Unknown, sources: BaseSources
) -> tuple[Kind, str | Unknown]:
    """Returns kind and method as the base shows them: merging and quantizing leave no files.

    Full weights from an adapter are the two merged, unless somebody says that they were trained.
    """
    if kind == "adapter" and method == "quantize":
        raise Refused(
            "expected quantised weights for --method quantize, found an adapter",
            hints=["quantised weights have a quantization_config in config.json, or are GGUF"],
        )
    base = found.base
    is_nameless = isinstance(method, Unknown)
    if kind == "full" and method == "quantize":
        return "quantized", method
    if kind == "full" and (method == "merge" or (is_nameless and _is_adapter(base, sources))):
        return "merged", "merge"
    if kind == "quantized" and is_nameless and isinstance(base, VersionBase):
        return kind, "quantize"
    return kind, method


def _is_adapter(base: Base | Unknown, sources: BaseSources) -> bool:
    if not isinstance(base, VersionBase):
        return False
    version = resolve(sources.ledger, parse_reference(base.version))
    return read_record(sources.ledger, version).record.kind == "adapter"
