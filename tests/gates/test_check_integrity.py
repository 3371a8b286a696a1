"""The check ``integrity``: every byte as recorded, and signed by whom."""

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from tests.cli.project import Project
from tests.fakes.memory_data import CACHE, STORE
from tests.gates.fact_cases import World

from ft_registry.actions.checks.case import Case
from ft_registry.actions.checks.integrity import check_integrity
from ft_registry.backends.git.door import GitDoor, find_repository
from ft_registry.backends.git.ledger import GitLedger
from ft_registry.model.policy_checks import IntegrityCheck
from ft_registry.model.reference import VersionReference

WEIGHTS = {"adapter_config.json": b"{}", "adapter_model.safetensors": b"weights"}
ASKED = IntegrityCheck(verified=True)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


class TestVerified:
    def test_every_byte_is_as_recorded(self, world: World) -> None:
        world.registry.register(WEIGHTS, data=(world.registry.data.keep("a", b"a\n"),))
        assert check_integrity(ASKED, world.case()).outcome == "pass"

    def test_what_is_changed_is_named(self, world: World) -> None:
        world.registry.register(WEIGHTS)
        world.registry.shelf()["adapter/adapter_model.safetensors"] = b"WEIGHTS"
        answer = check_integrity(ASKED, world.case())
        assert answer.outcome == "fail"
        assert "adapter/adapter_model.safetensors" in answer.found
        assert "ft-registry verify support/1 --full" in answer.found

    def test_damaged_data_breaks_it(self, world: World) -> None:
        content = world.registry.data.keep("a", b"a\n")
        world.registry.register(WEIGHTS, data=(content,))
        for place in (CACHE, STORE):
            world.registry.data.places[place][content.key] = b"b\n"
        assert check_integrity(ASKED, world.case()).outcome == "fail"

    def test_data_that_nobody_could_read_leaves_it_open(self, world: World) -> None:
        content = world.registry.data.keep("a", b"a\n", places=(STORE,))
        world.registry.register(WEIGHTS, data=(content,))
        world.registry.data.silent = {STORE}
        assert check_integrity(ASKED, world.case()).outcome == "inconclusive"

    def test_a_store_that_is_silent_leaves_it_open(self, world: World) -> None:
        world.registry.register(WEIGHTS)
        world.registry.artifacts.unavailable = True
        assert check_integrity(ASKED, world.case()).outcome == "inconclusive"


def test_a_version_that_nobody_signed_is_not_signed(world: World) -> None:
    world.registry.register(WEIGHTS)
    answer = check_integrity(IntegrityCheck(signed_by=("ada@example.org",)), world.case())
    assert answer.outcome == "fail"
    assert "not signed" in answer.found
    assert "commit.gpgSign" in answer.found


@pytest.mark.integration
class TestSigned:
    @pytest.fixture
    def signed(self, project: Project, tmp_path: Path) -> Project:
        """A registry whose m/1 nobody signed, and whose m/2 Ada did."""
        if shutil.which("ssh-keygen") is None:
            pytest.skip("there is no ssh-keygen to make a key with")
        key = tmp_path / "key"
        command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)]
        subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
        allowed = tmp_path / "allowed"
        allowed.write_text(f"ada@example.org {key.with_suffix('.pub').read_text()}")
        project.register("m", "ad1")
        for name, value in {
            "gpg.format": "ssh", "gpg.ssh.allowedSignersFile": str(allowed),
            "user.signingKey": str(key), "commit.gpgSign": "true",
        }.items():  # fmt: skip
            project.git("config", name, value)
        project.register("m", "ad2")
        return project

    def look(self, world: World, project: Project, number: int, *people: str) -> tuple[str, str]:
        ledger = GitLedger(GitDoor(find_repository(project.root)))
        case: Case = replace(world.case(), ledger=ledger, version=VersionReference("m", number))
        answer = check_integrity(IntegrityCheck(signed_by=people), case)
        return answer.outcome, answer.found

    def test_by_one_of_the_people_alone(
        self, world: World, signed: Project, tmp_path: Path
    ) -> None:
        (tmp_path / "world").mkdir()
        assert self.look(world, signed, 2, "bob@example.org", "ADA@example.org") == (
            "pass", "registered and signed by ada@example.org",
        )  # fmt: skip
        outcome, found = self.look(world, signed, 2, "bob@example.org")
        assert outcome == "fail"
        assert "one of bob@example.org is asked for" in found
        assert self.look(world, signed, 1, "ada@example.org")[0] == "fail"

    def test_by_a_stranger_is_open(self, world: World, signed: Project, tmp_path: Path) -> None:
        (tmp_path / "allowed").write_text("")
        outcome, found = self.look(world, signed, 2, "ada@example.org")
        assert outcome == "inconclusive"
        assert "allowedSignersFile" in found

    def test_under_another_event_is_damage(
        self, world: World, signed: Project, tmp_path: Path
    ) -> None:
        raw = signed.git("cat-file", "commit", "ft-registry") + "\n"
        (tmp_path / "commit").write_text(raw.replace("register m/2", "register m/9"))
        forged = signed.git("hash-object", "-t", "commit", "-w", str(tmp_path / "commit"))
        signed.git("update-ref", "refs/heads/ft-registry", forged)
        assert self.look(world, signed, 2, "ada@example.org")[0] == "fail"

    def test_of_a_shallow_clone_may_be_open(
        self, world: World, signed: Project, tmp_path: Path
    ) -> None:
        signed.done("promote", "m/2", "--to", "champion")
        clone = tmp_path / "clone"
        signed.git("clone", "--quiet", "--depth", "1", "--branch", "ft-registry",
                   f"file://{signed.root}", str(clone))  # fmt: skip
        outcome, found = self.look(world, Project(clone), 2, "ada@example.org")
        assert outcome == "inconclusive"
        assert "unshallow" in found
