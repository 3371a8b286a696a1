"""Finds the verdict by which an alias came to name a version, while it still stands.

A pipeline that is run again after its promotion asks whether champion may be what it is. To compare
it with itself shows nothing; what it replaced is no longer the opponent. The answer is on record.
"""

from ft_registry.actions.authors import read_authors
from ft_registry.actions.checks.case import Case
from ft_registry.actions.gate import opposing_aliases, overtaken
from ft_registry.actions.policies import FiledPolicy
from ft_registry.actions.resolve import read_alias
from ft_registry.actions.verdicts import read_verdicts
from ft_registry.errors import IntegrityError
from ft_registry.model import layout
from ft_registry.model.canonical import digest_bytes
from ft_registry.model.verdict import Verdict
from ft_registry.ports.ledger import Ledger


def standing_verdict(policy: FiledPolicy | None, case: Case) -> Verdict | None:
    """Returns the verdict that let the alias name the version, which it names now.

    Returns:
        None where there is none that passed, where no check compares with what the alias names,
        or where policy, evidence, approvals or other opponents have changed since: then it is
        decided anew.

    Raises:
        IntegrityError: The verdict was written by hand.
    """
    version, ledger = case.version, case.ledger
    rule = policy.policy.rule(version.model, case.alias) if policy else None
    state = read_alias(ledger, version.model, case.alias)
    if policy is None or state is None or state.record != case.filed.digest:
        return None
    if (version.model, case.alias) not in opposing_aliases(case, rule):
        return None
    verdicts = [one for one in read_verdicts(ledger, version) if one.alias == case.alias]
    if not verdicts:
        return None
    last = verdicts[-1]
    if (last.outcome, last.record, last.policy) != ("pass", case.filed.digest, policy.digest):
        return None
    path = layout.verdict(version.model, version.number, last.id)
    if fault := read_authors(ledger, [path]).fault(path, once=True):
        raise IntegrityError(
            f"{fault}: it was written by hand, not by ft-registry",
            hints=["ft-registry verify names all that was changed so"],
        )
    return last if _holds(last, ledger) else None


def _holds(verdict: Verdict, ledger: Ledger) -> bool:
    """Returns whether all is as it was that a verdict rests on, beside the alias itself."""
    wanted = {use.path: use.digest for use in verdict.evaluations} | verdict.approvals
    contents = ledger.read_many(wanted)
    if {path: digest_bytes(content) for path, content in contents.items()} != wanted:
        return False
    own = (verdict.model, verdict.alias)
    for use in verdict.opponents:
        model, at, alias = use.asked.partition("@")
        if at and (named := (model or verdict.model, alias)) != own:
            state = read_alias(ledger, *named)
            if state is None or state.record != use.digest:
                return False
    return not overtaken(verdict, ledger)
