"""``init``: make a git repository a registry."""

from typing import Annotated

import typer

from ft_registry_cli.state import State, command


def add_to(app: typer.Typer) -> None:
    """Registers the command."""

    @command(app, "init", network=True)
    def init(
        state: State,
        mlflow_uri: Annotated[
            str, typer.Option(metavar="URI", help="Where MLflow is [default: mlflow.db here].")
        ] = "",
        ledger_remote: Annotated[
            str, typer.Option(metavar="REMOTE", help="Share the ledger through this git remote.")
        ] = "",
    ) -> None:
        """Make this git repository a registry.

        What is there already stays: running it again changes nothing.
        """
        wanted = {"mlflow_uri": mlflow_uri, "ledger_remote": ledger_remote}
        given = {name: value for name, value in wanted.items() if value}
        workspace = state.workspace.configured(given)
        made_ledger, made_dvc = workspace.init()
        written = workspace.ignore_mlflow()
        state.emit(
            {
                "root": str(workspace.place.home),
                "ledger": workspace.ledger.head(),
                "created": made_ledger,
                "dvc_created": made_dvc,
                "mlflow_uri": workspace.mlflow.shown,
            },
            f"{'made' if made_ledger else 'already'} a registry: {workspace.place.home}",
        )
        if made_dvc or written or given:
            state.talk("next: git add -A && git commit -m 'registry'")
        state.talk("then: ft-registry data snapshot PATH, ft-registry register NAME PATH")
