"""``data trace`` and ``data erase-plan``: where an example went, and what must go with it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ft_registry_cli.state import State, command

if TYPE_CHECKING:
    from ft_registry.actions.erase import ErasurePlan
    from ft_registry.actions.trace import Affected, Trace

Example = Annotated[
    Path | None, typer.Option(metavar="FILE", help="A file that holds the example, or several.")
]
Hash = Annotated[
    str, typer.Option("--hash", metavar="H", help="Its exact hash (32 digits) or normal one (16).")
]
Subject = Annotated[
    str, typer.Option(metavar="NAME", help="The person that examples are about, where indexed.")
]
INCONCLUSIVE = 7
"""Exit code: neither yes nor no is known."""
HONEST = (
    "This is membership, not unlearning: weights that were trained on an example keep what they "
    "learnt from it until they are retired or trained again without it."
)


def add_to(group: typer.Typer) -> None:
    """Registers the commands."""

    @command(group, "trace")
    def trace(
        state: State, example: Example = None, hash_: Hash = "", subject: Subject = ""
    ) -> None:
        """Find the snapshots, versions and live aliases that an example went into.

        Answers from the indexes, also when the data is gone. Exit code 7: nobody can tell, because
        no snapshot holds it and some, or all, cannot say.
        """
        datasets = state.workspace.datasets
        found = datasets.trace(datasets.query(example=example, hashed=hash_, subject=subject))
        state.emit(_document(found), lambda: "\n".join(_lines(found)))
        state.talk(*(f"note: {text}" for text in found.untold))
        if not found.is_told:
            raise typer.Exit(INCONCLUSIVE)

    @command(group, "erase-plan", network=True)
    def erase_plan(
        state: State,
        example: Example = None,
        hash_: Hash = "",
        subject: Subject = "",
        record: Annotated[
            bool, typer.Option("--record", help="Put tombstones on record; needs --reason.")
        ] = False,
        reason: Annotated[
            str, typer.Option(metavar="TEXT", help="Who asked for it; kept on record.")
        ] = "",
    ) -> None:
        """Say what to retire or train again so that an example is gone.

        With --record, data check, data snapshot and register refuse it from then on. Exit code 7:
        nobody can tell what holds it; what was asked to be recorded is on record all the same.
        """
        datasets = state.workspace.datasets
        plan = datasets.plan_erasure(datasets.query(example=example, hashed=hash_, subject=subject))
        event = datasets.erase(plan, reason=reason) if record else None
        document = {
            **_document(plan.trace),
            "serving": [str(one.version) for one in plan.serving],
            "trained": [str(one.version) for one in plan.others],
            "measured": [str(one.version) for one in plan.measured],
            "event": event.id if event else None,
            "statement": HONEST,
        }
        state.emit(document, lambda: _plan_text(plan))
        if record:
            state.talk(
                f"on record as {event.id[:12]}" if event else "its tombstones are on record already"
            )
        state.talk(*(f"note: {text}" for text in plan.trace.untold))
        if not plan.trace.is_told:
            raise typer.Exit(INCONCLUSIVE)


def _document(found: "Trace") -> dict[str, Any]:
    return {
        "query": found.query.shown,
        "hashes": [
            {"key": key, "exact": one.exact, "normal": one.normal, "subject": one.subject}
            for key, one in found.hashes
        ],
        "snapshots": [
            {
                "snapshot": held.snapshot.reference,
                "path": held.snapshot.snapshot.content.path,
                "exact": held.exact,
                "normal": held.normal,
                "subject": held.subject,
            }
            for held in found.held
        ],
        "versions": [
            {
                "version": str(one.version),
                "how": one.how,
                "trained": one.is_trained,
                "aliases": list(one.aliases),
            }
            for one in found.affected
        ],
        "told": found.is_told,
        "looked_at": found.looked_at,
        "untold": [str(one) for one in found.untold],
    }


def _lines(found: "Trace") -> list[str]:
    if not found.looked_at:
        return [f"nobody can tell: no snapshot here can tell of {found.query.shown}"]
    if not found.held:
        none = f"none of {found.looked_at} snapshots holds {found.query.shown}"
        if not found.untold:
            return [none]
        return [f"nobody can tell: {none},", f"and {_others(len(found.untold))} cannot tell"]
    lines = [f"{len(found.held)} of {found.looked_at} snapshots hold {found.query.shown}:"]
    exact, normal = "exact", "but for case and spacing"
    if found.query.is_person:
        exact, normal = "equal to one about the person", "equal but for case and spacing"
    for held in found.held:
        counts = [
            f"{count} {word}"
            for count, word in (
                (held.subject, "about the person"), (held.exact, exact),
                (held.normal, normal),
            )
            if count
        ]  # fmt: skip
        lines.append(f"  {held.snapshot.reference}  {', '.join(counts)}")
    lines += [f"  {_version(one)}" for one in found.affected]
    if not found.affected:
        lines.append("  no version was trained or measured on them")
    in_part = sum(one.is_searched for one in found.untold)
    if others := len(found.untold) - in_part:
        lines.append(f"  {_others(others)} cannot tell: there may be more")
    if in_part:
        lines.append(f"  {in_part} of the snapshots can tell only in part: there may be more")
    return lines


def _others(count: int) -> str:
    return f"{count} other{'s' if count != 1 else ''}"


def _version(one: "Affected") -> str:
    live = "".join(f"  @{alias}" for alias in one.aliases)
    return f"{one.version}{live}  {one.how}"


def _plan_text(plan: "ErasurePlan") -> str:
    lines = _lines(plan.trace)
    steps = [
        f"train {one.version} again without it, or retire it: {', '.join(one.aliases)} names it"
        for one in plan.serving
    ]
    steps += [f"do not serve {one.version} again: {one.how}" for one in plan.others]
    steps += [f"measure {one.version} again: {one.how}" for one in plan.measured]
    steps += [
        f"take it out of {held.snapshot.snapshot.content.path}, then take a new snapshot"
        for held in plan.trace.held
    ]
    if steps:
        lines += ["", "what is to be done:"]
        lines += [f"  {number}. {step}" for number, step in enumerate(steps, 1)]
    from textwrap import wrap

    return "\n".join([*lines, "", *wrap(HONEST, 80)])
