"""The check ``artifact``: format, size and licence of the files."""

from pathlib import Path
from tempfile import TemporaryDirectory

from ft_registry.actions.checks.case import Case
from ft_registry.errors import FtRegistryError, IntegrityError, NotFound
from ft_registry.gates.answer import Answer
from ft_registry.gates.facts import Facts, told
from ft_registry.gates.licence import front_matter, licences_of
from ft_registry.gates.weights_format import judge_format
from ft_registry.model.canonical import digest_bytes
from ft_registry.model.checkout_path import checkout_path
from ft_registry.model.manifest import FileEntry
from ft_registry.model.policy_checks import ArtifactCheck
from ft_registry.readers.yaml_file import parse_yaml

_CARD = "README.md"


def check_artifact(check: ArtifactCheck, case: Case) -> Answer:
    """Tells whether the files of the version are as they are asked to be."""
    facts = Facts()
    try:
        artifact = case.filed.record.artifact
        if artifact.hosted is None:
            _judge_files(check, artifact.files, facts)
        elif check.format is not None or check.max_size is not None:
            facts.is_open(
                f"format and size of weights that {artifact.hosted.service} keeps: here is no "
                "more than the job that made them"
            )
        if check.licences:
            _judge_licence(check.licences, case, facts)
    except FtRegistryError as error:
        facts.meets(error)
    return facts.answer()


def _judge_files(check: ArtifactCheck, files: tuple[FileEntry, ...], facts: Facts) -> None:
    if check.format is not None:
        judge_format((entry.path for entry in files), facts)
    if check.max_size is not None:
        _judge_size(files, check.max_size, facts)


def _judge_size(files: tuple[FileEntry, ...], most: int, facts: Facts) -> None:
    size = sum(entry.size for entry in files)
    if size > most:
        largest = max(files, key=lambda entry: entry.size)
        facts.breaks(
            f"{size:,} bytes, at most {most:,} may be; the largest is {largest.path} with "
            f"{largest.size:,}"
        )
    else:
        facts.holds(f"{size:,} bytes")


def _judge_licence(allowed: tuple[str, ...], case: Case, facts: Facts) -> None:
    entry = next((one for one in case.filed.record.artifact.files if one.path == _CARD), None)
    if entry is None:
        facts.breaks(
            f"the version has no model card: put {_CARD} with `license:` in its front matter "
            "beside the weights, and register again"
        )
        return
    try:
        names = _licences(_card(entry, case))
    except FtRegistryError as error:
        facts.meets(error)
        return
    wanted = " or ".join(allowed)
    if not names:
        facts.breaks(
            f"the model card names no licence that can be read, {wanted} is asked for: write "
            f"`license:` into the front matter of {_CARD}, and register again"
        )
    elif other := [name for name in names if name not in {one.lower() for one in allowed}]:
        facts.breaks(f"the model card names {', '.join(other)}, {wanted} is asked for")
    else:
        facts.holds(f"licence {', '.join(names)}")


def _card(entry: FileEntry, case: Case) -> bytes:
    """Returns the model card, as it was recorded.

    Raises:
        IntegrityError: It is lost, or has other bytes.
        BackendUnavailable: The store does not answer.
    """
    name = f"{case.filed.record.artifact.folder}/{entry.path}"
    hints = [f"ft-registry verify {case.version} --full shows all that is damaged"]
    case.tools.scratch.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix="card-", dir=case.tools.scratch) as folder:
        try:
            case.tools.artifacts().fetch(case.measured.home, [checkout_path(name)], Path(folder))
        except NotFound as error:
            raise IntegrityError(f"the model card is lost: {told(error)}", hints=hints) from error
        except ValueError as error:
            raise IntegrityError(f"expected a file of the version, found: {error}") from error
        content = (Path(folder) / name).read_bytes()
    if digest_bytes(content) != f"sha256:{entry.sha256}":
        raise IntegrityError(f"{name} has other bytes than were recorded", hints=hints)
    return content


def _licences(card: bytes) -> list[str]:
    """Returns the licences that a card names; none: it names none, or cannot be read."""
    metadata = front_matter(card.decode("utf-8", "replace"))
    if metadata is None:
        return []
    try:
        return licences_of(parse_yaml(metadata.encode(), what=_CARD))
    except FtRegistryError:
        return []  # told as a card without a licence: that is what to mend
