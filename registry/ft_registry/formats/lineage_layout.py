"""Where the nodes of a lineage lie on a page: in columns, what came first on the left."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ft_registry.model.lineage import Edge, Lineage

WIDTH, HEIGHT = 224, 46
"""Of a node."""
_ACROSS, _DOWN = 284, 60
"""From one node to the next."""
_AFTERWARDS = ("scored by", "held against")
"""Relations whose target came after the source: it lies to its right."""
_SWEEPS = 4


@dataclass(frozen=True)
class Layout:
    """The upper left corner of each node, and how large the picture is."""

    places: Mapping[str, tuple[float, float]]
    width: float
    height: float


def lay_out(graph: Lineage) -> Layout:
    """Returns a place for each node; a graph without any has no size."""
    before, after = _neighbours(graph)
    columns = _columns(graph, before, after)
    rows: dict[int, list[str]] = defaultdict(list)
    for node in graph.nodes:
        rows[columns[node]].append(node)
    near = {node: [*before[node], *after[node]] for node in graph.nodes}
    heights = _heights([rows[column] for column in sorted(rows)], near)
    first = min(columns.values(), default=0)
    top = min(heights.values(), default=0.0)
    places = {
        node: (float((columns[node] - first) * _ACROSS), heights[node] - top)
        for node in graph.nodes
    }
    if not places:
        return Layout({}, 0, 0)
    return Layout(
        places,
        max(x for x, _ in places.values()) + WIDTH,
        max(y for _, y in places.values()) + HEIGHT,
    )


def way_of(edge: Edge) -> tuple[str, str]:
    """Returns what of an edge lies on the left, and what on the right."""
    if edge.relation in _AFTERWARDS:
        return edge.source, edge.target
    return edge.target, edge.source


def _neighbours(graph: Lineage) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """Returns what came before each node, and what came after it."""
    before: dict[str, list[str]] = {node: [] for node in graph.nodes}
    after: dict[str, list[str]] = {node: [] for node in graph.nodes}
    for edge in graph.edges:
        left, right = way_of(edge)
        if left in before and right in before:
            before[right].append(left)
            after[left].append(right)
    return before, after


def _columns(
    graph: Lineage, before: Mapping[str, Sequence[str]], after: Mapping[str, Sequence[str]]
) -> dict[str, int]:
    """Returns a column for each node: right of all that came before it.

    What nothing came before moves to the right, next to the first that was made of it. An edge that
    leads in a circle, which no true history has, is not followed twice.
    """
    found: dict[str, int] = {}
    for start in graph.nodes:
        path, pending = {start}, [(start, iter(before[start]))]
        while pending and start not in found:
            node, left = pending[-1]
            follow = next((one for one in left if one not in found and one not in path), None)
            if follow is not None:
                path.add(follow)
                pending.append((follow, iter(before[follow])))
                continue
            pending.pop()
            path.discard(node)
            found[node] = 1 + max((found.get(one, -1) for one in before[node]), default=-1)
    for node in graph.nodes:
        if not before[node] and after[node]:
            found[node] = min(found[one] for one in after[node]) - 1
    return found


def _heights(columns: Sequence[list[str]], near: Mapping[str, Sequence[str]]) -> dict[str, float]:
    """Returns how far down each node lies: as near to its neighbours as there is room."""
    heights = {
        node: float(place * _DOWN) for column in columns for place, node in enumerate(column)
    }
    for _ in range(_SWEEPS):
        for order in (columns, columns[::-1]):
            for column in order:
                wanted = {node: _middle(node, near, heights) for node in column}
                column.sort(key=wanted.__getitem__)
                _spread(column, wanted, heights)
    return heights


def _middle(node: str, near: Mapping[str, Sequence[str]], heights: Mapping[str, float]) -> float:
    others = near[node]
    return sum(heights[one] for one in others) / len(others) if others else heights[node]


def _spread(column: Sequence[str], wanted: Mapping[str, float], heights: dict[str, float]) -> None:
    """Moves the nodes of a column apart, around where they want to be."""
    below = float("-inf")
    for node in column:
        below = max(wanted[node], below + _DOWN)
        heights[node] = below
    shift = sum(wanted[node] - heights[node] for node in column) / len(column)
    for node in column:
        heights[node] += shift
