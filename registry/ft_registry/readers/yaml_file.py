"""Reads YAML as DVC does: YAML 1.2, duplicate keys refused.

Anchors are read, because configurations use them. What they stand for is counted: a kilobyte of
anchors can stand for more values than any memory holds.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ft_registry.errors import Refused
from ft_registry.model.canonical import DEEPEST

if TYPE_CHECKING:
    from ruamel.yaml import YAML

_LARGEST = 16 << 20
"""Bytes; the parser takes minutes for more."""
_VALUES = 1_000_000
"""Of a document, those counted again that an alias repeats."""


def parse_yaml(data: bytes, *, what: str | Path) -> Any:
    """Parses one YAML document into plain values.

    Args:
        data: UTF-8 bytes.
        what: What they are, for the error.

    Raises:
        Refused: They are not YAML, hold a key twice, are nested too deeply, or stand for too much.
    """
    # Read by few commands and 50 ms to import, hence here.
    from ruamel.yaml.error import YAMLError

    if len(data) > _LARGEST:
        raise Refused(f"expected at most {_LARGEST:,} bytes of YAML in {what}, found {len(data):,}")
    try:
        return loader(what).load(data.decode("utf-8"))
    # ruamel.yaml raises more than its own errors: `!!bool maybe` is a KeyError in it.
    except (
        YAMLError,
        ValueError,
        TypeError,
        LookupError,
        ArithmeticError,
        RecursionError,
    ) as error:
        reason = " ".join(str(error).split())
        raise Refused(f"expected {what} to be YAML, found: {reason}") from error


def loader(what: str | Path) -> "YAML":
    """Returns what loads one document, and stops where it is nested too deeply or too much.

    It must stop while it reads: ruamel.yaml takes hours and all memory for 100,000 brackets, and
    for merge keys that merge each other.

    Args:
        what: What is loaded, for the error.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.composer import Composer

    class Bounded(Composer):
        nested = 0

        def compose_node(self, parent: Any, index: Any) -> Any:
            self.nested += 1
            if self.nested > DEEPEST:
                raise Refused(
                    f"expected {what} to be YAML, found: lists and mappings more than {DEEPEST} "
                    "deep"
                )
            node = super().compose_node(parent, index)
            self.nested -= 1
            return node

        def get_single_node(self) -> Any:
            node = super().get_single_node()
            _count(node, {}, what, ())
            return node

    # Pure, because the C loader follows YAML 1.1, where `no` is False and 1e-4 is text.
    found = YAML(typ="safe", pure=True)
    found.Composer = Bounded
    return found


def _count(node: Any, known: dict[int, int], what: str | Path, above: tuple[int, ...]) -> int:
    """Returns for how many values a node stands, each as often as it is repeated."""
    inside = getattr(node, "value", None)
    if not isinstance(inside, list):
        return 1
    key = id(node)
    if key in above:
        raise Refused(f"expected values in {what}, found one that contains itself")
    if key not in known:
        parts = (part for one in inside for part in (one if isinstance(one, tuple) else (one,)))
        known[key] = 1 + sum(_count(part, known, what, (*above, key)) for part in parts)
        if known[key] > _VALUES:
            raise Refused(
                f"expected at most {_VALUES:,} values in {what}, found anchors that stand for more",
                hints=["write out what is meant; a configuration stands in the record, whole"],
            )
    return known[key]
