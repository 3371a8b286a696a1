"""``approve``: a person says yes to a version."""

from typing import Annotated

import typer

from ft_registry_cli.state import State, command


def add_to(app: typer.Typer) -> None:
    """Registers the command."""

    @command(app, "approve", network=True)
    def approve(
        state: State,
        reference: Annotated[
            str, typer.Argument(metavar="REF", help="NAME/7, NAME@candidate or NAME/latest.")
        ],
        reason: Annotated[
            str, typer.Option(metavar="TEXT", help="What was looked at; kept for ever.")
        ] = "",
        withdraw: Annotated[
            bool, typer.Option("--withdraw", help="Take your own approval back.")
        ] = False,
    ) -> None:
        """Approve a version, as its record is now, for policies that ask for people."""
        done = state.workspace.approve(reference, reason=reason, withdraw=withdraw)
        by = done.approval.by.as_text()
        document = {
            "model": done.version.model,
            "version": done.version.number,
            "changed": done.changed,
            "approved": not withdraw,
            "approval": done.approval.as_json(),
        }
        verb = "approved" if done.changed else "already approved"
        said = f"the approval of {done.version} was taken back" if withdraw else (
            f"{verb} {done.version}  record {done.approval.record[7:19]}"
        )  # fmt: skip
        state.emit(document, f"{said}, by {by}")
