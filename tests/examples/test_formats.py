"""Every format is recognised as itself, passes when it is good, and is told by rule when not."""

import json
from typing import Any

import pytest

from ft_registry.errors import InvalidInput
from ft_registry.examples.formats import (
    KINDS,
    UNKNOWN,
    Format,
    detect_format,
    format_of,
    named_format,
)
from ft_registry.examples.kernel import Kernel, Part, Settings

Row = dict[str, Any]


def turns(*spoken: str, roles: str = "user assistant") -> list[Row]:
    """Returns messages, by turns of the roles."""
    names = roles.split()
    return [
        {"role": names[place % len(names)], "content": text} for place, text in enumerate(spoken)
    ]


ASKED = turns("What color is the sky?")
BLUE, GREEN = (
    turns(f"It is {color}.", roles="assistant") for color in ("blue", "green")
)  # TRL's own
CALL = [
    {"role": "user", "content": "Turn on the living room lights."},
    {"role": "assistant", "tool_calls": [
        {"type": "function", "function": {"name": "light", "arguments": {"state": "on"}}}
    ]},
    {"role": "tool", "name": "light", "content": "The lights are now on."},
    {"role": "assistant", "content": "Done!"},
]  # fmt: skip
TOOL = {"type": "function", "function": {"name": "light", "parameters": {"type": "object"}}}
CONVERSE = "bedrock-conversation-2024"
PARTS = [{"role": one["role"], "content": [{"text": one["content"]}]} for one in [*ASKED, *BLUE]]

GOOD: dict[Format, list[Row]] = {
    Format("language-modeling"): [{"text": "The sky is blue."}],
    Format("language-modeling", conversational=True): [
        {"messages": turns("Hello, how are you?", "I'm doing great.", "Show me.")},
        {"messages": [*turns("Be kind.", roles="system"), *ASKED, *BLUE]},
        {"messages": CALL},
        {"messages": CALL, "tools": [TOOL]},
        {"messages": CALL, "tools": [], "chat_template_kwargs": {"thinking": False}},
    ],
    Format("prompt-only"): [{"prompt": "The sky is"}],
    Format("prompt-only", conversational=True): [{"prompt": ASKED}],
    Format("prompt-completion"): [{"prompt": "The sky is", "completion": " blue."}],
    Format("prompt-completion", conversational=True): [{"prompt": ASKED, "completion": BLUE}],
    Format("prompt-completion", renamed=(("prompt", "question"), ("completion", "answer"))): [
        {"question": "2 + 2?", "answer": "4"}
    ],
    Format("preference"): [
        {"prompt": "The sky is", "chosen": " blue.", "rejected": " green."},
        {"chosen": "The sky is blue.", "rejected": "The sky is green."},
    ],
    Format("preference", conversational=True): [
        {"prompt": ASKED, "chosen": BLUE, "rejected": GREEN},
        {"chosen": [*ASKED, *BLUE], "rejected": [*ASKED, *GREEN]},
    ],
    Format("preference", renamed=(("prompt", "question"),)): [
        {"system": "Be kind.", "question": "2 + 2?", "chosen": "4", "rejected": "5"}
    ],
    Format("unpaired-preference"): [
        {"prompt": "The sky is", "completion": " blue.", "label": True},
        {"prompt": "The sky is", "completion": " green.", "label": False},
    ],
    Format("unpaired-preference", conversational=True): [
        {"prompt": ASKED, "completion": GREEN, "label": False}
    ],
    Format("stepwise-supervision"): [
        {"prompt": "Which number is larger, 9.8 or 9.11?",
         "completions": ["0.8 is the part of 9.8, 0.11 that of 9.11.", "So 9.11 is larger."],
         "labels": [True, False]},
    ],
    Format("sharegpt"): [
        {"conversations": [{"from": "human", "value": "Hi"}, {"from": "gpt", "value": "Hello"}]},
        {"conversations": [
            {"from": "human", "value": "Light!"}, {"from": "function_call", "value": "{}"},
            {"from": "observation", "value": "on"}, {"from": "gpt", "value": "Done"},
        ], "system": "Be kind.", "tools": "[]"},
    ],
    Format("sharegpt-preference"): [
        {"conversations": [{"from": "human", "value": "Hi"}], "system": "Be kind.",
         "chosen": {"from": "gpt", "value": "Hello"}, "rejected": {"from": "gpt", "value": "What"}},
    ],
    Format("alpaca"): [
        {"instruction": "Add.", "input": "2 and 2", "output": "4"},
        {"instruction": "Say hello.", "input": "", "output": "Hello", "system": "Be kind."},
        {"instruction": "Say hello.", "output": "Hello"},
    ],
    Format("openai-chat"): [
        {"messages": CALL, "tools": [TOOL], "parallel_tool_calls": False},
        {"messages": [*ASKED, {**BLUE[0], "weight": 0}, *ASKED, {**BLUE[0], "weight": 1}]},
        {"messages": [*turns("Be kind.", roles="developer"), *ASKED, *BLUE], "functions": []},
    ],
    Format("openai-preference"): [
        {"input": {"messages": ASKED, "tools": [], "parallel_tool_calls": True},
         "preferred_output": BLUE, "non_preferred_output": GREEN},
    ],
    Format("bedrock-converse"): [
        {"schemaVersion": CONVERSE, "system": [{"text": "Be kind."}], "messages": PARTS}
    ],
    Format("labelled-text"): [
        {"text": "Where is my card?", "label": "card_arrival"},
        {"text": "Where is my card?", "label": 11},
        {"text": "Where is my card?", "label": False},
        {"text": "Where is my card?", "label": 1.0},
    ],
    Format("labelled-text", renamed=(("label", "category"),)): [
        {"text": "Where is my card?", "category": "card_arrival"}
    ],
}  # fmt: skip

