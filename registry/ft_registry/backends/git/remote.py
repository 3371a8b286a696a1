"""The ledger's remote: fetch, and push as a compare-and-set for a whole team.

A push without force is refused unless the remote's head is an ancestor of ours, so the server
itself decides who came first. The local branch moves only after the remote has taken the commit.
"""

import time
from pathlib import Path

from ft_registry.backends.git.door import NETWORK_SECONDS, GitDoor, GitFailed
from ft_registry.backends.git.refs import BRANCH, PINS, REF, SEEN
from ft_registry.errors import BackendUnavailable, InvalidInput, OutcomeUnknown
from ft_registry.faultpoints import faultpoint

_MOVED = (
    "non-fast-forward", "fetch first", "failed to update ref", "cannot lock ref", "old value",
    "stale info",
)  # fmt: skip
"""What git says of a push that came second."""
_UNREPORTED = "failed to report status"
"""What it says of a push that the remote ended without a word on the branch."""
_FETCH_TRIES = 5
_NONE = b"no ledger\n"
"""What the stamp of a fetch holds when there was none: git leaves the tracking ref as it was."""


class LedgerRemote:
    """One named remote of the repository.

    Args:
        door: The repository.
        name: The remote's name, as in `git remote`.
    """

    def __init__(self, door: GitDoor, name: str) -> None:
        self._door = door
        self.name = name

    @property
    def tracking_ref(self) -> str:
        """The ref that remembers the remote's head."""
        return f"refs/remotes/{self.name}/{BRANCH}"

    @property
    def stamp(self) -> Path:
        """The file whose time is that of the last answer."""
        return self._door.place.private / f"fetched-{self.name.replace('/', '-')}"

    @property
    def had_none(self) -> bool:
        """Whether the remote had no ledger when it was asked last, whatever was fetched before."""
        return self.stamp.exists() and self.stamp.read_bytes() == _NONE

    def check_exists(self) -> None:
        """Raises InvalidInput unless the repository has a remote of this name."""
        remotes = self._door.run("remote").decode().split()
        if self.name not in remotes:
            raise InvalidInput(
                f"expected the ledger's remote to be one of {', '.join(remotes) or '(none)'}, "
                f"found {self.name!r}",
                hints=[
                    "git remote add NAME URL, or set ledger_remote in ft-registry.toml",
                    "where no setting names it, this clone has shared its ledger through it: git "
                    f"update-ref -d {SEEN}/{self.name}/{BRANCH} makes it forget",
                ],
            )

    def fetch(self, *, with_pins: bool = False) -> bool:
        """Brings the tracking ref up to date; returns whether the remote has a ledger at all.

        Args:
            with_pins: Bring the code commits along that others' records cite.

        Raises:
            BackendUnavailable: The remote does not answer.
        """
        self.check_exists()
        refspecs = [f"+{REF}:{self.tracking_ref}"]
        if with_pins:
            refspecs.append(f"{PINS}/*:{PINS}/*")
        for again in range(_FETCH_TRIES):
            status, _, stderr = self._door.attempt(
                "fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--recurse-submodules=no",
                self.name, *refspecs, seconds=NETWORK_SECONDS,
            )  # fmt: skip
            if status == 0 or "couldn't find remote ref" in stderr:
                self._note(has_ledger=status == 0)
                return status == 0
            if "cannot lock ref" not in stderr:
                break
            # Another process of this clone fetches the same ref at this moment.
            time.sleep(0.05 * (again + 1))
        raise self._silent("fetch", stderr)

    def ask_head(self, *, seconds: int = NETWORK_SECONDS) -> str | None:
        """Returns the remote's head as it is now, past the tracking ref.

        Args:
            seconds: So long an answer is waited for.

        Raises:
            BackendUnavailable: The remote does not answer.
        """
        status, out, stderr = self._door.attempt(
            "ls-remote", "--refs", self.name, REF, seconds=seconds
        )
        if status:
            raise self._silent("ls-remote", stderr)
        # It also lists refs that only end like ours.
        lines = (line.split("\t") for line in out.decode().splitlines())
        heads = [oid for oid, name in lines if name == REF]
        return heads[0] if heads else None

    def push(self, commit: str, *, instead_of: str | None = None) -> bool:
        """Offers a commit to the remote; returns False when the remote's head has moved.

        The pins are pushed along, all of them: those of events that waited here are not on the
        remote either.

        Args:
            commit: The new head.
            instead_of: The remote's head that is to be given up for it. Nothing else of ours may
                force a push, and this one does because there is no other way to bring back what
                a rewritten history threw away: the old head cannot be an ancestor of the new one.
                The lease makes it a compare-and-set all the same: it holds only for exactly the
                head that was looked at, whose own events are on top of the new one.

        Raises:
            BackendUnavailable: The remote refused for another reason: nothing was published.
            OutcomeUnknown: The remote stopped answering; whether it took the commit is not known.
        """
        target = REF
        refspecs = (f"{commit}:{target}", f"{PINS}/*:{PINS}/*")
        lease = [f"--force-with-lease={target}:{instead_of}"] if instead_of else []
        tracked = self._tracked()
        try:
            status, out, stderr = self._door.attempt(
                "push", "--porcelain", "--no-verify", "--no-follow-tags", "--recurse-submodules=no",
                *lease, self.name, *refspecs, seconds=NETWORK_SECONDS,
            )  # fmt: skip
        except BackendUnavailable as error:  # the time limit: the remote may still be at it
            return self._find_out(commit, error.message, is_over=False)
        report = {
            fields[1].partition(":")[2]: (fields[0].strip(), fields[-1])
            for line in out.decode(errors="replace").splitlines()
            if len(fields := line.split("\t")) >= 3
        }
        flag, summary = report.get(target, ("", ""))
        if target in report and flag != "!":
            # It has happened, whether or not this can be noted; the next fetch notes it again.
            # Only from where it was: another process may have noted something newer meanwhile.
            self._door.attempt("update-ref", self.tracking_ref, commit, tracked)
            if self.had_none:
                self._note(has_ledger=True)
            return True
        in_the_way = "; cannot create" in stderr
        # To a push that replaces the head, the same words are the answer of a protected branch.
        is_protected = instead_of is not None and "non-fast-forward" in summary
        moved = any(words in summary for words in _MOVED)
        if moved and not in_the_way and not is_protected:
            return False
        if target in report and _UNREPORTED not in summary:
            raise BackendUnavailable(
                f"expected the ledger's remote {self.name!r} to take the event, found: {summary}",
                hints=[
                    f"a branch named {BRANCH}/... there leaves no room for {BRANCH}"
                    if in_the_way
                    else "may you push to the branch? branch protection decides who may"
                ],
            )
        return self._find_out(commit, stderr or summary or f"status {status}", is_over=True)

    def _note(self, *, has_ledger: bool) -> None:
        faultpoint("git.note")
        self.stamp.parent.mkdir(parents=True, exist_ok=True)
        self.stamp.write_bytes(b"" if has_ledger else _NONE)

    def _tracked(self) -> str:
        """Returns what the tracking ref names, in the form in which `update-ref` requires it."""
        ref = f"{self.tracking_ref}^{{commit}}"
        status, out, _ = self._door.attempt("rev-parse", "--verify", "--quiet", ref)
        return out.decode().strip() if status == 0 else ""

    def _silent(self, tried: str, stderr: str) -> BackendUnavailable:
        return BackendUnavailable(
            f"expected the ledger's remote {self.name!r} to answer git {tried}, found: "
            f"{_in_a_line(stderr)}",
            hints=[
                "check the network and your access",
                "--offline goes on without it: the event waits here for the next command that "
                "reaches it, what changes in MLflow changes for all at once",
            ],
        )

    def _find_out(self, commit: str, stderr: str, *, is_over: bool) -> bool:
        """Finds out what came of a push that was not answered.

        Args:
            commit: What was pushed.
            stderr: What was found in place of an answer.
            is_over: The push has ended: what is not there now will not come.
        """
        unknown = OutcomeUnknown(
            f"expected an answer to the push to {self.name!r}, found: {_in_a_line(stderr)}",
            hints=["run the command again: it finds out whether the event was taken"],
        )
        try:
            self.fetch()
        except (BackendUnavailable, GitFailed) as error:
            raise unknown from error
        if self._door.attempt("merge-base", "--is-ancestor", commit, self.tracking_ref)[0] == 0:
            return True
        if not is_over:
            raise unknown
        raise BackendUnavailable(
            f"expected the ledger's remote {self.name!r} to take an event, found: "
            f"{_in_a_line(stderr)}",
            hints=["nothing was published: run the command again"],
        )


def _in_a_line(stderr: str) -> str:
    """Returns what git said, without its advice to people who type git commands."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    end = next((n for n, line in enumerate(lines) if line.startswith("Please make sure")), None)
    return "; ".join(lines[:end]) or "no word"
