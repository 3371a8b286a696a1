"""Bad input: what a user can type wrong is told in one sentence, with what to do, and a code."""

import json
from collections.abc import Iterable
from pathlib import Path

import pytest
from tests.cli.project import Project

pytestmark = pytest.mark.integration

Case = tuple[tuple[str, ...], int, str, str]
"""Arguments, exit code, kind, words of the message or of a hint."""

NO_MODELS = ["", "a b", "-x", "..", "m/1", "m@x", "a\nb", "\u6a21\u578b"]
NO_REFERENCES = [
    "", "m", "m/", "/1", "m/0", "m/01", "m/\u0661", "m/1/2", "m@", "@champion", "m@Champion",
    "m@latest", "m@v3", "models:/", "../m/1", "m/1\n", "m@\x1b[31m",
]  # fmt: skip
NO_ALIASES = ["", "latest", "v3", "Champion", "a b", "\xe9", "x\n", "a/b"]
NO_TIMES = ["", "yesterday", "2026-13-01", "999999w", "-1h"]
# The grammars are tried in full by tests/unit; here is what a shell can hand over.


def names() -> Iterable[Case]:
    for name in NO_MODELS:
        yield ("register", "--", name, "ad1"), 2, "usage", ""
    yield ("list", ".."), 2, "usage", ".."
    yield ("log", "a b"), 2, "usage", "a b"
    for reference in NO_REFERENCES:
        yield ("show", "--", reference), 2, "usage", ""
    for alias in NO_ALIASES:
        yield ("promote", "m/1", f"--to={alias}"), 2, "usage", ""
    for time in NO_TIMES:
        yield ("at", "--", "m@champion", time), 2, "usage", ""


