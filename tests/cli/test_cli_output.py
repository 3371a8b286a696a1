"""Results to the standard output, talk to the standard error, and nothing else anywhere."""

import json
import os
import subprocess

import pytest
from tests.cli.project import COMMAND, Outcome, Project, environment

from ft_registry.model.canonical import digest

pytestmark = pytest.mark.integration

READS = [
    ("list",),
    ("show", "m@champion"),
    ("log",),
    ("at", "m@champion", "0s"),
    ("lineage", "m/1"),
    ("status",),
]


def test_show_has_the_promised_keys(shelf: Project) -> None:
    shown = shelf.done("show", "m/1")
    assert set(shown) == {
        "model", "version", "digest", "registered_at", "registered_by", "record", "aliases",
        "evaluations", "standing", "proof", "approvals", "moves",
        "chain", "chain_broken", "gates", "uri",
    }  # fmt: skip
    assert (shown["model"], shown["version"], shown["aliases"]) == ("m", 1, [])


def test_the_digest_of_a_record_can_be_recomputed_from_what_is_shown(shelf: Project) -> None:
    shown = shelf.done("show", "m/1")
    assert digest(shown["record"]) == shown["digest"]


def test_list_has_the_promised_keys(shelf: Project) -> None:
    document = shelf.done("list")
    assert set(document) == {"versions", "baselines"}
    first, second = document["versions"]
    assert set(first) >= {
        "model", "version", "digest", "aliases", "method", "base", "data", "scores",
        "registered_at",
    }  # fmt: skip
    assert first["scores"] == {"dates.exact_match": 0.5}
    assert second["aliases"] == ["champion"]


def test_log_has_the_promised_keys(shelf: Project) -> None:
    document = shelf.done("log", "m@champion")
    assert set(document) == {"events"}
    newest = document["events"][0]
    assert set(newest) >= {
        "id", "time", "actor", "type", "model", "version", "alias", "from", "to", "reason",
    }  # fmt: skip
    assert (newest["type"], newest["from"], newest["to"]) == ("promote", 1, 2)
    assert (newest["actor"], newest["reason"]) == ("Ada <ada@example.org>", "it is better")


@pytest.mark.parametrize("command", READS, ids=lambda command: command[0])
def test_global_options_stand_before_and_after_the_command(
    shelf: Project, command: tuple[str, ...], tmp_path: object
) -> None:
    before = shelf.cli("--json", "--root", shelf.root, *command, cwd="/")
    after = shelf.cli(*command, "--root", shelf.root, "--json", cwd="/")
    assert (before.code, before.stderr) == (0, "")
    assert json.loads(before.stdout) == json.loads(after.stdout)


@pytest.mark.parametrize("command", READS, ids=lambda command: command[0])
def test_reading_says_nothing_beside_its_result(shelf: Project, command: tuple[str, ...]) -> None:
    outcome = shelf.cli(*command)
    assert (outcome.code, outcome.stderr) == (0, "")
    assert outcome.stdout.endswith("\n")


def test_writing_prints_one_line_and_one_document(seeded: Project) -> None:
    seeded.adapter("ad3")
    planned = seeded.cli("register", "m", "ad3", "--dry-run")
    assert "note: no data on record" in planned.stderr
    outcome = seeded.cli("register", "m", "ad3")
    assert (outcome.code, outcome.stdout.count("\n")) == (0, 1)
    assert outcome.stderr == planned.stderr
    assert "note: no data on record" in outcome.stderr
    assert set(seeded.done("promote", "m/3", "--to", "champion")) == {
        "model", "alias", "type", "from", "to", "record", "reason", "before", "after", "lock",
        "called_bad", "skipped", "overrides", "verified", "changed", "dry_run", "event", "notices",
        "verdict",
    }  # fmt: skip


def test_quiet_leaves_the_result(seeded: Project) -> None:
    seeded.write("more.jsonl", "{}\n")
    outcome = seeded.cli("--quiet", "data", "snapshot", "more.jsonl")
    assert (outcome.code, outcome.stderr) == (0, "")
    assert outcome.stdout.startswith("snapshot more ")


@pytest.mark.parametrize(
    "environ",
    [{"NO_COLOR": "1"}, {"FORCE_COLOR": "1", "TERM": "xterm-256color"}, {"COLUMNS": "20"}],
    ids=lambda environ: next(iter(environ)),
)
def test_nothing_is_coloured_or_cut_where_nobody_looks(
    shelf: Project, environ: dict[str, str]
) -> None:
    for command in (("list",), ("status",), ("show", "m/9"), ("--help",), ("frobnicate",)):
        outcome = shelf.cli(*command, env=environ)
        assert "\x1b" not in outcome.stdout + outcome.stderr
    assert shelf.cli("list", env=environ).stdout == shelf.cli("list").stdout


def into(project: Project, redirection: str, *arguments: str) -> Outcome:
    """Runs a command with a redirection of the shell."""
    words = " ".join(f"'{word}'" for word in (*COMMAND, *arguments))
    done = subprocess.run(
        ["bash", "-c", f"{words} {redirection}"],
        cwd=project.root, env=environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    return Outcome(done.returncode, done.stdout, done.stderr)


@pytest.mark.parametrize("command", [("log",), ("--json", "show", "m/1")], ids=["text", "json"])
def test_a_reader_that_has_seen_enough_is_no_error(
    shelf: Project, command: tuple[str, ...]
) -> None:
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [*COMMAND, *command],
        cwd=shelf.root, env=environment(), stdout=write, stderr=subprocess.PIPE, check=False,
    )  # fmt: skip
    os.close(write)
    assert (done.returncode, done.stderr) == (141, b"")


def test_the_first_line_can_be_taken(shelf: Project) -> None:
    outcome = into(shelf, "| head -n 1", "log")
    assert (outcome.code, outcome.stderr) == (0, "")
    assert "promote m/2" in outcome.stdout


@pytest.mark.parametrize("redirection", [">&-", "2>&-", "<&-", ">&- 2>&- <&-"])
def test_a_closed_stream_is_no_error(shelf: Project, redirection: str) -> None:
    outcome = into(shelf, redirection, "list")
    assert (outcome.code, outcome.stderr) == (0, "")


def test_an_error_without_a_standard_error_is_still_a_code(shelf: Project) -> None:
    assert into(shelf, "2>&-", "show", "m/9").code == 1


def test_a_full_disk_under_the_output_is_told(shelf: Project) -> None:
    outcome = into(shelf, "> /dev/full", "list")
    assert outcome.code == 1
    assert outcome.stderr == (
        "error: expected to write the result, found: No space left on device\n"
    )


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-16"])
def test_a_terminal_of_another_encoding_loses_nothing(seeded: Project, encoding: str) -> None:
    seeded.done("promote", "m/1", "--to", "champion", "--reason", "größer \u65e5\u672c")
    env = {**environment(), "PYTHONIOENCODING": encoding}
    for command in (("log",), ("--json", "log")):
        done = subprocess.run(
            [*COMMAND, *command], cwd=seeded.root, env=env, capture_output=True, check=False
        )
        assert done.returncode == 0, done.stderr
    reasons = [event["reason"] for event in json.loads(done.stdout.decode(encoding))["events"]]
    assert reasons[0] == "größer \u65e5\u672c"


def test_the_version_is_printed(shelf: Project) -> None:
    from ft_registry import __version__

    assert shelf.cli("--version").stdout == f"ft-registry {__version__}\n"
