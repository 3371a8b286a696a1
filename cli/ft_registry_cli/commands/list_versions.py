"""``list``: versions, one a line."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from ft_registry_cli.state import State, command, table

if TYPE_CHECKING:
    from ft_registry.model.version_row import BaselineRow, VersionRow


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
        # Only the whole list has them: they have no fields to select or sort by.
        beside = [] if where or sort or limit else state.workspace.list_baselines(name)
        document = {
            "versions": [_document(row) for row in rows],
            "baselines": [vars(row) for row in beside],
        }
        state.emit(document, lambda: _text(rows, beside))
        if not (rows or beside):
            state.talk("no versions")


def _document(row: "VersionRow") -> dict[str, Any]:
    fields = (
        "model", "version", "digest", "aliases", "standing", "kind", "method", "base", "data",
        "scores", "artifact", "size", "commit", "registered_at", "registered_by", "note",
    )  # fmt: skip
    return {name: getattr(row, name) for name in fields}


def _text(rows: "list[VersionRow]", beside: "list[BaselineRow]") -> str:
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
        ]
        + [
            [
                f"{row.model}:{row.label}",
                "-",
                f"{row.kind} baseline",
                _scores(row.scores),
                f"{row.recorded_at[:16]}Z",
            ]
            for row in beside
        ],
    )


def _scores(scores: dict[str, float]) -> str:
    """Returns the first score, and how many more there are: a row is to fit a terminal."""
    if not scores:
        return "-"
    key, value = next(iter(scores.items()))
    more = f" +{len(scores) - 1}" if len(scores) > 1 else ""
    return f"{key.rpartition('.')[2]} {value:.3f}{more}"