MISSING: list[Case] = [
    (("show", "m/3"), 1, "not_found", "versions of m: 1 to 2"),
    (("show", "ghost/1"), 1, "not_found", "models here: m"),
    (("show", "m@staging"), 1, "not_found", "aliases of m: champion"),
    (("show", "ghost/latest"), 1, "not_found", "ghost"),
    (("list", "ghost"), 1, "not_found", "ghost"),
    (("log", "ghost"), 1, "not_found", "ghost"),
    (("log", "m@staging"), 1, "not_found", "staging"),
    (("at", "m@champion", "2020-01-01"), 1, "not_found", "named none before"),
    (("at", "m@staging", "1h"), 1, "not_found", "staging"),
    (("at", "ghost@champion", "1h"), 1, "not_found", "ghost"),
    (("lineage", "ghost/1"), 1, "not_found", "ghost"),
    (("lineage", "m/9"), 1, "not_found", "m/9"),
    (("promote", "m/9", "--to", "champion"), 1, "not_found", "m/9"),
    (("promote", "ghost/1", "--to", "champion"), 1, "not_found", "ghost"),
    (("rollback", "m@staging", "--reason", "r"), 1, "not_found", "staging"),
    (("rollback", "m@champion", "--to", "9", "--reason", "r"), 1, "not_found", "m/9"),
]
OPTIONS: list[Case] = [
    ((), 2, "usage", "command"),
    (("data",), 2, "usage", "expected a command"),
    (("frobnicate",), 2, "usage", "frobnicate"),
    (("list", "--frobnicate"), 2, "usage", "--frobnicate"),
    (("show",), 2, "usage", "REF"),
    (("show", "m/1", "m/2"), 2, "usage", "m/2"),
    (("promote", "m/1"), 2, "usage", "--to"),
    (("restore", "m/1", "--into", ""), 2, "usage", "empty text"),
    (("reproduce", "m/1", "--into", ""), 2, "usage", "empty text"),
    (("promote", "m/1", "--to", "x", "--expect", "one"), 2, "usage", "--expect"),
    (("promote", "m/1", "--to", "x", "--expect", "-1"), 2, "usage", "-1"),
    (("promote", "m/1", "--to", "x", "--reason", "r" * 2001), 2, "usage", "2000"),
    (("promote", "m/1", "--to", "x", "--reason", "\x1b[31m"), 2, "usage", "control"),
    (("rollback", "m@champion"), 2, "usage", "--reason"),
    (("rollback", "m@champion", "--reason", " "), 2, "usage", "--reason TEXT"),
    (("rollback", "m/1", "--reason", "r"), 2, "usage", "NAME@champion"),
    (("rollback", "m@champion", "--to", "0", "--reason", "r"), 2, "usage", "--to"),
    (("lineage", "m/1", "--up", "--down"), 2, "usage", "both"),
    (("lineage", "m/1", "--format", "svg"), 2, "usage", "svg"),
    (("list", "--where", "method"), 2, "usage", "KEY OP VALUE"),
    (("list", "--where", "color=red"), 2, "usage", "color"),
    (("list", "--where", "size>big"), 2, "usage", "number"),
    (("list", "--sort", "color"), 2, "usage", "color"),
    (("list", "--limit", "0"), 2, "usage", "0"),
    (("list", "--limit", "many"), 2, "usage", "--limit"),
    (("list", "--root", "/nowhere"), 1, "not_a_registry", "/nowhere"),
    (("list", "--root", "params.yaml"), 1, "not_a_registry", "params.yaml"),
    (("ui", "--port", "0"), 2, "usage", "--port"),
]
WEIGHTS: list[Case] = [
    (("register", "m", "nowhere"), 1, "not_found", "nowhere"),
    (("register", "m", "params.yaml"), 1, "refused", "params.yaml"),
    (("register", "m", "data"), 1, "refused", "weights"),
    (("register", "m", "."), 1, "refused", ""),
    (("register", "m", "bad/empty"), 1, "refused", "without a byte"),
    (("register", "m", "bad/no-config"), 1, "refused", "adapter_config.json"),
    (("register", "m", "bad/no-json"), 1, "refused", "JSON"),
    (("register", "m", "bad/no-base"), 1, "refused", "base"),
    (("register", "m", "bad/lost-base"), 1, "refused", "gone-away"),
    (("register", "m", "bad/link"), 1, "refused", "link"),
    (("register", "m", "x" * 300), 1, "not_found", ""),
    (("register", "m", "x" * 5000), 1, "not_found", ""),
    (("register", "m", "ad1", "--base", "x" * 5000), 1, "error", "too long"),
    (("register", "m", "ad1", "--base", "nowhere"), 1, "refused", "nowhere"),
    (("register", "m", "ad1", "--base", "org/model@main"), 2, "usage", "commit"),
    (("register", "m", "ad1", "--base", "ghost/1"), 1, "not_found", "ghost"),
    (("register", "m", "ad1", "--method", "magic"), 2, "usage", "sft"),
    (("register", "m", "ad1", "--method", ""), 2, "usage", "sft"),
    (("register", "m", "ad1", "--note", "a\x07b"), 2, "usage", "control"),
    (("register", "m", "ad1", "--config", "nowhere.yaml"), 1, "not_found", "nowhere.yaml"),
    (("register", "m", "ad1", "--config", "bad/twice.yaml"), 1, "refused", "twice.yaml"),
    (("register", "m", "ad1", "--config", "bad/nan.json"), 1, "refused", "nan.json"),
    (("register", "m", "ad1", "--config", "bad/no.toml"), 1, "refused", "no.toml"),
    (("register", "m", "ad1", "--config", "bad/x.ini"), 2, "usage", "x.ini"),
    (("register", "m", "ad1", "--config", "bad"), 1, "not_found", "bad"),
]  # fmt: skip
DATA: list[Case] = [
    (("register", "m", "ad1", "--data", "params.yaml"), 1, "refused", "snapshot params.yaml"),
    (("register", "m", "ad1", "--data", "nowhere"), 1, "not_found", "nowhere"),
    (("register", "m", "ad1", "--data", "../out"), 2, "usage", "inside"),
    (("register", "m", "ad1", "--data", ""), 2, "usage", ""),
    (("register", "m", "ad1", "--data", "@HEAD"), 2, "usage", "PATH[@REV]"),
    (("register", "m", "ad1", "--data", "data/train.jsonl@"), 2, "usage", "PATH[@REV]"),
    (("register", "m", "ad1", "--data", "data/train.jsonl:fun"), 2, "usage", "roles"),
    (("register", "m", "ad1", "--data", "data/train.jsonl@ghost"), 1, "not_found", "ghost"),
    (("register", "m", "ad1", "--data", "data/train.jsonl@-x"), 2, "usage", ""),
    (("register", "m", "ad1", "--data", "x" * 5000), 1, "error", "too long"),
    (("register", "m", "ad1", *(2 * ("--data", "data/train.jsonl"))), 2, "usage", "twice"),
    (("data", "snapshot", "nowhere.jsonl"), 1, "not_found", "nowhere"),
    (("data", "snapshot", "../out.jsonl"), 2, "usage", "inside"),
    (("data", "snapshot", ""), 2, "usage", ""),
    (("data", "snapshot", "params.yaml"), 1, "refused", "git"),
    (("data", "snapshot", "bad/link"), 1, "refused", "link"),
    (("data", "snapshot", "data/train.jsonl", "--name", "a b"), 2, "usage", "a b"),
    (("data", "snapshot", "data/train.jsonl", "--push"), 1, "refused", "remote"),
    (("data", "snapshot", "x" * 5000), 2, "usage", "name"),
]  # fmt: skip
SCORES = {
    "none.jsonl": None,
    "scores.csv": "id,f1\nq,good\n",
    "empty.jsonl": "\n \n",
    "no-json.jsonl": "{",
    "no-object.jsonl": "[1]\n",
    "no-id.jsonl": '{"f1": 1}\n',
    "number-id.jsonl": '{"id": 7, "f1": 1}\n',
    "empty-id.jsonl": '{"id": "", "f1": 1}\n',
    "no-score.jsonl": '{"id": "q"}\n',
    "word.jsonl": '{"id": "q", "f1": "high"}\n',
    "truth.jsonl": '{"id": "q", "f1": true}\n',
    "nan.jsonl": '{"id": "q", "f1": NaN}\n',
    "infinite.jsonl": '{"id": "q", "f1": 1e999}\n',
    "huge.jsonl": '{"id": "q", "f1": 1' + "0" * 400 + "}\n",
    "twice.jsonl": '{"id": "q", "f1": 1}\n{"id": "q", "f1": 0}\n',
    "same-key.jsonl": '{"id": "q", "f1": 1, "f1": 0}\n',
    "ragged.jsonl": '{"id": "q", "f1": 1}\n{"id": "r", "em": 1}\n',
    "latin.jsonl": b'{"id": "caf\xe9", "f1": 1}\n',
    "deep.jsonl": '{"id": "q", "x": ' + "[" * 100_000 + "\n",
    "surrogate.jsonl": '{"id": "q", "\\ud800": 1}\n',
    "a folder.jsonl": "a folder",
}


