"""A lineage for other programs: Mermaid, which code hosts draw, and Graphviz's DOT."""

import re

from ft_registry.formats.lineage_layout import way_of
from ft_registry.formats.verdict_words import plain
from ft_registry.model.lineage import Lineage

_LONGEST = 80
_SPECIAL = re.compile(r"[^\w .,:;=%/@+-]")
_SHAPES = {"version": ("([", "])"), "data": ("[(", ")]"), "base": ("[[", "]]")}
"""Mermaid's brackets by kind; all others are boxes."""
_DOT_SHAPES = {"version": "box, style=bold", "data": "cylinder", "base": "box3d"}


def mermaid(graph: Lineage) -> str:
    """Returns a flowchart; what came first is on the left."""
    names = {node: f"n{place}" for place, node in enumerate(graph.nodes)}
    lines = ["flowchart LR"]
    for node in graph.nodes.values():
        opening, closing = _SHAPES.get(node.kind, ("[", "]"))
        lines.append(f'  {names[node.id]}{opening}"{_entities(_cut(node.label))}"{closing}')
    for edge in graph.edges:
        left, right = way_of(edge)
        lines.append(f'  {names[left]} -->|"{_entities(edge.relation)}"| {names[right]}')
    lines.append(f"  style {names[graph.root]} stroke-width:3px")
    return "\n".join(lines)


def dot(graph: Lineage) -> str:
    """Returns a graph for Graphviz; what came first is on the left."""
    lines = ["digraph lineage {", "  rankdir=LR;", '  node [shape=box, fontname="sans-serif"];']
    for node in graph.nodes.values():
        shape = _DOT_SHAPES.get(node.kind, "box")
        lines.append(f"  {_quoted(node.id)} [label={_quoted(_cut(node.label))}, shape={shape}];")
    for edge in graph.edges:
        left, right = way_of(edge)
        lines.append(f"  {_quoted(left)} -> {_quoted(right)} [label={_quoted(edge.relation)}];")
    return "\n".join([*lines, "}"])


def _cut(label: str) -> str:
    line = plain(label)
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 4].rstrip()} ..."


def _entities(said: str) -> str:
    """Returns text in which every character that Mermaid or HTML could take for its own is named.

    Mermaid writes ``#35;`` for what HTML writes ``&#35;``.
    """
    return _SPECIAL.sub(lambda found: f"#{ord(found[0])};", said)


def _quoted(said: str) -> str:
    # A backslash would begin one of DOT's own escapes, such as \N for the name of the node.
    line = plain(said).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{line}"'
