"""What a hosted job is beside what is on record: its base, and the versions made of it before."""

from collections.abc import Iterator

from ft_registry.actions.ancestry import follow
from ft_registry.actions.resolve import read_record, resolve, version_numbers
from ft_registry.errors import InvalidInput, Refused
from ft_registry.model.proof import some
from ft_registry.model.record import Base, Hosted, HostedBase, VersionBase
from ft_registry.model.reference import VersionReference, parse_reference
from ft_registry.ports.ledger import Ledger


def hold_hosted_base(argument: str | None, base: HostedBase, ledger: Ledger) -> Base:
    """Returns the base on record: the service's own, or the version that has its name.

    Args:
        argument: As a person named it; None: not named.
        base: What the job names.
        ledger: Has the versions.

    Raises:
        Refused: The argument is no version, or one that is not the base of the job.
        NotFound: It names nothing, or something that it was tuned from is gone.
        IntegrityError: What it was tuned from is not what it cites.
    """
    if argument is None:
        return base
    called = f"{base.id} of {base.service}"
    hints = ["leave --base away: the job names its base", "--base NAME/7 for a hosted version"]
    try:
        reference = parse_reference(argument)
    except InvalidInput as error:
        raise Refused(
            f"expected the base that the job names, {called}, found --base {argument!r}",
            hints=hints,
        ) from error
    version = resolve(ledger, reference)
    filed = read_record(ledger, version)
    hosted = filed.record.artifact.hosted
    if hosted is None or (hosted.service, hosted.model) != (base.service, base.id):
        found = f"{hosted.model} of {hosted.service}" if hosted else f"of kind {filed.record.kind}"
        raise Refused(
            f"expected the base that the job names, {called}, found {version}, {found}",
            hints=hints,
        )
    if (end := follow(ledger, filed).end) is not None:
        raise end
    return VersionBase(version=str(version), record=filed.digest)


def tell_same_job(hosted: Hosted | None, model: str, ledger: Ledger) -> Iterator[str]:
    """Yields in words that a job is that of other versions of a model.

    Raises:
        IntegrityError: The record of one cannot be read.
    """
    if hosted is None:
        return
    versions = [VersionReference(model, number) for number in version_numbers(ledger, model)]
    same = [
        str(one) for one in versions if read_record(ledger, one).record.artifact.hosted == hosted
    ]
    if same:
        have = "have" if len(same) > 1 else "has"
        yield (
            f"the job {hosted.job} of {hosted.service} is that of {some(same)} as well, "
            f"which {have} other files, data, configuration or base"
        )
