"""``eval compare``: two versions, item by item."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from ft_registry_cli.comparison_words import comparison_document, comparison_lines
from ft_registry_cli.state import State, command

if TYPE_CHECKING:
    from ft_registry.actions.compare_evaluations import SuiteComparison


def add_to(group: typer.Typer) -> None:
    """Registers the command."""

    @command(group, "compare")
    def compare(
        state: State,
        old: Annotated[str, typer.Argument(metavar="REF", help="The version to compare with.")],
        new: Annotated[str, typer.Argument(metavar="REF", help="The version in question.")],
        suite: Annotated[str, typer.Option(metavar="S", help="Only this suite.")] = "",
        shown: Annotated[
            int, typer.Option("--show", metavar="N", help="Items of each kind.", min=0)
        ] = 3,
    ) -> None:
        """Compare two versions on the items that both were measured on.

        Paired: chance is judged by the items where they differ (McNemar's exact test for right and
        wrong, the paired t test for graded scores). Prompts, data and evaluators that differ are
        told: scores may differ for them.
        """
        found = state.workspace.scoring.compare(old, new, suite=suite, shown=shown)
        document: dict[str, Any] = {"suites": [comparison_document(one) for one in found]}
        state.emit(document, lambda: _text(found))


def _text(found: "list[SuiteComparison]") -> str:
    return "\n\n".join("\n".join(comparison_lines(one)) for one in found)
