"""What GitHub's runner is told, read as the runner reads it."""

import re
from urllib.parse import unquote

import pytest
from tests.unit.formats.reports import HOSTILE, failing, hostile, make_check, make_verdict, passing

from ft_registry.errors import InvalidInput
from ft_registry.formats.verdict_github import step_outputs, step_summary, workflow_commands
from ft_registry.gates.report import Report, WorstItem

TOKEN = "0123456789abcdef" * 2
COMMAND = re.compile(r"::(error|warning|notice) title=([^:,\r\n]*)::([^\r\n]*)")


def annotations(report: Report) -> list[tuple[str, str, str]]:
    found = []
    for line in workflow_commands(report).splitlines():
        match = COMMAND.fullmatch(line)
        assert match, line
        assert not re.search(r"%(?!25|0A|0D|3A|2C)", match[2] + match[3])
        found.append((match[1], unquote(match[2], errors="strict"), unquote(match[3])))
    return found


def outputs(text: str) -> dict[str, str]:
    """Reads a file of outputs as the runner does."""
    lines = iter(text.splitlines())
    found = {}
    for line in lines:
        name, _, end = line.partition("<<")
        value = []
        while (part := next(lines)) != end:
            value.append(part)
        found[name] = "\n".join(value)
    return found


def test_what_passes_is_one_notice() -> None:
    assert annotations(passing()) == [
        ("notice", "Gate of @champion: PASS",
         "support-dates/3 may be @champion: all 2 checks pass"),
    ]  # fmt: skip


def test_what_stands_in_the_way_is_annotated_and_an_override_is_a_warning() -> None:
    levels = [(level, title) for level, title, _ in annotations(failing())]
    assert levels == [
        ("error", "Gate of @champion: FAIL"), ("warning", "OVERRIDE"), ("error", "FAIL: better"),
        ("warning", "INCONCLUSIVE: safe"),
    ]  # fmt: skip


def test_no_more_annotations_than_are_shown() -> None:
    many = make_verdict(*(make_check(f"c{n}", outcome="fail") for n in range(30)))
    levels = [level for level, _, _ in annotations(Report(many))]
    assert levels.count("error") == 10
    assert annotations(Report(many))[-1][2] == "21 more checks are in the summary of the job"


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_no_text_becomes_a_command(text: str) -> None:
    assert {level for level, _, _ in annotations(hostile(text))} <= {"error", "warning"}


def test_a_percent_sign_stays_one() -> None:
    report = Report(make_verdict(make_check(outcome="fail", found="50%0Aof: a, b")))
    assert annotations(report)[1][2].endswith("50%0Aof: a, b")
    assert "%250A" in workflow_commands(report)


@pytest.mark.parametrize("path", ["", "gate.html", "a\nft_registry_\noutcome=pass", "x<<y"])
def test_outputs_are_read_back_whatever_they_hold(path: str) -> None:
    assert outputs(step_outputs(failing(), report_path=path, token=TOKEN)) == {
        "outcome": "fail", "passes": "false", "version": "support-dates/3", "alias": "champion",
        "report": path,
    }  # fmt: skip


@pytest.mark.parametrize(("token", "path"), [("short", ""), (TOKEN, f"x\nft_registry_{TOKEN}\n")])
def test_a_token_that_is_known_is_refused(token: str, path: str) -> None:
    with pytest.raises(InvalidInput, match="random token"):
        step_outputs(failing(), report_path=path, token=token)


def test_a_summary_stays_below_what_github_drops() -> None:
    found = failing()
    items = tuple(WorstItem(f"q{n}", 1, 0, {"prompt": "é" * 400}) for n in range(2000))
    long = Report(found.verdict, worst={"better": items})
    assert len(step_summary(long).encode()) <= 1024 * 1024
    assert "texts of items are left out" in step_summary(long)
    huge = make_verdict(*(make_check(f"c{n}", found="x" * 1000) for n in range(2000)))
    assert "too long for GitHub" in step_summary(Report(huge))
    assert step_summary(found).startswith("### FAIL: ")
