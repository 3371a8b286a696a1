"""Plans what an erasure asks for, and puts tombstones on record.

The registry records membership. It does not take anything out of weights: a version that was
trained on an example must be retired, or trained again without it.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from ft_registry.actions.events import check_reason, make_event
from ft_registry.actions.trace import Affected, Trace
from ft_registry.actions.trace_query import Hashes
from ft_registry.errors import InvalidInput
from ft_registry.model import layout
from ft_registry.model.event import LoggedEvent, Requirement
from ft_registry.model.time import timestamp
from ft_registry.model.tombstone import Tombstone
from ft_registry.ports.context import Context
from ft_registry.ports.ledger import Change, Ledger, RequirementFailed


@dataclass(frozen=True)
class ErasurePlan:
    """What is to be done about examples that must go."""

    trace: Trace
    serving: tuple[Affected, ...]
    """Versions trained on them that an alias names: retire or train again first."""
    others: tuple[Affected, ...]
    """Versions trained on them that serve nowhere."""
    measured: tuple[Affected, ...]
    """Versions that were only measured on them."""


def plan_erasure(found: Trace) -> ErasurePlan:
    """Returns what is to be done about what was traced."""
    trained = [one for one in found.affected if one.is_trained]
    return ErasurePlan(
        found,
        serving=tuple(one for one in trained if one.aliases),
        others=tuple(one for one in trained if not one.aliases),
        measured=tuple(one for one in found.affected if not one.is_trained),
    )


def record_erasure(
    plan: ErasurePlan, *, reason: str, ledger: Ledger, context: Context
) -> LoggedEvent | None:
    """Puts tombstones on record; None: all of them are.

    Later `data check` and `data snapshot` refuse data that holds what they name. A person gets
    one, and so does each example that an index has about them: data in which persons are not
    indexed is known by those alone.

    Raises:
        InvalidInput: There is no reason, or a normal hash alone: it names no example.
        Conflict, BackendUnavailable: See `Ledger.append`.
    """
    said = check_reason(reason)
    if not said:
        raise InvalidInput(
            "expected a reason for the tombstones, found none",
            hints=["--reason TEXT: who asked for it, and when; it is kept for ever"],
        )
    ledger.refresh()
    known = set(ledger.paths(layout.TOMBSTONES))
    named = {layout.tombstone(one.id): one for one in _tombstones(plan, said, context)}
    stones = {place: one for place, one in named.items() if place not in known}
    if not stones:
        return None
    count = f"{len(stones)} tombstone{'s' if len(stones) != 1 else ''}"
    event = make_event(context, "erase", f"erase: {count}", reason=said)
    documents = {place: one.to_bytes() for place, one in stones.items()}
    requires = tuple(Requirement(path=place, digest=None) for place in documents)
    try:
        return ledger.append(Change(event=event, documents=documents, requires=requires))
    except RequirementFailed:  # another clone has just recorded one of them: see what is left
        return record_erasure(plan, reason=reason, ledger=ledger, context=context)


def _tombstones(plan: ErasurePlan, reason: str, context: Context) -> Iterator[Tombstone]:
    since = timestamp(context.now())
    for key, hashes, group in _named(plan.trace, context):
        if not (hashes.exact or hashes.subject):
            raise InvalidInput(
                "expected an example or its exact hash (32 digits), found a normal hash",
                hints=["ft-registry data trace --json shows the exact one"],
            )
        yield Tombstone(
            exact=hashes.exact, normal=hashes.normal, subject=hashes.subject, key=key,
            group=group, reason=reason, since=since, by=context.actor,
        )  # fmt: skip


def _named(found: Trace, context: Context) -> Iterator[tuple[str, Hashes, str]]:
    """Yields secret and hashes of what is to be erased, and the group of its tombstones."""
    query = found.query
    if query.given is None:
        # The same, in the same order, under each secret.
        for same in zip(*query.by_key.values(), strict=True):
            group = context.nonce() if len(same) > 1 else ""
            yield from ((key, one, group) for key, one in zip(query.by_key, same, strict=True))
    else:
        yield from ((key, one, "") for key, one in found.hashes)
    for known in found.about:
        group = context.nonce() if len({key for key, _ in known}) > 1 else ""
        yield from ((key, one, group) for key, one in known)
