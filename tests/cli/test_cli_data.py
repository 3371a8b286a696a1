"""Datasets, example by example, as their user meets them."""

import csv
import gzip
import json
import shutil
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from tests.cli.project import Project

pytestmark = pytest.mark.integration

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
Row = dict[str, Any]


def rows(count: int, *, start: int = 0) -> list[Row]:
    return [
        {"prompt": f"Which day comes {n} days after the first of May?", "completion": f"day {n}"}
        for n in range(start, start + count)
    ]


def write(project: Project, path: str, examples: list[Row]) -> str:
    project.write(path, "".join(json.dumps(row) + "\n" for row in examples))
    return path


def snapshot(project: Project, path: str, *options: str) -> Any:
    return project.done("data", "snapshot", path, *options)


def test_a_sound_file_is_ok_and_profiled(project: Project) -> None:
    found = project.done("data", "check", write(project, "a.jsonl", rows(150)))
    assert (found["ok"], found["rows"], found["fault_count"]) == (True, 150, 0)
    assert found["format"] == "prompt-completion"
    assert found["profile"]["answers"]["max"] == len("day 149")


def test_faults_are_named_by_line_and_end_with_one(project: Project) -> None:
    path = write(project, "a.jsonl", [*rows(2), {"prompt": "x", "completion": " "}])
    outcome = project.cli("data", "check", path)
    assert outcome.code == 1
    assert "line 3: empty-text: completion: no text" in outcome.stdout
    assert all(len(line) <= 80 for line in outcome.stdout.splitlines())


def test_data_with_faults_is_not_taken_unless_allowed(project: Project) -> None:
    path = write(project, "a.jsonl", [*rows(2), {"prompt": "x", "completion": None}])
    before = project.state()
    outcome = project.cli("--json", "data", "snapshot", path)
    assert (outcome.code, outcome.error["kind"]) == (1, "refused")
    assert "1 fault: line 3: mixed-format" in outcome.error["message"]
    assert project.state() == before
    done = snapshot(project, path, "--allow-faults")
    assert done["profile"]["faults"] == {"mixed-format": 1}


def test_a_file_that_is_damaged_is_not_taken_even_if_faults_are_allowed(project: Project) -> None:
    lines = [f"{row['prompt']},{row['completion']}" for row in rows(3)]
    project.write("a.csv", "\n".join(["prompt,completion", *lines, 'a "b",c', '"d" e,f', "g,h\n"]))
    before = project.state()
    outcome = project.cli("data", "snapshot", "a.csv", "--allow-faults")
    assert outcome.code == 1
    assert "line 6: unreadable" in outcome.stderr
    assert "nobody can say what the rest" in outcome.stderr
    assert "--allow-faults puts" not in outcome.stderr
    assert project.state() == before
    assert snapshot(project, "a.csv", "--no-index")["created"]


def test_all_faults_are_listed_for_who_asks(project: Project) -> None:
    project.write("a.jsonl", json.dumps(rows(1)[0]) + "\n" + "[1]\n" * 130)
    outcome = project.cli("data", "check", "a.jsonl")
    assert outcome.stdout.endswith("  and 30 more: --max-faults 0 lists all\n")
    outcome = project.cli("data", "check", "a.jsonl", "--max-faults", "0")
    assert "line 131: not-an-object" in outcome.stdout
    assert "more" not in outcome.stdout
    found = project.cli("--json", "data", "check", "a.jsonl", "--max-faults", "2").document
    assert (len(found["faults"]), found["fault_count"]) == (2, 130)


def test_files_of_a_folder_that_are_not_read_are_told(project: Project) -> None:
    write(project, "set/a.jsonl", rows(150))
    for name in ("b.txt", "c", "d.json", "e.bin"):
        project.write(f"set/{name}", '{"x": 1}')
    (warning,) = project.done("data", "check", "set")["profile"]["warnings"]
    assert warning.startswith("4 files were not read")
    assert "b.txt, c, d.json and others" in warning
    outcome = project.cli("data", "snapshot", "set")
    assert (outcome.code, "warning: 4 files were not read" in outcome.stderr) == (0, True)
    assert snapshot(project, "set")["profile"]["warnings"] == [warning]


def test_packed_examples_that_cannot_be_read_are_a_fault(project: Project) -> None:
    write(project, "set/a.jsonl", rows(150))
    project.write("set/b.jsonl.bz2", b"packed")
    outcome = project.cli("data", "check", "set")
    assert outcome.code == 1
    assert "b.jsonl.bz2: unreadable: expected it as it is, .gz or .zst" in outcome.stdout
    assert project.cli("data", "snapshot", "set", "--allow-faults").code == 1


