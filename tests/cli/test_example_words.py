"""How examples are told in a line: they fit, and what was edited can be seen."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ft_registry_cli.columns import COLUMNS
from ft_registry_cli.example_words import edited_texts, example_text

texts = st.text(max_size=60)
rows = st.dictionaries(st.sampled_from(["id", "prompt", "completion", "label"]), texts, min_size=1)


def test_an_edit_far_behind_the_beginning_is_shown() -> None:
    answer = " ".join(f"word{n}" for n in range(150))
    old = {"prompt": "Why?", "completion": answer}
    new = {**old, "completion": answer.replace("word140", "WORD140")}
    before, after = edited_texts(old, new)
    assert before.startswith("... word138 word139 word140 word141")
    assert after.startswith("... word138 word139 WORD140 word141")


def test_an_edit_near_the_beginning_is_shown_from_there() -> None:
    before, after = edited_texts({"prompt": "a", "completion": "b"}, {"prompt": "a"})
    assert (before, after) == ('{"prompt": "a", "completion": "b"}', '{"prompt": "a"}')


def test_an_id_that_changed_too_does_not_hide_the_edit() -> None:
    answer = "long " * 100
    old = {"id": "a1", "completion": f"{answer}old end"}
    new = {"id": "another-id-2", "completion": f"{answer}new end"}
    before, after = edited_texts(old, new)
    assert "old end" in before
    assert "new end" in after


def test_text_without_spaces_is_cut_not_dropped() -> None:
    found = example_text({"text": "x" * 900})
    assert found.startswith('{"text": "xxxx')
    assert len(found) == COLUMNS
    before, after = edited_texts({"text": "x" * 900 + "a"}, {"text": "x" * 900 + "b"})
    assert before.endswith('xxxxxa"}')
    assert after.endswith('xxxxxb"}')


def test_wide_characters_take_two_columns() -> None:
    found = example_text({"text": "日" * 100})
    assert len(found.encode("utf-16-le")) // 2 < 50
    assert found.endswith(" ...")


def test_what_cannot_be_seen_is_escaped() -> None:
    found = example_text({"text": "a\u202eb\u00a0c\ud800\x9bd\u200b"})
    assert found == '{"text": "a\\u202eb\\u00a0c\\ud800\\u009bd\\u200b"}'


@given(rows, rows, st.integers(20, 120))
def test_what_is_told_fits_and_can_be_printed(
    old: dict[str, Any], new: dict[str, Any], columns: int
) -> None:
    for text in (example_text(old, columns=columns), *edited_texts(old, new, columns=columns)):
        assert len(text) <= 2 * columns
        assert text.isprintable()
        text.encode()


@given(st.text(st.characters(codec="ascii"), max_size=300), st.integers(0, 300))
def test_a_difference_is_always_within_what_is_shown(text: str, place: int) -> None:
    changed = f"{text[:place]}§{text[place:]}"
    before, after = edited_texts({"text": text}, {"text": changed})
    assert "§" in after
    assert before != after
    assert len(json.dumps(text)) + 10 > 76 or not before.startswith("...")
