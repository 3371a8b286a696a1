"""The ledger's refs: where its branch stands, and what else it keeps from git's clean-up."""

from collections.abc import Mapping

from ft_registry.backends.git.door import GitDoor
from ft_registry.backends.git.objects import check_oid
from ft_registry.errors import InvalidInput, NotARegistry

BRANCH = "ft-registry"
REF = f"refs/heads/{BRANCH}"
PINS = "refs/ft-registry/pins"
"""A ref for each code commit that a document cites, under the commit's name."""
ASIDE = "refs/ft-registry/aside"
"""A ref for each event that left the history when it was settled, under the commit's name."""
SEEN = "refs/ft-registry/seen"
"""A ref for each remote: its newest head that was trusted."""
_OTHERS_FIRST = (
    "but expected", "reference already exists", "unable to resolve reference", "File exists",
    "cannot lock references",
)  # fmt: skip
"""What git says when another process holds or has moved a ref; all else will not pass by itself."""


def remembered_remote(door: GitDoor) -> str:
    """Returns the remote that shares the ledger by what the refs say; empty: none does.

    A check-out without our settings must not make a shared ledger a private one: two people would
    move one alias and neither would know.

    Raises:
        InvalidInput: Several remotes have one.
    """
    refs = LedgerRefs(door)
    ends = f"/{BRANCH}"
    found = [ref.removesuffix(ends) for ref in refs.below(SEEN)]
    tracked = {} if found else refs.below("refs/remotes")
    if any(ref.endswith(ends) for ref in tracked):
        # The branch topic/ft-registry of origin is no ledger of a remote origin/topic.
        found = [name for name in door.run("remote").decode().split() if f"{name}{ends}" in tracked]
    if len(found) > 1:
        raise InvalidInput(
            f"expected one remote to share the ledger, found {', '.join(sorted(found))}",
            hints=[f'ledger_remote = "{found[0]}" in ft-registry.toml chooses one'],
        )
    return found[0] if found else ""


class LedgerRefs:
    """Reads and moves the refs of one repository, and asks how commits stand to each other.

    Args:
        door: The repository.
    """

    def __init__(self, door: GitDoor) -> None:
        self._door = door

    def read(self, *names: str) -> list[str | None]:
        """Returns the commit that each ref names, None where there is none.

        A ref is what it says, whether or not its commit can be read: a lost commit is no empty
        ledger.
        """
        out = self._door.run("for-each-ref", "--format=%(refname) %(objectname)", *names)
        found = dict(line.rsplit(" ", 1) for line in out.decode().splitlines())
        return [check_oid(found[name]) if name in found else None for name in names]

    def below(self, prefix: str) -> dict[str, str]:
        """Returns the commits of all refs below a folder, by the rest of their names."""
        out = self._door.run("for-each-ref", "--format=%(refname) %(objectname)", f"{prefix}/")
        pairs = (line.rsplit(" ", 1) for line in out.decode().splitlines())
        return {name.removeprefix(f"{prefix}/"): oid for name, oid in pairs}

    def move(self, name: str, commit: str, expected: str | None) -> bool:
        """Moves one ref; returns False when it is locked or not where it is expected."""
        return self.update({name: f"{commit} {expected or '0' * len(commit)}"})

    def update(self, updates: Mapping[str, str]) -> bool:
        """Sets refs, all or none; returns False when one is locked or not as expected.

        Args:
            updates: By name ``<new>``, or ``<new> <old>`` to require the old value.

        Raises:
            NotARegistry: The git directory cannot be written.
        """
        commands = [f"update {ref} {value}" for ref, value in updates.items()]
        status, _, stderr = self._door.attempt(
            "update-ref", "--create-reflog", "-m", "ft-registry: append", "--stdin",
            stdin="\n".join(["start", *commands, "prepare", "commit", ""]).encode(),
        )  # fmt: skip
        if status == 0:
            return True
        if any(words in stderr for words in _OTHERS_FIRST):
            return False
        in_the_way = f"a branch named {BRANCH}/... leaves no room for {BRANCH}: rename it"
        raise NotARegistry(
            f"expected to write {', '.join(updates)}, found: {stderr.strip()}",
            hints=[
                in_the_way
                if "; cannot create" in stderr
                else "is the git directory writable, and is the disk full?"
            ],
        )

    def is_ancestor(self, old: str, new: str) -> bool:
        """Returns whether a history holds a commit."""
        return old == new or (self._door.attempt("merge-base", "--is-ancestor", old, new)[0] == 0)

    def between(self, known: tuple[str | None, ...], new: str | None) -> list[str]:
        """Returns the commits of a history that none of the known ones holds, oldest first."""
        if new is None or new in known:
            return []
        excluded = [f"^{commit}" for commit in known if commit is not None]
        out = self._door.run("rev-list", "--reverse", "--topo-order", new, *excluded)
        return out.decode().split()

    def cut(self) -> set[str]:
        """Returns the commits whose parents a shallow clone left behind."""
        shallow = self._door.place.common_dir / "shallow"
        return set(shallow.read_text().split()) if shallow.exists() else set()
