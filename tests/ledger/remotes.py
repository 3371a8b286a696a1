"""A team in miniature: a server, clones, and the accidents that happen between them."""

import shlex
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
sys.exit(1)
'''


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


def make_team(folder: Path) -> Team:
    """Makes a server and two clones."""
    first = make_repository(folder / "first")
    server = clone(first, folder / "server.git", "--bare")
    one, two = clone(server, folder / "one"), clone(server, folder / "two")
    team = Team(server, one, two)
    begin(team.ledger(one))
    team.ledger(two).refresh()
    return team


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
        "echo '[GNUPG:] SIG_CREATED ' >&2",
        "echo '-----BEGIN PGP SIGNATURE-----'",
        "echo '-----END PGP SIGNATURE-----'",
    ]
    program = write_hook(
        repository.parent, f"{repository.name}-sign", "\necho >&2\n".join(["", *lines])
    )
    git(repository, "config", "gpg.program", str(program))
    git(repository, "config", "user.signingKey", "anything")
    git(repository, "config", "commit.gpgSign", "true")


def lose_reply(repository: Path, *, taken: bool, then: str = "true") -> None:
    """Breaks the connection of each later push before the server's answer comes through.

    Args:
        repository: The clone that pushes.
        taken: Whether the server has carried the push out.
        then: What happens to the network afterwards: a shell command.
    """
    script = repository.parent / f"{repository.name}-receive-pack.py"
    script.write_text(
        _RELAY.format(
            what="the answer is lost",
            stdin="" if taken else "stdin=subprocess.DEVNULL",
            rest="process.stdout.read()\nprocess.wait()" if taken else "process.wait()",
            then=then,
        )
    )
    command = shlex.join([sys.executable, str(script)])
    git(repository, "config", "remote.origin.receivepack", command)


def mend(repository: Path) -> None:
    """Undoes `lose_reply`."""
    git(repository, "config", "--unset", "remote.origin.receivepack")
