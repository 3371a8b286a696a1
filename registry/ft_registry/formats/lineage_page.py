"""A lineage as a page: a graph that is moved, folded and asked for details, and a table of it.

The picture is drawn here, once; the script only moves it, so that without scripts the page still
shows everything.
"""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping

from ft_registry.formats.lineage_layout import HEIGHT, WIDTH, Layout, lay_out, way_of
from ft_registry.formats.lineage_script import SCRIPT
from ft_registry.formats.page import page, table, text
from ft_registry.formats.verdict_words import plain
from ft_registry.model.lineage import Lineage, Node

_KINDS = ("version", "data", "base", "code", "config", "evaluation", "baseline")
_BACK = {
    "trained on": "trained", "prepared from": "prepared into", "evaluated on": "measured",
    "calibrated on": "calibrated", "tuned from": "tuned into", "code": "code of",
    "config": "config of", "scored by": "scores", "held against": "beside",
}  # fmt: skip
"""Each relation, seen from the other end."""
_LETTERS = 30
"""That fit on a node."""
_STYLE = """
body { max-width: 82rem; }
.stage { display: grid; grid-template-columns: minmax(0, 1fr) 20rem; gap: 1rem; margin: 0.8rem 0;
align-items: start; }
.canvas { position: relative; border: 1px solid var(--line); border-radius: 8px; overflow: hidden; }
.canvas svg { width: 100%; height: 66vh; cursor: grab; touch-action: none; }
.canvas svg:active { cursor: grabbing; }
.tools { position: absolute; right: 0.6rem; bottom: 0.6rem; display: flex; gap: 0.3rem; }
button { font: inherit; color: var(--text); background: var(--page); cursor: pointer;
border: 1px solid var(--line); border-radius: 6px; padding: 0.15rem 0.65rem; min-height: 2rem; }
button:hover { border-color: var(--accent); }
.side { background: var(--box); border-radius: 8px; padding: 0.8rem 1rem; max-height: 66vh;
overflow-y: auto; }
.side h2 { margin: 0; font-size: 1rem; } .side dl { grid-template-columns: 1fr; gap: 0; }
.side dd { margin-bottom: 0.4rem; } .side ul { list-style: none; padding: 0; }
.side li button { border: 0; background: none; padding: 0; min-height: 0; color: var(--accent);
text-align: left; }
.node { cursor: pointer; } .node rect { fill: var(--page); stroke: var(--kind); stroke-width: 1.5; }
.node .bar { fill: var(--kind); stroke: none; } .node .name { fill: var(--text); font-weight: 500; }
.node .more { font-size: 11px; } .node:focus { outline: none; }
.node:focus rect.box, .node.chosen rect.box { stroke-width: 3.5; }
.node.root rect.box { fill: var(--box); stroke-width: 2.5; }
.node.folded rect.box { stroke-dasharray: 5 3; }
.edge { fill: none; stroke: var(--soft); stroke-opacity: 0.45; stroke-width: 1.3; }
.edge.near { stroke: var(--accent); stroke-opacity: 1; stroke-width: 2; }
#arrow path { fill: var(--soft); } .gone { display: none; }
.version { --kind: var(--accent); } .data { --kind: var(--data); } .base { --kind: var(--base); }
.code-kind { --kind: var(--code); } .config { --kind: var(--config); }
.evaluation { --kind: var(--evaluation); } .baseline { --kind: var(--baseline); }
.legend span { display: inline-block; margin-right: 1rem; color: var(--soft); }
.legend i { display: inline-block; width: 0.7rem; height: 0.7rem; border-radius: 3px;
background: var(--kind); margin-right: 0.35rem; }
details { margin-top: 1rem; } summary { cursor: pointer; color: var(--accent); }
@media (max-width: 56rem) { .stage { grid-template-columns: minmax(0, 1fr); }
.canvas svg { height: 56vh; } .side { max-height: none; } }
"""


def lineage_page(graph: Lineage, *, trail: str = "") -> str:
    """Returns the page.

    Args:
        graph: What to show; its root is in the middle.
        trail: Markup of where the page stands among others.
    """
    root = graph.nodes[graph.root]
    name = graph.root.removeprefix("version:")
    layout = lay_out(graph)
    numbers = {node: place for place, node in enumerate(graph.nodes)}
    relations = _relations(graph)
    kinds = [kind for kind in _KINDS if any(one.kind == kind for one in graph.nodes.values())]
    legend = "".join(f'<span class="{_class(kind)}"><i></i>{kind}</span>' for kind in kinds)
    count = f"{len(graph.nodes):,} things, {len(graph.edges):,} relations"
    body = (
        f"{trail}<h1>Lineage of {text(name)}</h1>\n"
        f'<p class="lead">{text(root.label)}: {count}. What came first is on the left.</p>\n'
        f'<p class="legend">{legend}</p>\n'
        '<div class="stage"><div class="canvas">'
        f"{_picture(graph, layout, relations)}"
        '<div class="tools gone"><button id="out" aria-label="smaller">&minus;</button>'
        '<button id="in" aria-label="larger">+</button><button id="fit">Fit</button></div></div>\n'
        '<div class="side" id="side" aria-live="polite"><p class="soft">Choose a thing to see what '
        "is on record of it. Tab goes from one to the next, Enter chooses, the arrows move the "
        "picture, + and - resize it.</p></div></div>\n"
        f"<details><summary>The same as a table</summary>{_table(graph, relations)}</details>\n"
        f'<script type="application/json" id="graph">{_data(graph, numbers)}</script>'
    )
    return page(f"Lineage of {name}", body, style=_STYLE, script=SCRIPT)


