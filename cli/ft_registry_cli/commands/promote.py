"""``promote``: let an alias name a version."""

from typing import Annotated

import typer

from ft_registry_cli.commands.gate import AllowCommands
from ft_registry_cli.moving import Override, run_move
from ft_registry_cli.state import DryRun, State, command


def add_to(app: typer.Typer) -> None:
    """Registers the command."""

    @command(app, "promote", network=True)
    def promote(
        state: State,
        reference: Annotated[str, typer.Argument(metavar="REF", help="NAME/7 or NAME/latest.")],
        to: Annotated[str, typer.Option("--to", metavar="ALIAS", help="Such as champion.")],
        expect: Annotated[
            int | None,
            typer.Option(metavar="N", help="Only if the alias names version N now; 0: none."),
        ] = None,
        reason: Annotated[str, typer.Option(metavar="TEXT", help="Why; kept on record.")] = "",
        override: Override = None,
        allow_commands: AllowCommands = False,
        dry_run: DryRun = False,
    ) -> None:
        """Let an alias name a version, on record.

        Where a policy is in force, its gate is asked: exit 3 where it fails, 7 where the evidence
        cannot decide it. Every byte of its weights and data is read first; damage is refused with
        exit 4. A version that was called bad is refused with exit 3.
        """
        plan = state.workspace.plan_promotion(
            reference, to, expect=expect, reason=reason, overrides=override or (),
            allow_commands=allow_commands,
        )  # fmt: skip
        run_move(state, plan, dry_run=dry_run)
