"""``rollback``: let an alias name an earlier version again."""

from typing import Annotated

import typer

from ft_registry_cli.moving import run_move
from ft_registry_cli.state import DryRun, State, command


def add_to(app: typer.Typer) -> None:
    """Registers the command."""

    @command(app, "rollback", network=True)
    def rollback(
        state: State,
        alias: Annotated[str, typer.Argument(metavar="NAME@ALIAS")],
        reason: Annotated[str, typer.Option(metavar="TEXT", help="Why; kept on record.")],
        to: Annotated[
            int | None,
            typer.Option(metavar="N", help="To version N [default: the one before].", min=1),
        ] = None,
        expect: Annotated[
            int | None, typer.Option(metavar="N", help="Only if the alias names version N now.")
        ] = None,
        dry_run: DryRun = False,
    ) -> None:
        """Let an alias name the version before, on record.

        Repeated, it goes back further: a rollback is never undone by the next one.
        """
        plan = state.workspace.plan_rollback(alias, to=to, expect=expect, reason=reason)
        run_move(state, plan, dry_run=dry_run)
