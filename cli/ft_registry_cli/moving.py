"""What promote and rollback share: print the plan, apply it, tell what came of it."""

from typing import TYPE_CHECKING

from ft_registry_cli.state import State, short

if TYPE_CHECKING:
    from ft_registry.actions.move import MovePlan


def run_move(state: State, plan: "MovePlan", *, dry_run: bool) -> None:
    """Applies a plan, unless it is only to be printed."""
    moved = None if dry_run else state.workspace.move(plan)
    document = {
        "model": plan.alias.model,
        "alias": plan.alias.alias,
        "type": plan.type,
        "from": plan.previous,
        "to": plan.to,
        "record": plan.record,
        "reason": plan.reason,
        "changed": plan.is_needed and not dry_run,
        "dry_run": dry_run,
        "event": moved.event.id if moved and moved.event else None,
        "notices": moved.notices if moved else [],
    }
    before = plan.previous if plan.previous is not None else "none"
    if not plan.is_needed:
        text = f"already {plan.alias} = {plan.alias.model}/{plan.to}"
    else:
        text = f"{'would move' if dry_run else 'moved'} {plan.alias}: {before} -> {plan.to}"
    state.emit(document, f"{text}  record {short(plan.record)}")
    if moved:
        state.talk(*(f"note: {notice}" for notice in moved.notices))
