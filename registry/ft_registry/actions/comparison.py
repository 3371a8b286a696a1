"""Compares what a recipe made again with what is on record: weights by their bytes, then scores."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ft_registry.errors import FtRegistryError, NotFound
from ft_registry.evaluations.items import Items
from ft_registry.formats.item_table import read_item_table
from ft_registry.model.manifest import FileEntry
from ft_registry.model.proof import ProofStep, StepState, some
from ft_registry.readers.evaluations.reading import read_evaluation
from ft_registry.readers.files import hash_file
from ft_registry.statistics.means import mean_interval

_WEIGHTS = (".safetensors", ".bin", ".gguf", ".pth", ".pt")


@dataclass(frozen=True)
class _Made:
    """A folder that was made again, beside the files on record."""

    equal: tuple[str, ...]
    differing: tuple[str, ...]
    missing: tuple[str, ...]


def compare_weights(files: Sequence[FileEntry], outs: Sequence[Path]) -> ProofStep:
    """Returns whether weights that were made again are bit for bit those on record.

    Args:
        files: The record's.
        outs: What the recipe makes; the weights are one of these folders, or one inside.
    """
    made = max(
        (_compare(files, folder) for out in outs for folder in _folders(out)),
        key=lambda found: (len(found.equal), len(found.differing)),
        default=_Made((), (), tuple(entry.path for entry in files)),
    )
    weights = [entry.path for entry in files if entry.path.endswith(_WEIGHTS)]
    others = [*made.differing, *made.missing]
    wrong = [name for name in others if name in weights or not weights]
    if wrong:
        state: StepState = "missing" if set(wrong) <= set(made.missing) else "differs"
        return ProofStep(name="weights", state=state, detail=some(wrong))
    beside = f"; beside them differ: {some(others)}" if others else ""
    return ProofStep(
        name="weights", state="ok", detail=f"{len(made.equal)} files bit-identical{beside}"
    )


def _folders(out: Path) -> Iterator[Path]:
    if out.is_dir():
        yield out
        yield from (folder for folder in sorted(out.rglob("*")) if folder.is_dir())


def _compare(files: Sequence[FileEntry], folder: Path) -> _Made:
    equal, differing, missing = [], [], []
    for entry in files:
        place = folder / entry.path
        if not place.is_file():
            missing.append(entry.path)
        elif hash_file(place, "sha256") == (entry.sha256, entry.size):
            equal.append(entry.path)
        else:
            differing.append(entry.path)
    return _Made(tuple(equal), tuple(differing), tuple(missing))


def compare_scores(suite: str, pairs: Sequence[tuple[Path, Path]]) -> list[ProofStep]:
    """Returns, metric by metric, whether new scores lie in the interval of the original ones.

    Args:
        suite: What was measured.
        pairs: Original items and those that were scored again, of each evaluation of the suite,
            the newest last. The newest that was scored on the same items counts, else the newest.
    """
    found = [_compare_items(suite, before, after) for before, after in reversed(pairs)]
    return next((steps for steps, same_items in found if same_items), found[0][0])


def _compare_items(suite: str, original: Path, again: Path) -> tuple[list[ProofStep], bool]:
    name = f"scores {suite}"
    try:
        before = _read(original)
    except FtRegistryError as error:
        detail = f"the original items: {error.message}"
        return [ProofStep(name=name, state="unknown", detail=detail)], False
    try:
        after = _read(again)
    except FtRegistryError as error:
        return [ProofStep(name=name, state="missing", detail=error.message)], False
    steps = [_judge(f"{name}.{metric}", metric, before, after) for metric in sorted(before.scores)]
    return steps, set(before.ids) == set(after.ids)


def _read(file: Path) -> Items:
    """Returns the items of a table of ours, or of what an evaluator wrote."""
    if file.suffix == ".parquet":
        return read_item_table(file)
    found = read_evaluation([file]).items
    if found is None:
        raise NotFound(f"expected scored items in {file}, found totals only")
    return found


def _judge(name: str, metric: str, before: Items, after: Items) -> ProofStep:
    old, new = before.values_of(metric), after.values_of(metric)
    if not new:
        return ProofStep(name=name, state="missing", detail="it was not measured again")
    if set(new) != set(old):
        detail = f"scored on other items: {some(sorted(set(new) ^ set(old)))}"
        return ProofStep(name=name, state="differs", detail=detail)
    interval = mean_interval(list(old.values()))
    found, was = (math.fsum(scores.values()) / len(scores) for scores in (new, old))
    detail = f"{found:.4f}; expected {interval.span} (was {was:.4f}, n={len(old)})"
    if not interval.is_bounded:
        state: StepState = "ok" if found == was else "unknown"
        return ProofStep(name=name, state=state, detail=f"{found:.4f} (was {was:.4f}, n=1)")
    return ProofStep(name=name, state="ok" if interval.holds(found) else "differs", detail=detail)
