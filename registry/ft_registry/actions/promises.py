"""What the ledger says must lie beside each other in the store of models, file by file."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from ft_registry.actions.holdings import BaselineHolding, Holding
from ft_registry.formats.mlmodel import COMPONENTS
from ft_registry.model.baseline import FILE, FOLDER, baseline_file
from ft_registry.model.canonical import digest_bytes
from ft_registry.model.document import Unknown
from ft_registry.model.evaluation import Evaluation
from ft_registry.model.verification import Kind
from ft_registry.ports.artifacts import Shelf


@dataclass(frozen=True)
class Promise:
    """A file that the ledger says lies on the shelf."""

    kind: Kind
    name: str
    """The path below the logged model."""
    sha256: str
    size: int | None
    """Bytes; None: not on record."""
    content: bytes | None = field(default=None, compare=False)
    """The bytes, where the ledger has them."""


def promises_of(holding: Holding) -> Iterator[Promise]:
    """Yields what must lie on a version's shelf."""
    record = holding.filed.record
    for entry in record.artifact.files:
        name = f"{record.artifact.folder}/{entry.path}"
        yield Promise("artifact", name, entry.sha256, entry.size)
    if (mlmodel := holding.home.mlmodel) is not None:
        # What MLflow's own loader loads is decided by it.
        yield Promise("loader", mlmodel.path, mlmodel.sha256, mlmodel.size)
    patch = record.code.patch
    if not isinstance(patch, Unknown):
        yield Promise("attachment", patch.artifact, _hex(patch.digest), patch.size)
    document = record.run.document
    if document is not None:
        yield Promise("attachment", document.path, document.sha256, document.size)
    if not isinstance(record.training, Unknown) and (points := record.training.all_points):
        yield Promise("attachment", points.path, _hex(points.digest), None)
    yield from _items(holding.evaluations)


def copies_of(promises: Iterable[Promise], shelf: Shelf) -> Iterator[Promise]:
    """Yields what lies there a second time, where MLflow's own loader looks for it."""
    once = {one.name.partition("/")[2]: one for one in promises if one.kind == "artifact"}
    for name in shelf.sizes:
        path = name.removeprefix(f"{COMPONENTS}/")
        if path != name and path in once:
            yield replace(once[path], kind="attachment", name=name)


def promises_of_baseline(holding: BaselineHolding) -> Iterator[Promise]:
    """Yields the same of a baseline."""
    baseline = holding.baseline
    content = baseline_file(baseline.kind, baseline.base, baseline.config)
    sha256 = _hex(digest_bytes(content))
    yield Promise("artifact", f"{FOLDER}/{FILE}", sha256, len(content), content)
    yield from _items(holding.evaluations)


def _items(evaluations: Iterable[Evaluation]) -> Iterator[Promise]:
    for evaluation in evaluations:
        items = evaluation.items
        if not isinstance(items, Unknown):
            yield Promise("attachment", items.artifact, _hex(items.digest), None)


def _hex(digest: str) -> str:
    return digest.removeprefix("sha256:")