LM, CHAT = Format("language-modeling"), Format("language-modeling", conversational=True)
ASK, ASK_CHAT = Format("prompt-only"), Format("prompt-only", conversational=True)
PAIR, PAIR_CHAT = Format("prompt-completion"), Format("prompt-completion", conversational=True)
PREFER, PREFER_CHAT = Format("preference"), Format("preference", conversational=True)
LABEL, LABEL_CHAT = (
    Format("unpaired-preference", conversational=style) for style in (False, True)
)  # fmt: skip
STEPS, ALPACA, SHARED = Format("stepwise-supervision"), Format("alpaca"), Format("sharegpt")
CHOSEN = Format("sharegpt-preference")
OPENAI, RATED = Format("openai-chat"), Format("openai-preference")
BEDROCK, TEXT = Format("bedrock-converse"), Format("labelled-text")

BAD: list[tuple[Format, Row, str]] = [
    (LM, {"text": ""}, "empty-text"),
    (LM, {"text": " \n"}, "empty-text"),
    (LM, {"text": 5}, "wrong-type"),
    (LM, {"text": None}, "missing-key"),
    (LM, {"story": "x"}, "missing-key"),
    (LM, {"prompt": "a", "completion": "b"}, "mixed-format"),
    (LM, {"messages": [*ASKED, *BLUE]}, "mixed-format"),
    (CHAT, {"messages": "a"}, "wrong-type"),
    (CHAT, {"messages": ["a", *ASKED, *BLUE]}, "wrong-type"),
    (CHAT, {"messages": [*ASKED, {"role": "assistant", "content": 5}]}, "wrong-type"),
    (CHAT, {"messages": [*ASKED, {"role": "assistant", "content": [5]}]}, "wrong-type"),
    (CHAT, {"messages": []}, "empty-text"),
    (CHAT, {"messages": ASKED}, "no-assistant"),
    (CHAT, {"messages": [*ASKED, *ASKED, *BLUE]}, "role-order"),
    (CHAT, {"messages": [*ASKED, *BLUE, *BLUE]}, "role-order"),
    (CHAT, {"messages": [*ASKED, *turns("x", roles="system"), *BLUE]}, "role-order"),
    (CHAT, {"messages": [*turns("x", roles="tool"), *BLUE]}, "role-order"),
    (CHAT, {"messages": turns("x", "y", roles="bot assistant")}, "unknown-role"),
    (CHAT, {"messages": [*ASKED, *turns(" ", roles="assistant")]}, "empty-turn"),
    (CHAT, {"messages": [*ASKED, {"role": "assistant"}]}, "missing-key"),
    (CHAT, {"messages": [{"content": "x"}, *BLUE]}, "missing-key"),
    (CHAT, {"text": "x"}, "mixed-format"),
    (ASK, {"prompt": ""}, "empty-text"),
    (ASK, {"prompt": ASKED}, "wrong-type"),
    (ASK, {"prompt": None}, "missing-key"),
    (ASK_CHAT, {"prompt": [*ASKED, *BLUE]}, "role-order"),
    (ASK_CHAT, {"prompt": turns("")}, "empty-turn"),
    (ASK_CHAT, {"prompt": "x"}, "wrong-type"),
    (PAIR, {"prompt": "a", "completion": " "}, "empty-text"),
    (PAIR, {"prompt": "a"}, "mixed-format"),
    (PAIR, {"completion": "a"}, "missing-key"),
    (PAIR, {"prompt": 1, "completion": "a"}, "wrong-type"),
    (PAIR_CHAT, {"prompt": ASKED, "completion": "x"}, "wrong-type"),
    (PAIR_CHAT, {"prompt": [*ASKED, *BLUE], "completion": ASKED}, "no-assistant"),
    (PAIR_CHAT, {"prompt": [*ASKED, *BLUE], "completion": BLUE}, "role-order"),
    (PAIR_CHAT, {"prompt": ASKED, "completion": turns("", roles="assistant")}, "empty-turn"),
    (PREFER, {"prompt": "a", "chosen": "b", "rejected": "b"}, "equal-pair"),
    (PREFER, {"prompt": "a", "chosen": "b", "rejected": ""}, "empty-text"),
    (PREFER, {"prompt": "", "chosen": "b", "rejected": "c"}, "empty-text"),
    (PREFER, {"prompt": "a", "chosen": "b"}, "mixed-format"),
    (PREFER, {"chosen": "b"}, "missing-key"),
    (PREFER, {"prompt": "a", "chosen": "b", "rejected": 5}, "wrong-type"),
    (PREFER_CHAT, {"prompt": ASKED, "chosen": BLUE, "rejected": BLUE}, "equal-pair"),
    (PREFER_CHAT, {"chosen": [*ASKED, *BLUE], "rejected": ASKED}, "no-assistant"),
    (PREFER_CHAT, {"prompt": ASKED, "chosen": BLUE, "rejected": "x"}, "wrong-type"),
    (LABEL, {"prompt": "a", "completion": "b", "label": "good"}, "label-not-boolean"),
    (LABEL, {"prompt": "a", "completion": "b", "label": 1}, "label-not-boolean"),
    (LABEL, {"prompt": "a", "completion": "b"}, "mixed-format"),
    (LABEL, {"prompt": "a", "completion": "", "label": True}, "empty-text"),
    (LABEL_CHAT, {"prompt": [*ASKED, *BLUE], "completion": ASKED, "label": True},
     "no-assistant"),
    (STEPS, {"prompt": "a", "completions": ["b"], "labels": [True, False]}, "label-count"),
    (STEPS, {"prompt": "a", "completions": ["b"], "labels": ["x"]}, "label-not-boolean"),
    (STEPS, {"prompt": "a", "completions": [], "labels": []}, "empty-text"),
    (STEPS, {"prompt": "a", "completions": [""], "labels": [True]}, "empty-text"),
    (STEPS, {"prompt": "a", "completions": "b", "labels": [True]}, "wrong-type"),
    (STEPS, {"prompt": "a", "completions": [5], "labels": [True]}, "wrong-type"),
    (STEPS, {"completions": ["b"], "labels": [True]}, "missing-key"),
    (SHARED, {"conversations": [{"from": "human", "value": "x"}]}, "no-assistant"),
    (SHARED, {"conversations": [{"from": "alien", "value": "x"},
                                {"from": "gpt", "value": "y"}]}, "unknown-role"),
    (SHARED, {"conversations": [{"from": "gpt", "value": "x"},
                                {"from": "gpt", "value": "y"}]}, "role-order"),
    (SHARED, {"conversations": [{"from": "gpt", "value": ""}]}, "empty-turn"),
    (SHARED, {"conversations": [{"value": "x"}, {"from": "gpt", "value": "y"}]}, "missing-key"),
    (SHARED, {"conversations": {}}, "wrong-type"),
    (CHOSEN, {"conversations": [], "chosen": {"from": "gpt", "value": "x"},
              "rejected": {"from": "gpt", "value": "x"}}, "equal-pair"),
    (CHOSEN, {"conversations": [{"from": "human", "value": "x"}], "chosen": "y",
              "rejected": {"from": "gpt", "value": "x"}}, "wrong-type"),
    (ALPACA, {"instruction": "", "output": "x"}, "empty-text"),
    (ALPACA, {"instruction": "x", "input": 5, "output": "x"}, "wrong-type"),
    (ALPACA, {"instruction": "x", "output": None}, "missing-key"),
    (OPENAI, {"messages": [*ASKED, {**BLUE[0], "weight": 0.5}]}, "wrong-type"),
    (OPENAI, {"messages": ASKED, "tools": []}, "no-assistant"),
    (OPENAI, {"messages": [*ASKED, *ASKED, *BLUE]}, "role-order"),
    (RATED, {"input": {"messages": ASKED}, "preferred_output": BLUE,
             "non_preferred_output": BLUE}, "equal-pair"),
    (RATED, {"input": "x", "preferred_output": BLUE, "non_preferred_output": GREEN},
     "missing-key"),
    (RATED, {"input": {"messages": ASKED}, "preferred_output": BLUE}, "missing-key"),
    (RATED, {"input": {"messages": ASKED}, "preferred_output": "x",
             "non_preferred_output": GREEN}, "wrong-type"),
    (BEDROCK, {"schemaVersion": "2023", "messages": PARTS}, "wrong-type"),
    (BEDROCK, {"schemaVersion": CONVERSE, "messages": PARTS[:1]}, "no-assistant"),
    (BEDROCK, {"schemaVersion": CONVERSE, "messages": [
        PARTS[0], {"role": "assistant", "content": []}]}, "missing-key"),
    (BEDROCK, {"messages": PARTS}, "mixed-format"),
    (TEXT, {"text": "", "label": "a"}, "empty-text"),
    (TEXT, {"text": "a", "label": " "}, "empty-text"),
    (TEXT, {"text": "a", "label": ["b"]}, "wrong-type"),
    (TEXT, {"text": "a"}, "mixed-format"),
    (TEXT, {"label": "a"}, "missing-key"),
]  # fmt: skip


