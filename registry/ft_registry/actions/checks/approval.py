"""The check ``approval``: people looked at this very record and said yes."""

from ft_registry.actions.approvals import judged_approvals
from ft_registry.actions.checks.case import Case
from ft_registry.errors import FtRegistryError
from ft_registry.gates.answer import Answer
from ft_registry.gates.facts import Facts
from ft_registry.model.approval import person
from ft_registry.model.policy_checks import ApprovalCheck


def check_approval(check: ApprovalCheck, case: Case) -> Answer:
    """Tells whether enough people approved the record as it is now. Each counts once."""
    facts = Facts()
    try:
        author = case.filed.record.registered_by
        approvals = judged_approvals(case.ledger, case.filed)
    except FtRegistryError as error:
        facts.meets(error)
        return facts.answer()
    allowed = {person(email) for email in check.of}
    counted: dict[str, str] = {}
    others = []
    open_ = set()
    for one in approvals:
        who, shown = person(one.approval.by.email), one.approval.by.as_text()
        if one.doubt:
            others.append(f"that of {shown} does not count: {one.doubt}")
        elif allowed and who not in allowed:
            others.append(f"{shown} is none of those who count")
        elif check.not_author and who == person(author.email):
            others.append(f"{shown} registered it")
        elif one.is_open:
            open_.add(who)
        elif who not in counted:
            counted[who] = shown
            case.uses.approvals[one.path] = one.digest
    people = ", ".join(counted.values()) or "nobody"
    words = f"approved by {people}{''.join(f'; {other}' for other in others)}"
    if len(counted) >= check.count:
        facts.holds(words)
    elif len(counted) + len(open_ - counted.keys()) >= check.count:
        facts.is_open(
            f"{words}; the events of {len(open_)} more are beyond the end of this shallow clone: "
            "git fetch --unshallow brings them"
        )
    else:
        missing = check.count - len(counted)
        facts.breaks(f"{words}; {missing} more: ft-registry approve {case.version}")
    return facts.answer()
