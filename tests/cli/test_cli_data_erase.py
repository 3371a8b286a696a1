"""Tombstones by hash: of the secret that the hash was made with, and of no other."""

import json
import shutil
from typing import Any

import pytest
from tests.cli.project import Project

pytestmark = pytest.mark.integration

REASON = ("--record", "--reason", "asked for")
EXAMPLE = {"prompt": "Where does Ada live?", "completion": "In the tower"}


def taken(project: Project, path: str, *options: str, **changed: str) -> Any:
    rows = [EXAMPLE, {**EXAMPLE, **changed}, {"prompt": path, "completion": "y"}]
    project.write(path, "".join(json.dumps(row) + "\n" for row in rows))
    return project.done("data", "snapshot", path, *options)


def hashes(project: Project) -> dict[str, str]:
    """Returns the exact hash of the example by secret."""
    project.write("one.json", json.dumps(EXAMPLE))
    found = project.done("data", "trace", "--example", "one.json")["hashes"]
    return {one["key"]: one["exact"] for one in found}


def tombstones(project: Project) -> list[dict[str, Any]]:
    names = project.git("ls-tree", "-r", "--name-only", "ft-registry", "tombstones").split()
    return [json.loads(project.git("show", f"ft-registry:{name}")) for name in names]


@pytest.fixture
def both(project: Project) -> tuple[Project, str]:
    """A plain and a keyed snapshot of the example, and the name of the secret."""
    taken(project, "plain.jsonl")
    return project, taken(project, "keyed.jsonl", "--keyed")["examples"]["key"]


@pytest.mark.parametrize("kind", ["plain", "keyed"])
def test_a_hash_is_buried_under_its_own_secret_alone(both: tuple[Project, str], kind: str) -> None:
    project, secret = both
    key = secret if kind == "keyed" else ""
    hashed = hashes(project)[key]
    found = project.done("data", "erase-plan", "--hash", hashed, *REASON)
    assert [one["path"] for one in found["snapshots"]] == [f"{kind}.jsonl"]
    (stone,) = tombstones(project)
    assert (stone["exact"], stone["key"]) == (hashed, key)


def test_a_hash_keeps_other_spellings_away_too(both: tuple[Project, str]) -> None:
    project, _ = both
    project.done("data", "erase-plan", "--hash", hashes(project)[""], *REASON)
    other = {**EXAMPLE, "prompt": EXAMPLE["prompt"].upper()}
    project.write("later.jsonl", json.dumps(other) + "\n")
    outcome = project.cli("data", "check", "later.jsonl")
    assert outcome.code == 1
    assert "erased" in outcome.stdout


def test_a_hash_is_traced_to_other_spellings(project: Project) -> None:
    taken(project, "a.jsonl", prompt=EXAMPLE["prompt"].upper())
    (held,) = project.done("data", "trace", "--hash", hashes(project)[""])["snapshots"]
    assert (held["exact"], held["normal"]) == (1, 1)


def test_a_hash_is_found_without_its_secret(both: tuple[Project, str]) -> None:
    project, secret = both
    hashed = hashes(project)[secret]
    (project.root / ".git/ft-registry/example.key").unlink()
    found = project.done("data", "erase-plan", "--hash", hashed, *REASON)
    assert [one["path"] for one in found["snapshots"]] == ["keyed.jsonl"]
    assert found["untold"] == []
    assert [stone["key"] for stone in tombstones(project)] == [secret]


def test_a_hash_that_no_index_holds_is_buried_under_each_secret(both: tuple[Project, str]) -> None:
    project, secret = both
    project.done("data", "erase-plan", "--hash", "0" * 32, *REASON)
    assert {stone["key"] for stone in tombstones(project)} == {"", secret}


def test_an_example_that_cannot_be_read_is_not_passed_over(project: Project) -> None:
    taken(project, "a.jsonl")
    project.write("some.jsonl", json.dumps(EXAMPLE) + '\n{"prompt": "x", "compl\n')
    outcome = project.cli("--json", "data", "erase-plan", "--example", "some.jsonl", *REASON)
    assert (outcome.code, outcome.error["kind"]) == (2, "usage"), outcome.stderr
    assert "not-json" in outcome.error["message"]
    assert project.cli("data", "trace", "--example", "some.jsonl").code == 2


