"""The one tree of errors that a user or a back end can cause.

Each error says what was expected, what was found and, in its hints, what to do next. Each class
is one exit code of the command line, so that a pipeline can branch without reading text. An
exception outside this tree is a bug of ours (exit code 70).
"""

from collections.abc import Sequence
from typing import ClassVar


class FtRegistryError(Exception):
    """Something that the caller can act on went wrong.

    Args:
        message: One sentence: what was expected and what was found.
        hints: What to do next, most useful first.
    """

    kind: ClassVar[str] = "error"
    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, hints: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.hints = tuple(hints)


class InvalidInput(FtRegistryError, ValueError):
    """A name, reference, path or option is malformed: nothing was looked up."""

    kind = "usage"
    exit_code = 2


class NotFound(FtRegistryError, LookupError):
    """A well-formed name refers to nothing."""

    kind = "not_found"


class NotARegistry(FtRegistryError):
    """There is no git repository here, no commit in it, no DVC, or no ledger."""

    kind = "not_a_registry"


class Refused(FtRegistryError):
    """What was asked would put a false or incomplete claim on record."""

    kind = "refused"


class GateRefused(FtRegistryError):
    """A rule that guards an alias says no; `--override` says that a person takes it upon them."""

    kind = "gate_refused"
    exit_code = 3


class GateInconclusive(FtRegistryError):
    """A rule that guards an alias cannot be decided by the evidence there is."""

    kind = "gate_inconclusive"
    exit_code = 7


class IntegrityError(FtRegistryError):
    """Bytes differ from the digest that names them."""

    kind = "integrity"
    exit_code = 4


class Conflict(FtRegistryError):
    """The state moved on: somebody else's change came first."""

    kind = "conflict"
    exit_code = 5


class BackendUnavailable(FtRegistryError):
    """MLflow, DVC or the ledger's remote cannot be used now; nothing was written."""

    kind = "backend_unavailable"
    exit_code = 6


class CannotWrite(BackendUnavailable):
    """The disk that was to take the bytes is full, fails, or is closed: what they come from works.

    Whoever notes what could not be had does not note this: the same works on another disk.
    """

    kind = "cannot_write"


class OutcomeUnknown(FtRegistryError):
    """A reply was lost after the request may have been carried out; running it again settles it."""

    kind = "outcome_unknown"
    exit_code = 8
