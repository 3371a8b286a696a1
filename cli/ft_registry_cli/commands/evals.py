"""``eval``: what versions scored, and on what."""

import typer

from ft_registry_cli.commands import eval_add, eval_compare, eval_show


def add_to(app: typer.Typer) -> None:
    """Registers the group."""
    group = typer.Typer(
        help="Add, show and compare evaluations.", no_args_is_help=True, rich_markup_mode=None
    )
    app.add_typer(group, name="eval")
    for part in (eval_add, eval_show, eval_compare):
        part.add_to(group)