def test_what_was_erased_is_told_though_the_file_is_damaged_behind_it(project: Project) -> None:
    snapshot(project, write(project, "a.jsonl", rows(1)))
    project.write("one.json", json.dumps(rows(1)[0]))
    project.done("data", "erase-plan", "--example", "one.json", "--record", "--reason", "asked")
    text = "".join(json.dumps(row) + "\n" for row in rows(200))
    project.write("b.jsonl.gz", gzip.compress(text.encode())[:-12])
    found = project.cli("--json", "data", "check", "b.jsonl.gz").document
    assert found["faults"][0]["rule"] == "erased"
    assert found["profile"]["faults"]["unreadable"] == 1


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("check", "nothing.jsonl"), 1),
        (("check", "README.md"), 1),
        (("check", "a.jsonl", "--format", "poetry"), 2),
        (("check", "a.jsonl", "--tokenizer", "a.jsonl"), 2 if find_spec("tokenizers") else 1),
        (("show", "nothing"), 1),
        (("show", "a~7"), 1),
        (("diff", "a", "nothing"), 1),
        (("overlap", "a", "m/9"), 1),
        (("overlap", "a", "a", "--near", "--threshold", "7"), 2),
        (("trace",), 2),
        (("trace", "--hash", "xyz"), 2),
        (("trace", "--example", "nothing.json"), 1),
        (("trace", "--hash", "0" * 32, "--subject", "Ada"), 2),
        (("erase-plan", "--hash", "0" * 32, "--record"), 2),
        (("erase-plan", "--hash", "0" * 16, "--record", "--reason", "r"), 2),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_what_is_wrong_is_told_with_its_code(
    project: Project, arguments: tuple[str, ...], code: int
) -> None:
    project.write("README.md", "words")
    snapshot(project, write(project, "a.jsonl", rows(3)))
    outcome = project.cli("--json", "data", *arguments)
    assert outcome.code == code, outcome.stderr
    assert "Traceback" not in outcome.stderr
    assert outcome.error["message"]


def test_an_unchanged_snapshot_is_the_same_one(project: Project) -> None:
    path = write(project, "a.jsonl", rows(3))
    first, again = snapshot(project, path), snapshot(project, path)
    assert (first["created"], again["created"]) == (True, False)
    assert first["examples"] == again["examples"]
    assert project.dvc("status").strip().endswith("up to date.")


def test_a_diff_tells_added_removed_and_edited(project: Project) -> None:
    old = rows(10)
    snapshot(project, write(project, "a.jsonl", old))
    new = [*old[1:9], {**old[9], "completion": "another day"}, *rows(2, start=50)]
    snapshot(project, write(project, "a.jsonl", new))
    found = project.done("data", "diff", "a~1", "a")
    assert {key: found[key] for key in ("same", "added", "removed", "edited")} == {
        "same": 8, "added": 2, "removed": 1, "edited": 1,
    }  # fmt: skip
    assert found["samples"]["edited"] == [[old[9], new[8]]]
    assert found["samples"]["removed"] == [old[0]]


LEAKS: dict[str, tuple[Callable[[Row], Row], str]] = {
    "as it is": (lambda row: row, "exact"),
    "keys in another order": (lambda row: dict(reversed(row.items())), "exact"),
    "re-spaced": (lambda row: {**row, "prompt": row["prompt"].replace(" ", "\n  ")}, "normal"),
    "re-cased": (lambda row: {**row, "prompt": row["prompt"].upper()}, "normal"),
    "one word changed": (
        lambda row: {**row, "prompt": row["prompt"].replace("day", "morning", 1)}, "near",
    ),
    "answered otherwise": (lambda row: {**row, "completion": "never"}, "prompt"),
}  # fmt: skip


@pytest.mark.parametrize("leak", LEAKS)
def test_a_planted_leak_is_found(project: Project, leak: str) -> None:
    make, kind = LEAKS[leak]
    test = [
        {"prompt": f"Word{n} is a long question about the {n}th day of the year", "completion": "x"}
        for n in range(5)
    ]
    snapshot(project, write(project, "train.jsonl", [*rows(20), make(test[3])]))
    snapshot(project, write(project, "test.jsonl", test))
    near = ("--near",) if kind == "near" else ()
    found = project.done("data", "overlap", "train", "test", *near)
    counts = {name: found[name] for name in ("exact", "normal", "near", "prompt") if found[name]}
    assert counts == {kind: 1}
    assert found["samples"] == [{"kind": kind, "example": test[3]}]
    assert project.cli("data", "overlap", "train", "test", *near, "--fail-over", "0").code == 3


