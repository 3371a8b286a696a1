"""A team in miniature: a server, clones, and the accidents that happen between them."""

import shlex
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.ledger.changes import begin
from tests.ledger.repositories import clone, git, make_repository, open_ledger, write_hook

from ft_registry.backends.git.ledger import GitLedger

_RELAY = '''\
"""Stands in for git-receive-pack: {what}."""
import subprocess, sys

process = subprocess.Popen(["git", "receive-pack", sys.argv[-1]], stdout=subprocess.PIPE,
                           {stdin})
while True:  # what the server has, in pkt-lines up to the flush packet
    size = process.stdout.read(4)
    line = process.stdout.read(max(int(size, 16) - 4, 0))
    sys.stdout.buffer.write(size + line)
    if size == b"0000":
        break
sys.stdout.buffer.flush()
{rest}
subprocess.run({then!r}, shell=True, check=True)
sys.stdout.buffer.write({answer!r})
sys.exit(not {answer!r})
'''
_NO_WORD = b"0017\x01000eunpack ok\n00000000"
"""A report, in a sideband, that says nothing of any ref."""


@dataclass(frozen=True)
class Team:
    """A bare repository and two clones of it that share a ledger of one event."""

    server: Path
    one: Path
    two: Path

    def ledger(self, clone: Path, *, offline: bool = False) -> GitLedger:
        """Opens the ledger of a clone, through its remote."""
        return open_ledger(clone, remote="origin", offline=offline)

    @property
    def shared(self) -> GitLedger:
        """The ledger as the server has it."""
        return open_ledger(self.server)


def team_in(folder: Path) -> Team:
    """Returns the team that lies in a folder."""
    return Team(folder / "server.git", folder / "one", folder / "two")


def make_team(folder: Path) -> None:
    """Makes a server and two clones."""
    team = team_in(folder)
    clone(make_repository(folder / "first"), team.server, "--bare")
    for repository in (team.one, team.two):
        clone(team.server, repository)
    begin(team.ledger(team.one))
    team.ledger(team.two).refresh()


def copy_team(template: Path, folder: Path) -> Team:
    """Returns a copy of a team whose clones know the server's copy."""
    shutil.copytree(template, folder)
    for config in (folder / "one/.git/config", folder / "two/.git/config"):
        config.write_text(config.read_text().replace(str(template), str(folder)))
    return team_in(folder)


def outside(*command: str) -> str:
    """Returns a shell command that does not inherit what git binds its helpers to."""
    kept = 'PATH="$PATH" HOME="$HOME" GIT_CONFIG_GLOBAL="$GIT_CONFIG_GLOBAL" GIT_CONFIG_NOSYSTEM=1'
    return f"env -i {kept} {shlex.join(command)}"


def interrupt(repository: Path, command: str) -> None:
    """Lets a command run in the middle of the next append: after it has looked at the head.

    It poses as the program that signs commits, the one step of an append where a user may
    rightly have a program of his own.
    """
    once = repository.parent / f"{repository.name}-interrupted"
    lines = [
        "cat >/dev/null",
        f"mkdir {shlex.quote(str(once))} 2>/dev/null && {{ {command}; }} >&2",
        r"printf '\n[GNUPG:] SIG_CREATED \n' >&2",
        "echo '-----BEGIN PGP SIGNATURE-----'",
        "echo '-----END PGP SIGNATURE-----'",
    ]
    program = write_hook(repository.parent, f"{repository.name}-sign", "\n".join(lines))
    git(repository, "config", "gpg.program", str(program))
    git(repository, "config", "user.signingKey", "anything")
    git(repository, "config", "commit.gpgSign", "true")


def lose_reply(
    repository: Path, *, taken: bool, then: str = "true", is_polite: bool = False
) -> None:
    """Breaks the connection of each later push before the server's answer comes through.

    Args:
        repository: The clone that pushes.
        taken: Whether the server has carried the push out.
        then: What happens to the network afterwards: a shell command.
        is_polite: The connection is not broken: an empty report takes the place of the answer.
    """
    script = repository.parent / f"{repository.name}-receive-pack.py"
    script.write_text(
        _RELAY.format(
            what="the answer is lost",
            stdin="" if taken else "stdin=subprocess.DEVNULL",
            rest="process.stdout.read()\nprocess.wait()" if taken else "process.wait()",
            then=then,
            answer=_NO_WORD if is_polite else b"",
        )
    )
    command = shlex.join([sys.executable, str(script)])
    git(repository, "config", "remote.origin.receivepack", command)


def mend(repository: Path) -> None:
    """Undoes `lose_reply`."""
    git(repository, "config", "--unset", "remote.origin.receivepack")
