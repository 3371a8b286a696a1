"""``sync``: let the ledger, its remote and MLflow agree again."""

from textwrap import wrap
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ft_registry_cli import remote_words
from ft_registry_cli.state import DryRun, State, command

if TYPE_CHECKING:
    from ft_registry.actions.plan_sync import Mode, SyncPlan
    from ft_registry.actions.sync import Synced
    from ft_registry.model.event import LoggedEvent
    from ft_registry.ports.ledger import Settled, SettlementPlan

_WIDEST = 80
"""Characters of a line; a path may be longer."""


def add_to(app: typer.Typer) -> None:
    """Registers the command."""

    @command(app, "sync", network=True)
    def sync(
        state: State,
        restore: Annotated[bool, typer.Option("--restore", help="The ledger wins.")] = False,
        adopt: Annotated[
            bool, typer.Option("--adopt", help="Put on record what was done by hand.")
        ] = False,
        dry_run: DryRun = False,
    ) -> None:
        """Let the ledger, its remote and MLflow agree again.

        Plain, it publishes and takes over events, and puts back what MLflow only lacks: aliases,
        tags, descriptions, runs in the trash. What contradicts the ledger is left and told, with
        exit 5.

        With --restore aliases are moved back, edits undone, deleted versions created again under
        their numbers, from the bytes that survive; lost ones are told, with exit 4. Events that
        vanished from the remote are published again.

        With --adopt aliases moved and versions deleted by hand become events of whoever runs this;
        a deletion so adopted is final.
        Events that vanished from the remote are set aside.
        """
        if restore and adopt:
            raise typer.BadParameter("expected --restore or --adopt, found both")
        mode: Mode = "restore" if restore else "adopt" if adopt else "mend"
        workspace = state.workspace
        settlement = workspace.plan_settlement(mode)
        if not dry_run:
            state.talk(*(f"will {text}" for text in _settlement_lines(settlement)))
        settled = None if dry_run or not settlement.is_needed else workspace.settle(settlement)
        plan = workspace.plan_sync(mode)
        if not dry_run:
            state.talk(*(f"will {step.text}: {step.name}" for step in plan.steps))
        done = None if dry_run else workspace.sync(plan)
        last = done.plan if done else plan
        text = _text(settlement, settled, last, done)
        state.emit(_document(settlement, settled, last, done), text)
        if done:
            state.talk(*(f"note: {notice}" for notice in done.notices))
        failure = done.failure if done else _left_over(plan)
        if failure is not None:
            raise failure


def _left_over(plan: "SyncPlan") -> Exception | None:
    from ft_registry.actions.sync import left_over

    return left_over(plan)


def _settlement_lines(plan: "SettlementPlan") -> list[str]:
    deeds: list[tuple[str, tuple[LoggedEvent, ...]]] = [
        ("publish", plan.push),
        ("take over", plan.take),
        ("write anew on top", plan.replay),
        ("set aside", plan.set_aside),
    ]
    return [f"{deed}: {remote_words.line(logged)}" for deed, events in deeds for logged in events]


def _document(
    settlement: "SettlementPlan",
    settled: "Settled | None",
    plan: "SyncPlan",
    done: "Synced | None",
) -> dict[str, Any]:
    steps = done.done if done else plan.steps
    return {
        "mode": plan.mode,
        "dry_run": done is None,
        "ledger": {
            "state": settlement.state,
            "push": [logged.id for logged in settlement.push],
            "take": [logged.id for logged in settlement.take],
            "replay": [logged.id for logged in settlement.replay],
            "set_aside": [logged.id for logged in settlement.set_aside],
            "changed": settled is not None,
        },
        "drift": [drift.as_json() for drift in plan.drift],
        "steps": [{"do": step.do, "name": step.name, "text": step.text} for step in steps],
        "left": [drift.as_json() for drift in plan.left],
        "lost": [f"{version}: {why}" for version, why in done.lost.items()] if done else [],
        "refused": list(done.refused) if done else [],
        "notices": list(done.notices) if done else [],
    }


def _text(
    settlement: "SettlementPlan",
    settled: "Settled | None",
    plan: "SyncPlan",
    done: "Synced | None",
) -> str:
    lines = []
    if settled is not None:
        counts = {
            "published": settled.pushed,
            "taken over": settled.taken,
            "written anew": settled.replayed,
            "set aside": len(settled.set_aside),
        }
        deeds = ", ".join(f"{count} {deed}" for deed, count in counts.items() if count)
        lines.append(f"ledger    it was {settlement.state}; events: {deeds or 'as they were'}")
    elif done is None:
        lines += [f"would     {text}" for text in _settlement_lines(settlement)]
    steps = done.done if done else plan.steps
    verb = "done" if done else "would"
    lines += [f"{verb:<9} {step.name}: {step.text}" for step in steps]
    for drift in plan.left:
        lines.append(f"left      {drift.words}: {drift.name}")
        lines += _wrapped(f"expected {drift.expected}, found {drift.found}")
    for version, why in done.lost.items() if done else ():
        lines += [f"lost      {version}", *_wrapped(why)]
    for text in done.refused if done else ():
        lines += _wrapped(text, "refused")
    return "\n".join(lines) if lines else "nothing to do: MLflow shows what the ledger says"


def _wrapped(text: str, head: str = "") -> list[str]:
    return wrap(
        text, _WIDEST, initial_indent=f"{head:<10}", subsequent_indent=" " * 10,
        break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip
