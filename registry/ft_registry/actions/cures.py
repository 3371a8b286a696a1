"""What is wrong with bytes, and what its healing needs: a good copy, and where to put it."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ft_registry.actions.good_copies import GoodCopies, Root, promised, subject_of
from ft_registry.actions.holdings import BaselineHolding, Holding
from ft_registry.actions.promises import Promise
from ft_registry.actions.remake_index import IndexMaker
from ft_registry.actions.verify import Evidence
from ft_registry.actions.verify_weights import ODD, Progress, WeightsLook
from ft_registry.formats.mlmodel import COMPONENTS
from ft_registry.model.examples import ExampleIndex
from ft_registry.model.healing import Wound
from ft_registry.model.home import Home
from ft_registry.model.snapshot import DataContent
from ft_registry.model.verification import Finding
from ft_registry.ports.healing import ArtifactHealer, DataHealer, Quarantine


@dataclass(frozen=True)
class Healers:
    """What healing reads and writes."""

    evidence: Evidence
    data: DataHealer
    artifacts: ArtifactHealer
    quarantine: Quarantine
    maker: IndexMaker
    """Makes indexes of examples again."""
    roots: tuple[Root, ...] = ()
    """Folders that may hold copies of weights."""


@dataclass(frozen=True)
class Cure:
    """One wound, and what its healing needs."""

    wound: Wound
    data: DataContent | None = None
    home: Home | None = None
    file: Path | None = None
    """A file on this machine with the right bytes."""
    sha256: str = ""
    kept: ExampleIndex | None = None
    """It is of our own copy of this index."""


def data_cures(chosen: Iterable[Holding | BaselineHolding], healer: DataHealer) -> list[Cure]:
    """Returns what is wrong with data; an object that several datasets share is healed once."""
    cures: dict[tuple[str, str], Cure] = {}
    looked: set[tuple[str, str, str]] = set()
    for holding in chosen:
        if isinstance(holding, BaselineHolding):
            continue
        record = holding.filed.record
        for dataset in record.data:
            key = (dataset.path, dataset.key, dataset.identity)
            if key in looked:
                continue
            looked.add(key)
            for wound in healer.wounds(dataset, rev=record.code.commit):
                about = _of(wound, record.reference)
                cures.setdefault((wound.place, wound.key), Cure(about, data=dataset))
    return list(cures.values())


def _of(wound: Wound, subject: str) -> Wound:
    return replace(wound, subject=subject)


def weights_cures(
    chosen: Sequence[Holding | BaselineHolding],
    everyone: Callable[[], Sequence[Holding | BaselineHolding]],
    healers: Healers,
    progress: Progress | None,
) -> tuple[list[Cure], list[Finding], tuple[str, ...]]:
    """Returns what is wrong with files of weights, what is not known, and notes."""
    evidence = healers.evidence
    look = WeightsLook(evidence.artifacts, evidence.cache, "full")
    for holding in chosen:
        if isinstance(holding, BaselineHolding):
            look.add_baseline(holding)
        else:
            look.add(holding)
    found = look.finish(progress)
    if not found.damage:
        return [], list(found.undecided), found.notes
    by_subject = {subject_of(holding): holding for holding in chosen}
    copies = GoodCopies(
        everyone(), artifacts=evidence.artifacts, cache=evidence.cache, roots=healers.roots
    )
    cures: dict[tuple[str, str], Cure] = {}
    for finding in found.damage:
        holding = by_subject[finding.subject]
        key = (holding.home.logged_model_id, finding.name)
        cures.setdefault(key, _cure(finding, holding, copies))
    return list(cures.values()), list(found.undecided), found.notes


def _cure(finding: Finding, holding: Holding | BaselineHolding, copies: GoodCopies) -> Cure:
    harm = finding.state if finding.state in ("changed", "missing") else "extra"
    at = f"{finding.place}/{finding.name}"
    wound = Wound(
        finding.kind, finding.name, finding.name, harm, finding.place, finding.subject, at,
        finding.expected, finding.found, finding.size,
    )  # fmt: skip
    if harm == "extra":
        if finding.found == ODD:  # there are no bytes of it to keep
            return Cure(_healed_by_hand(wound))
        return Cure(wound, home=holding.home)
    promises = _promises_at(finding.name, holding)
    if len(promises) != 1:
        return Cure(_healed_by_hand(wound))
    (promise,) = promises
    search = copies.find(promise, holding.home, finding.name)
    return Cure(
        Wound(
            finding.kind, finding.name, finding.name, harm, finding.place, finding.subject, at,
            f"sha256:{promise.sha256}", finding.found, promise.size, search.source,
            tuple(dict.fromkeys(search.looked)), tuple(dict.fromkeys(search.unasked)),
        ),
        home=holding.home, file=search.file, sha256=promise.sha256,
    )  # fmt: skip


def _healed_by_hand(wound: Wound) -> Wound:
    return replace(wound, harm="changed")


def _promises_at(name: str, holding: Holding | BaselineHolding) -> list[Promise]:
    """Returns what must lie under a name; more than one where documents contradict each other."""
    made = list(promised(holding))
    path = name.removeprefix(f"{COMPONENTS}/")
    named = [one for one in made if one.name == name]
    if not named and path != name:
        named = [one for one in made if one.kind == "artifact" and one.name.endswith(f"/{path}")]
        named = [one for one in named if one.name.partition("/")[2] == path]
    return list(dict.fromkeys(named))
