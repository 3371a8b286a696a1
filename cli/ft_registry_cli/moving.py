"""What promote and rollback share: print the plan, apply it, tell what came of it."""

from textwrap import wrap
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ft_registry_cli.columns import COLUMNS
from ft_registry_cli.state import State, short, size

if TYPE_CHECKING:
    from ft_registry.actions.move import Moved
    from ft_registry.actions.plan_move import MovePlan
    from ft_registry.model.lock import Lock
    from ft_registry.model.verification import Verification

Override = Annotated[
    list[str] | None,
    typer.Option(
        "--override",
        metavar="GUARD",
        help="Set a guard aside: standing, data, gate.NAME (a check), gate (all). Needs a reason; "
        "shown for ever.",
    ),
]
_FILES_SHOWN = 12
_DAMAGE_SHOWN = 3


def run_move(state: State, plan: "MovePlan", *, dry_run: bool) -> None:
    """Applies a plan, unless it is only to be printed.

    A dry run looks at what is there without reading every byte, and says when that would be
    refused.
    """
    if dry_run:
        looked = state.workspace.preview_move(plan)
        state.emit(_document(plan, looked, None), lambda: _text(plan, looked, None))
        state.talk(*(f"note: {note}" for note in looked.notes))
        return
    moved = state.workspace.move(plan)
    looked = moved.verification
    state.emit(_document(plan, looked, moved), lambda: _text(plan, looked, moved))
    state.talk(*(f"note: {note}" for note in (*looked.notes, *moved.notices)))


def _document(plan: "MovePlan", looked: "Verification", moved: "Moved | None") -> dict[str, Any]:
    from ft_registry.formats.verdict_json import verdict_json

    before = {"version": plan.previous, "record": plan.previous_record}
    return {
        "model": plan.alias.model,
        "alias": plan.alias.alias,
        "type": plan.type,
        "from": plan.previous,
        "to": plan.to,
        "record": plan.record,
        "reason": plan.reason,
        "before": before if plan.previous is not None else None,
        "after": {"version": plan.to, "record": plan.record},
        "lock": plan.lock.as_json(),
        "called_bad": plan.previous if plan.calls_bad else None,
        "skipped": [
            {"version": found.version.number, "why": found.words} for found in plan.skipped
        ],
        "overrides": list(plan.overrides),
        "verdict": verdict_json(plan.decision.report) if plan.decision else None,
        "verified": [finding.as_json() for finding in looked.findings],
        "changed": plan.is_needed and moved is not None,
        "dry_run": moved is None,
        "event": moved.event.id if moved and moved.event else None,
        "notices": moved.notices if moved else [],
    }


def _text(plan: "MovePlan", looked: "Verification", moved: "Moved | None") -> str:
    from ft_registry.formats.verdict_words import headline

    if not plan.is_needed:
        return f"already {plan.alias} = {plan.version}  record {short(plan.record)}"
    before = plan.previous if plan.previous is not None else "none"
    verb = "moved" if moved else "would move"
    against = f", overriding {', '.join(plan.overrides)}" if plan.overrides else ""
    lines = [f"{verb} {plan.alias}: {before} -> {plan.to}{against}"]
    lines += [f"  passed over {found.version}, {found.words}" for found in plan.skipped]
    if plan.previous_record is not None:
        bad = "  called bad" if plan.calls_bad else ""
        lines.append(f"  before   {before}  record {short(plan.previous_record)}{bad}")
    lines.append(f"  after    {plan.to}  record {short(plan.record)}")
    if plan.decision is not None:
        lines += wrap(
            headline(plan.decision.verdict), COLUMNS, initial_indent="  gate     ",
            subsequent_indent=" " * 11,
        )  # fmt: skip
    lines += _lock(plan.lock)
    lines.append(f"  checked  {_checked(looked, 'every byte' if moved else 'sizes')}")
    return "\n".join(lines)


def _lock(lock: "Lock") -> list[str]:
    weights = f"{len(lock.files)} files, {size(lock.size)}, sha256 {short(lock.artifact)}"
    width = max(len(entry.path) for entry in lock.files[:_FILES_SHOWN])
    lines = [f"  lock     {lock.version}  {weights}"]
    lines += [
        f"           {entry.path.ljust(width)}  {size(entry.size):>8}  sha256 {entry.sha256[:12]}"
        for entry in lock.files[:_FILES_SHOWN]
    ]
    if len(lock.files) > _FILES_SHOWN:
        lines.append(f"           and {len(lock.files) - _FILES_SHOWN} more (--json lists them)")
    return lines


def _checked(looked: "Verification", how: str) -> str:
    good = [finding for finding in looked.findings if finding.state == "ok"]
    files = sum(finding.kind == "artifact" for finding in good)
    copies = sum(finding.kind == "data" for finding in good)
    found = f"{how} of {files} files of weights"
    if copies:
        found += f", {copies} {'copy' if copies == 1 else 'copies'} of data"
    unseen = [
        f"           no copy of {finding.name} was seen, and not every place answered"
        for finding in looked.undecided[:_DAMAGE_SHOWN]
    ]
    if not looked.damage:
        return "\n".join([f"{found}: as recorded", *unseen])
    damaged = [f"           {finding.as_text()}" for finding in looked.damage[:_DAMAGE_SHOWN]]
    return "\n".join([f"{found}; {len(looked.damage)} damaged:", *damaged, *unseen])
