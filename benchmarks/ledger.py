"""What does it cost to append an event to the ledger?"""

import os
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import count
from secrets import token_hex

from history import ADA, MODEL, write_ledger
from lab import Lab
from measure import Contender, Plan, Question, Result, Target

from ft_registry.model import layout
from ft_registry.model.alias import AliasState
from ft_registry.model.event import Event
from ft_registry.model.time import timestamp
from ft_registry.ports.ledger import Change
from ft_registry.workspace import Workspace

_DIGEST = "sha256:" + "0" * 64


def answers(lab: Lab, plan: Plan) -> Iterator[Result]:
    """Yields what an append costs here, and through a remote."""
    number = 1000 if plan.small else 10_000
    few, many, bare = lab.repository("few"), lab.repository("many"), lab.repository("bare")
    write_ledger(few, 10)
    write_ledger(many, number)
    floor = _plumbing(bare)
    yield Question(
        "Appending one event of one document, in process",
        [
            Contender("append, ledger of 10", _appending(few)),
            Contender(f"append, ledger of {number:,}", _appending(many)),
            Contender("five plumbing commands", floor),
        ],
        unit="five plumbing commands",
        targets=[
            Target("append, ledger of 10", 0.025),
            Target(f"append, ledger of {number:,}", 0.025),
        ],
        notes=["The floor: rev-parse, hash-object, mktree of one file, commit-tree, update-ref"],
    ).answer(plan.rounds * 5)
    shared = lab.repository("shared")
    write_ledger(shared, 10)
    lab.run("git", "init", "--quiet", "--bare", "remote.git")
    shared.run("git", "remote", "add", "origin", str(lab.folder / "remote.git"))
    shared.run("git", "push", "--quiet", "origin", "ft-registry")
    yield Question(
        "Appending through a remote on the same disk",
        [
            Contender("append, fetch and push", _appending(shared, remote="origin")),
            Contender("bare git fetch and push", _pushing(bare, lab)),
        ],
        unit="bare git fetch and push",
        notes=["The peer makes its commit as above, fetches before and pushes after"],
    ).answer(plan.rounds)


def _appending(lab: Lab, *, remote: str = "") -> Callable[[], object]:
    environ = {**lab.environ, "FT_REGISTRY_LEDGER_REMOTE": remote}
    ledger = Workspace.open(lab.folder, environ=environ).ledger
    numbers = count(1)
    path = layout.alias(MODEL, "champion")

    def append() -> None:
        number = next(numbers) % 10 + 1
        now = timestamp(datetime.now(UTC))
        state = AliasState(model=MODEL, alias="champion", version=number, record=_DIGEST, since=now)
        event = Event(
            type="promote",
            time=now,
            actor=ADA,
            host="bench",
            tool="benchmarks",
            nonce=token_hex(8),
            subject=f"promote {MODEL}/{number} to champion",
            model=MODEL,
            version=number,
            alias="champion",
            to=number,
        )
        ledger.append(Change(event=event, documents={path: state.to_bytes()}))

    return append


def _plumbing(lab: Lab) -> Callable[[], object]:
    """Returns the least that git needs for a commit on a branch, with nothing checked."""
    numbers = count(1)

    def git(*arguments: str, stdin: bytes = b"", known: bool = True) -> str:
        done = subprocess.run(
            ["git", *arguments], cwd=lab.folder, env=lab.environ, input=stdin, capture_output=True,
            check=known,
        )  # fmt: skip
        return done.stdout.decode().strip()

    def commit() -> None:
        head = git("rev-parse", "--verify", "--quiet", "refs/heads/ledger", known=False)
        blob = git("hash-object", "-w", "--stdin", stdin=f"event {next(numbers)}".encode())
        tree = git("mktree", stdin=f"100644 blob {blob}\tevent.json\n".encode())
        parent = ["-p", head] if head else []
        made = git("commit-tree", tree, *parent, stdin=b"an event\n")
        git("update-ref", "refs/heads/ledger", made, head or "0" * len(made))

    return commit


def _pushing(lab: Lab, outside: Lab) -> Callable[[], object]:
    outside.run("git", "init", "--quiet", "--bare", "peer.git")
    lab.run("git", "remote", "add", "peer", os.fspath(outside.folder / "peer.git"))
    commit = _plumbing(lab)

    def push() -> None:
        lab.run("git", "fetch", "--quiet", "peer")
        commit()
        lab.run("git", "push", "--quiet", "peer", "ledger")

    return push
