"""``eval add`` and ``eval run``: put on record what an evaluator found."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ft_registry_cli.state import AllowPartial, Corrects, DryRun, State, Trust, command

if TYPE_CHECKING:
    from ft_registry.actions.evaluate import Added
    from ft_registry.model.evaluation import Evaluation


def add_to(group: typer.Typer) -> None:
    """Registers the commands."""

    @command(group, "add", network=True)
    def add(
        state: State,
        reference: Annotated[str, typer.Argument(metavar="REF", help="The version measured.")],
        files: Annotated[
            list[Path],
            typer.Argument(metavar="FILE...", help="What the evaluator wrote; a folder will do."),
        ],
        suite: Annotated[
            str, typer.Option(metavar="S", help="What it measures [default: the task's name].")
        ] = "",
        data: Annotated[
            str,
            typer.Option(
                metavar="DATA",
                help="A snapshot, or hub:NAME@REVISION [default: the record's data of role eval].",
            ),
        ] = "",
        corrects: Corrects = False,
        allow_partial: AllowPartial = False,
        trust: Trust = False,
        note: Annotated[str, typer.Option(metavar="TEXT", help="What people should know.")] = "",
        dry_run: DryRun = False,
    ) -> None:
        """Put on record what an evaluator found of a version.

        Reads lm-evaluation-harness, inspect, lighteval, promptfoo, deepeval, ragas, MLflow, OpenAI
        evals, hub cards, and plain JSON, JSONL and CSV: recognised by what the files hold.
        """
        scoring = state.workspace.scoring
        plan = scoring.plan_add(
            reference, files, suite=suite, data=data, allow_partial=allow_partial, trust=trust,
            corrects=corrects, note=note,
        )  # fmt: skip
        if dry_run:
            again = "would put back" if plan.lost.attachments else "already"
            verb = again if plan.known else "would add"
            _tell(state, plan.evaluation, verb, plan.notices)
            return
        _tell_added(state, scoring.add(plan))

    @command(group, "run", network=True)
    def run(
        state: State,
        reference: Annotated[str, typer.Argument(metavar="REF", help="The version to measure.")],
        suite: Annotated[
            str, typer.Option(metavar="S", help="The suite: [tool.ft-registry.suites.S].")
        ],
        corrects: Corrects = False,
        allow_partial: AllowPartial = False,
        trust: Trust = False,
        note: Annotated[str, typer.Option(metavar="TEXT", help="What people should know.")] = "",
    ) -> None:
        """Run a suite on a version and put on record what it found.

        The suite's command runs at the top level, in your environment: {weights} is a folder with
        the version's weights, {model} the name of one that a service hosts, {out} is where it
        writes its scores.
        """
        scoring = state.workspace.scoring
        with scoring.run(reference, suite, tell=state.talk) as out:
            plan = scoring.plan_add(
                reference, [out], suite=suite, allow_partial=allow_partial, trust=trust,
                corrects=corrects, note=note,
            )  # fmt: skip
            added = scoring.add(plan)
        _tell_added(state, added)


def _tell_added(state: State, added: "Added") -> None:
    verb = "added" if added.created else "put back" if added.put_back else "already"
    _tell(state, added.evaluation, verb, added.notices)


def _tell(state: State, evaluation: "Evaluation", verb: str, notices: list[str]) -> None:
    document: dict[str, Any] = {
        "model": evaluation.model,
        "version": evaluation.version,
        "id": evaluation.id,
        "created": verb == "added",
        "put_back": verb == "put back",
        "dry_run": verb.startswith("would"),
        "evaluation": evaluation.as_json(),
        "notices": notices,
    }
    where = f"{evaluation.model}/{evaluation.version}"
    state.emit(document, f"{verb} {evaluation.suite} of {where}: {evaluation.in_words()}")
    state.talk(*(f"note: {notice}" for notice in notices))
