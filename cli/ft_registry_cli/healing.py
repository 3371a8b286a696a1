"""What ``verify --heal`` does and prints."""

from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING, Any

from ft_registry_cli.progress import progress_of
from ft_registry_cli.state import State, size

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ft_registry.actions.heal import Healed
    from ft_registry.actions.plan_heal import HealPlan
    from ft_registry.model.healing import Wound

_COLUMNS = 80
_TOLD = 20
"""Of each kind that the text tells; `--json` has them all."""


def run_healing(state: State, reference: str | None, *, extra: Path | None, dry_run: bool) -> None:
    """Plans, tells the plan, does it, tells what became of it.

    Args:
        state: The global options.
        reference: One version or baseline; None: all of them.
        extra: A folder more that may hold copies of weights.
        dry_run: Do not do it.
    """
    from ft_registry.errors import InvalidInput

    if extra is not None and not extra.is_dir():
        raise InvalidInput(f"expected a folder at --from {extra}, found none")
    workspace = state.workspace
    with progress_of(state) as progress:
        folder = extra.absolute() if extra is not None else None
        plan = workspace.plan_heal(reference, extra=folder, progress=progress)
    if not dry_run:
        state.talk(*_plan_lines(plan))
    healed = None if dry_run else workspace.heal(plan)
    state.emit(_document(plan, healed), lambda: _text(plan, healed))
    state.talk(*(f"note: {note}" for note in plan.notes))
    if healed and any(wound.harm != "missing" for wound in healed.done):
        state.talk(f"what lay there is kept: {workspace.private / 'quarantine'}")
    failure = healed.failure if healed else plan.failure
    if failure is not None:
        raise failure


def _plan_lines(plan: "HealPlan") -> list[str]:
    wounds = [cure.wound for cure in plan.cures]
    lines = [f"will {line(wound)}" for wound in wounds[:_TOLD]]
    if len(wounds) > _TOLD:
        written = sum(wound.size or 0 for wound in wounds)
        lines.append(f"will put {len(wounds) - _TOLD} more back: {size(written)} in all")
    return lines


def line(wound: "Wound") -> str:
    """Returns a wound and its cure in a line."""
    return f"{wound.subject}: {wound.words}" if wound.subject else wound.words


def _document(plan: "HealPlan", healed: "Healed | None") -> dict[str, Any]:
    lost, unknown = (healed.lost, healed.open) if healed else (plan.lost, plan.open)
    done = healed.done if healed else tuple(cure.wound for cure in plan.cures)
    return {
        "ok": (healed.failure if healed else plan.failure) is None,
        "dry_run": healed is None,
        "healed": [wound.as_json() for wound in done],
        "lost": [wound.as_json() for wound in lost],
        "unknown": [wound.as_json() for wound in unknown],
        "left": [finding.as_json() for finding in plan.left],
        "notes": list(plan.notes),
    }


def _text(plan: "HealPlan", healed: "Healed | None") -> str:
    lost, unknown = (healed.lost, healed.open) if healed else (plan.lost, plan.open)
    done = healed.done if healed else tuple(cure.wound for cure in plan.cures)
    lines = [
        *_lines("done" if healed else "would", [line(wound) for wound in done]),
        *_lines("lost", [_fate(wound) for wound in lost]),
        *_lines("unknown", [_fate(wound) for wound in unknown]),
        *_lines("left", [finding.as_text() for finding in plan.left if finding.is_damage]),
        *_lines("unknown", [finding.as_text() for finding in plan.left if finding.is_open]),
    ]
    return "\n".join(lines) if lines else "nothing to heal: every byte is what it was"


def _fate(wound: "Wound") -> str:
    return f"{wound.subject}: {wound.fate}" if wound.subject else wound.fate


def _lines(head: str, texts: "Sequence[str]") -> list[str]:
    lines = []
    for text in texts[:_TOLD]:
        lines += wrap(
            " ".join(text.split("\n")), _COLUMNS, initial_indent=f"{head:<10}",
            subsequent_indent=" " * 10, break_long_words=False, break_on_hyphens=False,
        )  # fmt: skip
    if len(texts) > _TOLD:
        lines.append(f"{head:<10}and {len(texts) - _TOLD} more: --json names them all")
    return lines