@pytest.fixture
def served(seeded: Project) -> tuple[Project, Row]:
    """champion names m/3, which was tuned on chat.jsonl; and one example of it."""
    examples = rows(30)
    snapshot(seeded, write(seeded, "chat.jsonl", examples))
    seeded.adapter("ad3", r=4)
    seeded.done("register", "m", "ad3", "--data", "chat.jsonl")
    seeded.done("promote", "m/3", "--to", "champion")
    return seeded, examples[7]


def test_a_trace_names_the_live_alias_after_all_data_is_gone(
    served: tuple[Project, Row], tmp_path: Path
) -> None:
    project, example = served
    one = tmp_path / "one.json"
    one.write_text(json.dumps(example, indent=2))
    (project.root / "chat.jsonl").unlink()
    (project.root / "chat.jsonl.examples.arrow").unlink()
    shutil.rmtree(project.root / ".dvc/cache")
    found = project.done("data", "trace", "--example", one)
    assert [(s["path"], s["exact"]) for s in found["snapshots"]] == [("chat.jsonl", 1)]
    (version,) = found["versions"]
    assert (version["version"], version["trained"], version["aliases"]) == (
        "m/3", True, ["champion"],
    )  # fmt: skip
    same = project.done("data", "trace", "--hash", found["hashes"][0]["exact"])
    assert same["versions"] == found["versions"]


def test_a_later_stage_counts_with_all_that_came_before_it(served: tuple[Project, Row]) -> None:
    project, example = served
    later = rows(20, start=500)
    snapshot(project, write(project, "prefs.jsonl", later))
    project.adapter("ad4", r=2)
    project.done("register", "m", "ad4", "--data", "prefs.jsonl", "--base", "m/3")
    project.done("promote", "m/4", "--to", "champion")
    snapshot(project, write(project, "test.jsonl", [example, later[3], *rows(5, start=900)]))
    assert project.done("data", "overlap", "m/3", "test")["exact"] == 1
    found = project.done("data", "overlap", "m@champion", "test")
    assert (found["exact"], found["rows"]) == (2, 7)
    assert {one.partition("@")[0] for one in found["a"]} == {"chat", "prefs"}
    project.write("one.json", json.dumps(example))
    traced = project.done("data", "trace", "--example", "one.json")["versions"]
    assert [(v["version"], v["how"].partition("@")[0], v["aliases"]) for v in traced] == [
        ("m/3", "trained on chat", []), ("m/4", "tuned from m/3", ["champion"]),
    ]  # fmt: skip


def test_the_same_bytes_at_another_path_are_the_snapshot_that_is_on_record(
    project: Project,
) -> None:
    first = snapshot(project, write(project, "a.jsonl", rows(4)), "--name", "set")
    second = snapshot(project, write(project, "b.jsonl", rows(4)), "--name", "set")
    assert (second["created"], second["path"]) == (False, "a.jsonl")
    assert second["taken_at"] == first["taken_at"]


def test_the_record_knows_the_examples(served: tuple[Project, Row]) -> None:
    project, _ = served
    (data,) = project.done("show", "m/3")["record"]["data"]
    shown = project.done("data", "show", "chat")
    assert data["records_root"] == shown["examples"]["root"]
    assert data["profile"]["rows"] == data["rows"] == 30


def test_what_was_erased_does_not_come_back(served: tuple[Project, Row], tmp_path: Path) -> None:
    project, example = served
    one = tmp_path / "one.jsonl"
    one.write_text(json.dumps(example))
    plan = project.done("data", "erase-plan", "--example", one)
    assert (plan["serving"], plan["event"]) == (["m/3"], None)
    done = project.done("data", "erase-plan", "--example", one, "--record", "--reason", "asked for")
    assert project.events()[-1] == "erase: 1 tombstone"
    assert done["event"]
    again = ("data", "erase-plan", "--example", str(one), "--record", "--reason", "again")
    assert project.done(*again)["event"] is None
    other = {**example, "prompt": example["prompt"].upper()}
    path = write(project, "later.jsonl", [*rows(2, start=90), other])
    outcome = project.cli("data", "check", path)
    assert outcome.code == 1
    assert "line 3: erased" in outcome.stdout
    assert project.cli("data", "snapshot", path, "--allow-faults").code == 1
    text = project.git("show", "ft-registry")
    assert example["prompt"] not in text


