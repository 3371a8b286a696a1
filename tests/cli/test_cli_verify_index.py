"""The index of examples is read by `verify`, healed by `--heal`, and keeps nobody from serving."""

import json
from pathlib import Path

import pytest
from tests.cli.project import Project

from ft_registry.model.examples import ExampleIndex

pytestmark = pytest.mark.integration

INDEX = "data/train.jsonl.examples.arrow"


def index_of(project: Project) -> ExampleIndex:
    (found,) = project.workspace().datasets.all()
    return found.index


def flip(file: Path) -> bytes:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.chmod(0o644)
    file.write_bytes(content)
    file.chmod(0o444)
    return bytes(content)


def with_remote(project: Project) -> Path:
    remote = project.root.parent / "remote"
    project.dvc("remote", "add", "--default", "store", str(remote))
    project.dvc("push")
    return remote / "files/md5"


def kept(project: Project) -> Path:
    return project.root / f".git/ft-registry/examples/{index_of(project).md5}.arrow"


def in_cache(project: Project) -> Path:
    return project.cached(index_of(project).md5)


def in_remote(project: Project) -> Path:
    md5 = index_of(project).md5
    return with_remote(project) / md5[:2] / md5[2:]


PLACES = {"cache": in_cache, "remote": in_remote, "git directory": kept}


@pytest.mark.parametrize("place", PLACES)
def test_a_flipped_byte_in_an_index_is_told_as_what_it_is_and_healed(
    seeded: Project, place: str
) -> None:
    file = PLACES[place](seeded)
    good = file.read_bytes()
    bad = flip(file)
    assert seeded.cli("verify").code == 0, "its size is right"
    outcome = seeded.cli("verify", "--full")
    assert outcome.code == 4
    assert f"changed  {INDEX}" in outcome.stdout
    assert str(file) in outcome.stdout
    assert "--heal" in outcome.stderr
    document = seeded.cli("--json", "verify", "m/1").document
    damaged = [item for item in document["items"] if item["state"] == "changed"]
    assert [(item["kind"], item["name"]) for item in damaged] == [("index", INDEX)]
    healed = seeded.done("verify", "--heal")
    assert [(one["kind"], one["at"]) for one in healed["healed"]] == [("index", str(file))]
    assert file.read_bytes() == good
    (note,) = (seeded.root / ".git/ft-registry/quarantine").glob("*")
    assert (note / "bytes").read_bytes() == bad
    assert seeded.cli("verify", "--full").code == 0


def test_a_damaged_index_keeps_no_version_from_serving(seeded: Project) -> None:
    flip(in_cache(seeded))
    assert seeded.cli("verify", "m/1").code == 4
    outcome = seeded.cli("rollback", "m@champion", "--reason", "worse")
    assert outcome.code == 0, outcome.stderr
    outcome = seeded.cli("promote", "m/1", "--to", "beta", "--reason", "to try it")
    assert outcome.code == 0, outcome.stderr
    assert seeded.cli("restore", "m/1", "--into", seeded.root.parent / "back").code == 0


def lose_all_but_the_cache(project: Project) -> Path:
    kept(project).unlink()
    (project.root / INDEX).unlink()
    return in_cache(project)


def test_an_index_without_a_good_copy_is_made_again_from_the_data(seeded: Project) -> None:
    file = lose_all_but_the_cache(seeded)
    good = file.read_bytes()
    flip(file)
    outcome = seeded.cli("verify", "--heal")
    assert outcome.code == 0, outcome.stderr
    assert "from what is made again from data/train.jsonl" in outcome.stderr
    assert file.read_bytes() == good


@pytest.mark.parametrize("keyed", [False, True])
def test_an_index_of_persons_and_of_a_secret_is_made_again(project: Project, keyed: bool) -> None:
    rows = [
        {"prompt": f"p{n}", "completion": f"c{n}", "who": f"u{n % 3}"} for n in range(30)
    ]  # fmt: skip
    project.write("data/train.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    options = ["--subject", "who", *(["--keyed"] if keyed else [])]
    project.done("data", "snapshot", "data/train.jsonl", "--format", "prompt-completion", *options)
    project.done("register", "m", "ad1", "--data", "data/train.jsonl", "--method", "sft")
    file = lose_all_but_the_cache(project)
    good = file.read_bytes()
    bad = flip(file)
    secret = project.root / ".git/ft-registry/example.key"
    if keyed:
        secret.rename(project.root.parent / "key")
        outcome = project.cli("verify", "--heal")
        assert outcome.code == 4, outcome.stderr
        assert "is not here" in " ".join(outcome.stdout.split())
        assert "FT_REGISTRY_EXAMPLE_KEY" in outcome.stderr
        assert file.read_bytes() == bad
        (project.root.parent / "key").rename(secret)
    outcome = project.cli("verify", "--heal")
    assert outcome.code == 0, outcome.stderr + outcome.stdout
    assert file.read_bytes() == good


def test_a_lost_index_is_told_breaks_nothing_and_is_made_again(seeded: Project) -> None:
    file = lose_all_but_the_cache(seeded)
    good = file.read_bytes()
    file.unlink()
    outcome = seeded.cli("verify", "--full")
    assert outcome.code == 0, outcome.stdout
    assert f"missing  {INDEX}" in outcome.stdout
    assert seeded.cli("verify", "--heal").code == 0
    assert file.read_bytes() == good


def test_an_index_whose_data_is_gone_as_well_is_a_note(seeded: Project) -> None:
    lose_all_but_the_cache(seeded).unlink()
    (seeded.root / "data/train.jsonl").unlink()
    (data,) = seeded.workspace().show("m/1").filed.record.data
    seeded.cached(data.key).unlink()
    outcome = seeded.cli("verify", "--heal")
    assert outcome.code == 4
    assert "none of data/train.jsonl of m/1" in " ".join(outcome.stderr.split())
    assert f"note: {INDEX} is not made again" in outcome.stderr


def test_a_place_that_does_not_answer_is_given_no_index(seeded: Project) -> None:
    seeded.dvc("remote", "add", "--default", "web", "http://127.0.0.1:9/data")
    for options in (("--dry-run",), ()):
        outcome = seeded.cli("verify", "--heal", *options)
        assert outcome.code == 6, outcome.stdout + outcome.stderr
        assert "put back" not in outcome.stdout + outcome.stderr
        assert "lost" not in outcome.stdout


def test_a_secret_that_an_index_does_not_need_is_not_looked_at(seeded: Project) -> None:
    file = lose_all_but_the_cache(seeded)
    good = file.read_bytes()
    flip(file)
    (seeded.root / ".git/ft-registry/example.key").write_bytes(bytes(range(128, 160)))
    outcome = seeded.cli("verify", "--heal")
    assert outcome.code == 0, outcome.stderr
    assert file.read_bytes() == good


def test_a_kept_index_that_another_has_healed_meanwhile_is_left_as_it_is(seeded: Project) -> None:
    file = kept(seeded)
    good = file.read_bytes()
    flip(file)
    workspace = seeded.workspace()
    plan = workspace.plan_heal()
    assert seeded.workspace().heal(plan).failure is None
    bad = sorted((seeded.root / ".git/ft-registry/quarantine").iterdir())
    assert workspace.heal(plan).failure is None
    assert file.read_bytes() == good
    assert sorted((seeded.root / ".git/ft-registry/quarantine").iterdir()) == bad
