"""Verification of the ledger: whatever is done to it by hand is found and named."""

import json
import shutil
import subprocess
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.ledger.changes import ADA, TIME, begin, make_change, make_event, write
from tests.ledger.records import World, make_record
from tests.ledger.remotes import Team
from tests.ledger.repositories import clone, git, open_ledger, rev

from ft_registry.actions.verify_ledger import verify_ledger
from ft_registry.backends.git.door import identity_variables
from ft_registry.model import layout
from ft_registry.model.alias import AliasState
from ft_registry.model.canonical import digest_bytes
from ft_registry.model.event import Requirement, Write, digest_within
from ft_registry.model.layout import EVENT
from ft_registry.model.origin import Actor
from ft_registry.model.registered import IdentityPointer, ModelDocument
from ft_registry.model.verification import Depth, Finding

ALIAS = layout.alias("dates", "champion")
RECORD = layout.version("dates", 1)
Documents = dict[str, bytes | None]


@pytest.fixture
def registered(repository: Path) -> Path:
    """A repository with a ledger of a version that serves, its code commit pinned."""
    ledger = open_ledger(repository)
    begin(ledger)
    ledger.append(replace(registration(repository), pins=(rev(repository, "main"),)))
    state = champion(make_record("dates", 1, commit=rev(repository, "main")).digest)
    ledger.append(make_change({ALIAS: state}, requires={ALIAS: None}, subject="promote"))
    return repository


def registration(repository: Path) -> Any:
    record = make_record("dates", 1, commit=rev(repository, "main"))
    documents: Documents = {
        layout.model("dates"): ModelDocument(name="dates").to_bytes(),
        RECORD: record.to_bytes(),
        layout.identity("dates", record.identity): IdentityPointer(
            identity=record.identity, version=1
        ).to_bytes(),
    }
    return make_change(documents, requires={RECORD: None}, subject="register")


def champion(record: str, **fields: Any) -> bytes:
    given = {
        "version": 1, "since": "2026-11-24T09:30:00.000000Z", "by": ADA, "through": "promote"
    } | fields  # fmt: skip
    return AliasState(model="dates", alias="champion", record=record, **given).to_bytes()


def look(repository: Path, depth: Depth = "fast") -> list[Finding]:
    """Returns what is not in order."""
    found = verify_ledger(open_ledger(repository), depth=depth)
    assert found.ok == (not found.damage and not found.undecided)
    return [finding for finding in found.findings if finding.state != "ok"]


def by_hand(
    repository: Path,
    documents: Documents,
    *,
    parents: tuple[str, ...] = ("ft-registry",),
    subject: str = "by hand",
) -> str:
    """Commits to the ledger past all of our own code, as if Ada did, and returns the commit."""
    index = {"GIT_INDEX_FILE": str(repository / ".git" / "by-hand")}
    git(repository, "read-tree", "ft-registry", env=index)
    for number, (path, content) in enumerate(documents.items()):
        file = repository.parent / f"by-hand-{number}"
        file.write_bytes(content or b"")
        blob = git(repository, "hash-object", "-w", "--no-filters", str(file)).strip()
        entry = f"100644,{blob},{path}"
        change = ["--add", "--cacheinfo", entry] if content is not None else ["--remove", path]
        git(
            repository,
            "update-index",
            *(["--force-remove", path] if content is None else change),
            env=index,
        )
    tree = git(repository, "write-tree", env=index).strip()
    options = [part for parent in parents for part in ("-p", parent)]
    ada = identity_variables(ADA) | {"GIT_AUTHOR_DATE": TIME}
    message = ("-m", subject, "-m", "[skip ci]")
    commit = git(repository, "commit-tree", *message, *options, tree, env=ada).strip()
    git(repository, "update-ref", "refs/heads/ft-registry", commit)
    return commit


def with_event(documents: Documents, **fields: Any) -> Documents:
    """Returns documents with the event that owns up to them."""
    event = make_event("by hand")
    writes = tuple(
        Write(path=path, digest=None if content is None else digest_bytes(content))
        for path, content in documents.items()
    )
    given = event.model_copy(update={"writes": writes, **fields})
    return {**documents, EVENT: given.to_bytes()}


@pytest.mark.parametrize("depth", ["fast", "full"])
def test_a_sound_ledger_is_found_sound(registered: Path, depth: Depth) -> None:
    found = verify_ledger(open_ledger(registered), depth=depth)
    assert found.ok
    assert [(f.kind, f.name, f.state, f.found) for f in found.findings] == [
        ("document", "documents", "ok", "5 documents"),
        ("pin", "code commits", "ok", "1 commits"),
        ("chain", "history", "ok", "3 events"),
    ]