def part_of(format_: Format, *rows: Row) -> Part:
    kernel = Kernel(Settings(format_))
    kernel.take(b"".join(json.dumps(row).encode() + b"\n" for row in rows))
    return kernel.finish()


def test_every_format_has_a_good_example_in_each_of_its_styles() -> None:
    wanted = {(name, style) for name, kind in KINDS.items() for style in {False, kind.has_styles}}
    assert {(format_.name, format_.conversational) for format_ in GOOD} == wanted
    assert {format_.name for format_, _, _ in BAD} == set(KINDS)


@pytest.mark.parametrize("format_", GOOD, ids=lambda format_: format_.title)
def test_a_good_example_is_recognised_as_itself_and_has_no_fault(format_: Format) -> None:
    rows = GOOD[format_]
    for row in rows:
        assert format_of(row) == format_
        assert named_format(format_.name, [row]) == format_
        part = part_of(format_, row)
        assert part.faults.first == []
        assert (part.rows, len(part.hashes)) == (1, 32)
    assert detect_format(rows) == format_
    assert part_of(format_, *rows, *rows).faults.total == 0


@pytest.mark.parametrize(
    ("format_", "row", "rule"),
    BAD,
    ids=lambda one: getattr(one, "title", one if isinstance(one, str) else ""),
)
def test_a_bad_example_is_told_by_its_rule_and_still_named(
    format_: Format, row: Row, rule: str
) -> None:
    good = GOOD[format_][0]
    part = part_of(format_, good, row, good)
    assert {(fault.line, fault.rule) for fault in part.faults.first} == {(2, rule)}
    assert len(part.hashes) == 3 * 32


