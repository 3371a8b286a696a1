"""Conversations: lists of turns, as chat templates read them."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from ft_registry.examples.faults import shown

Report = Callable[[str, str], None]
"""Takes a rule and what was found."""

LEADING = ("system", "developer")
"""Roles that stand before the first turn, if anywhere."""
ASKING = ("user", "tool", "function", "ipython", "environment")
"""Roles whose turn an assistant answers; all but the first carry what a tool gave back."""
ASSISTANT = "assistant"
ROLES = frozenset((*LEADING, *ASKING, ASSISTANT))

SHAREGPT_ROLES: Mapping[str, str] = {
    "system": "system", "human": "user", "user": "user", "gpt": ASSISTANT, "assistant": ASSISTANT,
    "chatgpt": ASSISTANT, "bing": ASSISTANT, "bard": ASSISTANT, "model": ASSISTANT,
    "function_call": ASSISTANT, "observation": "tool", "tool": "tool", "function": "tool",
}  # fmt: skip
"""Who speaks in ShareGPT's words, and in ours."""


class Turn(NamedTuple):
    """One turn."""

    role: str
    text: str


def read_turns(value: Any, where: str, report: Report) -> list[Turn]:
    """Returns the turns of a list of messages; what cannot be read is reported and left out.

    Args:
        value: A list of ``{"role": ..., "content": ...}``, or ShareGPT's ``{"from", "value"}``.
        where: The key that it stands at, for messages.
        report: Takes faults.
    """
    if not isinstance(value, list):
        report("wrong-type", f"{where}: expected a list of messages, found {_type(value)}")
        return []
    turns = []
    for number, message in enumerate(value, 1):
        place = f"{where}, turn {number}"
        if not isinstance(message, dict):
            report("wrong-type", f"{place}: expected a message, found {_type(message)}")
            continue
        role = message.get("role", message.get("from"))
        if "role" not in message:
            role = SHAREGPT_ROLES.get(role, role) if isinstance(role, str) else role
        if role is None:
            report("missing-key", f"{place}: no role")
            continue
        if not isinstance(role, str) or role not in ROLES:
            report("unknown-role", f"{place}: expected one of {_roles()}, found {shown(role)}")
            role = str(role)
        turns.append(Turn(role, _read_text(message, place, report)))
    return turns


def check_order(turns: Sequence[Turn], where: str, report: Report, *, ends: str = "") -> None:
    """Reports turns that no chat template renders, or that teach nothing.

    Args:
        turns: A whole conversation.
        where: The key that it stands at.
        report: Takes faults.
        ends: The role that the last turn must have; empty: any.
    """
    roles = [turn.role for turn in turns]
    before = ""
    for number, role in enumerate(roles, 1):
        place = f"{where}, turn {number}"
        if role in LEADING:
            if before and before not in LEADING:
                report("role-order", f"{place}: expected {role} before all others, found it after "
                                     f"{before}")  # fmt: skip
        elif role == ASSISTANT and before == ASSISTANT:
            report("role-order", f"{place}: expected a turn between two of the assistant")
        elif role == "user" and before == "user":
            report("role-order", f"{place}: expected an answer between two turns of the user")
        elif role in ASKING[1:] and before not in (ASSISTANT, *ASKING[1:]):
            report("role-order", f"{place}: expected {role} after the assistant's call, found it "
                                 f"after {before or 'nothing'}")  # fmt: skip
        before = role
    if ends and roles and roles[-1] != ends:
        report("role-order", f"{where}: expected the last turn from {ends}, found {roles[-1]}")


def _read_text(message: Mapping[str, Any], place: str, report: Report) -> str:
    content = message.get("content", message.get("value"))
    calls = message.get("tool_calls") or message.get("function_call")
    if isinstance(content, list):
        content = _join_parts(content, place, report)
    if content is None and not calls:
        report("missing-key", f"{place}: no content")
        return ""
    if content is not None and not isinstance(content, str):
        report("wrong-type", f"{place}: expected text, found {_type(content)}")
        return ""
    text = content or ""
    if calls:
        text += json.dumps(calls, sort_keys=True)
    elif not text or text.isspace():
        report("empty-turn", f"{place}: no text")
    return text


def _join_parts(parts: Sequence[Any], place: str, report: Report) -> str | None:
    """Returns the text of content in parts; pictures and sounds are named by their JSON."""
    texts = []
    for part in parts:
        if isinstance(part, str):
            texts.append(part)
        elif isinstance(part, dict) and isinstance(part.get("text"), str):
            texts.append(part["text"])
        else:
            if not isinstance(part, dict):
                report("wrong-type", f"{place}: expected parts of content, found {_type(part)}")
            texts.append(json.dumps(part, sort_keys=True))
    return "\n".join(texts) if parts else None


def _roles() -> str:
    return ", ".join(sorted(ROLES))


def _type(value: Any) -> str:
    names = {"dict": "an object", "list": "a list", "str": "text", "NoneType": "null",
             "bool": "true or false", "int": "a number", "float": "a number"}  # fmt: skip
    return names.get(type(value).__name__, type(value).__name__)
