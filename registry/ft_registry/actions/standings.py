"""What people think of versions: read, and put on record along with the move that says it."""

from dataclasses import dataclass

from ft_registry.model import layout
from ft_registry.model.canonical import digest_bytes
from ft_registry.model.event import Requirement
from ft_registry.model.reference import VersionReference
from ft_registry.model.standing import Judgement, Standing
from ft_registry.model.time import timestamp
from ft_registry.ports.context import Context
from ft_registry.ports.ledger import Documents


@dataclass(frozen=True)
class FoundStanding:
    """What is thought of a version, and the document that says so."""

    version: VersionReference
    standing: Standing | None
    """None: nothing was said yet."""
    digest: str | None
    """Of the document; None: there is none."""

    @property
    def is_bad(self) -> bool:
        """Whether it may not serve again without a word."""
        return self.standing is not None and self.standing.standing != "good"

    @property
    def is_deleted(self) -> bool:
        """Whether it was taken out of the store and that was adopted: it cannot serve again."""
        return self.standing is not None and self.standing.standing == "deleted"

    @property
    def words(self) -> str:
        """Who said it, when and why."""
        if self.standing is None:
            return ""
        why = f": {self.standing.reason}" if self.standing.reason else ""
        said = self.standing
        return f"called {said.standing} by {said.by.as_text()} at {said.since[:19]}Z{why}"

    def requirement(self) -> Requirement:
        """Returns what an event must rely on that was decided by this."""
        path = layout.standing(self.version.model, self.version.number)
        return Requirement(path=path, digest=self.digest)


def read_standing(ledger: Documents, version: VersionReference) -> FoundStanding:
    """Returns what is thought of a version.

    Raises:
        IntegrityError: The document is no standing.
    """
    path = layout.standing(version.model, version.number)
    content = ledger.read(path)
    if content is None:
        return FoundStanding(version, None, None)
    return FoundStanding(version, Standing.parse(content, what=path), digest_bytes(content))


def make_standing(
    version: VersionReference,
    judgement: Judgement,
    *,
    record: str,
    alias: str | None,
    reason: str,
    context: Context,
) -> dict[str, bytes]:
    """Returns the document that says what is thought of a version, by its path.

    Args:
        version: The version.
        judgement: ``good``, ``bad`` or ``deleted``.
        record: The digest of its record.
        alias: The alias that it held.
        reason: Why.
        context: Who, when.
    """
    standing = Standing(
        model=version.model,
        version=version.number,
        record=record,
        standing=judgement,
        alias=alias,
        reason=reason,
        since=timestamp(context.now()),
        by=context.actor,
    )
    return {layout.standing(version.model, version.number): standing.to_bytes()}