def _relations(graph: Lineage) -> Mapping[str, list[str]]:
    """Returns what each node is to the others, each relation once."""
    found: dict[str, list[str]] = defaultdict(list)
    for edge in graph.edges:
        if edge.relation not in found[edge.target]:
            found[edge.target].append(edge.relation)
    return found


def _class(kind: str) -> str:
    """Returns the class of a kind; one that is not ours has no colour of its own."""
    if kind not in _KINDS:
        return "code-kind"
    return "code-kind" if kind == "code" else kind


def _picture(graph: Lineage, layout: Layout, relations: Mapping[str, list[str]]) -> str:
    margin = 24
    box = f"{-margin} {-margin} {layout.width + 2 * margin:.0f} {layout.height + 2 * margin:.0f}"
    height = layout.height + 2 * margin
    numbers = {node: place for place, node in enumerate(graph.nodes)}
    edges = []
    for edge in graph.edges:
        left, right = way_of(edge)
        (x, y), (to_x, to_y) = layout.places[left], layout.places[right]
        x, y, to_y = x + WIDTH, y + HEIGHT / 2, to_y + HEIGHT / 2
        bend = max(abs(to_x - x) / 2, 30)
        edges.append(
            f'<path class="edge" data-a="{numbers[left]}" data-b="{numbers[right]}" '
            f'marker-end="url(#arrow)" d="M{x:.0f} {y:.0f}C{x + bend:.0f} {y:.0f} '
            f'{to_x - bend:.0f} {to_y:.0f} {to_x - 2:.0f} {to_y:.0f}"/>'
        )
    nodes = "".join(
        _node(node, place, layout.places[node.id], relations.get(node.id, []), graph.root)
        for place, node in enumerate(graph.nodes.values())
    )
    return (
        f'<svg id="picture" viewBox="{box}" role="group" aria-label="the graph" '
        f'style="height: clamp(18rem, {height:.0f}px, 66vh)">'
        '<defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" '
        'markerHeight="7" orient="auto"><path d="M0 0L8 4L0 8z"/></marker><clipPath id="inside">'
        f'<rect width="{WIDTH - 6}" height="{HEIGHT}"/></clipPath></defs>'
        f'<g id="view">{"".join(edges)}{nodes}</g></svg>'
    )


def _node(
    node: Node, number: int, place: tuple[float, float], relations: list[str], root: str
) -> str:
    more = ", ".join(dict.fromkeys([node.kind, *relations]))
    mark = " root" if node.id == root else ""
    return (
        f'<g class="node {_class(node.kind)}{mark}" data-i="{number}" tabindex="0" role="button" '
        f'aria-label="{text(f"{node.kind}: {node.label}")}" '
        f'transform="translate({place[0]:.0f} {place[1]:.0f})">'
        f'<rect class="box" width="{WIDTH}" height="{HEIGHT}" rx="7"/>'
        f'<rect class="bar" width="5" height="{HEIGHT}" rx="2"/>'
        f'<g clip-path="url(#inside)">'
        f'<text class="name" x="14" y="19">{text(_cut(node.label))}</text>'
        f'<text class="more" x="14" y="36">{text(_cut(more))}</text></g></g>'
    )


def _cut(label: str) -> str:
    line = plain(label)
    return line if len(line) <= _LETTERS else f"{line[: _LETTERS - 1].rstrip()}…"


def _table(graph: Lineage, relations: Mapping[str, list[str]]) -> str:
    return table(
        ("What", "Kind", "Relation", "On record"),
        (
            (
                text(node.label),
                text(node.kind),
                text(", ".join(relations.get(node.id, [])) or "-"),
                "<br>".join(f"{text(name)} {text(value)}" for name, value in _details(node)) or "-",
            )
            for node in graph.nodes.values()
        ),
    )


def _details(node: Node) -> Iterator[tuple[str, str]]:
    for name, value in node.details.items():
        yield str(name), plain(str(value))


def _data(graph: Lineage, numbers: Mapping[str, int]) -> str:
    """Returns what the script knows, so that no text in it can end the element."""
    nodes = [[node.kind, plain(node.label), list(_details(node))] for node in graph.nodes.values()]
    edges = [
        [numbers[e.source], numbers[e.target], e.relation, _BACK.get(e.relation, e.relation)]
        for e in graph.edges
    ]
    content = {"root": numbers[graph.root], "nodes": nodes, "edges": edges}
    shown = json.dumps(content, ensure_ascii=True, separators=(",", ":"))
    return shown.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
