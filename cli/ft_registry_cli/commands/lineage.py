"""``lineage``: what a version was made from, or what was made from it."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from ft_registry_cli.state import State, command

if TYPE_CHECKING:
    from ft_registry.model.lineage import Lineage


class Format(StrEnum):
    """How to print the graph."""

    TREE = "tree"
    JSON = "json"
    MERMAID = "mermaid"
    DOT = "dot"
    HTML = "html"


def add_to(app: typer.Typer) -> None:
    """Registers the command."""

    @command(app, "lineage")
    def lineage(
        state: State,
        reference: Annotated[
            str, typer.Argument(metavar="REF", help="NAME/7, NAME@champion or NAME/latest.")
        ],
        up: Annotated[bool, typer.Option("--up", help="What made it (the default).")] = False,
        down: Annotated[bool, typer.Option("--down", help="What was made from it.")] = False,
        format_: Annotated[Format, typer.Option("--format", help="How to print it.")] = Format.TREE,
    ) -> None:
        """Show what stands behind a version.

        html is a page of its own, with a graph to move about in: redirect it to a file. mermaid is
        drawn by code hosts, dot by Graphviz.
        """
        from ft_registry.errors import InvalidInput

        if up and down:
            raise InvalidInput("expected --up or --down, found both")
        graph = state.workspace.lineage(reference, down=down)
        if format_ is Format.JSON:
            state = State(state.root, json=True, quiet=state.quiet)
        state.emit(graph.as_json(), lambda: _text(graph, format_, down=down))


def _text(graph: "Lineage", format_: Format, *, down: bool) -> str:
    if format_ is Format.HTML:
        from ft_registry.formats.lineage_page import lineage_page

        return lineage_page(graph).rstrip("\n")
    if format_ is Format.MERMAID:
        from ft_registry.formats.lineage_text import mermaid

        return mermaid(graph)
    if format_ is Format.DOT:
        from ft_registry.formats.lineage_text import dot

        return dot(graph)
    return _tree(graph, down=down)


def _tree(graph: "Lineage", *, down: bool) -> str:
    following: dict[str, list[tuple[str, str]]] = {}
    for edge in graph.edges:
        here, there = (edge.target, edge.source) if down else (edge.source, edge.target)
        relation = "became" if down else edge.relation
        following.setdefault(here, []).append((relation, there))
    lines = [graph.nodes[graph.root].label]

    def walk(node: str, indent: str, above: frozenset[str]) -> None:
        children = following.get(node, [])
        for place, (relation, child) in enumerate(children):
            last = place == len(children) - 1
            lines.append(f"{indent}{'`-' if last else '|-'} {relation}: {graph.nodes[child].label}")
            if child not in above:
                walk(child, indent + ("   " if last else "|  "), above | {child})

    walk(graph.root, "", frozenset({graph.root}))
    return "\n".join(lines)
