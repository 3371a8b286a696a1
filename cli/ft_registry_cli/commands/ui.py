"""``ui``: browse the registry in MLflow."""

import os
import sys
from typing import Annotated

import typer

from ft_registry_cli.state import State, command


def add_to(app: typer.Typer) -> None:
    """Registers the command."""

    @command(app, "ui")
    def ui(
        state: State,
        host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
        port: Annotated[int, typer.Option(help="The port to listen on.", min=1, max=65535)] = 5000,
    ) -> None:
        """Serve MLflow's pages of this registry, until Ctrl-C."""
        place = state.workspace.reachable_mlflow()
        if place.is_server:
            state.emit({"url": place.shown}, place.shown)
            return
        url = f"http://{host}:{port}"
        state.emit({"url": url}, url)
        sys.stdout.flush()
        command_line = [
            sys.executable, "-m", "mlflow", "server", "--host", host, "--port", str(port),
            "--workers", "1", "--backend-store-uri", place.uri,
            "--default-artifact-root", str(place.artifacts),
        ]  # fmt: skip
        # One address, one user: none of the server's job runners is needed.
        environment = {**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
        os.execve(sys.executable, command_line, environment)  # noqa: S606 - it becomes the server