def test_what_the_model_is_asked_does_not_depend_on_how_a_preference_says_it() -> None:
    hashes = part_of(PREFER_CHAT, *GOOD[PREFER_CHAT]).hashes
    assert hashes[24:32] == hashes[56:64] != bytes(8)


def test_columns_of_no_matter_are_not_part_of_an_example() -> None:
    row = GOOD[PAIR][0]
    hashes = part_of(PAIR, row, {**row, "id": 7, "source": "web"}).hashes
    assert hashes[:32] == hashes[32:]


def test_columns_that_nobody_reads_are_counted() -> None:
    row = GOOD[PAIR][0]
    part = part_of(PAIR, row, {**row, "id": 7, "source": "web", "title": "x"}, {**row, "id": 8})
    assert part.tally.unread == {"id": 2, "title": 1}
    assert part_of(Format(UNKNOWN), {"id": 7}).tally.unread == {}


@pytest.mark.parametrize(
    ("row", "further"),
    [
        ({"instruction": "Who?", "response": "Ada"}, {"context": "Ada wrote it."}),
        ({"instruction": "Who?", "output": "Ada"}, {"context": "Ada wrote it."}),
        ({"question": "Who?", "answer": "Ada"}, {"choices": ["Ada", "Eve"]}),
        ({"question": "Who?", "input": "Ada wrote it.", "answer": "Ada"}, {"passage": "x"}),
        ({"question": "Who?", "chosen": "Ada", "rejected": "Eve"}, {"context": "Ada wrote it."}),
        ({"text": "Who?", "label": "person"}, {"context": "Ada wrote it."}),
    ],
)
def test_what_a_question_comes_with_is_part_of_the_example(row: Row, further: Row) -> None:
    format_ = format_of(row)
    assert format_of({**row, **further}) == format_
    bare, whole, other = (
        part_of(format_, one).hashes for one in (row, {**row, **further}, {**row, "context": "z"})
    )
    for hashes in (slice(0, 16), slice(16, 24), slice(24, 32)):
        assert len({bare[hashes], whole[hashes], other[hashes]}) == 3
    assert not part_of(format_, {**row, **further}).tally.unread


