"""``restore``: a version brought back into a folder, whole."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from ft_registry_cli.proving import Reference, folder_named, print_outcome, print_plan
from ft_registry_cli.state import DryRun, State, command


class Depth(StrEnum):
    """How far to go."""

    R0 = "R0"
    R1 = "R1"
    R2 = "R2"


def add_to(app: typer.Typer) -> None:
    """Registers the command."""

    @command(app, "restore", network=True)
    def restore(
        state: State,
        reference: Reference,
        into: Annotated[
            Path,
            typer.Option(
                metavar="DIR", help="A new folder, outside of the repository.", parser=folder_named
            ),
        ],
        level: Annotated[
            Depth, typer.Option(help="R0: record only. R1: weights too. R2: all.")
        ] = Depth.R2,
        dry_run: DryRun = False,
    ) -> None:
        """Bring a version back into a folder, every byte checked.

        Weights, code with its uncommitted changes, data by its hash, config, scored items, list of
        packages. The work tree and DVC's state stay as they are. What was reached goes on record.
        Exit code 4: weights are damaged (no folder is made), or less than the level was reached;
        6 where all that is wanting is in places that did not answer.
        """
        from ft_registry.errors import BackendUnavailable, IntegrityError

        plan = state.workspace.plan_restore(reference, into, level=level.value)
        if dry_run:
            print_plan(state, plan)
            return
        restored = state.workspace.restore(plan)
        print_outcome(state, "restore", plan, restored)
        if not restored.is_complete:
            failure = BackendUnavailable if restored.is_undecided else IntegrityError
            raise typer.Exit(failure.exit_code)
