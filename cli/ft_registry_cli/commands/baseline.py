"""``baseline add``: what a fine-tuned version has to beat."""

from pathlib import Path
from typing import Annotated, Any, cast

import typer

from ft_registry_cli.state import AllowPartial, Corrects, State, Trust, command

_KINDS = ("prompt", "rag", "other")


def add_to(app: typer.Typer) -> None:
    """Registers the group."""
    group = typer.Typer(
        help="Record what a fine-tune has to beat: a prompt, or RAG.", no_args_is_help=True,
        rich_markup_mode=None,
    )  # fmt: skip
    # Alone in its group a command would take the group's place.
    group.callback()(lambda: None)
    app.add_typer(group, name="baseline")

    @command(group, "add", network=True)
    def add(
        state: State,
        name: Annotated[str, typer.Argument(metavar="NAME", help="The model it stands beside.")],
        label: Annotated[str, typer.Option(metavar="L", help="What to call it: NAME:L.")],
        base: Annotated[
            str, typer.Option(metavar="MODEL", help="The model that is asked, with its revision.")
        ],
        evaluation: Annotated[
            list[Path],
            typer.Option("--eval", metavar="FILE", help="Its scores; repeat as needed."),
        ],
        kind: Annotated[str, typer.Option(metavar="K", help=f"{', '.join(_KINDS)}.")] = "prompt",
        config: Annotated[
            list[Path] | None,
            typer.Option(metavar="FILE", help="Its prompt, retrieval settings; repeat as needed."),
        ] = None,
        suite: Annotated[str, typer.Option(metavar="S", help="What the scores measure.")] = "",
        data: Annotated[
            str, typer.Option(metavar="DATA", help="A snapshot, or hub:NAME@REVISION.")
        ] = "",
        new: Annotated[
            bool, typer.Option("--new", help="The model is new; others are on record.")
        ] = False,
        corrects: Corrects = False,
        allow_partial: AllowPartial = False,
        trust: Trust = False,
        note: Annotated[str, typer.Option(metavar="TEXT", help="What people should know.")] = "",
    ) -> None:
        """Put a contender that is not fine-tuned on record, with its scores on the same items.

        A fine-tune is worth its cost only when it beats a good prompt: ft-registry eval compare
        NAME:L NAME/7 tells.
        """
        from ft_registry.actions.baselines import BaselineRequest
        from ft_registry.errors import InvalidInput
        from ft_registry.model.baseline import BaselineKind
        from ft_registry.model.reference import BaselineReference, parse_contender

        if kind not in _KINDS:
            raise InvalidInput(f"expected a kind of baseline, found {kind!r}",
                               hints=[f"kinds: {', '.join(_KINDS)}"])  # fmt: skip
        scoring = state.workspace.scoring
        reference = cast("BaselineReference", parse_contender(f"{name}:{label}"))
        added = scoring.add_baseline(
            BaselineRequest(
                reference, cast("BaselineKind", kind), base, tuple(config or ()),
                tuple(evaluation), suite=suite, data=scoring.data(data) if data else None,
                begins=new, corrects=corrects, allow_partial=allow_partial, trust=trust, note=note,
            )
        )  # fmt: skip
        document: dict[str, Any] = {
            "model": reference.model,
            "label": reference.label,
            "created": added.created,
            "baseline": added.baseline.as_json(),
            "evaluations": [one.id for one in added.evaluations],
            "put_back": [one.id for one in added.put_back],
            "notices": list(added.notices),
        }
        verb = "added" if added.created else "scored" if added.evaluations else "already"
        lines = [f"{verb} {reference}  {added.baseline.kind} on {added.baseline.base}"]
        lines += [f"  {one.suite}: {one.in_words()}" for one in added.evaluations]
        lines += [f"  put back {one.suite}: {one.in_words()}" for one in added.put_back]
        state.emit(document, "\n".join(lines))
        state.talk(*(f"note: {notice}" for notice in added.notices))
