"""``eval compare``: two versions, item by item."""

from typing import Annotated

import typer

from ft_registry_cli.columns import folded
from ft_registry_cli.comparison_words import suites_document, suites_lines
from ft_registry_cli.state import State, command


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

        A suite that has nothing to be paired by is told, and the others are compared: exit code 1
        only where none is left. One whose items are damaged or gone ends with 4, one whose store
        does not answer with 6.
        """
        found = state.workspace.scoring.compare(old, new, suite=suite, shown=shown)
        state.emit(
            suites_document(found),
            lambda: "\n\n".join("\n".join(folded(lines)) for lines in suites_lines(found)),
        )
        if found.failure is not None:
            raise found.failure
