"""``gate``: may an alias name this version?"""

import json
import os
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING, Annotated

import typer

from ft_registry_cli.state import State, command

if TYPE_CHECKING:
    from ft_registry.gates.report import Report

FORMATS = ("text", "json", "md", "html", "junit", "github")
_CODES = {"pass": 0, "fail": 3, "inconclusive": 7}

AllowCommands = Annotated[
    bool, typer.Option("--allow-commands", help="Run commands and plugins of the policy.")
]


def add_to(app: typer.Typer) -> None:
    """Registers the command."""

    @command(app, "gate", network=True)
    def gate(
        state: State,
        reference: Annotated[str, typer.Argument(metavar="REF", help="NAME/7 or NAME/latest.")],
        to: Annotated[str, typer.Option("--to", metavar="ALIAS", help="Such as champion.")],
        format_: Annotated[
            str, typer.Option("--format", metavar="F", help=f"{', '.join(FORMATS)}.")
        ] = "text",
        output: Annotated[
            Path | None,
            typer.Option("--output", metavar="FILE", help="Write the report there; print text."),
        ] = None,
        allow_commands: AllowCommands = False,
    ) -> None:
        """Decide by the policy whether an alias may name a version; change nothing.

        Ends with 0 when it passes, 3 when it fails, 7 when the evidence cannot decide it. The
        policy is read from the ledger. promote decides again, by the same policy.
        """
        from ft_registry.errors import InvalidInput
        from ft_registry.formats.verdict_json import verdict_json

        if format_ not in FORMATS:
            raise InvalidInput(
                f"expected a format, found {format_!r}", hints=[f"formats: {', '.join(FORMATS)}"]
            )
        report = state.workspace.gates.decide(reference, to, allow_commands=allow_commands).report
        if output is not None:
            # A log that people read gets words, a file what programs or browsers read.
            content = render(report, "html" if format_ == "github" else format_)
            output.write_text(f"{content}\n", encoding="utf-8", errors="replace")
        shown = format_ if output is None or format_ == "github" else "text"
        state.emit(verdict_json(report), lambda: render(report, shown))
        if format_ == "github":
            _tell_github(report, str(output or ""))
        raise typer.Exit(_CODES[report.verdict.outcome])


def render(report: "Report", format_: str) -> str:
    """Returns a report in one of `FORMATS`."""
    if format_ == "json":
        from ft_registry.formats.verdict_json import verdict_json

        return json.dumps(verdict_json(report))
    if format_ == "md":
        from ft_registry.formats.verdict_markdown import verdict_markdown

        return verdict_markdown(report)
    if format_ == "html":
        from ft_registry.formats.verdict_html import verdict_html

        return verdict_html(report)
    if format_ == "junit":
        from ft_registry.formats.verdict_junit import verdict_junit

        return verdict_junit(report)
    if format_ == "github":
        from ft_registry.formats.verdict_github import workflow_commands

        return workflow_commands(report)
    from ft_registry_cli.gate_words import report_text

    return report_text(report)


def _tell_github(report: "Report", path: str) -> None:
    """Appends summary and outputs to the files that GitHub names; elsewhere there are none."""
    from ft_registry.formats.verdict_github import step_outputs, step_summary

    outputs = step_outputs(report, report_path=path, token=token_hex(16))
    for variable, text in (
        ("GITHUB_STEP_SUMMARY", step_summary(report)), ("GITHUB_OUTPUT", outputs),
    ):  # fmt: skip
        if place := os.environ.get(variable):
            with Path(place).open("a", encoding="utf-8", errors="replace") as file:
                file.write(text)
