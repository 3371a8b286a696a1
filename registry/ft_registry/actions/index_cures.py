"""What is wrong with indexes of examples, and where good bytes of them come from."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from ft_registry.actions.cures import Cure, Healers
from ft_registry.actions.holdings import BaselineHolding, Holding
from ft_registry.actions.recorded_indexes import RecordedIndex, RecordedIndexes
from ft_registry.actions.remake_index import Remade
from ft_registry.model.healing import Wound


def index_cures(
    chosen: Iterable[Holding | BaselineHolding], healers: Healers
) -> tuple[list[Cure], list[str]]:
    """Returns what is wrong with indexes, and notes of those that are lost for good.

    A lost index is no loss of a promise (see `verify_index`): where nothing can be put back and
    nothing bad lies in its place, there is nothing to heal.
    """
    recorded = RecordedIndexes(healers.evidence.ledger)
    cures: list[Cure] = []
    notes: list[str] = []
    seen: set[str] = set()
    for holding in chosen:
        if isinstance(holding, BaselineHolding):
            continue
        record = holding.filed.record
        for one in recorded.of(record.data):
            if one.index.md5 in seen:
                continue
            seen.add(one.index.md5)
            for cure in _Index(one, healers, record.reference).cures():
                wound = cure.wound
                if wound.is_curable or wound.is_open or wound.harm == "changed":
                    cures.append(cure)
                else:
                    notes.append(f"{wound.name} is not made again: {'; '.join(wound.looked)}")
    return cures, notes


class _Index:
    """One index, in all the places that may have it.

    Args:
        one: Which.
        healers: What may heal it.
        subject: The first version whose data it is of.
    """

    def __init__(self, one: RecordedIndex, healers: Healers, subject: str) -> None:
        self._one = one
        self._healers = healers
        self._subject = subject
        self._remade: Remade | None = None

    def cures(self) -> Iterator[Cure]:
        """Yields what is wrong, with what heals it."""
        index, content = self._one.index, self._one.content
        kept = self._healers.evidence.indexes().kept(index, depth="full")
        for found in self._healers.data.wounds(content):
            wound = replace(found, kind="index", subject=self._subject)
            if wound.is_curable or wound.is_unseen:
                yield Cure(wound, data=content)
            elif kept is not None and kept.is_good:
                yield _sourced(Cure(wound, data=content, file=kept.file), kept.shown)
            else:
                yield self._made(Cure(wound, data=content))
        if kept is not None and kept.found:
            wound = Wound(
                "index", index.path, index.md5, "changed", kept.shown, self._subject,
                str(kept.file), index.sha256, kept.found, index.size,
            )  # fmt: skip
            yield self._of_kept(Cure(wound, kept=index))

    def _of_kept(self, cure: Cure) -> Cure:
        copies = self._healers.evidence.data.copies(self._one.content, depth="full")
        whole = next((copy.place for copy in copies if copy.state == "ok"), "")
        if whole:
            return _sourced(cure, whole)
        unasked = tuple(f"{one.place} ({one.reason})" for one in copies if one.state == "unknown")
        return self._made(replace(cure, wound=replace(cure.wound, unasked=unasked)))

    def _made(self, cure: Cure) -> Cure:
        """Returns the cure with an index that is made again, if the data gives it."""
        if self._remade is None:
            self._remade = self._healers.maker.make(self._one)
        if self._remade.file is None:
            why = f"made again ({self._remade.reason})"
            looked, unasked = cure.wound.looked, cure.wound.unasked
            if self._remade.is_open:
                wound = replace(cure.wound, unasked=(*unasked, why))
            else:
                wound = replace(cure.wound, looked=(*looked, why))
            return replace(cure, wound=wound)
        made = replace(cure, file=self._remade.file)
        return _sourced(made, f"what is made again from {self._one.snapshot.content.path}")


def _sourced(cure: Cure, source: str) -> Cure:
    wound = replace(cure.wound, source=source, looked=(), unasked=())
    return replace(cure, wound=wound)
