"""``reproduce``: a version made again from its record, and compared."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from ft_registry_cli.proving import Reference, folder_named, print_outcome, print_plan
from ft_registry_cli.state import DryRun, State, command, printable


class Python(StrEnum):
    """Which Python the commands run."""

    AUTO = "auto"
    HERE = "here"
    RECORDED = "recorded"


def add_to(app: typer.Typer) -> None:
    """Registers the command."""

    @command(app, "reproduce", network=True)
    def reproduce(
        state: State,
        reference: Reference,
        into: Annotated[
            Path,
            typer.Option(
                metavar="DIR",
                help="A new folder, or one that restore made of it.",
                parser=folder_named,
            ),
        ],
        allow_commands: Annotated[
            bool,
            typer.Option("--allow-commands", help="Run commands of a commit that is not ours."),
        ] = False,
        environment: Annotated[
            Python,
            typer.Option(help="This Python, a new one with the recorded packages, or what fits."),
        ] = Python.AUTO,
        pass_env: Annotated[
            list[str] | None,
            typer.Option(metavar="NAME", help="Let commands see this variable; repeat as needed."),
        ] = None,
        time_limit: Annotated[
            float | None, typer.Option(metavar="SECONDS", help="For each command.", min=0.1)
        ] = None,
        dry_run: DryRun = False,
    ) -> None:
        """Run the recorded stage of a version again, and compare.

        Equal weights are level R4. Else the items are scored again: R3 if each score lies in the
        95 % confidence interval of the original one. Either goes on record, a failure too.
        Commands are printed, run by the shell in the restored tree and see few variables. It is no
        sandbox. Exit code 4: neither R3 nor R4. 3: the commands need --allow-commands.
        """
        from ft_registry.actions.run_settings import Wishes
        from ft_registry.errors import IntegrityError

        wishes = Wishes(environment.value, tuple(pass_env or ()), time_limit)
        plan = state.workspace.plan_reproduction(reference, into, wishes=wishes)
        if dry_run:
            print_plan(
                state, plan.restoring, is_there=plan.is_restored, commands=list(plan.commands),
                foreign=list(plan.foreign),
            )  # fmt: skip
            return

        def tell(line: str) -> None:
            # Said with --quiet too: nobody should run a command unseen.
            print(printable(line), file=sys.stderr, flush=True)

        done = state.workspace.reproduce(plan, allow_commands=allow_commands, tell=tell)
        print_outcome(state, "reproduce", plan.restoring, done)
        if not done.is_proved:
            raise typer.Exit(IntegrityError.exit_code)
