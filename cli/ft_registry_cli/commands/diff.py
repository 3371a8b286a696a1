"""``diff``: what differs between two versions, and what does not."""

import json
from typing import Annotated, Any

import typer

from ft_registry_cli.diff_formats import as_html, as_json, as_markdown, as_text
from ft_registry_cli.state import State, command

_FORMATS = {"text": as_text, "md": as_markdown, "html": as_html}


def add_to(app: typer.Typer) -> None:
    """Registers the command."""

    @command(app, "diff")
    def diff(
        state: State,
        old: Annotated[
            str, typer.Argument(metavar="REF", help="What to compare with; a baseline is NAME:L.")
        ],
        new: Annotated[str, typer.Argument(metavar="REF", help="The version in question.")],
        format_: Annotated[
            str, typer.Option("--format", metavar="F", help="text, json, md or html.")
        ] = "text",
    ) -> None:
        """Tell what differs between two versions: scores, data, config, weights, code, packages.

        Scores are compared item by item, data example by example. The last line says what changed
        and what did not. md is made for a pull request.
        """
        from ft_registry.errors import InvalidInput

        if format_ not in (*_FORMATS, "json"):
            raise InvalidInput(
                f"expected a format, found {format_!r}",
                hints=[f"formats: {', '.join([*_FORMATS, 'json'])}"],
            )
        found = state.workspace.scoring.diff(old, new)
        document: dict[str, Any] = as_json(found)
        if format_ == "json":
            state.emit(document, lambda: json.dumps(document))
        else:
            state.emit(document, lambda: _FORMATS[format_](found))
