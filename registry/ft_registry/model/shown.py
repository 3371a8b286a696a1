"""What a store of models shows of the registry: read back from it, hence never the truth."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from ft_registry.model.canonical import digest_bytes

RunState: TypeAlias = Literal["active", "deleted", "missing", "unknown"]
"""``deleted``: in the store's trash, from where it can be had back. ``missing``: gone for good."""

PREFIX = "ftr."
"""Of every tag that is ours."""
RESTORING = "ftr.restoring"
"""Tag of a version while `sync` makes it: the number that it is to get. One with another number
fills a gap, and is taken away again."""
REBUILD_OF = "ftr.rebuild.of"
"""Tag of a registered model that is made beside another: when that one was created."""
REBUILT = "ftr.rebuild.done"
"""Tag of a registered model that is whole and waits to take the other one's place."""
PROJECTED = "ftr.alias."
"""Tag of a registered model, followed by an alias: what a ledger last let it name, and by which
document. It tells an alias that was moved by hand from one that has not followed the ledger yet,
and both from one that another clone moved, whose events are not here."""
DESCRIPTION = "ftr.description"
"""Tag of a version, and of a registered model: the digest of the description as we wrote it. It
tells one that a hand wrote from one that is only older than the ledger."""
AGAINST = "\n\n**Held against, when this was written**\n\n"
"""Before the last part of a description: other versions, whose scores and aliases move on."""
_MARK = re.compile(r"([1-9][0-9]{0,9})(?: (sha256:[0-9a-f]{64})(?: from (0|[1-9][0-9]{0,9}))?)?")


@dataclass(frozen=True)
class Mark:
    """The value of that tag."""

    version: int
    state: str = ""
    """The digest of the alias's document; empty: of a time when it was not said. Nobody knows then
    whose move it was, and nothing follows without asking."""
    left: int | None = None
    """While the store's alias is on its way: what it named before, 0 for nothing."""

    @property
    def text(self) -> str:
        """As the tag has it; `parse` undoes it."""
        on_its_way = f" from {self.left}" if self.state and self.left is not None else ""
        return f"{self.version} {self.state}".rstrip() + on_its_way

    @classmethod
    def parse(cls, text: str) -> "Mark | None":
        """Returns the mark that a tag's value is; None: it is none."""
        found = _MARK.fullmatch(text)
        if found is None:
            return None
        return cls(int(found[1]), found[2] or "", int(found[3]) if found[3] else None)


def mark_of(description: str) -> str:
    """Returns the value of the tag that says that a description is ours."""
    return digest_bytes(description.encode(errors="replace"))


def lasting(description: str) -> str:
    """Returns the part of a description that only the version itself decides."""
    return description.partition(AGAINST)[0]


def name_aside(model: str) -> str:
    """Returns the name under which a registered model is made anew; none of ours can have it."""
    return f"{model}~rebuild"


@dataclass(frozen=True)
class ShownVersion:
    """One version as the store has it."""

    number: int
    identity: str
    """The value of the tag; empty: there is none."""
    tags: Mapping[str, str]
    """Those that are ours."""
    description: str
    uri: str
    """``models:/m-<32 hex>``; empty: another kind of source."""
    run_id: str
    run_state: RunState = "unknown"
    model_known: bool | None = None
    """Whether the store has the logged model behind it; None: it was not looked up."""
    deleted: bool = False
    """The number was handed out and its version taken away (not every store tells)."""


@dataclass(frozen=True)
class ShownModel:
    """One registered model as the store has it."""

    name: str
    aliases: Mapping[str, int]
    """The version by alias; an alias may be none of our grammar."""
    versions: Mapping[int, ShownVersion]
    projected: Mapping[str, Mark] = field(default_factory=dict)
    """What the tags say that a ledger let each alias name."""
    updated_at: int | None = None
    """Milliseconds since the epoch of its last change; None: not told."""
    tells_deleted: bool = True
    """Whether numbers whose version was taken away are among the versions."""
    description: str | None = None
    """None: not told."""
    described: str = ""
    """The value of the tag `DESCRIPTION`; empty: there is none."""
    unfinished: bool = False
    """A rebuild of it was cut off."""
