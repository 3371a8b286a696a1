"""Scored items as columns: what two versions are compared by, one row an item."""

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from ft_registry.model.canonical import canonical_bytes

if TYPE_CHECKING:
    import numpy as np

Floats: TypeAlias = "np.ndarray[Any, np.dtype[np.float64]]"

TEXTS = ("prompt", "target", "answer")
"""The texts of an item: what was asked, what was hoped for, what came."""
NUMBERS = ("tokens", "latency", "cost")
"""What an item took: tokens that were generated, seconds, US dollars."""


@dataclass(frozen=True)
class Items:
    """Scored items, column by column; all columns have one entry an item.

    Items of several tasks or epochs lie in one table. Two tables are paired by `ids`.
    """

    ids: Sequence[str]
    """Each once. From the content of the item, so that two runs of one suite name the same items
    alike, however they order them; the evaluator's own name where it gives no content."""
    scores: Mapping[str, Floats]
    """By metric (`Score.key` without the task); NaN: the item was not scored by it."""
    tasks: Sequence[str] | None = None
    """The task of each item; None: there is one task."""
    clusters: Sequence[str] | None = None
    """What items have in common that share a source (a document, a conversation): they are not
    independent, and intervals are wider for it."""
    slices: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """By name, such as ``language``; empty: the item has none."""
    texts: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """By name, of `TEXTS`; empty: not given."""
    numbers: Mapping[str, Floats] = field(default_factory=dict)
    """By name, of `NUMBERS`; NaN: not given."""

    def __len__(self) -> int:
        return len(self.ids)

    def values_of(self, column: str) -> dict[str, float]:
        """Returns a score by the item's id, for the items that were scored by it."""
        values = self.scores.get(column)
        if values is None:
            return {}
        pairs = zip(self.ids, values.tolist(), strict=True)
        return {id_: value for id_, value in pairs if not math.isnan(value)}


def item_id(*content: object) -> str:
    """Returns the name of an item: 16 hexadecimal digits of the SHA-256 of its content.

    Args:
        content: JSON values, the same for the same item in every run: what was asked and what is
            right, never what came.
    """
    if all(isinstance(part, str) and part.isascii() for part in content):
        # The same bytes, ten times as fast: of a hundred thousand items it is a second.
        data = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
    else:
        data = canonical_bytes(list(content))
    return hashlib.sha256(data).hexdigest()[:16]
