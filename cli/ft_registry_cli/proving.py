"""What restore and reproduce share: steps as lines, and the level that they add up to."""

from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ft_registry_cli.state import State, short

if TYPE_CHECKING:
    from ft_registry.actions.reproduce import Reproduced
    from ft_registry.actions.restore import Restored, RestorePlan
    from ft_registry.model.proof import Level, ProofStep

Reference = Annotated[
    str, typer.Argument(metavar="REF", help="NAME/7, NAME@champion or NAME/latest.")
]
_COLUMNS = 80


def folder_named(text: str) -> Path:
    """Returns the folder that an option names.

    Raises:
        BadParameter: The text is empty (a variable that is not set, mostly): as a path it would be
            the current folder.
    """
    if not text:
        raise typer.BadParameter("expected a folder, found an empty text")
    return Path(text)


def print_plan(
    state: State, plan: "RestorePlan", *, is_there: bool = False, **further: Any
) -> None:
    """Prints what would be restored from where, and the commands that would run.

    Args:
        state: The global options.
        plan: What would be restored.
        is_there: It was restored before.
        further: More keys of the document: ``commands``, ``foreign``.
    """
    document = {
        "model": plan.version.model,
        "version": plan.version.number,
        "record": plan.filed.digest,
        "into": str(plan.into),
        "level": plan.level,
        "sources": [{"name": name, "source": source} for name, source in plan.lines],
        "lock": plan.lock.as_json(),
        "dry_run": True,
        **further,
    }
    verb = "would take up" if is_there else "would restore"
    lines = [f"{verb} {plan.version} into {plan.into}", *columns(plan.lines)]
    lines += [f"  would run: {command}" for command in further.get("commands", ())]
    lines += [f"  needs --allow-commands: {why}" for why in further.get("foreign", ())]
    state.emit(document, "\n".join(lines))
    state.talk(*(f"note: {notice}" for notice in plan.notices))


def print_outcome(
    state: State, how: str, plan: "RestorePlan", done: "Restored | Reproduced"
) -> None:
    """Prints what was reached, step by step.

    Args:
        state: The global options.
        how: ``restore`` or ``reproduce``.
        plan: What was restored.
        done: What came of it.
    """
    from ft_registry.model.proof import shortfall

    document = {
        "model": plan.version.model,
        "version": plan.version.number,
        "record": plan.filed.digest,
        "level": done.level,
        "shortfall": shortfall(how, done.level, done.steps),
        "steps": [step.model_dump(mode="json") for step in done.steps],
        "into": str(plan.into),
        "lock": plan.lock.as_json(),
        "notices": done.notices,
    }
    state.emit(document, lambda: _text(how, plan, done.level, done.steps))
    state.talk(*(f"note: {notice}" for notice in done.notices))


def _text(how: str, plan: "RestorePlan", level: "Level", steps: "tuple[ProofStep, ...]") -> str:
    from ft_registry.model.proof import MEANINGS, shortfall

    failure = shortfall(how, level, steps)
    verb = "ran" if failure else f"{how}d"
    lines = [f"{verb} {plan.version}  record {short(plan.filed.digest)}", f"  into {plan.into}"]
    lines += columns([(f"{step.state.ljust(7)}  {step.name}", step.detail) for step in steps])
    if failure:
        lines += wrap(failure, _COLUMNS, break_long_words=False, break_on_hyphens=False)
    return "\n".join([*lines, f"level {level}: {MEANINGS[level]}"])


def columns(pairs: "list[tuple[str, str]]") -> list[str]:
    """Returns lines of a name and what is said of it, folded to the width of a terminal."""
    width = min(max((len(name) for name, _ in pairs), default=0), _COLUMNS // 2)
    lines: list[str] = []
    for name, text in pairs:
        head = f"  {name.ljust(width)}  "
        folded = wrap(
            text, _COLUMNS, initial_indent=head, subsequent_indent=" " * len(head),
            break_long_words=False, break_on_hyphens=False,
        )  # fmt: skip
        lines += folded or [head.rstrip()]
    return lines