def test_what_commands_write_is_sound(repository: Path) -> None:
    ledger = open_ledger(repository)
    begin(ledger)
    world = World(7)
    for _ in range(30):
        ledger.append(world.next_change())
    assert not [
        f
        for f in verify_ledger(ledger, depth="fast").findings
        if f.kind == "chain" and f.state != "ok"
    ]


class TestACommitByHand:
    def test_without_an_event_is_found(self, registered: Path) -> None:
        commit = by_hand(registered, {ALIAS: champion("sha256:" + "0" * 64)})
        found = look(registered)
        assert [f.name for f in found if f.kind == "chain"] == [f"event {commit[:12]}"] * 2
        assert "by hand" in found[0].found
        assert ALIAS in found[1].found

    def test_that_changes_more_than_its_event_says_is_found(self, registered: Path) -> None:
        by_hand(registered, {**with_event({}), ALIAS: None})
        assert "changed models/dates/aliases/champion.json" in look(registered)[0].found

    def test_that_changes_other_than_its_event_says_is_found(self, registered: Path) -> None:
        claimed = with_event({ALIAS: b"1"})
        by_hand(registered, {**claimed, ALIAS: b"2"})
        assert digest_bytes(b"2") in [f.found for f in look(registered) if f.kind == "chain"]

    @pytest.mark.parametrize("kept", [None, b"{}"], ids=["taken away", "changed"])
    def test_that_changes_a_record_is_found(self, registered: Path, kept: bytes | None) -> None:
        before = open_ledger(registered).read(RECORD) or b""
        by_hand(registered, with_event({RECORD: kept}))
        found = look(registered)[0]
        assert (found.kind, found.name, found.subject) == ("document", RECORD, "dates/1")
        assert found.state == ("missing" if kept is None else "changed")
        assert found.expected == digest_bytes(before)

    def test_whose_requirements_do_not_hold_is_found(self, registered: Path) -> None:
        change = make_change({}, requires={ALIAS: None})
        by_hand(registered, with_event({}, requires=change.requires))
        assert ALIAS in look(registered)[0].expected

    def test_whose_folder_held_something_else_is_found(self, registered: Path) -> None:
        folder = RECORD.rpartition("/")[0]
        ledger = open_ledger(registered)
        digests = {path: digest_bytes(ledger.read(path) or b"") for path in ledger.paths(folder)}
        right = Requirement(path=folder, digest=digest_within(folder, digests), folder=True)
        by_hand(registered, with_event({}, requires=(right,)))
        assert look(registered) == []
        wrong = Requirement(path=folder, digest=None, folder=True)
        by_hand(registered, with_event({}, requires=(wrong,)))
        assert folder in look(registered)[0].expected

    def test_that_repeats_a_nonce_is_found(self, registered: Path) -> None:
        nonce = next(iter(open_ledger(registered).events())).event.nonce
        by_hand(registered, with_event({}, nonce=nonce))
        assert look(registered)[0].expected == "a nonce of its own"

    def test_that_is_a_merge_is_found(self, registered: Path) -> None:
        by_hand(registered, with_event({}), parents=("ft-registry", "main"))
        assert rev(registered, "main") in look(registered)[0].found

    def test_that_holds_no_json_is_found(self, registered: Path) -> None:
        by_hand(
            registered, {EVENT: b"{", "models/\udcff.json".encode(errors="replace").decode(): b""}
        )
        assert "strict JSON" in look(registered)[0].found

    def test_of_a_newer_program_leaves_it_open(self, registered: Path) -> None:
        event = json.loads(with_event({})[EVENT] or b"")
        by_hand(registered, {EVENT: json.dumps(event | {"schema": "ft-registry/event/2"}).encode()})
        assert [(f.kind, f.state) for f in look(registered)] == [("chain", "unknown")]


@pytest.mark.parametrize(
    ("fields", "shown"),
    [
        ({"reason": "a lie"}, "'a lie'"),
        ({"subject": "a lie"}, "'a lie'"),
        ({"actor": Actor(name="Eve", email="eve@example.org")}, "'Eve <eve@example.org>'"),
        ({"time": "2026-11-24T09:30:01.000000Z"}, "'1795512601'"),
    ],
    ids=["reason", "subject", "actor", "time"],
)
def test_the_newest_event_rewritten_beside_its_commit_is_found(
    registered: Path, fields: dict[str, Any], shown: str
) -> None:
    newest = next(iter(open_ledger(registered).events(newest_first=True))).event
    past = ("ft-registry~1",)
    by_hand(registered, {EVENT: newest.to_bytes()}, parents=past, subject="promote")
    assert look(registered) == []
    forged = newest.model_copy(update=fields)
    by_hand(registered, {EVENT: forged.to_bytes()}, parents=past, subject="promote")
    (found,) = look(registered)
    assert (found.kind, found.state) == ("chain", "changed")
    assert shown in found.expected


