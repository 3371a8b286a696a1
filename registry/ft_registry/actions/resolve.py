"""Finds what a reference names."""

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches

from ft_registry.actions.events import require_ledger
from ft_registry.errors import NotFound
from ft_registry.model import layout
from ft_registry.model.alias import AliasState
from ft_registry.model.canonical import digest_bytes
from ft_registry.model.evaluation import Evaluation
from ft_registry.model.record import VersionRecord
from ft_registry.model.reference import LatestReference, Reference, VersionReference
from ft_registry.ports.ledger import Documents


def resolve(ledger: Documents, reference: Reference) -> VersionReference:
    """Returns the version that a reference names now.

    Raises:
        NotARegistry: There is no ledger here.
        NotFound: It names nothing; the hint says what there is.
    """
    require_ledger(ledger)
    require_model(ledger, reference.model)
    if isinstance(reference, VersionReference):
        return reference
    if isinstance(reference, LatestReference):
        numbers = version_numbers(ledger, reference.model)
        if not numbers:
            raise _no_version(reference.model, str(reference))
        return VersionReference(reference.model, numbers[-1])
    state = read_alias(ledger, reference.model, reference.alias)
    if state is None:
        aliases = _stems(ledger.paths(layout.aliases(reference.model)))
        raise NotFound(
            f"expected an alias, found no {reference}",
            hints=[
                f"aliases of {reference.model}: {', '.join(aliases) or 'none yet'}",
                f"ft-registry promote {reference.model}/N --to {reference.alias}",
            ],
        )
    return VersionReference(reference.model, state.version)


def require_model(ledger: Documents, name: str) -> None:
    """Raises NotFound, with near names as hints, unless the model is registered."""
    if ledger.read(layout.model(name)) is not None:
        return
    names = model_names(ledger)
    near = get_close_matches(name, names) or names[:5]
    hints = [f"models here: {', '.join(near)}"] if near else ["ft-registry register NAME PATH"]
    raise NotFound(f"expected a registered model, found no {name!r}", hints=hints)


def model_names(ledger: Documents) -> list[str]:
    """Returns the names of the models in the ledger, sorted."""
    return sorted({path.split("/")[1] for path in ledger.paths("models")})


def version_numbers(ledger: Documents, name: str) -> list[int]:
    """Returns the numbers of a model's versions, ascending."""
    return sorted(int(stem) for stem in _stems(ledger.paths(layout.versions(name))))


@dataclass(frozen=True)
class FiledRecord:
    """A record as the ledger holds it."""

    record: VersionRecord
    content: bytes

    @property
    def digest(self) -> str:
        """The name of the record: of the bytes as they lie there, not as we would write them."""
        return digest_bytes(self.content)


def read_record(ledger: Documents, version: VersionReference) -> FiledRecord:
    """Returns a version's record.

    Raises:
        NotFound: There is no such version.
        IntegrityError: The document is not a record.
    """
    content = ledger.read(layout.version(version.model, version.number))
    if content is None:
        numbers = version_numbers(ledger, version.model)
        if not numbers:
            raise _no_version(version.model, str(version))
        shown = f"1 to {numbers[-1]}" if numbers == list(range(1, len(numbers) + 1)) else (
            ", ".join(map(str, numbers[-10:]))
        )  # fmt: skip
        raise NotFound(
            f"expected a version, found no {version}",
            hints=[f"versions of {version.model}: {shown}"],
        )
    record = VersionRecord.parse(content, what=f"the record of {version}")
    return FiledRecord(record, content)


def _no_version(model: str, asked: str) -> NotFound:
    """Returns the error for a model that has baselines and no version yet."""
    return NotFound(
        f"expected a version, found no {asked}: {model} has none yet",
        hints=[f"ft-registry register {model} PATH makes the first"],
    )


def read_alias(ledger: Documents, model: str, alias: str) -> AliasState | None:
    """Returns what an alias names, or None."""
    content = ledger.read(layout.alias(model, alias))
    return AliasState.parse(content, what=f"{model}@{alias}") if content is not None else None


def alias_digest(ledger: Documents, model: str, alias: str) -> str | None:
    """Returns the digest of an alias's document, or None: what a requirement asks for."""
    content = ledger.read(layout.alias(model, alias))
    return digest_bytes(content) if content is not None else None


def read_evaluations(ledger: Documents, version: VersionReference) -> list[Evaluation]:
    """Returns a version's evaluations in the order in which they were recorded."""
    paths = ledger.paths(layout.evaluations(version.model, version.number))
    contents = ledger.read_many(paths)
    found = [Evaluation.parse(content, what=path) for path, content in contents.items()]
    return sorted(found, key=lambda evaluation: evaluation.recorded_at)


def aliases_of(ledger: Documents, version: VersionReference) -> list[AliasState]:
    """Returns the aliases that name a version now, by name."""
    contents = ledger.read_many(ledger.paths(layout.aliases(version.model)))
    states = [AliasState.parse(content, what=path) for path, content in contents.items()]
    named = [state for state in states if state.version == version.number]
    return sorted(named, key=lambda state: state.alias)


def _stems(paths: Iterable[str]) -> list[str]:
    return [path.rpartition("/")[2].removesuffix(".json") for path in paths]
