"""``register``: put a folder of weights on record as the next version of a model."""

from pathlib import Path
from typing import Annotated

import typer

from ft_registry_cli.state import State, command, short


def add_to(app: typer.Typer) -> None:
    """Registers the command."""

    @command(app, "register", network=True)
    def register(
        state: State,
        name: Annotated[str, typer.Argument(metavar="NAME", help="The model's name.")],
        path: Annotated[Path, typer.Argument(metavar="PATH", help="A folder with weights.")],
        base: Annotated[
            str | None,
            typer.Option(metavar="BASE", help="A folder, a hub's ID@COMMIT, or NAME/7."),
        ] = None,
        data: Annotated[
            list[str] | None,
            typer.Option(
                metavar="PATH[@REV][:ROLE]", help="Data that DVC tracks; repeat as needed."
            ),
        ] = None,
        config: Annotated[
            list[Path] | None,
            typer.Option(metavar="FILE", help="Configuration beside params.yaml."),
        ] = None,
        evaluation: Annotated[
            list[Path] | None,
            typer.Option(
                "--eval", metavar="FILE", help="Scored items as .jsonl; repeat as needed."
            ),
        ] = None,
        method: Annotated[
            str | None, typer.Option(metavar="M", help="sft, dpo, kto, orpo, cpt, ...")
        ] = None,
        run: Annotated[
            str | None, typer.Option(metavar="ID", help="The MLflow run [default: a new one].")
        ] = None,
        note: Annotated[str, typer.Option(metavar="TEXT", help="What people should know.")] = "",
    ) -> None:
        """Put weights on record as the next version, with all that made them.

        Commit, uncommitted changes, dvc.lock, params.yaml, adapter_config.json and the environment
        are captured without being named. The same inputs again give the same version.
        """
        from ft_registry.actions.capture import Registration
        from ft_registry.actions.datasets import parse_data_argument

        cwd = Path.cwd()
        request = Registration(
            model=name,
            path=path.absolute(),
            run_id=run,
            base=base,
            data=tuple(parse_data_argument(text, cwd=cwd) for text in data or ()),
            configs=tuple(config or ()),
            evaluations=tuple(evaluation or ()),
            method=method,
            note=note,
        )
        done = state.workspace.register(request, cwd=cwd)
        record = done.filed.record
        document = {
            "model": record.model,
            "version": record.version,
            "digest": done.filed.digest,
            "created": done.created,
            "evaluations": [evaluation.id for evaluation in done.evaluations],
            "notices": done.notices,
        }
        verb = "registered" if done.created else "already"
        state.emit(document, f"{verb} {record.reference}  record {short(done.filed.digest)}")
        state.talk(*(f"note: {notice}" for notice in done.notices))
        for evaluation_ in done.evaluations:
            scores = ", ".join(f"{s.metric} {s.value:.4f}" for s in evaluation_.scores)
            state.talk(f"scores of {evaluation_.suite}: {scores} (n={evaluation_.items.rows})")
