"""``data diff`` and ``data overlap``: two datasets, example by example."""

from textwrap import wrap
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ft_registry_cli.columns import COLUMNS
from ft_registry_cli.commands.data_snapshot import Named
from ft_registry_cli.example_words import edited_texts, example_text
from ft_registry_cli.state import State, command

if TYPE_CHECKING:
    from ft_registry.actions.compare_data import DataDiff, DataOverlap


def add_to(group: typer.Typer) -> None:
    """Registers the commands."""

    @command(group, "diff")
    def diff(
        state: State,
        old: Named,
        new: Named,
        shown: Annotated[
            int, typer.Option("--show", metavar="N", help="Examples of each kind.", min=0)
        ] = 3,
    ) -> None:
        """Tell what was added, removed and edited, and how lengths and labels moved.

        Edited: the same prompt with another answer. Equal examples count once.
        """
        found = state.workspace.datasets.diff(old, new, shown=shown)
        document = {
            "old": found.old.reference,
            "new": found.new.reference,
            "same": found.same,
            "added": found.added,
            "removed": found.removed,
            "edited": found.edited,
            "samples": dict(found.samples),
            "shifts": list(found.shifts),
        }
        state.emit(document, lambda: _diff_text(found))

    @command(group, "overlap")
    def overlap(
        state: State,
        left: Annotated[
            str,
            typer.Argument(
                metavar="A", help="A snapshot, or a version: all it was trained on counts."
            ),
        ],
        right: Annotated[str, typer.Argument(metavar="B", help="The snapshot to look for.")],
        near: Annotated[
            bool, typer.Option("--near", help="Also examples that share most words; reads data.")
        ] = False,
        threshold: Annotated[
            float | None,
            typer.Option(metavar="X", help="Similarity for --near, 0 to 1 [default: 0.7]."),
        ] = None,
        fail_over: Annotated[
            int | None,
            typer.Option(metavar="N", help="Exit 3 if more than N examples of B are in A.", min=0),
        ] = None,
    ) -> None:
        """Tell how many examples of B, a test set say, A holds too.

        Exact, equal but for case and spacing, the same prompt with another answer, or near (with
        --near): each example counts once, for the closest.
        """
        from ft_registry.errors import GateRefused
        from ft_registry.examples.near import THRESHOLD

        wanted = THRESHOLD if near and threshold is None else threshold
        found = state.workspace.datasets.overlap(left, right, near=wanted)
        document = _overlap_document(found)
        state.emit(document, lambda: _overlap_text(found))
        if fail_over is not None and document["total"] > fail_over:
            raise typer.Exit(GateRefused.exit_code)


def _diff_text(found: "DataDiff") -> str:
    room = COLUMNS - len("  + ")
    lines = [
        f"{found.old.reference} -> {found.new.reference}",
        f"  same {found.same}, added {found.added}, removed {found.removed}, edited {found.edited}",
    ]
    for shift in found.shifts:
        lines += wrap(shift, COLUMNS, initial_indent="  ", subsequent_indent="    ")
    for sign, kind in (("+", "added"), ("-", "removed")):
        lines += [f"  {sign} {example_text(one, columns=room)}" for one in found.samples[kind]]
    for old, new in found.samples["edited"]:
        before, after = edited_texts(old, new, columns=room)
        lines += [f"  - {before}", f"  + {after}"]
    return "\n".join(lines)


def _overlap_document(found: "DataOverlap") -> dict[str, Any]:
    return {
        "a": [one.reference for one in found.left],
        "b": found.right.reference,
        "rows": found.rows,
        "exact": found.exact,
        "normal": found.normal,
        "near": found.near,
        "prompt": found.prompt,
        "total": found.exact + found.normal + (found.near or 0) + found.prompt,
        "samples": [{"kind": kind, "example": example} for kind, example in found.samples],
    }


def _overlap_text(found: "DataOverlap") -> str:
    left = ", ".join(one.reference for one in found.left)
    lines = [
        *wrap(f"of {found.rows} examples of {found.right.reference}, in {left}:", COLUMNS),
        f"  {found.exact:>7}  exact",
        f"  {found.normal:>7}  equal but for case and spacing",
        f"  {found.prompt:>7}  the same prompt with another answer",
        *([f"  {found.near:>7}  near: most words in the same order"]
          if found.near is not None else []),
    ]  # fmt: skip
    for kind, one in found.samples:
        head = f"  {kind}: "
        lines.append(head + example_text(one, columns=COLUMNS - len(head)))
    return "\n".join(lines)
