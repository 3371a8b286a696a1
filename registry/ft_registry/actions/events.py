"""Makes the event of an action from its circumstances."""

from typing import Any

from ft_registry.errors import InvalidInput, NotARegistry
from ft_registry.model.event import Event, EventType
from ft_registry.model.time import timestamp
from ft_registry.ports.context import Context
from ft_registry.ports.ledger import Documents

_REASON_CHARACTERS = 2000


def make_event(context: Context, type_: EventType, subject: str, **fields: Any) -> Event:
    """Returns an event that happens now.

    Args:
        context: Who, where, when.
        type_: What happened.
        subject: One line for people.
        fields: Further fields of `Event`.

    Raises:
        InvalidInput: The reason is longer than 2,000 characters or holds control characters.
    """
    reason = check_reason(fields.pop("reason", ""))
    return Event(
        type=type_,
        time=timestamp(context.now()),
        actor=context.actor,
        host=context.host,
        tool=context.tool,
        nonce=context.nonce(),
        subject=subject,
        reason=reason,
        **fields,
    )


def check_reason(reason: str) -> str:
    """Returns a reason as it can stand on record.

    Raises:
        InvalidInput: It is too long, or holds characters that a terminal would obey.
    """
    text = reason.strip()
    if len(text) > _REASON_CHARACTERS:
        raise InvalidInput(
            f"expected a reason of at most {_REASON_CHARACTERS} characters, found {len(text)}"
        )
    if any((ord(c) < 32 and c != "\n") or ord(c) in (127, 0x2028, 0x2029) for c in text):
        raise InvalidInput("expected a reason without control characters, found some")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise InvalidInput(f"expected a reason in Unicode, found {error.reason}") from error
    return text


def require_ledger(ledger: Documents) -> str:
    """Returns the ledger's head.

    Raises:
        NotARegistry: There is no ledger here.
    """
    head = ledger.head()
    if head is None:
        raise NotARegistry(
            "expected a registry, found a git repository without the branch 'ft-registry'",
            hints=[
                "ft-registry init makes one here",
                "in a clone of a registry: git fetch origin ft-registry:ft-registry",
            ],
        )
    return head
