"""A report for GitHub Actions: annotations, the summary of the job, outputs of the step.

The runner obeys lines of a log that begin with ``::``. Here each of ours is made of one escaped
command, so that no text of a model, a policy or an item can begin a line of its own.
"""

from ft_registry.errors import InvalidInput
from ft_registry.formats.verdict_markdown import verdict_markdown
from ft_registry.formats.verdict_words import (
    headline,
    outcome_words,
    override_words,
    plain,
    standing,
    word,
)
from ft_registry.gates.report import Report
from ft_registry.model.verdict import CheckFinding

_MOST = 9
"""GitHub shows ten annotations of a level of a step; the first is the decision."""
_LONG = 1500
_SUMMARY = 1024 * 1024
"""GitHub drops the whole summary of a step that is longer, in bytes."""


def workflow_commands(report: Report) -> str:
    """Returns the workflow commands, a line each."""
    verdict = report.verdict
    level = "notice" if verdict.outcome == "pass" else "warning" if verdict.passes else "error"
    lines = [_command(level, f"Gate of @{verdict.alias}: {word(verdict)}", headline(verdict))]
    if verdict.overrides:
        lines.append(_command("warning", "OVERRIDE", override_words(verdict)))
    blocking = standing(verdict)
    lines += [_annotation(check) for check in blocking[:_MOST]]
    if len(blocking) > _MOST:
        more = f"{len(blocking) - _MOST} more checks are in the summary of the job"
        lines.append(_command("notice", "Gate", more))
    return "\n".join(lines)


def step_summary(report: Report) -> str:
    """Returns the Markdown that is appended to the file which GITHUB_STEP_SUMMARY names."""
    verdict = report.verdict
    without = Report(verdict, notes=("texts of items are left out: they are too long for GitHub",))
    for one in (report, without):
        text = verdict_markdown(one) + "\n"
        if len(text.encode("utf-8", "replace")) <= _SUMMARY:
            return text
    return f"### {word(verdict)}: {headline(verdict)}\n\nThe report is too long for GitHub.\n\n"


def step_outputs(report: Report, *, report_path: str, token: str) -> str:
    """Returns the lines that are appended to the file which GITHUB_OUTPUT names.

    Args:
        report: The report.
        report_path: Where it was written; empty: nowhere.
        token: A random text, new for each call: nobody who has a part in the values can know it,
            so none of them can end before its end and go on as another output.

    Raises:
        InvalidInput: The token is too short to be random, or part of a value.
    """
    verdict = report.verdict
    values = {
        "outcome": verdict.outcome,
        "passes": "true" if verdict.passes else "false",
        "version": f"{verdict.model}/{verdict.version}",
        "alias": verdict.alias,
        "report": report_path,
    }
    delimiter = f"ft_registry_{token}"
    if len(token) < 16 or any(delimiter in value for value in values.values()):
        raise InvalidInput(
            f"expected a random token of 16 characters or more, found {token!r}",
            hints=["secrets.token_hex(16) makes one"],
        )
    return "".join(f"{name}<<{delimiter}\n{value}\n{delimiter}\n" for name, value in values.items())


def _annotation(check: CheckFinding) -> str:
    level = "error" if check.outcome == "fail" else "warning"
    title = f"{outcome_words(check)}: {plain(check.name)}"
    return _command(level, title, f"{plain(check.asked)}: {plain(check.found)}")


def _command(level: str, title: str, message: str) -> str:
    return f"::{level} title={_property(_cut(title, 120))}::{_data(_cut(message, _LONG))}"


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 4]} ..."


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
