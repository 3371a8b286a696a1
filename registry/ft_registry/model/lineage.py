"""Lineage: what a version was made from, and what was made from it, as a graph.

Nodes are named ``kind:hash`` (versions ``version:name/7``), so that two versions trained on the
same bytes meet in one node.
"""

from dataclasses import dataclass, field
from typing import Any

from ft_registry.model.document import Unknown
from ft_registry.model.evaluation import Evaluation
from ft_registry.model.record import VersionBase, VersionRecord
from ft_registry.model.version_row import base_label

_RELATIONS = {
    "source": "prepared from",
    "eval": "evaluated on",
    "calibration": "calibrated on",
}
"""By the role of a dataset; the weights were trained on all others."""


@dataclass(frozen=True)
class Node:
    """One thing in the history of a version."""

    id: str
    kind: str
    """version, data, base, code, config, evaluation."""
    label: str
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Edge:
    """``source`` stands in a relation to ``target``, which came first."""

    source: str
    target: str
    relation: str
    """``trained on``, ``prepared from``, ``evaluated on``, ``calibrated on``, ``tuned from``,
    ``merged from``, ``quantized from``, ``code``, ``config``, ``scored by``."""


@dataclass
class Lineage:
    """A graph around one version."""

    root: str
    nodes: dict[str, Node] = field(default_factory=dict)
    edges: list[Edge] = field(default_factory=list)

    def add(self, node: Node) -> str:
        """Puts a node in, once, and returns its id."""
        self.nodes.setdefault(node.id, node)
        return node.id

    def connect(self, source: str, target: str, relation: str) -> None:
        """Puts an edge in, once."""
        edge = Edge(source, target, relation)
        if edge not in self.edges:
            self.edges.append(edge)

    def as_json(self) -> dict[str, Any]:
        """Returns ``{"root", "nodes": [...], "edges": [...]}``."""
        return {
            "root": self.root,
            "nodes": [
                {"id": n.id, "kind": n.kind, "label": n.label, **n.details}
                for n in self.nodes.values()
            ],
            "edges": [
                {"from": e.source, "to": e.target, "relation": e.relation} for e in self.edges
            ],
        }


def relation_to_base(record: VersionRecord) -> str:
    """Returns how weights were made of what stands below them."""
    if record.kind in ("merged", "quantized"):
        return f"{record.kind} from"
    return "tuned from"


def version_node(record: VersionRecord, digest: str) -> Node:
    """Returns the node of a version."""
    method = "" if isinstance(record.method, Unknown) else f" {record.method}"
    return Node(
        id=f"version:{record.reference}",
        kind="version",
        label=f"{record.reference}{method} {record.kind}",
        details={"record": digest, "registered_at": record.registered_at},
    )


def add_version(
    graph: Lineage, record: VersionRecord, digest: str, evaluations: list[Evaluation]
) -> str | None:
    """Puts a version and everything it cites into the graph.

    Returns:
        The reference of the version that it was tuned from, if its base is one.
    """
    source = graph.add(version_node(record, digest))
    parent = None
    if isinstance(record.base, VersionBase):
        parent = record.base.version
    else:
        base = record.base.model_dump(mode="json")
        label = base_label(base)
        found = base.get("weights") or base.get("digest")
        key = found if isinstance(found, str) else label
        details = {} if isinstance(record.base, Unknown) else {"digest": base["digest"]}
        target = graph.add(Node(f"base:{key}", "base", label, details))
        graph.connect(source, target, relation_to_base(record))
    for data in record.data:
        rows = f", {data.rows} rows" if isinstance(data.rows, int) else ""
        node = Node(
            id=f"data:{data.identity}",
            kind="data",
            label=f"{data.path} ({data.key[:12]}{rows})",
            details={
                **({"sha256": data.sha256} if isinstance(data.sha256, str) else {}),
                data.dvc.words: data.key,
                "path": data.path,
                **({"examples": data.records_root} if isinstance(data.records_root, str) else {}),
            },
        )
        graph.connect(source, graph.add(node), _RELATIONS.get(data.role, "trained on"))
    dirty = ", with a patch" if record.code.dirty else ""
    code = Node(f"code:{record.code.commit}", "code", f"{record.code.commit[:12]}{dirty}")
    graph.connect(source, graph.add(code), "code")
    files = ", ".join(record.config.files) or "none"
    digest = record.config.digest
    config = Node(f"config:{digest}", "config", f"{files} ({digest[7:19]})")
    graph.connect(source, graph.add(config), "config")
    for evaluation in evaluations:
        node = Node(
            id=f"evaluation:{record.reference}/{evaluation.id}",
            kind="evaluation",
            label=f"{evaluation.suite}: {evaluation.in_words()}",
        )
        graph.connect(source, graph.add(node), "scored by")
    return parent
