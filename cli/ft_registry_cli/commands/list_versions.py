"""``list``: versions, one a line."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from ft_registry_cli.state import State, command, table

if TYPE_CHECKING:
    from ft_registry.model.version_row import VersionRow


def add_to(app: typer.Typer) -> None:
    """Registers the command."""

    @command(app, "list")
    def list_versions(
        state: State,
        name: Annotated[
            str | None, typer.Argument(metavar="[NAME]", help="One model [default: all].")
        ] = None,
        where: Annotated[
            str, typer.Option(metavar="EXPR", help="method=sft and scores.dates.exact_match>=0.8")
        ] = "",
        sort: Annotated[
            str, typer.Option(metavar="KEY", help="A field or score; -KEY for descending.")
        ] = "",
        limit: Annotated[int | None, typer.Option(metavar="N", help="At most N versions.")] = None,
    ) -> None:
        """List versions."""
        rows = state.workspace.list_versions(name, where=where, sort=sort, limit=limit)
        state.emit({"versions": [_document(row) for row in rows]}, lambda: _text(rows))
        if not rows:
            state.talk("no versions")


def _document(row: "VersionRow") -> dict[str, Any]:
    fields = (
        "model", "version", "digest", "aliases", "standing", "kind", "method", "base", "data",
        "scores", "artifact", "size", "commit", "registered_at", "registered_by", "note",
    )  # fmt: skip
    return {name: getattr(row, name) for name in fields}


def _text(rows: "list[VersionRow]") -> str:
    return table(
        ["VERSION", "ALIASES", "METHOD", "SCORES", "REGISTERED"],
        [
            [
                f"{row.model}/{row.version}"
                + (f" ({row.standing})" if row.standing in ("bad", "deleted") else ""),
                ", ".join(row.aliases) or "-",
                f"{row.method} {row.kind}",
                _scores(row.scores),
                f"{row.registered_at[:16]}Z",
            ]
            for row in rows
        ],
    )


def _scores(scores: dict[str, float]) -> str:
    """Returns the first score, and how many more there are: a row is to fit a terminal."""
    if not scores:
        return "-"
    key, value = next(iter(scores.items()))
    more = f" +{len(scores) - 1}" if len(scores) > 1 else ""
    return f"{key.rpartition('.')[2]} {value:.3f}{more}"
