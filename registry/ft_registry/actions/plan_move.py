"""Plans where an alias is to go: nothing is written, and the plan says what it relies on."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import takewhile

from ft_registry.actions.authors import Authors, check_authors, read_authors
from ft_registry.actions.events import check_reason, require_ledger
from ft_registry.actions.gate import WHOLE, Decision
from ft_registry.actions.homes import home_of
from ft_registry.actions.past_ledger import PastLedger, present_state
from ft_registry.actions.resolve import (
    alias_digest,
    read_alias,
    read_record,
    require_model,
    resolve,
)
from ft_registry.actions.standings import FoundStanding, read_standing
from ft_registry.errors import Conflict, GateRefused, InvalidInput, NotFound
from ft_registry.model import layout
from ft_registry.model.alias import holders
from ft_registry.model.event import EventType, Requirement
from ft_registry.model.lock import Lock, lock_of
from ft_registry.model.reference import AliasReference, Reference, VersionReference
from ft_registry.ports.ledger import Ledger

STANDING = "standing"
DATA = "data"
GUARDS = {
    STANDING: "the version was called bad",
    DATA: "copies of its data are damaged or lost; its weights are whole",
}
"""What `--override` can set aside, by name, beside checks of a gate. Damaged weights cannot."""


@dataclass(frozen=True)
class MovePlan:
    """Where an alias is to go, and what that relies on."""

    type: EventType
    alias: AliasReference
    previous: int | None
    """The version that it names now; None: none."""
    previous_record: str | None
    """The digest of the record that it names now."""
    to: int
    lock: Lock
    """What it is to name, file by file."""
    expected: str | None
    """The digest of the alias's document that was read for the plan."""
    target: FoundStanding
    """What is thought of the version that it is to name."""
    left: FoundStanding | None
    """What is thought of the version that it leaves; None: it leaves none."""
    calls_bad: bool
    """Whether the version that it leaves is called bad."""
    skipped: tuple[FoundStanding, ...]
    """Versions that a rollback passes over, because they were called bad."""
    overrides: tuple[str, ...]
    reason: str
    further: int | None = None
    """Of a rollback: the good version that comes next, if this one cannot serve."""
    is_first: bool = False
    """Whether the alias never named the version before, as far as this clone knows."""
    decision: Decision | None = None
    """What the gate said; None: no gate was asked."""

    @property
    def version(self) -> VersionReference:
        """The version that the alias is to name."""
        return VersionReference(self.alias.model, self.to)

    @property
    def record(self) -> str:
        """The digest of the record that the alias is to name."""
        return self.lock.record

    @property
    def is_needed(self) -> bool:
        """Whether the alias names another version now."""
        return self.previous != self.to

    @property
    def subject(self) -> str:
        """One line for people."""
        was = f" (was {self.previous})" if self.previous is not None else ""
        against = f", overriding {', '.join(self.overrides)}" if self.overrides else ""
        if self.type == "rollback":
            return f"roll back {self.alias} to {self.to}{was}{against}"
        return f"promote {self.alias.model}/{self.to} to {self.alias.alias}{was}{against}"

    @property
    def requires(self) -> tuple[Requirement, ...]:
        """What must still hold when the alias moves, beside what the gate relied on."""
        alias = self.alias
        found = [
            Requirement(path=layout.alias(alias.model, alias.alias), digest=self.expected),
            Requirement(path=layout.version(alias.model, self.to), digest=self.record),
            self.target.requirement(),
        ]
        if self.calls_bad and self.left is not None:
            found.append(self.left.requirement())
        return tuple(found)

    @property
    def checks_overridden(self) -> tuple[str, ...]:
        """The names of checks that a person sets aside; ``gate``: all of them."""
        return tuple(
            name.removeprefix(f"{WHOLE}.") for name in self.overrides if name not in GUARDS
        )


