"""Names mean one thing in a path, a URL, a git tree, a shell and every database."""

import string
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.strategies import alias_names, law, model_names

from ft_registry.errors import InvalidInput
from ft_registry.model.names import alias_name, dataset_name, file_stem, model_name, version_number

Grammar = Callable[[str], object]

NEVER = [
    "", " ", "a b", " a", "a ", "a\n", "\na", "a\0", "a\tb", "a\x7f", "a\x1b[0m", ".", "..", "a..b",
    "../a", "a/b", "/a", "a\\b", "-a", "a-", "_a", "a_", ".a", "a.", "a:b", "a@b", "a%2e", "a*",
    "a?", "ä", "naïve", "模型",
    "\u0430", "\u0661", "a\u200b", "a\u2028", "\ud800", "a'b", 'a"b', "a$b", "~", "a;b",
]  # fmt: skip


def refused(grammar: Grammar, text: str) -> InvalidInput:
    with pytest.raises(InvalidInput) as caught:
        grammar(text)
    assert caught.value.exit_code == 2
    assert caught.value.hints
    return caught.value


@pytest.mark.parametrize("grammar", [model_name, dataset_name, alias_name, version_number])
@pytest.mark.parametrize("text", NEVER, ids=ascii)
def test_what_is_no_name_anywhere_is_refused_with_a_hint(grammar: Grammar, text: str) -> None:
    refused(grammar, text)


@pytest.mark.parametrize("grammar", [model_name, dataset_name])
@pytest.mark.parametrize("text", ["a", "7", "support-dates", "A.b_c-9", "a" * 100, "v3", "latest"])
def test_a_name_of_letters_digits_dots_dashes_and_underscores_stays_as_it_is(
    grammar: Grammar, text: str
) -> None:
    assert grammar(text) == text


@pytest.mark.parametrize(
    ("file", "stem"),
    [
        ("train.jsonl", "train"), ("train.jsonl.gz", "train"), ("train.CSV", "train"),
        ("train.v1.jsonl", "train.v1"), ("train.v1.json.zst", "train.v1"), ("web.2024", "web.2024"),
        ("train", "train"), ("corpus.tar.gz", "corpus"), ("a.json.json", "a.json"), (".jsonl", ""),
    ],
)  # fmt: skip
def test_a_file_is_called_by_its_name_without_its_kind(file: str, stem: str) -> None:
    assert file_stem(file) == stem


@pytest.mark.parametrize("grammar", [model_name, dataset_name])
def test_a_name_has_at_most_100_characters(grammar: Grammar) -> None:
    refused(grammar, "a" * 101)


@given(st.text(max_size=8))
@law
def test_every_name_that_passes_is_safe_in_a_path_and_a_shell(text: str) -> None:
    try:
        name = model_name(text)
    except InvalidInput:
        return
    assert name == text
    assert set(name) <= set(string.ascii_letters + string.digits + "._-")
    assert name[0] not in ".-_"
    assert ".." not in name


@given(model_names)
@law
def test_every_model_name_of_the_grammar_passes(text: str) -> None:
    assert model_name(text) == text


@given(alias_names)
@law
def test_every_alias_of_the_grammar_passes(text: str) -> None:
    assert alias_name(text) == text


@pytest.mark.parametrize("text", ["champion", "a", "blue-green_2", "a" * 63, "v", "v3x", "latest2"])
def test_a_lower_case_alias_stays_as_it_is(text: str) -> None:
    assert alias_name(text) == text


@pytest.mark.parametrize("text", ["a" * 64, "9a", "7", "a.b"])
def test_an_alias_is_shorter_and_stricter_than_a_model_name(text: str) -> None:
    refused(alias_name, text)


@pytest.mark.parametrize("text", ["latest", "LATEST", "Latest", "v3", "V3", "v0", "v0123456789"])
def test_what_mlflow_reads_as_a_version_is_no_alias(text: str) -> None:
    error = refused(alias_name, text)
    assert "reserved" in error.message
    assert "NAME/latest" in error.hints[0]


@pytest.mark.parametrize("text", ["Champion", "CHAMPION", "Blue-Green"])
def test_an_upper_case_alias_is_told_its_lower_case(text: str) -> None:
    assert text.lower() in refused(alias_name, text).hints[0]


@given(st.integers(1, 999_999_999))
@law
def test_a_version_number_is_read_as_it_is_printed(number: int) -> None:
    assert version_number(str(number)) == number


@pytest.mark.parametrize(
    "text",
    [
        "0",
        "01",
        "007",
        "-1",
        "+1",
        "1.0",
        "1e3",
        "1_000",
        "0x1",
        "\u0663",
        "\uff13",
        "²",
        "1" * 10,
        "latest",
    ],
    ids=ascii,
)
def test_only_plain_whole_numbers_from_one_are_version_numbers(text: str) -> None:
    refused(version_number, text)