def test_keyed_hashes_answer_with_the_secret_alone(project: Project, tmp_path: Path) -> None:
    one = tmp_path / "one.json"
    one.write_text(json.dumps(rows(1)[0]))
    plain = snapshot(project, write(project, "plain.jsonl", rows(5)))
    keyed = snapshot(project, write(project, "keyed.jsonl", rows(5)), "--keyed")
    assert keyed["examples"]["root"] != plain["examples"]["root"]
    assert project.cli("data", "overlap", "plain", "keyed").code == 1
    found = project.done("data", "trace", "--example", one)
    assert {s["path"] for s in found["snapshots"]} == {"plain.jsonl", "keyed.jsonl"}
    (project.root / ".git/ft-registry/example.key").unlink()
    blind = project.done("data", "trace", "--example", one)
    assert [s["path"] for s in blind["snapshots"]] == ["plain.jsonl"]
    assert "secret" in blind["untold"][0]


def test_a_person_is_found_by_name(project: Project) -> None:
    examples = [{**row, "user": {"id": f"u{n % 3}"}} for n, row in enumerate(rows(9))]
    snapshot(project, write(project, "a.jsonl", examples), "--subject", "user.id")
    found = project.done("data", "trace", "--subject", "u1")
    assert [s["subject"] for s in found["snapshots"]] == [3]
    assert project.done("data", "trace", "--subject", "u9")["snapshots"] == []


def test_data_that_holds_no_examples_is_tracked_all_the_same(project: Project) -> None:
    project.write("pictures/a.png", b"\x89PNG")
    done = snapshot(project, "pictures")
    assert "unknown" in done["examples"]
    assert done["profile"] is None


def test_data_that_is_only_to_be_tracked_is_not_looked_at(project: Project) -> None:
    path = write(project, "a.jsonl", [{"prompt": ""}])
    done = snapshot(project, path, "--no-index")
    assert "only to be tracked" in done["examples"]["unknown"]
    assert not (project.root / "a.jsonl.examples.arrow").exists()
    assert "only to be tracked" in project.cli("data", "diff", "a", "a").stderr


@pytest.mark.skipif(not SHARED.is_dir(), reason="the real datasets are not beside the repository")
def test_real_datasets_have_the_counts_that_a_line_of_python_finds(project: Project) -> None:
    for name in ("gsm8k/train.jsonl", "gsm8k/test.jsonl", "banking77/train.csv"):
        shutil.copyfile(SHARED / name, project.root / name.replace("/", "-"))
    train, test = snapshot(project, "gsm8k-train.jsonl"), snapshot(project, "gsm8k-test.jsonl")
    lines = (SHARED / "gsm8k/train.jsonl").read_text().splitlines()
    assert train["profile"]["rows"] == len(lines)
    questions = [json.loads(line)["question"] for line in lines]
    assert train["profile"]["prompts"]["max"] == max(map(len, questions))
    tested = [json.loads(x) for x in (SHARED / "gsm8k/test.jsonl").read_text().splitlines()]
    shared = {json.loads(line)["question"] for line in lines} & {t["question"] for t in tested}
    found = project.done("data", "overlap", "gsm8k-train", "gsm8k-test")
    assert found["total"] == len(shared)
    assert test["examples"]["rows"] == len(tested)
    bank = snapshot(project, "banking77-train.csv")
    with (SHARED / "banking77/train.csv").open(newline="") as file:
        cells = list(csv.DictReader(file))
    assert bank["profile"]["rows"] == len(cells)
    assert bank["profile"]["label_count"] == len({row["category"] for row in cells})
    squeezed = {("".join(c["text"].casefold().split()), c["category"]) for c in cells}
    equal = bank["profile"]["duplicates"] + bank["profile"]["near_duplicates"]
    assert equal == len(cells) - len(squeezed)


def test_a_name_with_dots_is_a_name_like_others(project: Project) -> None:
    old, new = rows(3), rows(5)
    for path in ("train.v1.jsonl", "train.jsonl"):
        assert snapshot(project, write(project, path, old))["name"] == path.removesuffix(".jsonl")
    snapshot(project, write(project, "train.v1.jsonl", new))
    md5 = project.done("data", "show", "train.v1")["md5"]
    for text in ("train.v1", f"train.v1@{md5[:6]}", "train.v1.jsonl"):
        assert project.done("data", "show", text)["examples"]["rows"] == 5
    assert project.done("data", "diff", "train.v1~1", "train.v1")["added"] == 2
    assert project.done("data", "show", "train")["examples"]["rows"] == 3
    snapshot(project, "train.jsonl", "--name", "a.b")
    assert project.done("data", "show", "a.b")["name"] == "a.b"
    write(project, "new.v2.jsonl", rows(2))
    project.dvc("add", "new.v2.jsonl")
    project.done("register", "m", "ad1", "--data", "new.v2.jsonl")
    assert project.done("show", "m/1")["record"]["data"][0]["name"] == "new.v2"
