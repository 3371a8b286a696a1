"""``report``: the registry as a site of plain files."""

from pathlib import Path
from typing import Annotated

import typer

from ft_registry_cli.proving import folder_named
from ft_registry_cli.state import State, command


def add_to(app: typer.Typer) -> None:
    """Registers the command."""

    @command(app, "report")
    def report(
        state: State,
        into: Annotated[
            Path,
            typer.Option(
                metavar="DIR", help="A new or empty folder, or an older site.", parser=folder_named
            ),
        ],
        name: Annotated[str | None, typer.Argument(metavar="NAME", help="Only this model.")] = None,
    ) -> None:
        """Write the registry as a site: plain files with relative links, for any host of pages.

        One page for each model and version: scores, gates, curves, data, lineage, record, and how
        the aliases moved. An older site in DIR is replaced as a whole; other files are never
        touched.
        """
        site = state.workspace.report(into, name)
        document = {
            "into": str(into),
            "head": site.head,
            "models": site.models,
            "versions": site.versions,
            "files": len(site.files),
        }
        state.talk(*(f"note: {notice}" for notice in site.notices))
        pages = f"{len(site.files):,} files"
        state.emit(document, f"{into}/index.html  {pages} on {site.versions:,} versions")
