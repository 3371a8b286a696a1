"""Puts on record how far a version was brought back, and finds the best proof there is."""

from ft_registry.actions.events import make_event
from ft_registry.actions.resolve import FiledRecord
from ft_registry.errors import FtRegistryError
from ft_registry.model import layout
from ft_registry.model.event import Requirement
from ft_registry.model.proof import LEVELS, Level, Proof, ProofStep, shortfall
from ft_registry.model.reference import VersionReference
from ft_registry.model.time import timestamp
from ft_registry.ports.context import Context
from ft_registry.ports.ledger import Change, Ledger


def make_proof(
    how: str,
    level: Level,
    steps: tuple[ProofStep, ...],
    *,
    filed: FiledRecord,
    context: Context,
) -> Proof:
    """Returns the document that says what was reached just now, and where.

    Args:
        how: ``restore`` or ``reproduce``.
        level: What was reached.
        steps: What it took.
        filed: The version.
        context: Who, where, when.
    """
    found = context.environment()
    return Proof.model_validate(
        {
            "model": filed.record.model,
            "version": filed.record.version,
            "record": filed.digest,
            "how": how,
            "level": level,
            "steps": steps,
            "python": found.python,
            "platform": found.platform,
            "host": context.host,
            "recorded_at": timestamp(context.now()),
            "recorded_by": context.actor,
        }
    )


def record_proof(proof: Proof, *, ledger: Ledger, context: Context) -> list[str]:
    """Appends a proof to the ledger; returns, in words, why it is not on record.

    What was proved stands whatever the ledger's remote says, so a failure is told and not raised.
    """
    version = VersionReference(proof.model, proof.version)
    came_of_it = shortfall(proof.how, proof.level, proof.steps) or f"{proof.level} reached"
    event = make_event(
        context,
        proof.how,
        f"{proof.how} {version}: {came_of_it}",
        model=proof.model,
        version=proof.version,
    )
    path = layout.proof(proof.model, proof.version, proof.digest[7:23])
    change = Change(
        event=event,
        documents={path: proof.to_bytes()},
        requires=(
            Requirement(path=path, digest=None),
            Requirement(path=layout.version(proof.model, proof.version), digest=proof.record),
        ),
    )
    try:
        ledger.append(change)
    except FtRegistryError as error:
        return [f"the proof of {version} is not on record: {error.message}"]
    return []


def is_on_record(proof: Proof, ledger: Ledger) -> bool:
    """Returns whether the same was proved before on this machine, with another time or name."""
    telling = ("record", "how", "level", "steps", "host", "python", "platform")
    return any(
        all(getattr(proof, name) == getattr(known, name) for name in telling)
        for known in _proofs(ledger, VersionReference(proof.model, proof.version))
    )


def best_proof(ledger: Ledger, version: VersionReference) -> Proof | None:
    """Returns the proof of the highest level, the newest of them; None when there is none."""
    proofs = _proofs(ledger, version)
    return max(proofs, key=lambda p: (LEVELS.index(p.level), p.recorded_at), default=None)


def _proofs(ledger: Ledger, version: VersionReference) -> list[Proof]:
    paths = ledger.paths(layout.proofs(version.model, version.number))
    contents = ledger.read_many(paths)
    return [Proof.parse(content, what=path) for path, content in contents.items()]
