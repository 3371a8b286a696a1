"""``register``: put a folder of weights on record as the next version of a model."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ft_registry_cli.dataset_words import hashes_text
from ft_registry_cli.state import AllowPartial, AllowSecret, DryRun, State, command, short, size

if TYPE_CHECKING:
    from ft_registry.actions.plan_register import RegistrationPlan
    from ft_registry.actions.register import Registered


def add_to(app: typer.Typer) -> None:
    """Registers the command."""

    @command(app, "register", network=True)
    def register(
        state: State,
        name: Annotated[str, typer.Argument(metavar="NAME", help="The model's name.")],
        path: Annotated[
            Path,
            typer.Argument(
                metavar="PATH", help="A folder with weights, or a hosted fine-tune's job."
            ),
        ],
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
                "--eval", metavar="FILE", help="What an evaluator wrote; repeat as needed."
            ),
        ] = None,
        allow_partial: AllowPartial = False,
        trust: Annotated[
            bool,
            typer.Option(
                "--trust", help="Take scores and a base that the files deny; stays on record."
            ),
        ] = False,
        method: Annotated[
            str | None,
            typer.Option(
                metavar="M", help="sft, dpo, cpt, ... [default: as the trainer's files say]."
            ),
        ] = None,
        allow_pickle: Annotated[
            str | None,
            typer.Option(metavar="REASON", help="Keep files that may run code; stays on record."),
        ] = None,
        allow_secret: AllowSecret = None,
        run: Annotated[
            str | None,
            typer.Option(
                metavar="ID",
                help="The MLflow run; none: a new one [default: that which made the weights].",
            ),
        ] = None,
        note: Annotated[str, typer.Option(metavar="TEXT", help="What people should know.")] = "",
        dry_run: DryRun = False,
    ) -> None:
        """Put weights on record as the next version.

        Of weights that OpenAI or Bedrock hosts, PATH is the JSON of the finished job, or a folder
        with that and its tables of results.

        Commit, uncommitted changes, dvc.lock, params.yaml, the trainer's files and the environment
        are captured without being named. Of weights that ft-registry run made, or with --run of
        such a run, data, code, config and environment are what the training was given. The same
        inputs again give the same version.

        Pickles and checkpoints that a trainer left are not kept, and told; weights that are pickles
        alone, code and archives are refused.
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
            allow_partial=allow_partial,
            trust=trust,
            method=method,
            note=note,
            allow_pickle=allow_pickle,
            allow_secret=allow_secret,
        )
        plan = state.workspace.plan_registration(request, cwd=cwd)
        if dry_run:
            _print_plan(state, plan)
        else:
            _print_done(state, state.workspace.register(plan))


def _print_plan(state: State, plan: "RegistrationPlan") -> None:
    from ft_registry.model.training import Training
    from ft_registry.model.version_row import base_label
    from ft_registry_cli.training_words import training_line

    draft = plan.draft
    document: dict[str, Any] = {
        "model": draft.model,
        "identity": draft.identity,
        "known_as": str(plan.known) if plan.known else None,
        "kind": draft.kind,
        "method": draft.method if isinstance(draft.method, str) else None,
        "base": draft.base.model_dump(mode="json"),
        "training": draft.training.model_dump(mode="json", by_alias=True),
        "artifact": draft.digest,
        "files": [entry.model_dump() for entry in draft.files],
        "left_out": [
            {"what": one.what, "files": len(one.files), "size": one.size, "why": one.why}
            for one in draft.left_out
        ],
        "exemptions": [one.model_dump() for one in draft.exemptions],
        "data": [
            {
                "role": d.role,
                "path": d.path,
                "sha256": d.sha256 if isinstance(d.sha256, str) else None,
                d.dvc.words: d.key,
            }
            for d in draft.data
        ],
        "evaluations": [
            {
                "suite": one.suite,
                "scores": {score.key: score.value for score in one.measurement.scores},
                "partial": one.measurement.partial,
                "trusted": one.trusted,
                "known": (one.suite, one.origin) in plan.scored,
            }
            for one in draft.evaluations
        ],
        "run_id": plan.run_id,
        "notices": list(plan.notices),
        "dry_run": True,
    }
    weights = f"{len(draft.files)} files, {size(sum(entry.size for entry in draft.files))}"
    verb = f"already {plan.known}" if plan.known else f"would register {draft.model}"
    lines = [f"{verb}: {draft.kind}, {weights}, sha256 {short(draft.digest)}"]
    lines.append(f"  base {base_label(document['base'])}")
    if isinstance(draft.training, Training) and draft.training.trainer != "peft":
        lines.append(f"  trained by {training_line(draft.training, draft.cost)}")
    lines += [f"  data {d.role}  {d.path} {hashes_text(d)}" for d in draft.data]
    lines += [
        f"  {one.door} allowed: {', '.join(one.places[:5])}: {one.reason}"
        for one in draft.exemptions
    ]
    for one in draft.evaluations:
        found = ", ".join(f"{score.key} {score.value:.4f}" for score in one.measurement.scores)
        known = "already " if (one.suite, one.origin) in plan.scored else ""
        lines.append(f"  {known}scores of {one.suite}: {found}")
        lines += [f"    in part: {one.measurement.partial}"] if one.measurement.partial else []
        lines += [f"    on trust: {one.trusted}"] if one.trusted else []
    patch = ", with uncommitted changes" if draft.code.dirty else ""
    lines.append(f"  code {draft.code.commit[:12]}{patch}")
    state.emit(document, "\n".join(lines))
    state.talk(*(f"note: {notice}" for notice in plan.notices))


def _print_done(state: State, done: "Registered") -> None:
    record = done.filed.record
    document = {
        "model": record.model,
        "version": record.version,
        "digest": done.filed.digest,
        "created": done.created,
        "evaluations": [evaluation.id for evaluation in done.evaluations],
        "notices": done.notices,
    }
    verb = "registered" if done.created else "scored" if done.evaluations else "already"
    state.emit(document, f"{verb} {record.reference}  record {short(done.filed.digest)}")
    state.talk(*(f"note: {notice}" for notice in done.notices))
    for evaluation in done.evaluations:
        state.talk(f"scores of {evaluation.suite}: {evaluation.in_words()}")
