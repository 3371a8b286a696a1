"""A snapshot that was taken without an index gets one when it is taken again."""

import json

import pytest
from tests.cli.project import Project, jsonl

from ft_registry.actions.events import make_event
from ft_registry.model import layout
from ft_registry.model.snapshot import LateIndex
from ft_registry.ports.ledger import Change

pytestmark = pytest.mark.integration


def tracked_only(project: Project, content: str | None = None) -> None:
    project.write("a.jsonl", content or jsonl(20))
    project.done("data", "snapshot", "a.jsonl", "--no-index")


def test_the_index_is_put_on_record_beside_what_stays_as_it_was(project: Project) -> None:
    tracked_only(project)
    before = project.done("data", "show", "a")
    place = layout.snapshot("a", before["md5"])
    written = project.git("show", f"ft-registry:{place}")
    again = project.cli("data", "snapshot", "a.jsonl")
    assert again.stdout.startswith("indexed a "), again.stderr
    assert project.git("show", f"ft-registry:{place}") == written
    assert project.events()[-1].startswith("index a ")
    shown = project.done("data", "show", "a")
    assert shown["examples"]["rows"] == shown["profile"]["rows"] == 20
    assert shown["taken_at"] == before["taken_at"]
    assert project.done("data", "diff", "a", "a")["same"] == 20
    project.write("one.json", json.dumps({"prompt": "p3", "completion": "c3"}))
    assert project.done("data", "trace", "--example", "one.json")["snapshots"]
    assert project.done("verify", "--full")["ok"]


def test_it_is_made_once(project: Project) -> None:
    tracked_only(project)
    first = project.done("data", "snapshot", "a.jsonl")
    head = project.head()
    again = project.done("data", "snapshot", "a.jsonl")
    assert (first["created"], first["indexed"]) == (False, True)
    assert (again["created"], again["indexed"]) == (False, False)
    assert again["examples"] == first["examples"]
    assert project.head() == head
    assert project.git("status", "--porcelain", "--", "a.jsonl.examples.arrow.dvc") == ""
    project.done("data", "snapshot", "a.jsonl", "--no-index")
    assert project.head() == head


def test_data_with_faults_gets_none_unless_allowed(project: Project) -> None:
    tracked_only(project, jsonl(3) + '{"prompt": "x", "completion": " "}\n')
    head = project.head()
    assert project.cli("data", "snapshot", "a.jsonl").code == 1
    assert project.head() == head
    assert project.done("data", "snapshot", "a.jsonl", "--allow-faults")["indexed"]


def test_the_same_bytes_at_another_path_bring_an_index_as_well(project: Project) -> None:
    tracked_only(project)
    project.write("b.jsonl", jsonl(20))
    done = project.done("data", "snapshot", "b.jsonl", "--name", "a")
    assert (done["indexed"], done["path"]) == (True, "a.jsonl")
    assert done["examples"]["path"] == "b.jsonl.examples.arrow"


def test_a_version_that_is_registered_later_knows_its_examples(project: Project) -> None:
    tracked_only(project)
    done = project.done("data", "snapshot", "a.jsonl")
    project.done("register", "m", "ad1", "--data", "a.jsonl")
    (data,) = project.done("show", "m/1")["record"]["data"]
    assert data["records_root"] == done["examples"]["root"]


def test_an_index_of_another_snapshot_is_damage(project: Project) -> None:
    tracked_only(project)
    done = project.done("data", "snapshot", "a.jsonl")
    place = layout.late_index("a", done["md5"])
    wiring = project.workspace().datasets._wiring
    late = LateIndex.parse(wiring.ledger.read(place) or b"", what=place)
    other = late.model_copy(update={"snapshot": f"sha256:{'0' * 64}"})
    event = make_event(wiring.context, "snapshot", "index a")
    wiring.ledger.append(Change(event=event, documents={place: other.to_bytes()}))
    outcome = project.cli("--json", "data", "show", "a")
    assert outcome.code == 4
    assert "found that it was for sha256:000" in outcome.error["message"]
    assert project.cli("verify").code == 4


def test_an_index_is_not_taken_for_data(project: Project) -> None:
    tracked_only(project)
    project.done("data", "snapshot", "a.jsonl")
    outcome = project.cli("data", "snapshot", "a.jsonl.examples.arrow")
    assert outcome.code == 1
    assert "ft-registry data snapshot a.jsonl\n" in outcome.stderr
    assert project.done("data", "show", "a")["path"] == "a.jsonl"


def test_an_index_of_another_kind_than_asked_for_is_told(project: Project) -> None:
    project.write("a.jsonl", jsonl(20))
    project.done("data", "snapshot", "a.jsonl")
    outcome = project.cli("data", "snapshot", "a.jsonl", "--keyed", "--subject", "user")
    assert outcome.code == 0
    assert "with an index with plain hashes" in outcome.stderr
    assert "without persons by user" in outcome.stderr
    quiet = project.cli("data", "snapshot", "a.jsonl", "--keyed", "--name", "other")
    assert "note:" not in quiet.stderr
