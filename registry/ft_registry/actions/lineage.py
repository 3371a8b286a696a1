"""Walks the lineage of a version, up to what made it or down to what it made."""

from collections.abc import Callable

from ft_registry.actions.ancestry import read_base
from ft_registry.actions.contenders import (
    baseline_evaluations,
    baseline_labels,
    read_baseline,
)
from ft_registry.actions.resolve import read_evaluations, read_record, resolve
from ft_registry.model.evaluation import in_force
from ft_registry.model.lineage import (
    Lineage,
    Node,
    add_version,
    relation_to_base,
    version_node,
)
from ft_registry.model.reference import (
    BaselineReference,
    Reference,
    VersionReference,
)
from ft_registry.ports.index import VersionIndex
from ft_registry.ports.ledger import Documents


def lineage(ledger: Documents, index: VersionIndex, reference: Reference, *, down: bool) -> Lineage:
    """Returns the graph around a version.

    Args:
        ledger: Has the records.
        index: Knows which versions cite a record.
        reference: The version in the middle.
        down: Follow what was made from it instead of what made it.

    Raises:
        NotFound: The reference names nothing, or something that it was tuned from is gone.
        IntegrityError: What it was tuned from is another than its record cites.
    """
    start = resolve(ledger, reference)
    if not down:
        return made_from(ledger, start)
    graph = Lineage(root=f"version:{start}")
    _walk(start, lambda version: _down(graph, version, ledger, index))
    return graph


def made_from(ledger: Documents, start: VersionReference) -> Lineage:
    """Returns the graph of what made a version, and of what it is held against.

    Raises:
        NotFound: There is no such version.
    """
    graph = Lineage(root=f"version:{start}")
    _walk(start, lambda version: _up(graph, version, ledger))
    _add_baselines(graph, start, ledger)
    return graph


def _walk(
    start: VersionReference, follow: Callable[[VersionReference], list[VersionReference]]
) -> None:
    pending, seen = [start], {start}
    while pending:
        following = follow(pending.pop(0))
        pending += [found for found in following if found not in seen]
        seen.update(following)


def _add_baselines(graph: Lineage, version: VersionReference, ledger: Documents) -> None:
    for label in baseline_labels(ledger, version.model):
        reference = BaselineReference(version.model, label)
        baseline, digest = read_baseline(ledger, reference)
        found = in_force(baseline_evaluations(ledger, reference))
        scores = "; ".join(f"{one.suite}: {one.in_words()}" for one in found)
        words = f"{reference} {baseline.kind} on {baseline.base}; {scores}"
        node = Node(f"baseline:{reference}", "baseline", words, {"document": digest})
        graph.connect(f"version:{version}", graph.add(node), "held against")


def _up(graph: Lineage, version: VersionReference, ledger: Documents) -> list[VersionReference]:
    filed = read_record(ledger, version)
    evaluations = read_evaluations(ledger, version)
    if add_version(graph, filed.record, filed.digest, evaluations) is None:
        return []
    # The record that was tuned on, not whatever stands at its number: so no circle is followed.
    above = read_base(ledger, filed)
    graph.add(version_node(above.record, above.digest))
    found = VersionReference(above.record.model, above.record.version)
    graph.connect(f"version:{version}", f"version:{found}", relation_to_base(filed.record))
    return [found]


def _down(
    graph: Lineage, version: VersionReference, ledger: Documents, index: VersionIndex
) -> list[VersionReference]:
    filed = read_record(ledger, version)
    graph.add(version_node(filed.record, filed.digest))
    children = []
    for use in index.uses(filed.digest):
        if use.kind != "parent":
            continue
        child = VersionReference(use.model, use.number)
        below = read_record(ledger, child)
        graph.add(version_node(below.record, below.digest))
        graph.connect(f"version:{child}", f"version:{version}", relation_to_base(below.record))
        children.append(child)
    return children