def test_a_commit_whose_message_was_amended_is_found(registered: Path) -> None:
    by_hand(registered, {}, parents=("ft-registry~1",), subject="a lie")
    (found,) = look(registered)
    assert (found.kind, found.state) == ("chain", "changed")
    assert "'a lie'" in found.found


@pytest.mark.parametrize(
    ("path", "content", "depth", "word"),
    [
        (ALIAS, b"[]", "fast", "expected models/dates"),
        (ALIAS, b'{"schema":"ft-registry/model/1"}', "fast", "schema"),
        (ALIAS, b'{"schema":"ft-registry/alias/1"}', "full", "Field required"),
        (ALIAS, champion("sha256:" + "0" * 64), "fast", "sha256:000"),
        (ALIAS, champion("sha256:" + "0" * 64).replace(b",", b", "), "full", "another form"),
        (layout.alias("dates", "other"), champion("sha256:" + "0" * 64), "full", "other.json"),
    ],
)
def test_a_document_that_is_none_of_ours_is_found(
    registered: Path, path: str, content: bytes, depth: Depth, word: str
) -> None:
    write(open_ledger(registered), path, content)
    (found,) = look(registered, depth)
    assert (found.kind, found.name, found.state) == ("document", path, "changed")
    assert word in found.found
    open_ledger(registered).append(make_change({path: None}))
    assert look(registered, depth) == []


def flip(content: bytes, at: int = -1) -> bytes:
    return content[:at] + bytes([content[at] ^ 1]) + content[at + 1 or len(content) :]


def exchange(repository: Path, name: str, change: Callable[[bytes], bytes]) -> None:
    """Writes other content under the name of a loose object."""
    oid = git(repository, "rev-parse", name).strip()
    file = repository / ".git" / "objects" / oid[:2] / oid[2:]
    file.chmod(0o644)
    file.write_bytes(change(file.read_bytes()))


