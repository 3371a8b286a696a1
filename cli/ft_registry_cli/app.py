"""The application: its global options and its commands, in the order of use."""

from typing import Annotated

import typer

from ft_registry import __version__
from ft_registry_cli.commands import (
    advise,
    approve,
    baseline,
    data,
    diff,
    doctor,
    evals,
    gate,
    init,
    lineage,
    list_versions,
    log,
    policy,
    promote,
    register,
    report,
    reproduce,
    restore,
    rollback,
    run,
    show,
    status,
    sync,
    ui,
    verify,
)
from ft_registry_cli.state import Json, Quiet, Root, State

# Plain help: rich would cost a tenth of a second at each start.
app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    help="Ties each version of a fine-tuned model to its data, config, code, base and scores.",
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"ft-registry {__version__}")
        raise typer.Exit


@app.callback()
def options(
    context: typer.Context,
    root: Root = None,
    as_json: Json = False,
    quiet: Quiet = False,
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version and exit."
        ),
    ] = False,
) -> None:
    """Keeps the options that stand before the command."""
    del version  # its callback has done it
    context.obj = State(root=root, json=as_json, quiet=quiet)


for room in (
    init,
    status,
    data,
    run,
    register,
    evals,
    baseline,
    list_versions,
    show,
    log,
    lineage,
    diff,
    advise,
    report,
    policy,
    approve,
    gate,
    promote,
    rollback,
    restore,
    reproduce,
    sync,
    verify,
    doctor,
    ui,
):
    room.add_to(app)
