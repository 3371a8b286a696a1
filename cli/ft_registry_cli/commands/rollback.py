"""``rollback``: let an alias name an earlier version again."""

from typing import Annotated

import typer

from ft_registry_cli.moving import Override, run_move
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
            typer.Option(metavar="N", help="To version N [default: the last good one].", min=1),
        ] = None,
        expect: Annotated[
            int | None, typer.Option(metavar="N", help="Only if the alias names version N now.")
        ] = None,
        keep_good: Annotated[
            bool, typer.Option("--keep-good", help="Do not call bad what it leaves.")
        ] = False,
        override: Override = None,
        dry_run: DryRun = False,
    ) -> None:
        """Let an alias name the last good version before, on record.

        It passes over what was called bad, and calls bad what it leaves; not when it takes back a
        rollback, going forth to what that one left. Every byte of weights and data is read first;
        damage is refused with exit 4. Repeated, it goes back further.
        """
        plan = state.workspace.plan_rollback(
            alias, to=to, expect=expect, reason=reason, keep_good=keep_good,
            overrides=override or (),
        )  # fmt: skip
        run_move(state, plan, dry_run=dry_run)
