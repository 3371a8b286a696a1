"""Parsing and printing a reference undo each other."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.strategies import alias_names, law, model_names

from ft_registry.errors import InvalidInput
from ft_registry.model.reference import (
    AliasReference,
    LatestReference,
    Reference,
    VersionReference,
    parse_alias_reference,
    parse_reference,
)

references = (
    st.builds(VersionReference, model=model_names, number=st.integers(1, 999_999_999))
    | st.builds(LatestReference, model=model_names)
    | st.builds(AliasReference, model=model_names, alias=alias_names)
)

BAD = [
    "", "a", "/", "@", "a/", "/1", "a@", "@champion", "a//1", "a/1/2", "a/1 ", " a/1", "a /1",
    "a/0", "a/-1", "a/01", "a/1e3", "a/٣", "a/1.0", "a/LATEST", "a/Latest", "a/champion", "a/v1",
    "a/1@champion", "a@champion/1", "a@b@c", "a@latest", "a@LATEST", "a@v3", "a@V3", "a@Champion",
    "a@7", "a@\n", "a\n/1", "a/1\n", "a\0/1", "../1", "..@champion", "a..b/1", "ä/1", "-a/1",
    "a" * 101 + "/1", "a@" + "b" * 64, "a/" + "9" * 10, "models:/", "models:/a", "models:a/1",
    "models://a/1", "models:/models:/a/1", "runs:/0a/model", "a:1", "a#1", "a\\1", "a/1;ls",
]  # fmt: skip


@given(references)
@law
def test_parse_undoes_print(reference: Reference) -> None:
    assert parse_reference(str(reference)) == reference


@given(references)
@law
def test_mlflows_spelling_means_the_same(reference: Reference) -> None:
    assert parse_reference(f"models:/{reference}") == reference


@given(st.text(st.sampled_from("ab1/@v.-:"), max_size=12))
@law
def test_print_undoes_parse(text: str) -> None:
    try:
        reference = parse_reference(text)
    except InvalidInput:
        return
    assert str(reference) == text.removeprefix("models:/")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("support/7", VersionReference("support", 7)),
        ("support/latest", LatestReference("support")),
        ("support@champion", AliasReference("support", "champion")),
        ("latest/latest", LatestReference("latest")),
        ("models:/support/7", VersionReference("support", 7)),
    ],
)
def test_the_three_forms(text: str, expected: Reference) -> None:
    assert parse_reference(text) == expected


@pytest.mark.parametrize("text", BAD, ids=ascii)
def test_what_is_no_reference_is_refused_with_a_hint(text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_reference(text)
    assert caught.value.exit_code == 2
    assert caught.value.hints


@pytest.mark.parametrize("text", ["", "a", "a/", "/1", "/", "models:/a"])
def test_what_has_not_the_form_is_told_the_forms(text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_reference(text)
    assert caught.value.hints == ("write NAME/7, NAME@champion or NAME/latest",)


@pytest.mark.parametrize("text", ["", "a", "a@", "@b", "@", "a/1"])
def test_what_has_not_the_form_of_an_alias_is_told_it(text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_alias_reference(text)
    assert caught.value.hints == ("write NAME@champion",)


@pytest.mark.parametrize("text", ["a/1", "a/latest", "a", "@b", "a@", "a/b@c", "a@B", "a@latest"])
def test_where_an_alias_is_needed_nothing_else_will_do(text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_alias_reference(text)
    assert caught.value.hints


def test_where_an_alias_is_needed_mlflows_spelling_will_do() -> None:
    assert parse_alias_reference("models:/a@b") == AliasReference("a", "b")
