"""The check ``integrity``: bytes are as recorded, and the record is signed."""

from ft_registry.actions.authors import read_authors
from ft_registry.actions.checks.case import Case
from ft_registry.actions.verify import verify_version
from ft_registry.errors import FtRegistryError
from ft_registry.gates.answer import Answer
from ft_registry.gates.facts import Facts, some, told
from ft_registry.model import layout
from ft_registry.model.approval import person
from ft_registry.model.policy_checks import IntegrityCheck

_ELSEWHERE = "base"
"""A base in a folder lies outside of what the registry keeps; it is told, and decides nothing."""
_KEPT = ("artifact", "loader", "attachment", "data", "document")


def check_integrity(check: IntegrityCheck, case: Case) -> Answer:
    """Tells whether every byte is as recorded, and who signed the registration."""
    facts = Facts()
    if check.verified:
        _verify(case, facts)
    if check.signed_by:
        _signed(check.signed_by, case, facts)
    return facts.answer()


def _verify(case: Case, facts: Facts) -> None:
    try:
        found = verify_version(case.version, case.tools.evidence(), depth="full", to_serve=True)
    except FtRegistryError as error:
        facts.meets(error)
        return
    case.uses.notes += found.notes
    see = f"ft-registry verify {case.version} --full shows all"
    damage = [one.as_text() for one in found.damage if one.kind != _ELSEWHERE]
    if damage:
        facts.breaks(f"{some(damage)}; {see}")
    case.uses.notes += [one.as_text() for one in found.damage if one.kind == _ELSEWHERE]
    unread = [
        one.as_text() for one in found.findings if one.state == "unknown" and one.kind in _KEPT
    ]
    if unread:
        facts.is_open(f"{some(unread)}; {see}")
    if not damage and not unread:
        facts.holds("every byte of weights and data is as recorded")


def _signed(people: tuple[str, ...], case: Case, facts: Facts) -> None:
    record = layout.version(case.version.model, case.version.number)
    try:
        authors = read_authors(case.ledger, [record])
        fault = authors.fault(record, once=True)
        # The oldest event that wrote it: a record is written once.
        wrote = [
            logged
            for logged in authors.events
            if any(write.path == record for write in logged.event.writes)
        ]
        signature = case.ledger.signature(wrote[-1].id) if wrote else None
    except FtRegistryError as error:
        facts.meets(error)
        return
    wanted = " or ".join(people)
    if fault:
        facts.breaks(f"{fault}: no signed event wrote it")
    elif authors.cut is not None and not wrote:
        facts.is_open(f"the event that registered {case.version}: {told(authors.cut)}")
    elif not wrote or signature is None:
        facts.breaks(
            f"the event that registered {case.version} is not signed, by {wanted} is asked for: "
            "git's commit.gpgSign signs those to come, so register again"
        )
    elif signature.state == "changed":
        facts.breaks(f"the event that registered {case.version}: {signature.words}")
    elif signature.state == "unknown":
        facts.is_open(
            f"the signature of the event that registered {case.version}: {signature.words}; "
            "gpg.ssh.allowedSignersFile, or GPG's trust, says whose key it is"
        )
    elif person(signature.email) not in {person(one) for one in people}:
        facts.breaks(
            f"{case.version} was registered by {signature.words}, one of {wanted} is asked for"
        )
    else:
        facts.holds(f"registered and signed by {signature.email}")
