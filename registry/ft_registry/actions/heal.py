"""Heals: puts good bytes where the record says, and keeps what lay there in quarantine.

No event: nothing on record changes. It may be cut off anywhere; run again, it goes on.
"""

from dataclasses import dataclass, replace
from pathlib import Path

from ft_registry.actions.cures import Cure, Healers
from ft_registry.actions.plan_heal import HealPlan, failure_of
from ft_registry.errors import FtRegistryError, IntegrityError, NotFound, Refused
from ft_registry.model.healing import Wound
from ft_registry.ports.context import Context
from ft_registry.readers.files import chunks_of, hash_file


@dataclass(frozen=True)
class Healed:
    """What a healing did."""

    plan: HealPlan
    done: tuple[Wound, ...] = ()
    lost: tuple[Wound, ...] = ()
    """Of those of the plan, and those that could not be healed after all."""
    open: tuple[Wound, ...] = ()

    @property
    def failure(self) -> FtRegistryError | None:
        """What the caller must raise, after telling what was done."""
        return failure_of(self.lost, self.open, self.plan.left)


def heal(plan: HealPlan, healers: Healers, context: Context) -> Healed:
    """Does what a plan says, one file or object after the other.

    What another process has healed since the plan was made is left as it is.

    What cannot be done is told in the result and does not keep the rest from being done.
    """
    if not plan.cures:
        return Healed(plan, (), plan.lost, plan.open)  # and nothing is locked: it may be read-only
    done: list[Wound] = []
    lost: list[Wound] = list(plan.lost)
    unknown: list[Wound] = list(plan.open)
    with context.lock("heal"):
        for cure in plan.cures:
            try:
                _heal(cure, healers)
            except (NotFound, IntegrityError, Refused) as error:
                lost.append(_without_source(cure.wound, looked=error.message))
            except FtRegistryError as error:
                unknown.append(_without_source(cure.wound, unasked=error.message))
            else:
                done.append(cure.wound)
    return Healed(plan, tuple(done), tuple(lost), tuple(unknown))


def _without_source(wound: Wound, *, looked: str = "", unasked: str = "") -> Wound:
    return replace(
        wound, source="", looked=(looked,) if looked else (), unasked=(unasked,) if unasked else ()
    )


def _heal(cure: Cure, healers: Healers) -> None:
    wound = cure.wound
    if cure.data is not None:
        healers.data.heal(cure.data, wound, healers.quarantine, file=cure.file)
        return
    if cure.kept is not None:
        indexes = healers.evidence.indexes()
        now = indexes.kept(cure.kept, depth="full")
        if now is not None and now.is_good:
            return  # another has healed it since
        if now is not None:
            healers.quarantine.keep(chunks_of(Path(wound.at)), wound)
        indexes.renew(cure.kept, cure.file)
        return
    assert cure.home is not None  # noqa: S101 - the plan gives each file of weights one
    if wound.harm != "missing" and not _keep(cure, healers):
        return
    if cure.file is None:
        healers.artifacts.remove(cure.home, wound.key)
    else:
        healers.artifacts.put(cure.home, wound.key, cure.file, cure.sha256)


def _keep(cure: Cure, healers: Healers) -> bool:
    """Keeps what lies in the place of a file of weights; False: another has healed it since."""
    assert cure.home is not None  # noqa: S101 - see above
    evidence, name = healers.evidence, cure.wound.key
    if name not in evidence.artifacts.shelf(cure.home).sizes:
        healers.quarantine.keep([], cure.wound)  # no file: the note says what was found
        return True
    with evidence.cache.scratch() as scratch:
        evidence.artifacts.fetch(cure.home, [name], scratch)
        if cure.sha256 and hash_file(scratch / name, "sha256")[0] == cure.sha256:
            return False
        healers.quarantine.keep(chunks_of(scratch / name), cure.wound)
    return True