@pytest.mark.parametrize("name", ["more.jsonl.bz2", "more.txt"])
def test_a_file_that_is_not_read_is_not_passed_over(project: Project, name: str) -> None:
    taken(project, "a.jsonl")
    project.write("some/one.json", json.dumps(EXAMPLE))
    project.write(f"some/{name}", "more")
    outcome = project.cli("--json", "data", "erase-plan", "--example", "some", *REASON)
    assert (outcome.code, outcome.error["kind"]) == (2, "usage"), outcome.stderr
    assert name in outcome.error["message"]


def test_examples_of_several_formats_stand_in_one_file(project: Project) -> None:
    taken(project, "a.jsonl")
    text = {"text": "The sky is blue."}
    project.write("b.jsonl", json.dumps(text) + "\n")
    project.done("data", "snapshot", "b.jsonl")
    project.write("both.jsonl", f"{json.dumps(EXAMPLE)}\n{json.dumps(text)}\n")
    found = project.done("data", "trace", "--example", "both.jsonl")["snapshots"]
    assert {one["path"]: one["exact"] for one in found} == {"a.jsonl": 2, "b.jsonl": 1}


def test_where_nothing_can_tell_it_is_said(project: Project) -> None:
    taken(project, "a.jsonl")
    outcome = project.cli("data", "trace", "--subject", "Ada")
    said = "nobody can tell: no snapshot here can tell of examples about the person\n"
    assert (outcome.code, outcome.stdout) == (7, said)
    planned = project.cli("--json", "data", "erase-plan", "--subject", "Ada", *REASON)
    assert (planned.code, planned.document["told"]) == (7, False)
    assert len(tombstones(project)) == 1


def test_none_is_said_only_where_each_snapshot_can_tell(project: Project) -> None:
    taken(project, "a.jsonl")
    project.write("other.json", json.dumps({**EXAMPLE, "completion": "In a tent"}))
    assert project.done("data", "trace", "--example", "other.json")["told"]
    project.write("b.jsonl", '{"prompt": "x", "completion": "y"}\n')
    project.done("data", "snapshot", "b.jsonl", "--no-index")
    unknown = project.cli("data", "trace", "--example", "other.json")
    assert (unknown.code, unknown.stdout) == (
        7,
        "nobody can tell: none of 1 snapshots holds examples of other.json,\n"
        "and 1 other cannot tell\n",
    )
    assert "--no-index" in unknown.stderr
    assert project.cli("data", "erase-plan", "--example", "other.json").code == 7
    hashes(project)
    found = project.cli("data", "trace", "--example", "one.json")
    assert (found.code, "1 other cannot tell: there may be more" in found.stdout) == (0, True)


def test_what_no_index_has_is_not_denied(project: Project) -> None:
    rest = '{"prompt": "x", "completion": "y"}\n'
    hidden = json.dumps({**EXAMPLE, "completion": "In a tent"})
    project.write("clean.jsonl", rest)
    project.write("broken.jsonl", rest + hidden[:-1] + "\n")
    project.write("utf16.jsonl", (hidden + "\n").encode("utf-16"))
    project.write("folder/a.jsonl", rest + json.dumps(EXAMPLE) + "\n")
    project.write("folder/b.txt", hidden)
    for path in ("clean.jsonl", "broken.jsonl", "utf16.jsonl", "folder"):
        project.done("data", "snapshot", path, "--allow-faults")
    project.write("other.json", hidden)
    for command in ("trace", "erase-plan"):
        unknown = project.cli("data", command, "--example", "other.json")
        assert (unknown.code, unknown.stdout.splitlines()[:2]) == (
            7,
            [
                "nobody can tell: none of 1 snapshots holds examples of other.json,",
                "and 3 others cannot tell",
            ],
        )
    found = project.cli("--json", "data", "trace", "--example", "other.json").document
    assert (found["told"], found["looked_at"]) == (False, 1)
    assert [text.partition("@")[0] for text in found["untold"]] == ["broken", "utf16", "folder"]
    assert [text.partition(": ")[2] for text in found["untold"]] == [
        "1 row could not be read",
        "2 rows could not be read",
        "1 file was not read",
    ]
    hashes(project)
    held = project.cli("data", "erase-plan", "--example", "one.json")
    assert (held.code, held.stdout.splitlines()[0]) == (
        0,
        "1 of 2 snapshots hold examples of one.json:",
    )
    assert "3 of the snapshots can tell only in part: there may be more" in held.stdout


