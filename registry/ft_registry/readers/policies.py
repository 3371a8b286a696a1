"""Policies as people write them: YAML, whose every fault is told with its line."""

import io
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from ft_registry.errors import InvalidInput, Refused
from ft_registry.model.policy import Clause, ModelPolicy, Policy
from ft_registry.model.policy_checks import Check, Strict
from ft_registry.readers.yaml_file import loader

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

LIMIT = 1 << 20
"""Bytes."""
_WORDS = {
    "too_short": "expected a list with at least one, found an empty one",
    "tuple_type": "expected a list, each on a line that begins with -",
    "extra_forbidden": "expected a key that is known, found another",
    "missing": "expected this key, found none",
    "model_type": "expected keys with values, found something else",
    "model_attributes_type": "expected keys with values, found something else",
    "dict_type": "expected keys with values, found something else",
}
"""What people wrote otherwise, where pydantic speaks of Python."""


def parse_policy(content: bytes, *, where: str) -> Policy:
    """Returns a policy.

    Args:
        content: YAML 1.2 or JSON, in UTF-8.
        where: What it is, for errors.

    Raises:
        InvalidInput: It is no policy; the message names the line.
    """
    # Imported where it is needed: most commands read no YAML.
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    if len(content) > LIMIT:
        raise InvalidInput(
            f"expected a policy of at most {LIMIT >> 20} MiB, found {len(content):,} bytes"
        )
    try:
        text = content.decode("utf-8-sig")
        tree = loader(where).compose(io.StringIO(text))
        _refuse_anchors(tree, where)
        value = loader(where).load(text)
    except Refused as error:
        raise InvalidInput(error.message) from error
    except UnicodeDecodeError as error:
        raise InvalidInput(
            f"expected UTF-8 in {where}, found byte {error.start} otherwise"
        ) from error
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f", line {mark.line + 1}" if mark else ""
        raise InvalidInput(f"expected YAML in {where}{line}, found: {error.problem}") from error
    except (YAMLError, ValueError, RecursionError) as error:
        raise InvalidInput(f"expected YAML in {where}, found: {error or 'too deep'}") from error
    if not isinstance(value, dict):
        raise InvalidInput(
            f"expected a policy in {where}, found {'nothing' if value is None else 'no mapping'}",
            hints=["aliases: {champion: {all: [score: {...}]}}", "ft-registry policy schema"],
        )
    try:
        return Policy.model_validate(value)
    except ValidationError as error:
        faults = error.errors(include_url=False)
        raise InvalidInput(
            f"expected a policy in {where}, found {_fault(faults[0], tree)}",
            hints=[
                *(_fault(fault, tree) for fault in faults[1:6]),
                "docs/gates.md lists every key",
            ],
        ) from error


def _refuse_anchors(tree: Any, where: str) -> None:
    """Raises InvalidInput where one part stands for another: who reads a policy reads all of it."""
    from ruamel.yaml.nodes import MappingNode, ScalarNode, SequenceNode

    pending: list[Any] = [tree]
    seen = set()
    while pending:
        node = pending.pop()
        if node is None or (isinstance(node, ScalarNode) and not node.anchor):
            continue
        if id(node) in seen or getattr(node, "anchor", None):
            line = node.start_mark.line + 1
            raise InvalidInput(
                f"expected a policy without anchors in {where}, found one on line {line}"
            )
        seen.add(id(node))
        if isinstance(node, MappingNode):
            pending += [one for pair in node.value for one in pair]
        elif isinstance(node, SequenceNode):
            pending += node.value


def _fault(fault: "ErrorDetails", tree: Any) -> str:
    """Returns what is wrong with a policy, and on which line."""
    from ruamel.yaml.nodes import MappingNode, SequenceNode

    node, line = tree, 0
    for step in fault["loc"]:
        line = node.start_mark.line + 1
        if isinstance(node, MappingNode):
            found = [pair for pair in node.value if pair[0].value == step]
            if not found:
                break
            line, node = found[0][0].start_mark.line + 1, found[0][1]
        elif isinstance(node, SequenceNode) and isinstance(step, int) and step < len(node.value):
            node = node.value[step]
            line = node.start_mark.line + 1
        else:
            break
    message = _WORDS.get(fault["type"], "") or fault["msg"].removeprefix("Value error, ")
    if fault["type"] == "extra_forbidden":
        near = get_close_matches(str(fault["loc"][-1]), _keys(), n=1)
        message += f"; did you mean {near[0]}?" if near else ""
    words = ".".join(map(str, fault["loc"])) or "the policy"
    return f"{words} (line {line or 1}): {message}"


def _keys() -> set[str]:
    """Returns every key that some part of a policy knows."""
    parts: list[type[Strict]] = [Policy, ModelPolicy, Clause, *_below(Check)]
    return {key for part in parts for key in part.model_fields}


def _below(kind: type[Check]) -> list[type[Check]]:
    return [one for sub in kind.__subclasses__() for one in (sub, *_below(sub))]
