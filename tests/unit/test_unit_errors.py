"""One tree of errors, each class one exit code."""

import pytest

from ft_registry import errors
from ft_registry.errors import FtRegistryError

EXIT_CODES = {
    "FtRegistryError": 1,
    "InvalidInput": 2,
    "NotFound": 1,
    "NotARegistry": 1,
    "Refused": 1,
    "GateRefused": 3,
    "GateInconclusive": 7,
    "IntegrityError": 4,
    "Conflict": 5,
    "BackendUnavailable": 6,
    "CannotWrite": 6,
    "OutcomeUnknown": 8,
}


def test_the_exit_codes_are_those_of_the_manual() -> None:
    found = {
        name: kind.exit_code
        for name, kind in vars(errors).items()
        if isinstance(kind, type) and issubclass(kind, FtRegistryError)
    }
    assert found == EXIT_CODES


def test_each_kind_of_error_has_a_name_of_its_own() -> None:
    kinds = [getattr(errors, name).kind for name in EXIT_CODES]
    assert len(set(kinds)) == len(kinds)


@pytest.mark.parametrize(
    ("kind", "builtin"), [(errors.InvalidInput, ValueError), (errors.NotFound, LookupError)]
)
def test_an_error_is_also_the_builtin_that_a_python_reader_expects(
    kind: type[FtRegistryError], builtin: type[Exception]
) -> None:
    with pytest.raises(builtin):
        raise kind("no")


def test_an_error_keeps_message_and_hints() -> None:
    error = errors.Refused("expected a, found b", hints=["do c", "do d"])
    assert (error.message, error.hints, str(error)) == (
        "expected a, found b",
        ("do c", "do d"),
        "expected a, found b",
    )
