"""Settles how an evaluation stands to those on record: the same, a further one, a correction.

Whoever adds one plans with what is on record, and the ledger holds the plan: a place that was free
must still be free, and what is to be corrected must not have been corrected meanwhile.
"""

from collections.abc import Iterable, Mapping, Sequence

from ft_registry.actions.evaluations import place_of
from ft_registry.errors import Conflict, InvalidInput
from ft_registry.model import layout
from ft_registry.model.evaluation import Correction, Evaluation, in_force
from ft_registry.model.event import Requirement

WITHDRAWN = "it was corrected since and counts no more: --corrects brings it back"


def stand_among(
    made: Evaluation, before: Sequence[Evaluation], *, corrects: bool = False
) -> tuple[Evaluation, bool]:
    """Returns an evaluation as it goes on record, and whether it is there already.

    Args:
        made: What was read.
        before: What is on record of the same version or baseline.
        corrects: It corrects all of its suite that counts.

    Raises:
        InvalidInput: There is nothing to correct.
        Conflict: Its files are on record as saying something else, and count.
    """
    standing = [one for one in in_force(before) if one.suite == made.suite]
    if corrects:
        if len(standing) == 1 and standing[0].reads_as(made):
            return standing[0], True
        if not standing:
            raise InvalidInput(
                f"expected an evaluation of {made.suite} of {made.subject} to correct, found none",
                hints=["leave --corrects away"],
            )
        made = made.model_copy(update={"supersedes": tuple(one.id for one in standing)})
    else:
        for one in [*standing, *before]:
            if one.says_the_same(made):
                return one, True
        otherwise = next((one for one in standing if one.origin == made.origin), None)
        if otherwise is not None:
            raise Conflict(
                f"expected each file once, found these scores of {made.suite} on record, "
                f"{otherwise.circumstances}: this is {made.circumstances}",
                hints=["--corrects puts this in its place"],
            )
    if any(one.id == made.id for one in before):
        made = made.model_copy(update={"identity": made.statement})
    return made, False


def is_withdrawn(evaluation: Evaluation, before: Sequence[Evaluation]) -> bool:
    """Returns whether something on record corrects an evaluation."""
    return evaluation.id not in {one.id for one in in_force(before)}


def twin_of(made: Evaluation, now: Sequence[Evaluation]) -> Evaluation | None:
    """Returns what counts on record and is what was to be added: somebody was quicker."""
    found = (one for one in in_force(now) if one.supersedes == made.supersedes)
    return next((one for one in found if one.says_the_same(made)), None)


def filed_as(evaluations: Iterable[Evaluation]) -> Mapping[str, bytes]:
    """Returns what the ledger gets, by its path: each was free when it was planned."""
    documents = {}
    for one in evaluations:
        documents[place_of(one)] = one.to_bytes()
        for id_ in one.supersedes:
            correction = Correction(
                model=one.model, version=one.version, baseline=one.baseline,
                evaluation=id_, by=one.id,
            )  # fmt: skip
            documents[place_of_correction(correction)] = correction.to_bytes()
    return documents


def free(documents: Mapping[str, bytes]) -> tuple[Requirement, ...]:
    """Returns that nothing lies yet where documents go: no twin, and no other correction."""
    return tuple(Requirement(path=path, digest=None) for path in documents)


def place_of_correction(correction: Correction) -> str:
    """Returns the correction's path in the ledger."""
    if correction.version is None:
        return layout.baseline_correction(
            correction.model, correction.baseline, correction.evaluation
        )
    return layout.correction(correction.model, correction.version, correction.evaluation)


def place_correcting(evaluation: Evaluation) -> str:
    """Returns where something would lie that corrects an evaluation."""
    return place_of_correction(
        Correction(
            model=evaluation.model, version=evaluation.version, baseline=evaluation.baseline,
            evaluation=evaluation.id, by="",
        )
    )  # fmt: skip


def overtaken(evaluations: Iterable[Evaluation], *, reference: str) -> Conflict:
    """Returns the error for a plan that somebody else's event has overtaken."""
    suites = ", ".join(dict.fromkeys(one.suite for one in evaluations))
    return Conflict(
        f"expected {suites} of {reference} as it was read, found that somebody has just "
        "corrected or added it",
        hints=[
            f"ft-registry eval show {reference} tells what counts now",
            "run the command again if it is still right",
        ],
    )
