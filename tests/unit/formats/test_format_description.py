"""What MLflow shows of a version is what the record says, and never markup from outside."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.strategies import evaluations, law, records
from tests.unit.values import WHY, make_dataset, make_evaluation, make_record, sha

from ft_registry.formats.description import describe as described
from ft_registry.formats.description import describe_model, escape
from ft_registry.model.evaluation import Evaluation, Score
from ft_registry.model.origin import Actor
from ft_registry.model.record import HubBase, VersionRecord
from ft_registry.model.shown import lasting
from ft_registry.model.story import ModelStory, Rival, VersionStory
from ft_registry.model.training import Training

markdown_it = pytest.importorskip("markdown_it")

OURS = {
    "paragraph", "inline", "text", "strong", "code_inline", "bullet_list", "list_item", "softbreak",
}  # fmt: skip
"""The markup that the description itself uses."""
HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "[x](javascript:alert(1))",
    "![x](http://evil/pixel.png)",
    "<http://evil>",
    "[x]: http://evil 'y'",
    "`", "``", "```\ncode\n```", "| a | b |\n|---|---|\n| c | d |",
    "# heading", "- item", "* item", "+ item", "> quote", "---", "***b***", "__b__", "~~gone~~",
    "a\n\n# heading\n\n[x](javascript:alert(1))\n\nb", "a\n---",
    "\\", "\\[x](y)", "&lt;b&gt; &#60;",
    "1. first", "2) second", "    indented", "\ta", "a  \nb",
]  # fmt: skip


def markup(text: str) -> set[str]:
    """Returns the kinds of markup that a renderer with HTML allowed sees in a text."""
    renderer = markdown_it.MarkdownIt("commonmark", {"html": True})
    renderer.enable(["table", "strikethrough"])
    tokens = list(renderer.parse(text))
    tokens += [child for token in tokens for child in token.children or ()]
    return {token.type.removesuffix("_open").removesuffix("_close") for token in tokens}


def describe(record: VersionRecord, measured: list[Evaluation], *rivals: Rival) -> str:
    return described(VersionStory(record, sha("2"), tuple(measured), rivals=rivals))


def shown(text: str) -> str:
    """Returns what a reader sees of a line of Markdown."""
    (inline,) = [
        token for token in markdown_it.MarkdownIt("commonmark").parse(text) if token.children
    ]
    return "".join(token.content for token in inline.children)


def filled_with(text: str) -> tuple[VersionRecord, list[Evaluation]]:
    """A record whose every free field holds the text."""
    record = make_record(
        method=text,
        base=HubBase(id=text, revision=text, digest=WHY),
        data=(make_dataset(role=text, path=f"a {text}".replace("//", "/ /")),),
        note=text,
        registered_by=Actor(name=text, email=text),
        code=make_record().code.model_copy(update={"commit": text}),
    )
    return record, [make_evaluation(suite=text, scores=(Score(metric=text, value=1, n=1),))]


def rival_of(measured: list[Evaluation], text: str) -> Rival:
    keys = [f"{one.suite}.{score.key}" for one in measured for score in one.scores]
    return Rival(text, text, dict.fromkeys(keys, 0.25))


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_text_from_outside_is_never_markup(text: str) -> None:
    record, measured = filled_with(text)
    rival = rival_of(measured, text)
    assert markup(describe(record, measured, rival)) <= OURS
    story = VersionStory(record, sha("2"), tuple(measured), aliases=(text,))
    told = describe_model(ModelStory(text, {text: record.version}, (story,), 1))
    assert markup(told) <= OURS
    assert len(told) <= 5000


def test_what_it_is_held_against_comes_last_and_is_no_part_of_what_lasts() -> None:
    alone = describe(make_record(), [make_evaluation()])
    rival = Rival("support/1", "@champion", {"dates.exact_match": 0.25, "other.x": 1})
    beside = describe(make_record(), [make_evaluation()], rival)
    assert lasting(beside) == alone == lasting(alone)
    line = beside.splitlines()[-1].replace("\\", "")
    assert line == "- support/1, @champion: dates.exact_match 0.2500 (+0.2500 here)"
    assert describe(make_record(), [make_evaluation()], Rival("support/1", "@a", {})) == alone


def test_it_tells_how_it_was_trained() -> None:
    training = Training(
        trainer="trl", version="1.16.0", method="sft", steps=1200, epochs=3.0, curves=(),
        hyperparameters={"learning_rate": 2e-4, "output_dir": "x"}, base=WHY, files=(),
        results={"train_loss": 0.61},
    )  # fmt: skip
    text = describe(make_record(training=training), []).replace("\\", "")
    assert "- trl 1.16.0, 1,200 steps, 3 epochs, train_loss 0.61" in text
    assert "- learning_rate 0.0002, LORA r 8, alpha 16" in text
    assert "output_dir" not in text


def test_an_alias_never_becomes_a_link_to_a_person() -> None:
    # MLflow's renderer makes links of words that begin with an at sign, unless it is escaped.
    rival = Rival("support/1", "@champion", {"dates.exact_match": 0.25})
    record = make_record(note="@someone, ask @else", registered_by=Actor(name="@ada", email=""))
    story = VersionStory(record, sha("2"), (make_evaluation(),), rivals=(rival,))
    model = ModelStory("support", {"champion": 2}, (story,), 1)
    for text in (described(story), describe_model(model)):
        assert "@" in text
        assert not re.search(r"(?<!\S)@\w", text)


def test_a_model_is_described_by_its_champion_and_newest_versions() -> None:
    stories = tuple(VersionStory(make_record(version=n), sha("2")) for n in (1, 2))
    text = describe_model(ModelStory("support", {"champion": 1}, stories, 2))
    lines = text.replace("\\", "").splitlines()
    assert lines[0] == "support: 2 versions, champion is version 1"
    assert lines[4].startswith("- @champion: version 1: adapter by SFT on acme/tiny")
    assert [line[:11] for line in lines[8:10]] == ["- version 2", "- version 1"]
    assert "no champion yet" in describe_model(ModelStory("support", {}, stories, 2))


@given(records, st.lists(evaluations, max_size=2))
@law
def test_no_record_whatever_becomes_markup(
    record: VersionRecord, measured: list[Evaluation]
) -> None:
    assert markup(describe(record, measured)) <= OURS


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_escaped_text_is_shown_as_it_is(text: str) -> None:
    assert shown(escape(text)) == " ".join(text.split())


letters = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), max_size=20)


@given(st.text("ab<>&;#1.)[](){}`*_~|\\-+!=: \n", max_size=12) | letters)
@law
def test_whatever_is_escaped_is_shown_as_it_is(text: str) -> None:
    if text.split():
        assert shown(escape(text)) == " ".join(text.split())


@pytest.mark.parametrize(
    "changes",
    [
        {"note": "[" * 10_000},
        {"note": "&" * 10_000},
        {"base": HubBase(id="x[" * 10_000, revision=WHY, digest=WHY)},
        {"data": tuple(make_dataset(path=f"{number}/" + "`[x](y)" * 50) for number in range(40))},
        {"registered_by": Actor(name="<" * 10_000, email="")},
        {"method": "*" * 10_000},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_it_never_exceeds_5000_characters_nor_lets_loose_what_it_holds(
    changes: dict[str, Any],
) -> None:
    text = describe(make_record(**changes), [])
    assert len(text) <= 5000
    assert markup(text) <= OURS


def test_many_long_scores_are_cut_with_a_word() -> None:
    scores = tuple(Score(metric=f"{number}" + "_" * 400, value=1, n=1) for number in range(20))
    text = describe(make_record(), [make_evaluation(scores=scores)])
    assert len(text) <= 5000
    assert text.endswith("... (cut)")


def test_long_lists_end_with_how_much_more_there_is() -> None:
    data = tuple(make_dataset(path=f"data/{number}.jsonl") for number in range(15))
    assert "and 3 more" in describe(make_record(data=data), [])


@pytest.mark.parametrize(
    "fact", ["adapter", "SFT", "acme/tiny@c0ffee1", "data/train.jsonl", "1" * 32, "dddddddddddd"]
)
def test_it_tells_what_the_version_was_made_from(fact: str) -> None:
    assert fact in describe(make_record(), []).replace("\\", "")


def test_it_tells_the_scores() -> None:
    assert "dates.exact_match 0.5000" in describe(make_record(), [make_evaluation()]).replace(
        "\\", ""
    )


def test_it_tells_what_is_not_known() -> None:
    text = describe(make_record(method=WHY, base=WHY, data=(make_dataset(rows=WHY),)), [])
    assert "an unknown method on unknown" in text
    assert "rows not counted" in text
