"""``approve``: who said yes to which record, and who took it back."""

import pytest
from tests.cli.project import Project

from ft_registry.model import layout
from ft_registry.model.event import Event

pytestmark = pytest.mark.integration

BOB = {"FT_REGISTRY_ACTOR": "Bob <Bob@Example.org>"}


def approvals(project: Project) -> list[str]:
    return project.workspace().ledger.paths(layout.approvals("m", 2))


def test_an_approval_is_on_record_and_shown(seeded: Project) -> None:
    done = seeded.done("approve", "m/2", "--reason", "read fifty answers", env=BOB)
    shown = seeded.done("show", "m/2")
    assert done["changed"]
    assert done["approval"]["record"] == shown["digest"]
    assert [one["by"]["email"] for one in shown["approvals"]] == ["Bob@Example.org"]
    text = seeded.cli("show", "m/2").stdout
    assert "approved" in text
    assert "read fifty answers" in text
    log = seeded.cli("log", "m").stdout
    assert "approve m/2\n    by Bob <Bob@Example.org>\n    read fifty answers" in log
    assert seeded.done("show", "m/1")["approvals"] == []
    assert seeded.cli("verify").code == 0


def test_one_person_approves_a_record_once(seeded: Project) -> None:
    seeded.done("approve", "m/latest", env=BOB)
    head = seeded.head()
    again = {"FT_REGISTRY_ACTOR": "Robert <bob@example.ORG>"}
    outcome = seeded.cli("approve", "m/2", "--reason", "once more", env=again)
    assert (outcome.code, seeded.head()) == (0, head)
    assert outcome.stdout.startswith("already approved m/2")
    seeded.done("approve", "m/2")
    assert len(approvals(seeded)) == 2


def test_an_approval_can_be_taken_back_and_given_anew(seeded: Project) -> None:
    seeded.done("approve", "m/2", env=BOB)
    done = seeded.cli("approve", "m/2", "--withdraw", "--reason", "read on", env=BOB)
    assert (done.code, approvals(seeded)) == (0, [])
    assert "was taken back, by Bob" in done.stdout
    assert seeded.events()[-1] == "take back the approval of m/2"
    assert seeded.done("approve", "m/2", env=BOB)["changed"]
    assert len(approvals(seeded)) == 1
    assert seeded.cli("verify", "--full").code == 0


def test_each_takes_back_their_own(seeded: Project) -> None:
    seeded.done("approve", "m/2", env=BOB)
    head = seeded.head()
    outcome = seeded.cli("--json", "approve", "m/2", "--withdraw")
    assert (outcome.code, seeded.head()) == (1, head)
    assert "Bob <Bob@Example.org>" in outcome.error["hints"][0]


@pytest.mark.parametrize(
    ("arguments", "env", "code", "told"),
    [
        (["m/9"], {}, 1, "found no m/9"),
        (["nobody/1"], {}, 1, "no 'nobody'"),
        (["m"], {}, 2, "expected"),
        (["m/2"], {"FT_REGISTRY_ACTOR": "cron"}, 2, "e-mail address"),
        (["m/2", "--reason", "a\x07b"], {}, 2, "control characters"),
    ],
)
def test_what_cannot_be_approved_writes_nothing(
    seeded: Project, arguments: list[str], env: dict[str, str], code: int, told: str
) -> None:
    head = seeded.head()
    outcome = seeded.cli("--json", "approve", *arguments, env=env)
    assert (outcome.code, seeded.head()) == (code, head)
    assert told in outcome.error["message"]


def by_hand(project: Project, path: str, content: bytes) -> None:
    """Commits a document to the ledger as the last event would have, with plain git."""
    index = {"GIT_INDEX_FILE": str(project.root / "by-hand")}
    project.write("document", content)
    blob = project.git("hash-object", "-w", "document")
    run = ["-c", "core.hooksPath=/dev/null"]
    with pytest.MonkeyPatch.context() as patch:
        for name, value in index.items():
            patch.setenv(name, value)
        project.git(*run, "read-tree", "ft-registry")
        project.git(*run, "update-index", "--add", "--cacheinfo", f"100644,{blob},{path}")
        tree = project.git(*run, "write-tree")
    commit = project.git("commit-tree", tree, "-p", "ft-registry", "-m", "by hand")
    project.git("update-ref", "refs/heads/ft-registry", commit)


def test_a_record_that_was_changed_by_hand_is_not_approved(seeded: Project) -> None:
    path = layout.version("m", 2)
    content = seeded.workspace().ledger.read(path)
    assert content is not None
    by_hand(seeded, path, content.replace(b'"note":""', b'"note":"x"'))
    head = seeded.head()
    outcome = seeded.cli("--json", "approve", "m/2")
    assert (outcome.code, seeded.head()) == (4, head)
    assert "ft-registry verify" in outcome.error["hints"][0]


def test_an_approval_that_no_event_wrote_gives_way_to_a_real_one(seeded: Project) -> None:
    seeded.done("approve", "m/2", "--reason", "mine", env=BOB)
    (path,) = approvals(seeded)
    content = seeded.workspace().ledger.read(path)
    assert content is not None
    by_hand(seeded, path, content.replace(b"mine", b"hand"))
    done = seeded.done("approve", "m/2", "--reason", "really", env=BOB)
    assert (done["changed"], done["approval"]["reason"]) == (True, "really")


def test_the_event_names_what_it_relies_on(seeded: Project) -> None:
    seeded.done("approve", "m/2", env=BOB)
    event: Event = seeded.workspace().log("m")[0].event
    digest = seeded.done("show", "m/2")["digest"]
    assert {one.path: one.digest for one in event.requires} == {
        layout.version("m", 2): digest, approvals(seeded)[0]: None,
    }  # fmt: skip