def plan_promotion(
    ledger: Ledger,
    reference: Reference,
    alias: str,
    *,
    expect: int | None,
    reason: str,
    overrides: Sequence[str] = (),
) -> MovePlan:
    """Plans to let an alias name a version.

    Args:
        ledger: The truth.
        reference: The version.
        alias: The alias.
        expect: The version that the caller believes the alias names, 0 for none; None: no belief.
        reason: Why.
        overrides: Names of `GUARDS` that a person sets aside.

    Raises:
        NotFound: There is no such model, version or alias.
        Conflict: The alias does not name what the caller expects.
        GateRefused: The version was called bad.
        InvalidInput: An override is none, or comes without a reason.
    """
    require_ledger(ledger)
    ledger.refresh()
    state = present_state(ledger)
    version = resolve(state, reference)
    target = AliasReference(version.model, alias)
    return _plan(
        state, "promote", target, version, expect=expect, reason=reason, overrides=overrides
    )


def plan_rollback(
    ledger: Ledger,
    alias: AliasReference,
    *,
    to: int | None,
    expect: int | None,
    reason: str,
    keep_good: bool = False,
    overrides: Sequence[str] = (),
) -> MovePlan:
    """Plans to let an alias name the last good version that held it before, or a named one.

    Args:
        ledger: The truth.
        alias: The alias.
        to: The version to go to; None: the last one before that nobody called bad.
        expect: See `plan_promotion`.
        reason: Why.
        keep_good: Do not call bad what the alias leaves.
        overrides: See `plan_promotion`.

    Raises:
        NotFound: The alias names nothing yet, or no good version held it before.
        Conflict: The alias does not name what the caller expects.
        GateRefused: The version that was named was called bad.
        InvalidInput: An override is none, or there is no reason.
    """
    if not reason.strip():
        raise InvalidInput(
            "expected a reason for the rollback, found none",
            hints=["--reason TEXT: it calls bad what it leaves, and others will ask why"],
        )
    require_ledger(ledger)
    ledger.refresh()
    state = present_state(ledger)
    current = resolve(state, alias)
    authors = read_authors(state, [layout.alias(alias.model, alias.alias)])
    if to is None and authors.cut is not None:
        raise authors.cut
    before = _held_before(authors, current.number)
    held = [read_standing(state, VersionReference(alias.model, number)) for number in before]
    skipped: tuple[FoundStanding, ...] = ()
    calls_bad = not keep_good and not _takes_back(authors, to)
    if to is None:
        to, skipped = _last_good(alias, current, held)
    plan = _plan(
        state, "rollback", alias, VersionReference(alias.model, to), expect=expect,
        reason=reason, overrides=overrides, calls_bad=calls_bad, skipped=skipped,
    )  # fmt: skip
    plan = replace(plan, is_first=to not in before)
    good = [found.version.number for found in held if not found.is_bad]
    after = good[good.index(to) + 1 :] if to in good else good
    return replace(plan, further=after[0] if after else None)


def _held_before(authors: Authors, current: int) -> list[int]:
    """Returns the versions to go back through, the last one first; none in a shallow clone."""
    if authors.cut is not None:
        return []
    numbers = holders(authors.events[::-1])
    return list(dict.fromkeys(number for number in reversed(numbers) if number != current))


def _takes_back(authors: Authors, to: int | None) -> bool:
    """Returns whether going to a version undoes rollbacks that left it.

    They were the mistake then, not the version that they went to: nothing is to be called bad.
    """
    rollbacks = takewhile(lambda logged: logged.event.type == "rollback", authors.events)
    return to is not None and any(logged.event.previous == to for logged in rollbacks)


def _last_good(
    alias: AliasReference, current: VersionReference, held: Sequence[FoundStanding]
) -> tuple[int, tuple[FoundStanding, ...]]:
    """Returns the version to go back to, and those that are passed over.

    Args:
        alias: The alias.
        current: What it names.
        held: What it named before, the last one first.
    """
    skipped: list[FoundStanding] = []
    for found in held:
        if not found.is_bad:
            return found.version.number, tuple(skipped)
        skipped.append(found)
    if skipped:
        names = ", ".join(f"{found.version} ({found.words})" for found in skipped)
        raise NotFound(
            f"expected a good version of {alias} to go back to, found only such as were called "
            f"bad: {names}",
            # No override brings back what was deleted.
            hints=choices(alias, may_override=not all(found.is_deleted for found in skipped)),
        )
    raise NotFound(
        f"expected an earlier version of {alias} to go back to, found that {current} is the first "
        "that it named",
        hints=["--to N chooses a version that never held it"],
    )


