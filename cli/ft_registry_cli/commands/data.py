"""``data``: versions of datasets, example by example."""

import typer

from ft_registry_cli.commands import data_check, data_compare, data_snapshot, data_trace


def add_to(app: typer.Typer) -> None:
    """Registers the group."""
    group = typer.Typer(
        help="Check, track, compare and trace datasets.", no_args_is_help=True,
        rich_markup_mode=None,
    )  # fmt: skip
    app.add_typer(group, name="data")
    for part in (data_check, data_snapshot, data_compare, data_trace):
        part.add_to(group)
