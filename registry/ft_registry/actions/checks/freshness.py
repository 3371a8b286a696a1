"""The check ``freshness``: a suite was measured not long ago, on the data that counts."""

import re
from datetime import timedelta

from ft_registry.actions.checks.case import Case, data_in_words
from ft_registry.actions.snapshots import read_snapshots
from ft_registry.errors import FtRegistryError
from ft_registry.gates.answer import Answer
from ft_registry.gates.facts import Facts
from ft_registry.model.document import Unknown
from ft_registry.model.evaluation import (
    PUBLIC,
    Evaluation,
    PublicSet,
    SnapshotUse,
    parse_public_set,
)
from ft_registry.model.policy_checks import FreshnessCheck
from ft_registry.model.time import moment

_SNAPSHOT = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)(?:@([0-9a-f]{4,64}(?:\.dir)?))?")


def check_freshness(check: FreshnessCheck, case: Case) -> Answer:
    """Tells whether the newest evaluation of a suite is recent, and of the data that counts."""
    facts = Facts()
    try:
        evaluation = case.measured.newest.get(check.suite)
        if evaluation is None:
            facts.breaks(
                f"{case.version} has no evaluation of {check.suite}: ft-registry eval add "
                f"{case.version} FILE --suite {check.suite}"
            )
            return facts.answer()
        case.note(evaluation)
        if check.within_days is not None:
            _recent(evaluation, check.within_days, case, facts)
        if check.on is not None:
            _measured_on(evaluation, check.on, case, facts)
    except FtRegistryError as error:
        facts.meets(error)
    return facts.answer()


def _recent(evaluation: Evaluation, days: float, case: Case, facts: Facts) -> None:
    stamp = evaluation.measured_at or evaluation.recorded_at
    verb = "measured" if evaluation.measured_at else "put on record"
    age = case.now - moment(stamp)
    words = f"{evaluation.suite} was {verb} at {stamp[:19]}Z"
    if age < timedelta(0):
        facts.breaks(f"{words}, which is in the future: a clock is wrong, there or here")
    elif age / timedelta(days=1) > days:
        facts.breaks(
            f"{words}, {age / timedelta(days=1):.1f} days ago: measure it again, and ft-registry "
            f"eval add {case.version} FILE"
        )
    else:
        facts.holds(f"{words}, {age / timedelta(days=1):.1f} days ago")


def _measured_on(evaluation: Evaluation, on: str, case: Case, facts: Facts) -> None:
    data = evaluation.data
    if isinstance(data, Unknown):
        facts.is_open(
            f"what {evaluation.suite} was measured on: {data.unknown} (eval add --data {on} "
            "--corrects says it)"
        )
        return
    wanted = _wanted(on, case)
    if wanted is None:
        facts.breaks(
            f"{on} names no snapshot on record: ft-registry data list shows them; a public set is "
            f"{PUBLIC}NAME@REVISION"
        )
    elif wanted == _content(data):
        facts.holds(f"it was measured on {data_in_words(data)}")
    else:
        facts.breaks(
            f"{evaluation.suite} was measured on {data_in_words(data)}, {on} now names "
            f"{wanted}: measure it on that"
        )


def _wanted(on: str, case: Case) -> str | None:
    """Returns the content that a policy names; None: there is none."""
    if on.startswith(PUBLIC):
        return _content(parse_public_set(on))
    named = _SNAPSHOT.fullmatch(on)
    if named is None:
        return None
    name, start = named[1], named[2] or ""
    keys = [one.snapshot.content.key for one in read_snapshots(case.ledger)
            if one.snapshot.name == name]  # fmt: skip
    return next((key for key in reversed(keys) if key.startswith(start)), None)


def _content(data: SnapshotUse | PublicSet) -> str:
    return data.key if isinstance(data, SnapshotUse) else data_in_words(data)