def test_beside_keys_of_trl_a_context_is_not_read() -> None:
    row = GOOD[PAIR][0]
    part = part_of(PAIR, row, {**row, "context": "x"})
    assert part.hashes[:32] == part.hashes[32:]
    assert part.tally.unread == {"context": 1}


def test_where_judged_answers_are_from_is_not_their_prompt() -> None:
    assert format_of({"chosen": "a", "rejected": "b", "source": "web"}) == PREFER


def test_a_system_turn_tells_examples_apart_and_not_what_is_asked() -> None:
    spoken = [*ASKED, *BLUE]
    systems = [[], turns("Be kind.", roles="system"), turns("Be brief.", roles="system")]
    hashes = [part_of(CHAT, {"messages": [*one, *spoken]}).hashes for one in systems]
    assert len({one[16:24] for one in hashes}) == 3
    assert len({one[24:32] for one in hashes}) == 1
    beside = part_of(SHARED, {
        "conversations": [{"from": "human", "value": ASKED[0]["content"]},
                          {"from": "gpt", "value": BLUE[0]["content"]}],
        "system": "be  KIND.",
    }).hashes  # fmt: skip
    assert beside[16:] == hashes[1][16:]
    without = {"prompt": ASKED[0]["content"], "completion": BLUE[0]["content"]}
    assert part_of(PAIR, without).hashes[16:] == hashes[0][16:]


