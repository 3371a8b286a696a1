"""Keeps secrets out of what becomes immutable, unless a person says why they may stand there."""

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from ft_registry.actions.events import check_reason
from ft_registry.errors import InvalidInput, Refused
from ft_registry.model.document import Unknown
from ft_registry.model.proof import some
from ft_registry.model.record import Config, Exemption
from ft_registry.readers.secrets import in_command, in_files, in_patch, in_text, in_values

if TYPE_CHECKING:
    from ft_registry.actions.capture import Draft

_PLACES = 100
"""That stand on record; a file may hold any number."""
_HINTS = [
    "take it out, and let the program read it from a variable of the environment",
    "if it was pushed or shown already, revoke it",
    "is it none? --allow-secret REASON takes it; the reason stays on record",
]


def reason_of(given: str | None, option: str, why: str) -> str:
    """Returns the reason that was given for an exemption; empty: none is asked for.

    Args:
        given: As a person gave it.
        option: By which option.
        why: What it should say.

    Raises:
        InvalidInput: It is empty, or cannot stand on record.
    """
    if given is None:
        return ""
    reason = check_reason(given)
    if not reason:
        raise InvalidInput(
            f"expected a reason with {option}, found an empty text",
            hints=[f"it stays on record: say {why}"],
        )
    return reason


def exempt_secrets(
    places: Iterable[str],
    allowed: str | None,
    *,
    known: Sequence[Exemption] = (),
    hints: Sequence[str] = _HINTS,
) -> tuple[Exemption, ...]:
    """Returns what was let in by whom: what a run was given is known, the rest has a reason.

    Args:
        places: Where secrets stand, never their values.
        allowed: Why they may; None: they may not.
        known: What somebody let in when the training started.
        hints: What to do.

    Raises:
        Refused: A secret stands there, and nobody said that it may.
        InvalidInput: The reason cannot stand on record.
    """
    reason = reason_of(allowed, "--allow-secret", "why these may be seen by all who read it")
    let_in = {place for one in known for place in one.places}
    found = [place for place in dict.fromkeys(places) if place not in let_in]
    if not found:
        return tuple(known)
    if not reason:
        raise Refused(
            f"expected no secrets in what stays on record for ever, found {some(found)}",
            hints=hints,
        )
    return (*known, Exemption(door="secret", reason=reason, places=tuple(found[:_PLACES])))


def secrets_in_draft(draft: "Draft", command: Sequence[str] = ()) -> Iterator[str]:
    """Yields where secrets stand in what a registration would keep.

    Args:
        draft: What it would keep.
        command: Of the run that the weights are of.

    Raises:
        Refused: A file cannot be read.
    """
    yield from secrets_in_inputs(draft.config, command, draft.patch)
    if not isinstance(draft.pipeline, Unknown):
        yield from in_command(
            f"the command of the stage {draft.pipeline.stage}", draft.pipeline.cmd
        )
    yield from in_text("the note", draft.note)
    folder = draft.root if draft.root.is_dir() else draft.root.parent  # one file: a hosted job
    yield from in_files(folder, draft.files)


def secrets_in_inputs(config: Config, command: Sequence[str], patch: bytes) -> Iterator[str]:
    """Yields where secrets stand in what a training is given."""
    for name, value in config.files.items():
        yield from in_values(name, value)
    yield from in_command("the command of the run", " ".join(command))
    yield from in_patch("uncommitted changes", patch)