def test_a_check_looks_for_what_was_erased_under_every_secret(both: tuple[Project, str]) -> None:
    project, secret = both
    kept = project.root / ".git/ft-registry/example.key"
    env = {"FT_REGISTRY_EXAMPLE_KEY": "another secret, of the environment"}
    project.done("data", "erase-plan", "--hash", hashes(project)[secret], *REASON)
    project.write("later.jsonl", json.dumps(EXAMPLE) + "\n")
    for settings in ({}, env):
        outcome = project.cli("data", "check", "later.jsonl", env=settings)
        assert (outcome.code, "line 1: erased" in outcome.stdout) == (1, True)
        assert project.cli("data", "snapshot", "later.jsonl", env=settings).code == 1
    kept.unlink()
    blind = project.done("data", "check", "later.jsonl")["profile"]["warnings"]
    assert any(text.startswith(f"1 tombstone of the secret {secret}") for text in blind)


@pytest.mark.parametrize("options", [(), ("--keyed",)])
def test_a_person_who_was_erased_does_not_come_back_unnamed(
    project: Project, options: tuple[str, ...]
) -> None:
    rows = [{**EXAMPLE, "prompt": f"q{n}", "who": who} for n, who in enumerate(("Ada", "Bob"))]
    project.write("a.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    project.done("data", "snapshot", "a.jsonl", "--subject", "who", *options)
    project.done("data", "erase-plan", "--subject", "ada", *REASON)
    keys = {stone["key"] for stone in tombstones(project)}
    assert len(tombstones(project)) == len(keys) + 1
    for row in rows:
        project.write("later.jsonl", json.dumps({**row, "who": ""}).upper().lower() + "\n")
        outcome = project.cli("data", "check", "later.jsonl")
        assert ("line 1: erased" in outcome.stdout) == (row["who"] == "Ada")
    assert "1 person erased: without --subject" in " ".join(outcome.stdout.split())
    assert project.cli("data", "snapshot", "a.jsonl", "--name", "again").code == 1
    again = project.done("data", "erase-plan", "--subject", "ada", *REASON)
    assert again["event"] is None


@pytest.mark.parametrize("options", [(), ("--keyed",)])
def test_a_person_is_traced_to_data_in_which_nobody_is_indexed(
    project: Project, options: tuple[str, ...]
) -> None:
    rows = [{**EXAMPLE, "prompt": f"q{n}", "who": who} for n, who in enumerate(("Ada", "Bob"))]
    project.write("who.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    project.write("same.csv", f"prompt,completion\nq0,{EXAMPLE['completion']}\nq2,x\n")
    project.write("case.jsonl", json.dumps({**EXAMPLE, "prompt": "Q0"}) + "\n")
    project.write("clean.csv", "prompt,completion\nq3,x\n")
    project.done("data", "snapshot", "who.jsonl", "--subject", "who", *options)
    project.done("data", "snapshot", "who.jsonl", "--name", "unnamed")
    for path in ("same.csv", "case.jsonl", "clean.csv"):
        project.done("data", "snapshot", path)
    project.done("register", "m", "ad1", "--data", "same.csv")
    project.done("promote", "m/1", "--to", "champion")
    plan = project.done("data", "erase-plan", "--subject", "ada", *REASON)
    found = {
        one["snapshot"].partition("@")[0]: (one["subject"], one["exact"], one["normal"])
        for one in plan["snapshots"]
    }
    assert found == {"who": (1, 0, 0), "unnamed": (0, 1, 0), "same": (0, 1, 0), "case": (0, 0, 1)}
    assert (plan["serving"], plan["looked_at"]) == (["m/1"], 4)
    assert [text.partition("@")[0] for text in plan["untold"]] == [
        "unnamed", "same", "case", "clean",
    ]  # fmt: skip
    assert all("only 1 example known" in text for text in plan["untold"])
    examples = [stone for stone in tombstones(project) if stone["exact"]]
    assert "" in {stone["key"] for stone in examples}
    assert len({stone["group"] for stone in examples if "group" in stone}) == len(examples) - 1
    told = project.cli("data", "trace", "--subject", "Ada").stdout
    assert "1 equal to one about the person" in told
    assert "4 of the snapshots can tell only in part: there may be more" in told
    nobody = project.cli("data", "trace", "--subject", "Cleo")
    assert (nobody.code, "none of 1 snapshots" in nobody.stdout) == (7, True)


def test_examples_that_cannot_be_read_again_are_not_denied(project: Project) -> None:
    project.write("who.jsonl", json.dumps({**EXAMPLE, "who": "Ada"}) + "\n")
    project.done("data", "snapshot", "who.jsonl", "--subject", "who", "--keyed")
    taken(project, "plain.jsonl")
    (project.root / "who.jsonl").unlink()
    shutil.rmtree(project.root / ".dvc/cache")
    found = project.done("data", "trace", "--subject", "Ada")
    assert [one["path"] for one in found["snapshots"]] == ["who.jsonl"]
    (untold,) = found["untold"]
    assert "1 example could not be read again" in untold


def buried(project: Project) -> None:
    """Records tombstones of the example, whether or not anybody can tell what holds it."""
    project.write("one.json", json.dumps(EXAMPLE))
    assert project.cli("data", "erase-plan", "--example", "one.json", *REASON).code in (0, 7)


def test_what_is_on_record_already_is_held_against_the_tombstones(
    both: tuple[Project, str],
) -> None:
    project, _ = both
    project.write("clean.jsonl", '{"prompt": "x", "completion": "y"}\n')
    project.done("data", "snapshot", "clean.jsonl")
    buried(project)
    head = project.head()
    for name in ("plain", "keyed"):
        for options in ((), ("--no-index",), ("--no-index", "--name", "other")):
            outcome = project.cli("--json", "data", "snapshot", f"{name}.jsonl", *options)
            assert (outcome.code, outcome.error["kind"]) == (1, "refused"), outcome.stdout
            assert "'asked for'" in outcome.error["message"]
            assert f"data check {name}.jsonl" in outcome.error["hints"][0]
    assert project.head() == head
    for options in ((), ("--no-index",)):
        done = project.done("data", "snapshot", "clean.jsonl", *options)
        assert (done["created"], done["notices"]) == (False, [])


def test_no_format_and_no_pardon_brings_back_what_was_erased(both: tuple[Project, str]) -> None:
    project, _ = both
    buried(project)
    chat = [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]
    mixed = [*[{"messages": chat}] * 19, EXAMPLE]
    project.write("mixed.jsonl", "".join(json.dumps(row) + "\n" for row in mixed))
    project.write("new.jsonl", json.dumps(EXAMPLE) + "\n")
    project.write("same.jsonl", (project.root / "plain.jsonl").read_text())
    head = project.head()
    pardon = ("--allow-faults",)
    for name, options in (
        ("mixed", pardon),
        ("new", (*pardon, "--format", "language-modeling")),
        ("new", (*pardon, "--format", "prompt-only")),
        ("same", (*pardon, "--format", "language-modeling")),
    ):
        outcome = project.cli("--json", "data", "snapshot", f"{name}.jsonl", *options)
        assert (outcome.code, outcome.error["kind"]) == (1, "refused"), outcome.stdout
        assert "erased" in outcome.error["message"]
        assert not (project.root / f"{name}.jsonl.dvc").exists()
    assert project.head() == head


def test_bytes_that_an_index_tells_of_are_not_read_again(project: Project) -> None:
    """An index knows more than a reading: here its secret is gone."""
    key = taken(project, "a.jsonl", "--keyed")["examples"]["key"]
    project.done("data", "erase-plan", "--hash", hashes(project)[key], *REASON)
    (project.root / ".git/ft-registry/example.key").unlink()
    project.write("b.jsonl", (project.root / "a.jsonl").read_text())
    outcome = project.cli("--json", "data", "snapshot", "b.jsonl", "--allow-faults")
    assert (outcome.code, outcome.error["kind"]) == (1, "refused"), outcome.stdout
    assert "tombstone" in outcome.error["message"]


def test_what_no_index_tells_is_read_again(both: tuple[Project, str]) -> None:
    project, secret = both
    project.done("data", "erase-plan", "--hash", hashes(project)[secret], *REASON)
    outcome = project.cli("data", "snapshot", "plain.jsonl")
    assert (outcome.code, "erased" in outcome.stderr) == (1, True)
    assert project.cli("data", "snapshot", "plain.jsonl", "--no-index").code == 1
    (project.root / ".git/ft-registry/example.key").unlink()
    (notice,) = project.done("data", "snapshot", "plain.jsonl")["notices"]
    assert notice.startswith("1 tombstone is on record, and nobody can tell")


def test_data_that_nobody_looked_at_is_not_tracked_once_something_was_erased(
    project: Project,
) -> None:
    project.write("a.jsonl", json.dumps({**EXAMPLE, "completion": "In a tent"}) + "\n")
    project.done("data", "snapshot", "a.jsonl", "--no-index")
    buried(project)
    head = project.head()
    outcome = project.cli("--json", "data", "snapshot", "a.jsonl", "--no-index")
    assert (outcome.code, outcome.error["kind"]) == (1, "refused")
    assert "--no-index" in outcome.error["message"]
    assert project.head() == head
    assert project.done("data", "snapshot", "a.jsonl")["indexed"]
    project.write("b.bin", b"no examples")
    (notice,) = project.done("data", "snapshot", "b.bin")["notices"]
    assert "nobody can tell" in notice


def test_a_version_is_not_registered_on_what_was_erased(both: tuple[Project, str]) -> None:
    project, _ = both
    project.write("blind.jsonl", json.dumps(EXAMPLE) + "\n")
    project.done("data", "snapshot", "blind.jsonl", "--no-index")
    known = project.done("register", "m", "ad1", "--data", "plain.jsonl")
    buried(project)
    assert not project.done("register", "m", "ad1", "--data", "plain.jsonl")["created"]
    for name in ("plain.jsonl", "keyed.jsonl:eval"):
        head = project.head()
        outcome = project.cli("--json", "register", "m", "ad2", "--data", name)
        assert (outcome.code, outcome.error["kind"]) == (1, "refused"), outcome.stdout
        assert "'asked for'" in outcome.error["message"]
        assert project.head() == head
    done = project.done("register", "m", "ad2", "--data", "blind.jsonl")
    assert (done["version"], known["version"]) == (2, 1)
    assert any("nobody can tell whether blind.jsonl" in text for text in done["notices"])


def test_persons_are_indexed_or_it_is_said(project: Project) -> None:
    def snapshot(key: str, *who: Any) -> Any:
        rows = [{**EXAMPLE, "user": {"id": one}} for one in who]
        project.write("a.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
        return project.cli("--json", "data", "snapshot", "a.jsonl", "--subject", key)

    for key, who in (("usr", ("Ada", "Bob")), ("user.id", (None, ""))):
        refused = snapshot(key, *who)
        assert (refused.code, refused.error["kind"]) == (1, "refused")
        assert "user.id" in refused.error["hints"][0]
    several = snapshot("user.id", "Ada", ["Ada", "Bob"])
    assert (several.code, "subject: no single name" in several.error["message"]) == (1, True)
    assert snapshot("user", "Ada", "Bob").code == 1
    some = snapshot("user.id", "Ada", None)
    assert some.code == 0
    assert any(text.startswith("1 of 2 ") for text in some.document["profile"]["warnings"])


def test_where_only_persons_tell_the_hint_names_their_key(project: Project) -> None:
    project.write("a.jsonl", json.dumps({**EXAMPLE, "who": "Ada"}) + "\n")
    project.done("data", "snapshot", "a.jsonl", "--subject", "who")
    project.done("data", "erase-plan", "--subject", "Ada", *REASON)
    project.write("b.jsonl", json.dumps({"prompt": "x", "completion": "y", "who": "ADA"}) + "\n")
    outcome = project.cli("--json", "data", "snapshot", "b.jsonl", "--subject", "who")
    assert outcome.code == 1
    assert "data check b.jsonl --subject who" in outcome.error["hints"][0]
    checked = project.cli("data", "check", "b.jsonl", "--subject", "who")
    assert (checked.code, "line 1: erased" in checked.stdout) == (1, True)


def test_a_person_of_a_flattened_table_is_indexed(project: Project) -> None:
    project.write("a.csv", "prompt,completion,user.id\nq,a,Ada\nr,b,\n")
    taken_now = project.done("data", "snapshot", "a.csv", "--subject", "user.id")
    assert taken_now["examples"]["subject"] == "user.id"
    (held,) = project.done("data", "trace", "--subject", "ada")["snapshots"]
    assert held["subject"] == 1
