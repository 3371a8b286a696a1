"""Plans how ledger and store of models come to agree again; changes nothing.

Three ways. ``mend`` puts back what the store only lacks and leaves alone whatever contradicts the
ledger: somebody may have meant it. ``restore``: the ledger wins. ``adopt``: what was done by hand
goes on record.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from ft_registry.actions.drift import expect, look, missing_records
from ft_registry.actions.events import require_ledger
from ft_registry.actions.resolve import read_record
from ft_registry.model.drift import Drift, ExpectedModel
from ft_registry.model.reference import VersionReference
from ft_registry.model.shown import ShownModel
from ft_registry.ports.artifacts import ArtifactStore
from ft_registry.ports.ledger import Keep, Ledger
from ft_registry.ports.models import StoreView

Mode: TypeAlias = Literal["mend", "restore", "adopt"]
KEEP: dict[Mode, Keep] = {"mend": "both", "restore": "ours", "adopt": "theirs"}
"""Whose events stay when the ledger and its remote are settled."""

Deed: TypeAlias = Literal[
    "tidy", "restore_run", "recreate", "recreate_baseline", "write_page", "describe",
    "attach_record", "set_alias", "remove_alias", "adopt_alias", "adopt_deletion",
]  # fmt: skip
_ORDER: tuple[Deed, ...] = (
    "tidy", "restore_run", "recreate", "recreate_baseline", "write_page", "describe",
    "attach_record", "set_alias", "remove_alias", "adopt_alias", "adopt_deletion",
)  # fmt: skip
_RECREATED = ("version_deleted", "version_replaced", "run_gone", "logged_model_gone")
_DESCRIPTION = ("description_missing", "description_edited")
_WHOLE_MODEL = ("database_behind", "database_lost", "model_lost")


@dataclass(frozen=True)
class Step:
    """One thing that is to be done."""

    do: Deed
    model: str
    version: int | None = None
    alias: str = ""
    text: str = ""
    """For people."""
    drift: tuple[Drift, ...] = ()
    """What it puts right."""
    baseline: str = ""

    @property
    def name(self) -> str:
        """What it is done to, as references are written."""
        if self.alias:
            return f"{self.model}@{self.alias}"
        if self.baseline:
            return f"{self.model}:{self.baseline}"
        return self.model if self.version is None else f"{self.model}/{self.version}"


@dataclass(frozen=True)
class SyncPlan:
    """What is to be done, and what is to be left."""

    mode: Mode
    drift: tuple[Drift, ...]
    steps: tuple[Step, ...]
    left: tuple[Drift, ...]
    """What stays as it is."""
    is_first: bool = False
    """It only ends what was cut off; what else there is can be seen then."""

    @property
    def contradictions(self) -> tuple[Drift, ...]:
        """What stays although ledger and store contradict each other.

        A version that the ledger does not know is none for `restore`: it may be being registered.
        """
        return tuple(
            drift
            for drift in self.left
            if not (self.mode == "restore" and drift.kind == "version_unknown")
        )


def plan_sync(
    mode: Mode, *, ledger: Ledger, view: StoreView, artifacts: ArtifactStore | None
) -> SyncPlan:
    """Plans for the ledger as it is known here; its remote is settled before.

    Args:
        mode: Which side wins.
        ledger: The truth.
        view: The store.
        artifacts: Where copies of records lie; None: they are not looked for.

    Raises:
        NotARegistry: There is no ledger here.
        BackendUnavailable: The store does not answer.
    """
    require_ledger(ledger)
    expected = {model.name: model for model in expect(ledger)}
    found = look(ledger, view)
    drift = list(found.drift)
    if artifacts is not None:
        filed = (
            read_record(ledger, VersionReference(model.name, number))
            for model in expected.values()
            for number in model.live
        )
        drift += missing_records(ledger, artifacts, found, filed)
    return make_plan(mode, tuple(drift), expected, found.shown)


def make_plan(
    mode: Mode,
    drift: tuple[Drift, ...],
    expected: Mapping[str, ExpectedModel],
    shown: Mapping[str, ShownModel],
) -> SyncPlan:
    """Decides what becomes of each difference."""
    unfinished = [one for one in drift if one.kind == "sync_unfinished"]
    if unfinished:
        text = "finish or take back what a sync left half done, then look again"
        first = [_step("tidy", expected[one.model], [one], text) for one in unfinished]
        return SyncPlan(mode, drift, tuple(first), (), is_first=True)
    mended = tuple(one for one in drift if _is_mended(one, mode, drift))
    steps: list[Step] = []
    for name in sorted({one.model for one in mended}):
        own = [one for one in mended if one.model == name]
        models = [expected[name]] if name else list(expected.values())
        for model in models:
            steps += _steps(mode, model, own, shown.get(model.name))
    steps.sort(key=lambda step: _ORDER.index(step.do))
    return SyncPlan(mode, drift, tuple(steps), tuple(one for one in drift if one not in mended))


def _is_mended(drift: Drift, mode: Mode, others: Sequence[Drift]) -> bool:
    if mode == "restore":
        return drift.restorable
    if mode == "adopt" and drift.adoptable:
        return True
    if not drift.is_absence:
        return False
    # An alias cannot be put back on a version that is another one, or none.
    broken = {
        (one.model, one.version)
        for one in others
        if one.kind in ("version_deleted", "version_replaced", "database_behind")
    }
    return not drift.alias or (drift.model, drift.version) not in broken


def _steps(
    mode: Mode, model: ExpectedModel, drift: Sequence[Drift], shown: ShownModel | None
) -> Iterator[Step]:
    def of(*kinds: str) -> list[Drift]:
        return [one for one in drift if one.kind in kinds]

    for one in of("run_deleted"):
        yield _step("restore_run", model, [one], "take its run out of the trash")
    lost: set[int] = set()
    if mode == "adopt":
        for one in of("version_deleted"):
            yield _step("adopt_deletion", model, [one], "put on record that it was deleted")
    else:
        lost = set(_lost(model, drift, shown))
        for number in sorted(lost):
            cause = [one for one in of(*_RECREATED) if one.version == number]
            yield _step(
                "recreate", model, cause or of(*_WHOLE_MODEL), "create it again under its number",
                version=number,
            )  # fmt: skip
    for one in of("logged_model_gone"):
        if one.baseline:
            yield _step("recreate_baseline", model, [one], "store it again, from its document")
    kinds = ("tag_missing", "tag_edited", *_DESCRIPTION)
    for number in sorted({one.version for one in of(*kinds) if one.version is not None} - lost):
        page = [one for one in of(*kinds) if one.version == number]
        yield _step("write_page", model, page, f"write {_parts(page)}")
    for one in of(*_DESCRIPTION):
        if one.version is None:
            yield _step("describe", model, [one], "write its description")
    for one in of("record_missing"):
        yield _step("attach_record", model, [one], "put its record beside its weights")
    yield from _alias_steps(mode, model, drift, lost)


def _lost(model: ExpectedModel, drift: Sequence[Drift], shown: ShownModel | None) -> Iterator[int]:
    """Yields the versions that the store has to get again."""
    for one in drift:
        if one.kind in _RECREATED and one.version is not None:
            yield one.version
        elif one.kind in _WHOLE_MODEL:
            there = shown.versions if shown is not None else {}
            yield from (
                number
                for number in model.live
                if number >= (one.version or 0) and number not in there
            )


def _alias_steps(
    mode: Mode, model: ExpectedModel, drift: Sequence[Drift], lost: Iterable[int]
) -> Iterator[Step]:
    aliases = {one.alias: one for one in drift if one.alias}
    for _, one in sorted(aliases.items()):
        if mode == "adopt" and one.adoptable:
            text = f"put on record that it names {one.target or 'nothing'}"
            yield _step("adopt_alias", model, [one], text)
        elif one.version is None:
            yield _step("remove_alias", model, [one], "take it away")
        else:
            yield _step("set_alias", model, [one], f"point it to {one.version}")
    again = set(lost)
    for alias, number in sorted(model.aliases.items()):
        if number in again and alias not in aliases:
            yield Step("set_alias", model.name, number, alias, f"point it to {number}")


def _step(
    do: Deed, model: ExpectedModel, drift: Sequence[Drift], text: str, *, version: int | None = None
) -> Step:
    first = drift[0]
    number = version if version is not None else first.version
    return Step(do, model.name, number, first.alias, text, tuple(drift), first.baseline)


def _parts(page: Sequence[Drift]) -> str:
    tags = [one.key for one in page if one.key]
    description = ["its description"] if len(tags) < len(page) else []
    shown = [f"its tag {tags[0]}"] if len(tags) == 1 else [f"{len(tags)} of its tags"] * bool(tags)
    return " and ".join(description + shown)
