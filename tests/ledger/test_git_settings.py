"""What a user has set for git does not disturb the ledger; what matters of it is obeyed."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.ledger.changes import begin, make_change, subjects, write
from tests.ledger.repositories import commit_file, git, git_succeeds, open_ledger, rev

from ft_registry.errors import FtRegistryError
from ft_registry.model.origin import Actor

PATH = "models/größe 東/aliases/champion.json"
OTHER = "models/größe 東/aliases/candidate.json"

SETTINGS = {
    "log.showSignature": "[log]\n\tshowSignature = true\n",
    "log.follow": "[log]\n\tfollow = true\n",
    "log.graph-like output": "[log]\n\tdecorate = full\n\tabbrevCommit = true\n\tdate = human\n",
    "log.mailmap": "[log]\n\tmailmap = true\n\tdiffMerges = first-parent\n\tshowRoot = false\n",
    "format.pretty": "[format]\n\tpretty = oneline\n",
    "colours": "[color]\n\tui = always\n\tdiff = always\n\tbranch = always\n",
    "core.quotePath": "[core]\n\tquotePath = true\n",
    "latin-1": "[i18n]\n\tcommitEncoding = latin1\n\tlogOutputEncoding = latin1\n",
    "line ends": "[core]\n\tautocrlf = true\n\teol = crlf\n\tsafecrlf = true\n",
    "diff": "[diff]\n\tnoprefix = true\n\trenames = copies\n\texternal = false\n",
    "commit": "[commit]\n\tcleanup = strip\n\tverbose = true\n\tstatus = false\n",
    "push": "[push]\n\tdefault = nothing\n\tfollowTags = true\n\tgpgSign = if-asked\n",
    "reflog": "[core]\n\tlogAllRefUpdates = false\n\tabbrev = 4\n",
    "objects": "[core]\n\tcompression = 0\n\tfsyncMethod = batch\n[gc]\n\tauto = 1\n",
    "pager": "[core]\n\tpager = false\n[pager]\n\tlog = true\n",
    "alias": "[alias]\n\tlog = !false\n\tcat-file = !false\n",
    "user.useConfigOnly": "[user]\n\tuseConfigOnly = true\n",
}


@pytest.mark.parametrize("lines", SETTINGS.values(), ids=SETTINGS)
def test_settings_do_not_disturb(
    repository: Path, git_config: Callable[[str], None], lines: str
) -> None:
    git_config(lines)
    ledger = open_ledger(repository)
    begin(ledger)
    content = "größer\r\n東\n".encode()
    ledger.append(make_change({PATH: content}, subject="Ähnliches 東", reason="weil größer"))
    ledger.append(make_change({OTHER: content}, subject="a copy"))
    write(ledger, OTHER, b"2", subject="another")
    assert ledger.read(PATH) == content
    assert ledger.paths("models") == [OTHER, PATH]
    assert subjects(ledger, PATH) == ["Ähnliches 東"]
    assert subjects(ledger, OTHER) == ["a copy", "another"]
    assert subjects(ledger) == ["Ähnliches 東", "a copy", "another"]
    assert dict(ledger.changes("models", since=None, until=ledger.head())) == {
        PATH: content,
        OTHER: b"2",
    }


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("GIT_LITERAL_PATHSPECS", "1"),  # Magit sets it for every command, hence for every hook
        ("GIT_ICASE_PATHSPECS", "1"),
        ("GIT_OBJECT_DIRECTORY", "/nowhere"),
        ("GIT_NAMESPACE", "elsewhere"),
        ("GIT_TRACE", "1"),
        ("GIT_PAGER", "false"),
        ("GIT_EDITOR", "false"),
        ("GIT_EXTERNAL_DIFF", "false"),
        ("GIT_DEFAULT_HASH", "sha256"),
        ("GIT_REFLOG_ACTION", "rebase"),
        ("GIT_AUTHOR_DATE", "yesterday, or so"),
        ("LC_ALL", "de_DE.UTF-8"),
        ("LANGUAGE", "de"),
    ],
)
def test_the_environment_does_not_disturb(
    repository: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    ledger = open_ledger(repository)
    monkeypatch.setenv(name, value)
    begin(ledger)
    write(ledger, PATH, b"1", subject="one")
    write(ledger, PATH.upper(), b"2", subject="two")
    assert (ledger.read(PATH), subjects(ledger, PATH)) == (b"1", ["one"])
    monkeypatch.delenv(name)
    assert open_ledger(repository).read(PATH) == b"1"


def test_line_ends_are_not_converted(repository: Path) -> None:
    commit_file(repository, ".gitattributes", b"* text=auto eol=crlf\n*.json filter=upper\n")
    git(repository, "config", "filter.upper.clean", "tr a-z A-Z")
    git(repository, "config", "filter.upper.smudge", "tr a-z A-Z")
    ledger = open_ledger(repository)
    begin(ledger)
    write(ledger, PATH, b"one\r\ntwo\n")
    assert ledger.read(PATH) == b"one\r\ntwo\n"


def test_a_replacement_ref_does_not_change_what_is_on_record(repository: Path) -> None:
    ledger = open_ledger(repository)
    begin(ledger)
    first = write(ledger, PATH, b"first").id
    second = write(ledger, PATH, b"second").id
    git(repository, "replace", second, first)
    assert open_ledger(repository).read(PATH) == b"second"
    assert len(list(open_ledger(repository).events(PATH))) == 2


def test_no_identity_is_needed(repository: Path, git_config: Callable[[str], None]) -> None:
    git_config("[user]\n\tuseConfigOnly = true\n")
    assert not git_succeeds(repository, "var", "GIT_COMMITTER_IDENT")
    begin(open_ledger(repository))
    assert git(repository, "log", "-1", "--format=%an <%ae> %cn", "ft-registry") == (
        "Ada <ada@example.org> Ada\n"
    )


def test_the_actor_of_the_event_is_author_and_committer(
    repository: Path, git_config: Callable[[str], None]
) -> None:
    git_config("[user]\n\tname = Somebody Else\n\temail = else@example.org\n")
    ledger = open_ledger(repository)
    begin(ledger)
    actor = Actor(name="Zoë Größer", email="zoe@example.org")
    write(ledger, PATH, b"1", actor=actor, time="2026-01-02T03:04:05.678901Z")
    shown = git(repository, "log", "-1", "--format=%an|%ae|%aI|%cn|%ce|%cI", "ft-registry")
    person = "Zoë Größer|zoe@example.org|2026-01-02T03:04:05+00:00"
    assert shown == f"{person}|{person}\n"


def test_an_actor_without_an_address_may_act(repository: Path) -> None:
    ledger = open_ledger(repository)
    begin(ledger)
    logged = write(ledger, PATH, b"1", actor=Actor(name="cron", email=""))
    assert ledger.head() == logged.id


class TestSigning:
    """A team that signs its commits has a signed ledger."""

    @pytest.fixture
    def signing(self, repository: Path, tmp_path: Path, git_config: Callable[[str], None]) -> Path:
        """A repository whose user signs with an SSH key that everybody accepts."""
        if shutil.which("ssh-keygen") is None:
            pytest.skip("there is no ssh-keygen to make a key with")
        key = tmp_path / "key"
        command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)]
        subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
        allowed = tmp_path / "allowed"
        allowed.write_text(f"ada@example.org {key.with_suffix('.pub').read_text()}")
        git_config(
            f'[gpg]\n\tformat = ssh\n[gpg "ssh"]\n\tallowedSignersFile = {allowed}\n'
            f"[user]\n\tsigningKey = {key}\n[commit]\n\tgpgSign = true\n"
        )
        return repository

    def test_every_event_is_signed(self, signing: Path) -> None:
        ledger = open_ledger(signing)
        begin(ledger)
        write(ledger, PATH, b"1")
        for commit in git(signing, "rev-list", "ft-registry").split():
            assert git_succeeds(signing, "verify-commit", commit)

    def test_signatures_shown_in_logs_do_not_disturb(
        self, signing: Path, git_config: Callable[[str], None]
    ) -> None:
        git_config("[log]\n\tshowSignature = true\n")
        ledger = open_ledger(signing)
        begin(ledger)
        write(ledger, PATH, b"1", subject="signed")
        assert subjects(ledger) == ["signed"]

    def test_what_cannot_be_signed_is_not_appended(self, signing: Path) -> None:
        ledger = open_ledger(signing)
        begun = begin(ledger).id
        git(signing, "config", "user.signingKey", "/no/such/key")
        with pytest.raises(FtRegistryError):
            write(open_ledger(signing), PATH, b"1")
        assert rev(signing, "ft-registry") == begun

    def test_without_the_setting_nothing_is_signed(self, repository: Path) -> None:
        begin(open_ledger(repository))
        assert "gpgsig" not in git(repository, "cat-file", "commit", "ft-registry")
