"""Settles the ledger here with its remote: follows, publishes, replays, sets aside.

A plan is made on what was fetched and moves nothing. Carrying it out moves refs one by one, in an
order in which a kill after each leaves either what was, or what was planned: first what is set
aside gets its refs, then the remote takes the new head, then the branch here follows, and last is
noted what was seen.
"""

from collections.abc import Callable

from ft_registry.backends.git.commits import EventCommits, first_unmet
from ft_registry.backends.git.refs import ASIDE, REF, LedgerRefs
from ft_registry.backends.git.remote import LedgerRemote
from ft_registry.backends.git.trust import Relation, RemoteTrust
from ft_registry.errors import Conflict
from ft_registry.model.event import LoggedEvent, Requirement
from ft_registry.ports.ledger import Keep, Settled, SettlementPlan


class Settling:
    """Plans and carries out what makes a ledger and its remote one again.

    Args:
        remote: The remote.
        refs: The refs.
        commits: Reads and writes events.
        trust: Knows what was seen at the remote.
        check: Raises NotARegistry unless a head is a ledger that we understand.
    """

    def __init__(
        self,
        remote: LedgerRemote,
        refs: LedgerRefs,
        commits: EventCommits,
        trust: RemoteTrust,
        check: Callable[[str | None], object],
    ) -> None:
        self._remote = remote
        self._refs = refs
        self._commits = commits
        self._trust = trust
        self._check = check

    def plan(self, keep: Keep) -> SettlementPlan:
        """See `Ledger.settlement`."""
        relation = self._trust.ask(with_pins=True)
        if keep == "both":
            self._trust.check(relation)
        self._check(relation.ours)
        self._check(relation.theirs)
        if relation.is_trusted and relation.state != "diverged":
            return self._plain(relation, keep)
        if keep == "theirs":
            return self._adoption(relation)
        return self._replay(relation, keep)

    def carry_out(self, plan: SettlementPlan) -> Settled:
        """See `Ledger.settle`."""
        relation = self._as_planned(plan)
        head = plan.onto
        if head is None:
            return Settled()
        for logged in plan.replay:
            head = self._commits.write(logged.event, self._commits.written(logged), head)
        aside = {f"{ASIDE}/{logged.id}": logged.id for logged in plan.set_aside}
        if aside and not self._refs.update(aside):
            raise self._moved()
        publishes = bool(plan.push or plan.replay or plan.force)
        if publishes:
            instead_of = relation.theirs if plan.force else None
            if not self._remote.push(head, instead_of=instead_of):
                raise self._moved()
        follows = head == relation.ours or self._refs.move(REF, head, relation.ours)
        # What is published stays so; a branch that another process has moved is for the next time.
        if not follows and not publishes:
            raise self._moved()
        self._trust.note(relation, head)
        return Settled(
            pushed=len(plan.push) + len(plan.replay),
            taken=len(plan.take),
            replayed=len(plan.replay),
            set_aside=plan.set_aside,
        )

    def unpublished(self, relation: Relation) -> list[str]:
        """Returns the commits here whose events the remote has in no form, oldest first."""
        return self._trust.not_among(
            self._refs.between((relation.theirs,), relation.ours),
            self._refs.between((relation.ours,), relation.theirs),
        )

    def _plain(self, relation: Relation, keep: Keep) -> SettlementPlan:
        """Plans for sides of which one holds the other."""
        ours, theirs = relation.ours, relation.theirs
        push = self._refs.between((theirs,), ours)
        take = self._refs.between((ours,), theirs)
        return self._make(relation, keep, onto=ours if push else theirs, push=push, take=take)

    def _adoption(self, relation: Relation) -> SettlementPlan:
        """Plans to follow the remote, wherever it went."""
        ours, theirs, seen = relation.ours, relation.theirs, relation.seen
        if theirs is None:
            raise Conflict(
                f"expected a ledger at the remote {self._remote.name!r} to follow, found none",
                hints=["ft-registry sync --restore publishes this clone's again"],
            )
        leaving = dict.fromkeys(
            commit for head in (ours, seen) for commit in self._refs.between((theirs,), head)
        )
        arriving = self._refs.between((ours, seen), theirs)
        return self._make(
            relation, "theirs", onto=theirs,
            take=self._refs.between((ours,), theirs),
            set_aside=self._commits.read(self._trust.not_among(list(leaving), arriving)),
        )  # fmt: skip

    def _replay(self, relation: Relation, keep: Keep) -> SettlementPlan:
        """Plans to write events anew on top of the side that stays as it is."""
        ours, theirs, seen = relation.ours, relation.theirs, relation.seen
        if relation.is_trusted:
            onto, anew = theirs, self.unpublished(relation)
        else:
            # What was published stays, then what waits here, then what the remote has instead.
            onto = ours if ours and seen and self._refs.is_ancestor(seen, ours) else seen
            waiting = self._refs.between((onto,), ours)
            there = self._refs.between((ours, seen), theirs)
            held = self._refs.between((theirs,), onto)
            anew = [*waiting, *self._trust.not_among(there, [*held, *waiting])]
        replay, refused = self._try(anew, onto)
        if refused and keep == "both":
            raise self._conflict(*refused[0], relation)
        return self._make(
            relation, keep, onto=onto,
            push=self._refs.between((theirs,), onto),
            take=self._refs.between((ours,), onto),
            replay=replay,
            set_aside=[logged for logged, _ in refused],
            force=relation.state == "rewritten",
        )  # fmt: skip

    def _try(
        self, commits: list[str], onto: str | None
    ) -> tuple[list[LoggedEvent], list[tuple[LoggedEvent, Requirement]]]:
        """Returns which events would hold on top of a head, one after the other, and which not."""
        applied, refused = [], []
        events = self._commits.read(commits)
        state = self._commits.digests((r for one in events for r in one.event.requires), onto)
        for logged in events:
            unmet = first_unmet(logged.event.requires, state)
            if unmet is not None:
                refused.append((logged, unmet))
                continue
            applied.append(logged)
            state.update((write.path, write.digest) for write in logged.event.writes)
        return applied, refused

    def _make(
        self,
        relation: Relation,
        keep: Keep,
        *,
        onto: str | None,
        push: list[str] | None = None,
        take: list[str] | None = None,
        replay: list[LoggedEvent] | None = None,
        set_aside: list[LoggedEvent] | None = None,
        force: bool = False,
    ) -> SettlementPlan:
        return SettlementPlan(
            keep,
            relation.state,
            push=tuple(self._commits.read(push or [])),
            take=tuple(self._commits.read(take or [])),
            replay=tuple(replay or ()),
            set_aside=tuple(set_aside or ()),
            force=force,
            heads=(relation.ours, relation.theirs, relation.seen),
            onto=onto,
        )

    def _as_planned(self, plan: SettlementPlan) -> Relation:
        """Returns how things stand, which is as they stood when the plan was made.

        Raises:
            Conflict: They do not.
        """
        ours, theirs, seen = plan.heads
        now = self._trust.look()
        if (now.ours, now.theirs) != (ours, theirs):
            raise self._moved()
        return Relation(ours, theirs, seen, plan.state, stored=now.stored)

    def _conflict(self, logged: LoggedEvent, unmet: Requirement, relation: Relation) -> Conflict:
        arrived = self._commits.read(self._refs.between((relation.ours,), relation.theirs))
        first = next((other for other in reversed(arrived) if _touched(other, unmet)), None)
        came = f"that {_told(first)} came first" if first else "the document otherwise"
        again = "what it was decided on is another now: set aside, run it again; it is decided anew"
        return Conflict(
            f"expected {_told(logged)}, which waits here, to hold on top of what the others did, "
            f"found {came}: {unmet.path}",
            hints=[
                *([again] if unmet.folder else []),
                "ft-registry sync --restore publishes what still holds and sets the rest aside",
                "ft-registry sync --adopt follows the remote and sets aside all that waits here",
            ],
        )

    def _moved(self) -> Conflict:
        return Conflict(
            "expected the ledger and its remote to stand where they were looked at, found that "
            "one of them has moved since",
            hints=["run the command again: it looks again"],
        )


def _touched(logged: LoggedEvent, required: Requirement) -> bool:
    """Returns whether an event wrote what is required: the document, or one in the folder."""
    paths = {write.path for write in logged.event.writes}
    if required.folder:
        paths = {path.rpartition("/")[0] for path in paths}
    return required.path in paths


def _told(logged: LoggedEvent) -> str:
    event = logged.event
    return f"{event.subject!r} ({event.actor.as_text()}, {event.time[:19]}Z)"
