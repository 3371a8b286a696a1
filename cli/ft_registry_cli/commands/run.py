"""``run``: a training command as an MLflow run that knows what it was given."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ft_registry_cli.state import AllowSecret, State, command

if TYPE_CHECKING:
    from ft_registry.actions.run_command import RunEnded


def add_to(app: typer.Typer) -> None:
    """Registers the command."""

    @command(app, "run")
    def run(
        state: State,
        words: Annotated[
            list[str], typer.Argument(metavar="CMD", help="After '--': program and arguments.")
        ],
        name: Annotated[
            str | None, typer.Option(metavar="MODEL", help="The model that it trains.")
        ] = None,
        data: Annotated[
            list[str] | None,
            typer.Option(metavar="PATH[@REV][:ROLE]", help="What it trains on; repeat as needed."),
        ] = None,
        config: Annotated[
            list[Path] | None,
            typer.Option(metavar="FILE", help="Configuration beside params.yaml."),
        ] = None,
        allow_secret: AllowSecret = None,
    ) -> None:
        """Run a training as an MLflow run bound to data, code and configuration.

        The command finds its run in MLFLOW_RUN_ID. Of weights that it makes, register later takes
        from the run what it was given. Works without a ledger, and without git. The exit code is
        the command's; ours come before it starts. With --json its output goes to the standard
        error.
        """
        from ft_registry.actions.datasets import parse_data_argument
        from ft_registry.actions.run_capture import RunRequest
        from ft_registry.training import Training

        cwd = Path.cwd()
        training = Training.at(state.root)
        state.talk(*(f"note: {notice}" for notice in training.around.notices))
        request = RunRequest(
            command=tuple(words),
            model=name,
            data=tuple(parse_data_argument(text, cwd=cwd) for text in data or ()),
            configs=tuple(config or ()),
            allow_secret=allow_secret,
        )
        ended = training.run(request, quiet=state.json, tell=state.talk)
        _tell(state, ended)
        raise typer.Exit(ended.exit_code)


def _tell(state: State, ended: "RunEnded") -> None:
    document = {
        "run_id": ended.run_id,
        "experiment": ended.experiment,
        "document": ended.document,
        "status": ended.status,
        "exit_code": ended.exit_code,
        "made": list(ended.made),
        "notices": list(ended.notices),
    }
    # What is on the standard output is the command's, unless one document was asked for.
    state.emit(document, "")
    state.talk(*(f"warning: {notice}" for notice in ended.notices))
    state.talk(*(f"made weights in {folder}" for folder in ended.made))
    state.talk(f"{ended.status.lower()} run {ended.run_id}")
