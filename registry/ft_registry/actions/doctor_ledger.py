"""Looks at the health of the ledger, and at what the registry says of itself."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime, timedelta

from ft_registry.actions.status import Status
from ft_registry.errors import NotARegistry
from ft_registry.model.event import LoggedEvent
from ft_registry.model.health import Diagnosis, ok, problem, unchecked, warning
from ft_registry.model.verification import Verification
from ft_registry.ports.ledger import Ledger

_SKEW = timedelta(minutes=2)
"""Clocks that differ by less are as good as clocks are."""
_BACKWARDS = timedelta(minutes=5)
"""An event may be older by as much than one before it: people wait for locks and remotes."""
_NAMED = 3
"""Damaged things that are named; `verify` names all of them."""


def look_at_ledger(ledger: Ledger, now: Callable[[], datetime]) -> Iterator[Diagnosis]:
    """Tells whether there is a ledger, and whether its times and this clock agree."""
    head = ledger.head()
    if head is None:
        yield problem("branch", "no ledger in this repository", "ft-registry init makes one")
        return
    newest_first = ledger.events(newest_first=True)
    last = next(iter(newest_first))
    yield ok("branch", f"{head[:12]}, last event {last.event.time[:19]}Z: {last.event.subject}")
    moment, here = datetime.fromisoformat(last.event.time), now()
    if moment > here + _SKEW:
        yield warning(
            "clock",
            f"the last event was written at {last.event.time[:19]}Z, and it is "
            f"{here:%Y-%m-%dT%H:%M:%S}Z here: this clock is behind, or {last.event.host} was ahead",
            "set this machine's clock (timedatectl set-ntp true): answers by time, such as at, "
            "are wrong by as much",
        )
    else:
        yield ok("clock", "not behind the last event")
    yield _order(ledger)


def _order(ledger: Ledger) -> Diagnosis:
    """Tells whether the times of events follow each other as the events do."""
    behind: list[tuple[LoggedEvent, LoggedEvent, timedelta]] = []
    latest: LoggedEvent | None = None
    events: list[LoggedEvent] = []
    with suppress(NotARegistry):  # those before the end of a shallow clone are not at hand
        events.extend(ledger.events(newest_first=True))
    for logged in reversed(events):
        lag = _time(latest) - _time(logged) if latest is not None else timedelta()
        if latest is not None and lag > _BACKWARDS:
            behind.append((logged, latest, lag))
        if latest is None or lag < timedelta():
            latest = logged
    if not behind:
        return ok("order of times", "events follow each other in time")
    logged, ahead, lag = max(behind, key=lambda found: found[2])
    event, before = logged.event, ahead.event
    more = f"; so do {len(behind) - 1} more" if len(behind) > 1 else ""
    clocks = f"the clock of {event.host}" if event.host == before.host else (
        f"the clocks of {before.host} and {event.host}"
    )  # fmt: skip
    return warning(
        "order of times",
        f"event {logged.id[:12]} ({event.subject}) of {event.time[:19]}Z by "
        f"{event.actor.as_text()} on {event.host} follows {ahead.id[:12]} of {before.time[:19]}Z "
        f"on {before.host}, which is {lag.total_seconds() / 60:,.0f} minutes later{more}: a clock "
        "was wrong, or it was written offline and published later",
        f"look at {clocks}: answers by time, such as at, are wrong by as much; the order of events "
        "is right",
    )


def _time(logged: LoggedEvent) -> datetime:
    return datetime.fromisoformat(logged.event.time)


def look_at_remote(
    ledger: Ledger, remote: str, ask: Callable[[], object], *, offline: bool
) -> Iterator[Diagnosis]:
    """Tells how the ledger stands to its remote, and whether that answers.

    Args:
        ledger: Which.
        remote: The name of its remote; empty: it has none.
        ask: Asks the remote for something; raises unless it answers.
        offline: Leave it alone.
    """
    if not remote:
        yield ok("remote", "none: events are in this clone alone (setting ledger_remote)")
        return
    view = ledger.remote_view()
    if view is None or view.fetched_at is None:
        yield warning("remote", f"{remote} was not asked so far", "ft-registry sync asks it")
    elif not view.is_trusted:
        yield problem(
            "remote",
            f"the history of {remote} is {view.state}: {view.lost} published events are gone there",
            "ft-registry sync --restore publishes them again, sync --adopt follows the remote",
        )
    elif view.state == "level":
        yield ok("remote", f"level with {remote} when it was asked last")
    else:
        yield warning(
            "remote",
            f"{view.state}: {view.ahead} events wait here, {view.behind} there, when {remote} was "
            "asked last",
            "ft-registry sync settles them",
        )
    if offline:
        yield unchecked("answer of the remote", "left alone: --offline")
        return
    ask()
    yield ok("answer of the remote", f"{remote} answers")


def look_at_versions(found: Verification) -> Iterator[Diagnosis]:
    """Tells what a verification by presence and size found."""
    if found.damage:
        names = list(dict.fromkeys(one.subject or "the ledger" for one in found.damage))
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        yield problem(
            "versions",
            f"{len(found.damage)} parts are damaged or lost, of {', '.join(names[:_NAMED])}{more}",
            "ft-registry verify names them all",
        )
    elif found.undecided:
        yield unchecked(
            "versions",
            f"{len(found.undecided)} parts could not be looked at: {found.undecided[0].found}",
            "ft-registry verify names them all",
        )
    else:
        yield ok("versions", "all parts are there, by presence and size")


def look_at_drift(found: Status) -> Iterator[Diagnosis]:
    """Tells whether MLflow shows what is on record."""
    if found.unchecked:
        yield unchecked("drift", found.unchecked)
    elif found.drift:
        count = len(found.drift)
        yield warning(
            "drift",
            f"MLflow differs from the ledger in {count} thing{'s' if count != 1 else ''}",
            "ft-registry status names them, ft-registry sync mends them",
        )
    else:
        yield ok("drift", "MLflow shows what the ledger says")