@pytest.fixture(scope="module")
def bench(seeded_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A registry with everything that can be named by mistake; nothing changes it."""
    project = Project.copy(seeded_template, tmp_path_factory.mktemp("bench") / "project")
    project.write(".git/info/exclude", "/bad/\n/*.jsonl\n/scores.csv\n")
    for name, content in SCORES.items():
        if content == "a folder":
            (project.root / name).mkdir()
        elif content is not None:
            project.write(name, content)
    for name in ("empty", "no-config", "no-json", "no-base", "lost-base", "link"):
        project.adapter(f"bad/{name}")
    project.write("bad/empty/adapter_model.safetensors", "")
    (project.root / "bad/no-config/adapter_config.json").unlink()
    project.write("bad/no-json/adapter_config.json", "{")
    project.write("bad/no-base/adapter_config.json", '{"peft_type": "LORA"}')
    lost = {"peft_type": "LORA", "base_model_name_or_path": "./gone-away"}
    project.write("bad/lost-base/adapter_config.json", json.dumps(lost))
    (project.root / "bad/link/link").symlink_to("/etc/passwd")
    project.write("bad/twice.yaml", "a: 1\na: 2\n")
    project.write("bad/nan.json", '{"a": NaN}')
    project.write("bad/no.toml", "a = \n")
    project.write("bad/x.ini", "[a]\n")
    return project


def scores() -> Iterable[Case]:
    for name, content in SCORES.items():
        kind = "not_found" if content in (None, "a folder") else "refused"
        yield ("register", "m", "ad1", "--eval", name), 1, kind, name


CASES = [*names(), *MISSING, *OPTIONS, *WEIGHTS, *DATA, *scores()]


@pytest.mark.parametrize("case", CASES, ids=lambda case: " ".join(case[0])[:60] or "nothing")
def test_bad_input_is_told_as_one_document_and_changes_nothing(bench: Project, case: Case) -> None:
    arguments, code, kind, words = case
    before = bench.head()
    outcome = bench.cli("--json", *arguments)
    assert (outcome.code, outcome.stdout) == (code, ""), outcome.stderr
    error = outcome.error
    assert error["kind"] == kind
    assert words in " ".join([error["message"], *error["hints"]])
    assert "Traceback" not in outcome.stderr
    assert bench.head() == before


@pytest.mark.parametrize(
    "case", [MISSING[0], OPTIONS[0], WEIGHTS[0], DATA[0]], ids=lambda case: " ".join(case[0])
)
def test_without_json_the_same_is_told_in_sentences(bench: Project, case: Case) -> None:
    arguments, code, _, words = case
    outcome = bench.cli(*arguments)
    assert (outcome.code, outcome.stdout) == (code, "")
    *_, error = [line for line in outcome.stderr.splitlines() if line.startswith("error: ")]
    assert error.startswith("error: expected ")
    assert words in outcome.stderr
    assert "Traceback" not in outcome.stderr


def test_a_registry_that_was_looked_at_wrongly_is_as_it_was(bench: Project) -> None:
    for arguments in (("register", "m", "ad1", "--eval", "nan.jsonl"), ("show", "m/9")):
        before = bench.state()
        bench.cli(*arguments)
        assert bench.state() == before


def test_what_a_terminal_would_obey_is_not_printed(bench: Project) -> None:
    outcome = bench.cli("register", "m", "no\x1b[31mwhere\u202e")
    assert "\x1b" not in outcome.stderr
    assert "\u202e" not in outcome.stderr