def choices(alias: AliasReference, *, may_override: bool = True) -> list[str]:
    """Returns what is left to do where no good version held an alias before."""
    hints = [f"ft-registry list {alias.model} shows the others; --to N chooses one"]
    if may_override:
        hints.append(f"--to N --override {STANDING} goes to one that was called bad")
    return hints


def _plan(
    ledger: PastLedger,
    type_: EventType,
    alias: AliasReference,
    version: VersionReference,
    *,
    expect: int | None,
    reason: str,
    overrides: Sequence[str],
    calls_bad: bool = False,
    skipped: tuple[FoundStanding, ...] = (),
) -> MovePlan:
    if expect is not None and expect < 0:
        raise InvalidInput(
            f"expected a version number, or 0 for none, found {expect} in --expect",
            hints=[f"ft-registry log {alias} shows what it named and names"],
        )
    reason = check_reason(reason)
    _check_overrides(overrides, reason)
    require_model(ledger, alias.model)
    filed = read_record(ledger, version)
    check_authors(ledger, version, alias)
    state = read_alias(ledger, alias.model, alias.alias)
    previous = state.version if state else None
    if expect is not None and expect != (previous or 0):
        raise moved_meanwhile(ledger, alias, expected=expect or None)
    target = read_standing(ledger, version)
    if target.is_deleted and previous != version.number:
        raise GateRefused(
            f"expected a version that MLflow has, found {version}, {target.words}",
            hints=[
                f"ft-registry list {alias.model} shows the others",
                f"ft-registry restore {version} --into DIR brings its files while they survive",
            ],
        )
    if target.is_bad and previous != version.number and STANDING not in overrides:
        raise GateRefused(
            f"expected a version that may serve, found {version}, {target.words}",
            hints=[
                f"ft-registry list {alias.model} shows the others",
                f"--override {STANDING} --reason TEXT says that you mean it; it stays on record",
            ],
        )
    left = None
    if previous is not None and previous != version.number:
        left = read_standing(ledger, VersionReference(alias.model, previous))
    return MovePlan(
        type=type_,
        alias=alias,
        previous=previous,
        previous_record=state.record if state else None,
        to=version.number,
        lock=lock_of(filed.record, home_of(ledger, filed)),
        expected=alias_digest(ledger, alias.model, alias.alias),
        target=target,
        left=left,
        calls_bad=calls_bad and left is not None,
        skipped=skipped,
        overrides=tuple(dict.fromkeys(overrides)),
        reason=reason,
    )


def _check_overrides(overrides: Sequence[str], reason: str) -> None:
    for name in overrides:
        is_check = name.startswith(f"{WHOLE}.") and name != f"{WHOLE}.{WHOLE}"
        if name not in GUARDS and name != WHOLE and not is_check:
            raise InvalidInput(
                f"expected the name of a guard after --override, found {name!r}",
                hints=[
                    *(f"{guard}: {what}" for guard, what in GUARDS.items()),
                    f"{WHOLE}: the promotion policy; {WHOLE}.NAME: one check of it",
                ],
            )
    if overrides and not reason:
        raise InvalidInput(
            "expected a reason beside --override, found none",
            hints=["--reason TEXT; it is shown for ever"],
        )


def moved_meanwhile(ledger: Ledger, alias: AliasReference, *, expected: int | None) -> Conflict:
    """Returns the error that an alias is not where it was expected: where it is, and who did it."""
    state = read_alias(ledger, alias.model, alias.alias)
    found = f"version {state.version}" if state else "none"
    place = layout.alias(alias.model, alias.alias)
    newest = next(iter(ledger.events(place, newest_first=True)), None)
    who = ""
    if newest is not None:
        last = newest.event
        why = f": {last.reason}" if last.reason else ""
        who = f", moved there by {last.actor.as_text()} at {last.time[:19]}Z{why}"
    return Conflict(
        f"expected {alias} at {f'version {expected}' if expected else 'none'}, found {found}{who}",
        hints=[
            f"look at ft-registry log {alias}, then decide again",
            f"--expect {state.version if state else 0} says that you mean to move it from there",
        ],
    )
