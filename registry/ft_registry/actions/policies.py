"""The promotion policy in force: read from the ledger, and replaced by an event."""

from dataclasses import dataclass
from difflib import get_close_matches

from ft_registry.actions.authors import read_authors
from ft_registry.actions.events import check_reason, make_event, require_ledger
from ft_registry.actions.resolve import model_names
from ft_registry.errors import Conflict, IntegrityError, InvalidInput
from ft_registry.model import layout
from ft_registry.model.canonical import digest_bytes
from ft_registry.model.event import LoggedEvent, Requirement
from ft_registry.model.policy import Policy
from ft_registry.model.reference import AliasReference
from ft_registry.ports.context import Context
from ft_registry.ports.ledger import Change, Ledger, RequirementFailed
from ft_registry.readers.policies import parse_policy


@dataclass(frozen=True)
class FiledPolicy:
    """A policy as the ledger holds it."""

    policy: Policy
    content: bytes
    """As it was written, comments and all."""

    @property
    def digest(self) -> str:
        """The name of the policy."""
        return digest_bytes(self.content)


def read_policy(ledger: Ledger, *, at: str | None = None) -> FiledPolicy | None:
    """Returns the policy in force; None: there is none.

    Args:
        ledger: Holds it. A file in the tree under review is never asked.
        at: The id of an event: the policy that was in force then.

    Raises:
        IntegrityError: What is there is no policy, or no event put it there: nothing may move.
    """
    content = ledger.read(layout.POLICY, at=at)
    if at is None and (fault := _fault(ledger)):
        raise IntegrityError(
            f"{fault}: that was done by hand, not by ft-registry",
            hints=[
                "ft-registry verify names all that was changed so",
                "ft-registry policy apply FILE puts one in force again, on record",
            ],
        )
    if content is None:
        return None
    try:
        return FiledPolicy(parse_policy(content, where="the ledger"), content)
    except InvalidInput as error:
        raise IntegrityError(
            f"{error.message}: nothing is decided by it",
            hints=["ft-registry policy apply FILE puts another in its place", *error.hints],
        ) from error


def unknown_models(policy: Policy, ledger: Ledger) -> list[str]:
    """Returns a sentence for each model that a policy names and the ledger does not know.

    It may be registered later; but what is misspelt guards nothing, and nobody notices.
    """
    if not policy.models:
        return []
    names = model_names(ledger)
    found = []
    for model in policy.models:
        if model not in names:
            near = get_close_matches(model, names, n=1)
            meant = f"; did you mean {near[0]}?" if near else ""
            found.append(f"models: {model} has rules, and no such model is registered{meant}")
    return found


def _fault(ledger: Ledger) -> str:
    """Returns what no event says of the policy, in words; a policy that was taken away, too."""
    return read_authors(ledger, (layout.POLICY,)).fault(layout.POLICY)


def has_gate(ledger: Ledger, alias: AliasReference) -> bool:
    """Returns whether a policy in force has a say in what an alias names.

    Raises:
        IntegrityError: See `read_policy`.
    """
    filed = read_policy(ledger)
    if filed is None:
        return False
    policy = filed.policy
    return policy.others == "refuse" or policy.rule(alias.model, alias.alias) is not None


@dataclass(frozen=True)
class AppliedPolicy:
    """What applying a policy did."""

    digest: str
    previous: str | None
    """The digest of the one before; None: there was none."""
    event: LoggedEvent | None
    """None: it was in force already, or this was a dry run."""
    notices: tuple[str, ...] = ()
    """What in it applies to nothing yet, in words."""


def apply_policy(
    content: bytes, *, where: str, reason: str, dry_run: bool, ledger: Ledger, context: Context
) -> AppliedPolicy:
    """Puts a policy in force.

    Args:
        content: YAML.
        where: What it is, for errors.
        reason: Why; it is needed.
        dry_run: Say what would be done.
        ledger: The truth.
        context: Who, where, when.

    Raises:
        InvalidInput: It is no policy, or there is no reason.
        Conflict: Somebody else applied another meanwhile.
        BackendUnavailable: The ledger's remote does not answer.
    """
    require_ledger(ledger)
    policy = parse_policy(content, where=where)
    if not check_reason(reason):
        raise InvalidInput(
            "expected a reason, found none",
            hints=["--reason TEXT: what promotions must show is changed for everybody"],
        )
    ledger.refresh()
    before = ledger.read(layout.POLICY)
    previous = digest_bytes(before) if before is not None else None
    digest = digest_bytes(content)
    notices = tuple(unknown_models(policy, ledger))
    # What somebody wrote by hand is not in force until an event says so.
    if (digest == previous and not _fault(ledger)) or dry_run:
        return AppliedPolicy(digest, previous, None, notices)
    event = make_event(
        context, "policy", f"apply the promotion policy {digest[7:19]}", reason=reason
    )
    try:
        logged = ledger.append(
            Change(
                event=event,
                documents={layout.POLICY: content},
                requires=(Requirement(path=layout.POLICY, digest=previous),),
            )
        )
    except RequirementFailed as error:
        raise Conflict(
            "expected the policy to stay as it was read, found that somebody applied another",
            hints=["ft-registry policy show", "ft-registry log policy says who"],
        ) from error
    return AppliedPolicy(digest, previous, logged, notices)
