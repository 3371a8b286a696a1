"""Finds scores on record that were read from the same files, or of which the items are the same.

The same items are no second opinion. Of another version they are a mistake, most likely: two models
do not answer whole sentences to the letter alike. Scores, and words, may be equal by chance.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import repeat

from ft_registry.actions.claims import names_model
from ft_registry.actions.evaluations import Evidence
from ft_registry.errors import Refused
from ft_registry.evaluations.items import Items
from ft_registry.model import layout
from ft_registry.model.canonical import digest_bytes
from ft_registry.model.evaluation import Evaluation, ItemTable, in_force
from ft_registry.ports.ledger import Ledger

_TELLING = 20
"""Characters of an answer that two models do not both give by chance, unless it is the right one.

A letter, a number or a name they may."""


def measured_of_model(ledger: Ledger, model: str) -> list[Evaluation]:
    """Returns what counts of all versions and baselines of a model, those of each by time."""
    folders = (layout.all_evaluations(model), layout.all_baseline_evaluations(model))
    paths = [path for folder in folders for path in ledger.paths(folder)]
    of: dict[str, list[Evaluation]] = {}
    for path, content in ledger.read_many(paths).items():
        one = Evaluation.parse(content, what=path)
        of.setdefault(one.subject, []).append(one)
    return [one for each in of.values() for one in in_force(each)]


def tell_repeats(
    evidence: Evidence, subject: str, there: Iterable[Evaluation], *, trust: bool
) -> Evidence:
    """Returns scores with notes on what of them is on record already.

    Args:
        evidence: The scores.
        subject: What they are to be of: ``name/7``, ``name:label``; empty: it has no number yet.
        there: What counts of the model, see `measured_of_model`.
        trust: Take them although they are those of another version, or were taken on trust.

    Raises:
        Refused: They name no model, and the same answers are those of another version, or were
            taken on trust.
    """
    itself = (subject, evidence.suite, evidence.origin)
    again = [
        one
        for one in there
        if _is_repeat(evidence, one) and (one.subject, one.suite, one.origin) != itself
    ]
    if not again:
        return evidence
    found = evidence.measurement
    if not names_model(found.claim) and not evidence.trusted:
        doubt = next(_doubts(found.items, subject, again), "")
        if doubt and not trust:
            raise Refused(
                f"expected scores of {subject or 'these weights'}, found in those of "
                f"{evidence.suite} {doubt}",
                hints=[
                    "add the file that names the model as well, such as the evaluator's results",
                    "where it is those on record that are wrong: eval add --corrects there first",
                    "--trust takes them; that stays on record",
                ],
            )
        evidence = replace(evidence, trusted=doubt)
    notes = (f"the same items are on record: {one.suite} of {one.subject}" for one in again)
    noted = replace(found, notes=tuple(dict.fromkeys((*found.notes, *notes))))
    return replace(evidence, measurement=noted)


def _is_repeat(evidence: Evidence, one: Evaluation) -> bool:
    return one.origin == evidence.origin or (
        evidence.table is not None
        and isinstance(one.items, ItemTable)
        and one.items.digest == digest_bytes(evidence.table)
    )


def _doubts(items: Items | None, subject: str, again: Sequence[Evaluation]) -> Iterator[str]:
    for one in again:
        if one.subject == subject and one.trusted:
            yield f"items that are on record on trust: {one.trusted}"
        elif one.subject != subject and items is not None and _are_telling(items):
            yield f"the answers of {one.subject}, to the letter"


def _are_telling(items: Items) -> bool:
    targets = items.texts.get("target") or repeat("")
    return any(
        len(answer) >= _TELLING and answer != target
        for answer, target in zip(items.texts.get("answer", ()), targets, strict=False)
    )
