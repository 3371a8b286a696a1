"""Finds what can be compared: versions, and the baselines that they are held against."""

from dataclasses import dataclass

from ft_registry.actions.events import require_ledger
from ft_registry.actions.homes import home_of, home_of_baseline
from ft_registry.actions.resolve import read_evaluations, read_record, resolve
from ft_registry.errors import NotFound
from ft_registry.model import layout
from ft_registry.model.baseline import Baseline
from ft_registry.model.canonical import digest_bytes
from ft_registry.model.evaluation import Evaluation, in_force
from ft_registry.model.home import Home
from ft_registry.model.reference import BaselineReference, Contender
from ft_registry.ports.ledger import Documents


@dataclass(frozen=True)
class MeasuredContender:
    """A version or a baseline, and what was measured of it."""

    reference: str
    home: Home
    """Where its scored items lie."""
    evaluations: tuple[Evaluation, ...]
    """By time."""

    @property
    def newest(self) -> dict[str, Evaluation]:
        """The evaluation that counts, by suite."""
        return {one.suite: one for one in in_force(self.evaluations)}


def find_contender(ledger: Documents, reference: Contender) -> MeasuredContender:
    """Returns a contender.

    Raises:
        NotFound: The reference names nothing.
    """
    if isinstance(reference, BaselineReference):
        baseline, digest = read_baseline(ledger, reference)
        return MeasuredContender(
            baseline.reference, home_of_baseline(ledger, baseline, digest),
            baseline_evaluations(ledger, reference),
        )  # fmt: skip
    version = resolve(ledger, reference)
    home = home_of(ledger, read_record(ledger, version))
    return MeasuredContender(str(version), home, tuple(read_evaluations(ledger, version)))


def read_baseline(ledger: Documents, reference: BaselineReference) -> tuple[Baseline, str]:
    """Returns a baseline, and the digest of its document.

    Raises:
        NotFound: There is none of the label.
    """
    require_ledger(ledger)
    content = ledger.read(layout.baseline(reference.model, reference.label))
    if content is None:
        labels = baseline_labels(ledger, reference.model)
        raise NotFound(
            f"expected a baseline, found no {reference}",
            hints=[
                f"baselines of {reference.model}: {', '.join(labels) or 'none yet'}",
                f"ft-registry baseline add {reference.model} --label {reference.label} ...",
            ],
        )
    return Baseline.parse(content, what=f"the baseline {reference}"), digest_bytes(content)


def baseline_labels(ledger: Documents, model: str) -> list[str]:
    """Returns the labels of a model's baselines, sorted."""
    paths = ledger.paths(layout.baselines(model))
    return sorted(path.rpartition("/")[2].removesuffix(".json") for path in paths)


def baseline_evaluations(ledger: Documents, reference: BaselineReference) -> tuple[Evaluation, ...]:
    """Returns what was measured of a baseline, by time."""
    paths = ledger.paths(layout.baseline_evaluations(reference.model, reference.label))
    contents = ledger.read_many(paths)
    found = [Evaluation.parse(content, what=path) for path, content in contents.items()]
    return tuple(sorted(found, key=lambda evaluation: evaluation.recorded_at))