def test_where_one_turn_ends_is_part_of_a_conversation() -> None:
    one, other = (
        part_of(CHAT, {"messages": turns(*spoken)}).hashes[16:]
        for spoken in (("ab", "c", "d", "e"), ("a", "bc", "d", "e"))
    )
    assert one[:8] != other[:8]
    assert one[8:] != other[8:]


@pytest.mark.parametrize(
    ("row", "cells"),
    [
        ({"text": "a", "label": 1}, {"text": "a", "label": "1"}),
        ({"text": "a", "label": 1.0}, {"text": "a", "label": "1"}),
        ({"instruction": "a", "input": "", "output": "b"}, {"instruction": "a", "output": "b"}),
        ({"a": "", "b": "c"}, {"b": "c"}),
    ],
)
def test_an_example_has_the_same_hashes_as_cells_of_text(row: Row, cells: Row) -> None:
    format_ = format_of(row)
    assert format_of(cells) == format_
    assert part_of(format_, row).hashes == part_of(format_, cells).hashes


def test_what_is_counted_of_an_example() -> None:
    rows: list[Row] = [
        {"prompt": "abc", "chosen": "long é", "rejected": "long", "source": "web", "lang": "en"},
        {"prompt": "abc", "chosen": "x", "rejected": "other", "dataset": "book", "lang": "en"},
    ]
    tally = part_of(PREFER, *rows).tally
    assert (tally.longer_chosen, tally.longer_rejected, tally.length_only) == (1, 1, 1)
    assert (tally.sources, tally.languages) == ({"web": 1, "book": 1}, {"en": 2})
    assert (tally.openings, tally.foreign) == ({"abc": 2}, 1)
    assert (tally.prompts.total, tally.turns.total) == (6, 2)
    chat = part_of(CHAT, GOOD[CHAT][1]).tally
    assert (chat.systems, chat.turns.total) == ({"Be kind.": 1}, 3)
    assert part_of(TEXT, GOOD[TEXT][1]).tally.labels == {"11": 1}
    assert part_of(LABEL, *GOOD[LABEL]).tally.labels == {"true": 1, "false": 1}


def test_the_format_of_most_is_the_format_of_all() -> None:
    rows = [*GOOD[PAIR], *GOOD[LM], *GOOD[PAIR], {"x": 1}]
    assert detect_format(rows) == PAIR
    assert detect_format([{"x": 1}]) == detect_format([]) == Format(UNKNOWN)


def test_a_format_is_named_by_its_name() -> None:
    with pytest.raises(InvalidInput) as caught:
        named_format("chatml", [])
    assert "preference" in caught.value.hints[0]
    assert named_format("preference", []) == PREFER
    assert named_format("labelled-text", [{"text": "a", "intent": "b"}]).title == (
        "labelled-text (intent)"
    )


def test_a_conversation_with_tools_has_the_same_hashes_whoever_made_it() -> None:
    row = {"messages": CALL, "tools": [TOOL]}
    assert part_of(CHAT, row).hashes == part_of(OPENAI, row).hashes
    assert part_of(CHAT, row).hashes != part_of(CHAT, {"messages": CALL}).hashes