class TestStorage:
    @pytest.mark.parametrize(
        "change",
        [
            lambda raw: flip(raw, len(raw) // 2),
            lambda raw: zlib.compress(flip(zlib.decompress(raw))),
            lambda raw: raw[:-4],
            lambda _: b"",
        ],
        ids=["flipped", "flipped inside", "cut", "emptied"],
    )
    @pytest.mark.parametrize(
        ("place", "name"),
        [(f"ft-registry~1:{RECORD}", RECORD), ("ft-registry~1:models", "models")],
        ids=["document", "folder"],
    )
    def test_a_loose_object_that_is_not_itself_is_named(
        self, registered: Path, place: str, name: str, change: Callable[[bytes], bytes]
    ) -> None:
        oid = git(registered, "rev-parse", place).strip()
        exchange(registered, place, change)
        found = look(registered, "full")
        assert name in [finding.name for finding in found] or oid in str(found)

    def test_a_lost_object_is_named(self, registered: Path) -> None:
        oid = git(registered, "rev-parse", f"ft-registry:{RECORD}").strip()
        (registered / ".git" / "objects" / oid[:2] / oid[2:]).unlink()
        for depth in ("fast", "full"):
            (found,) = (f for f in look(registered, depth) if f.name == RECORD)
            assert found.state == "missing"

    @pytest.mark.parametrize("place", ["ft-registry", "ft-registry~1"])
    def test_a_damaged_commit_is_named(self, registered: Path, place: str) -> None:
        oid = rev(registered, place)
        exchange(registered, place, lambda raw: flip(raw, len(raw) // 2))
        found = look(registered, "full")
        assert oid in str(found)
        assert all(finding.is_damage for finding in found)

    def test_a_flipped_byte_in_a_pack_is_found(self, registered: Path) -> None:
        git(registered, "gc", "--quiet", "--prune=now")
        (pack,) = (registered / ".git" / "objects" / "pack").glob("*.pack")
        oid = git(registered, "rev-parse", f"ft-registry:{RECORD}").strip()
        index = git(registered, "verify-pack", "-v", str(pack)).splitlines()
        (line,) = (line.split() for line in index if line.startswith(oid))
        pack.chmod(0o644)
        pack.write_bytes(flip(pack.read_bytes(), int(line[4]) + int(line[3]) // 2))
        for depth in ("fast", "full"):
            assert RECORD in [finding.name for finding in look(registered, depth)]


class TestPins:
    def test_a_pin_that_was_removed_is_found(self, registered: Path) -> None:
        commit = rev(registered, "main")
        git(registered, "update-ref", "-d", f"refs/ft-registry/pins/{commit}")
        (found,) = look(registered)
        assert (found.kind, found.name, found.state) == ("pin", commit, "unknown")
        assert "no pin keeps it here" in found.found
        assert found.place == RECORD

    def test_a_commit_that_is_nowhere_is_missing(self, repository: Path) -> None:
        ledger = open_ledger(repository)
        begin(ledger)
        write(ledger, RECORD, make_record("dates", 1, commit="1" * 40).to_bytes())
        (found,) = look(repository)
        assert (found.kind, found.state, found.found) == ("pin", "missing", "no such commit")

    def test_a_commit_that_only_the_remote_has_is_open(self, team: Team) -> None:
        git(team.one, "commit", "--quiet", "--allow-empty", "-m", "experiment")
        change = replace(registration(team.one), pins=(commit := rev(team.one, "main"),))
        team.ledger(team.one).append(change)
        two = team.ledger(team.two)
        two.refresh()
        found = verify_ledger(two, depth="fast")
        assert [(f.name, f.state) for f in found.findings if f.kind == "pin"] == [
            (commit, "unknown")
        ]
        assert found.ok
        two.settlement("both")
        assert verify_ledger(two, depth="fast").findings[1].state == "ok"


def test_a_shallow_clone_is_looked_at_as_far_as_it_goes(team: Team, tmp_path: Path) -> None:
    for number in range(4):
        write(team.ledger(team.one), "models/x.json", b"%d" % number)
    shallow = clone(team.server, tmp_path / "shallow", "--depth=2", "--no-single-branch")
    git(shallow, "branch", "--quiet", "ft-registry", "origin/ft-registry")
    found = verify_ledger(open_ledger(shallow), depth="full")
    assert found.ok
    assert "newest 2 events" in found.notes[0]


class TestSignatures:
    """Real keys, made for the test."""

    @pytest.fixture
    def signed(self, repository: Path, tmp_path: Path, git_config: Callable[[str], None]) -> Path:
        """A ledger of two events that are signed and one that is not; the key is vouched for."""
        if shutil.which("ssh-keygen") is None:
            pytest.skip("there is no ssh-keygen to make a key with")
        key = tmp_path / "key"
        command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)]
        subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
        allowed = tmp_path / "allowed"
        allowed.write_text(f"ada@example.org {key.with_suffix('.pub').read_text()}")
        git_config(
            f'[gpg]\n\tformat = ssh\n[gpg "ssh"]\n\tallowedSignersFile = {allowed}\n'
            f"[user]\n\tsigningKey = {key}\n"
        )
        begin(open_ledger(repository))
        git(repository, "config", "commit.gpgSign", "true")
        write(open_ledger(repository), "models/1.json", b"1")
        write(open_ledger(repository), "models/2.json", b"2")
        return repository

    def states(self, repository: Path) -> list[str]:
        found = verify_ledger(open_ledger(repository), depth="full").findings
        return [finding.state for finding in found if finding.kind == "signature"]

    def test_good_ones_are_good_and_none_is_no_matter(self, signed: Path) -> None:
        assert self.states(signed) == ["ok", "ok"]

    def test_by_a_stranger_are_open(self, signed: Path, tmp_path: Path) -> None:
        (tmp_path / "allowed").write_text("")
        assert self.states(signed) == ["unknown", "unknown"]
        (tmp_path / "allowed").unlink()
        assert self.states(signed) == ["unknown", "unknown"]

    def test_under_another_event_are_damage(self, signed: Path) -> None:
        raw = git(signed, "cat-file", "commit", "ft-registry").replace("take note", "take that")
        file = signed.parent / "commit"
        file.write_text(raw)
        forged = git(signed, "hash-object", "-t", "commit", "-w", str(file)).strip()
        git(signed, "update-ref", "refs/heads/ft-registry", forged)
        assert self.states(signed) == ["ok", "changed"]

    def test_of_one_event_is_told_with_its_signer(self, signed: Path, tmp_path: Path) -> None:
        ledger = open_ledger(signed)
        first, *_, last = [logged.id for logged in ledger.events()]
        found = ledger.signature(last)
        assert found is not None
        assert (found.state, found.email) == ("ok", "ada@example.org")
        assert ledger.signature(first) is None
        (tmp_path / "allowed").write_text("")
        stranger = ledger.signature(last)
        assert stranger is not None
        assert (stranger.state, stranger.email) == ("unknown", "")

    def test_are_not_asked_for_by_the_fast_look(self, signed: Path) -> None:
        found = verify_ledger(open_ledger(signed), depth="fast").findings
        assert not [finding for finding in found if finding.kind == "signature"]
