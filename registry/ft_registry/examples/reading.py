"""Reads one example by its format: what the model is asked, what it learns, what is wrong.

This is the whole truth on an example; `ft_registry.examples.lanes` knows shapes that are
certainly fine and passes everything else on to it.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from ft_registry.examples.conversation import (
    ASSISTANT,
    LEADING,
    Report,
    Turn,
    check_order,
    read_turns,
)
from ft_registry.examples.faults import shown
from ft_registry.examples.formats import KINDS, UNKNOWN, Format, format_of, label_text
from ft_registry.examples.normal import BORDER

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
"""What no tokenizer was trained on; tab, line feed and carriage return are text."""
_SURROGATE = re.compile(r"[\ud800-\udfff]")


class Reading(NamedTuple):
    """What an example says."""

    prompt: str
    """What the model is asked, without the system's turn; empty in plain language modeling."""
    answer: str
    """What it is to learn: the completion, the last turn, chosen and rejected, a label."""
    turns: int
    """Messages, of conversations; else 1."""
    system: str = ""
    """The system's turn."""
    label: str = ""
    """The class that it belongs to."""
    lengths: tuple[int, ...] = ()
    """Characters of chosen and of rejected, of preferences."""

    @property
    def pair(self) -> tuple[str, str]:
        """The two texts that name it in normal form."""
        return self.prompt, with_system(self.answer, self.system)


def with_system(answer: str, system: str) -> str:
    """Returns an answer with the system's turn behind it.

    So an example without one has the same name in every format, and what is asked has a name that
    does not depend on it.
    """
    return f"{answer}{BORDER}{BORDER}{system}" if system else answer


def read_example(
    row: Mapping[str, Any], format_: Format, report: Report, *, may_be_odd: bool = True
) -> Reading:
    """Returns what an example says and reports what is wrong with it.

    Args:
        row: The example.
        format_: The format of its file.
        report: Takes faults, each with its rule.
        may_be_odd: False when no text in it can hold a control character or half of a character,
            which spares looking for them.
    """
    if format_.name == UNKNOWN:
        texts = _texts(row)
        if may_be_odd:
            _check_characters(texts, report)
        return Reading("", BORDER.join(texts), 1)
    missing = [key for key in format_.required if row.get(key) is None]
    if missing:
        other = format_of(row)
        if other.name not in (UNKNOWN, format_.name) or other.conversational != (
            format_.conversational
        ):
            report("mixed-format", f"expected {format_.title}, found {other.title}")
        else:
            report("missing-key", f"expected {', '.join(missing)}, found {_keys(row)}")
        return Reading("", BORDER.join(_texts(row)), 1)
    if may_be_odd:
        _check_characters(_texts(row), report)
    return _READERS[format_.name](row, format_, report)


def _text(row: Mapping[str, Any], key: str, report: Report, *, may_be_empty: bool = False) -> str:
    value = row.get(key)
    if not isinstance(value, str):
        kind = "messages" if isinstance(value, list) else shown(value)
        report("wrong-type", f"{key}: expected text, found {kind}")
        return ""
    if not may_be_empty and (not value or value.isspace()):
        report("empty-text", f"{key}: no text")
    return value


def _asked(row: Mapping[str, Any], key: str, format_: Format, report: Report, *further: str) -> str:
    """Returns a prompt with what it comes with."""
    given = [row[one] for one in (*further, *format_.given) if row.get(one)]
    return BORDER.join((_text(row, key, report), *_texts(given)))


def _told(row: Mapping[str, Any]) -> str:
    """Returns the system's turn that stands beside the others."""
    return row["system"] if isinstance(row.get("system"), str) else ""


def _split(turns: Sequence[Turn]) -> tuple[str, str, str]:
    """Returns what was asked, the last answer, and the system's turn."""
    system = BORDER.join(turn.text for turn in turns if turn.role in LEADING)
    spoken = [turn for turn in turns if turn.role not in LEADING]
    last = next(
        (number for number in reversed(range(len(spoken))) if spoken[number].role == ASSISTANT),
        len(spoken),
    )
    asked = BORDER.join(turn.text for turn in spoken[:last])
    return asked, BORDER.join(turn.text for turn in spoken[last:]), system


def _chat(value: Any, where: str, report: Report, *, system: str = "") -> Reading:
    """Reads a whole conversation that an assistant is to learn from."""
    turns = read_turns(value, where, report)
    if turns and not any(turn.role == ASSISTANT for turn in turns):
        report("no-assistant", f"{where}: no turn of the assistant")
    elif not turns and isinstance(value, list) and not value:
        report("empty-text", f"{where}: no turn")
    check_order(turns, where, report)
    asked, answer, told = _split(turns)
    return Reading(asked, answer, len(turns), BORDER.join(filter(None, (system, told))))


def _read_language_modeling(row: Mapping[str, Any], format_: Format, report: Report) -> Reading:
    if format_.conversational:
        return _chat(row["messages"], "messages", report)
    return Reading("", _text(row, "text", report), 1)


def _read_prompt_only(row: Mapping[str, Any], format_: Format, report: Report) -> Reading:
    if not format_.conversational:
        return Reading(_text(row, "prompt", report), "", 1)
    turns = read_turns(row["prompt"], "prompt", report)
    check_order(turns, "prompt", report)
    if turns and turns[-1].role == ASSISTANT:
        report("role-order", "prompt: expected the last turn to ask, found the assistant")
    spoken = [turn.text for turn in turns if turn.role not in LEADING]
    return Reading(BORDER.join(spoken), "", len(turns), _split(turns)[2])


def _read_pair(
    row: Mapping[str, Any], key: str, asked: Sequence[Turn], report: Report
) -> tuple[list[Turn], str]:
    """Returns the turns of a completion in a conversation, and its text."""
    turns = read_turns(row[key], key, report)
    if turns and not any(turn.role == ASSISTANT for turn in turns):
        report("no-assistant", f"{key}: no turn of the assistant")
    check_order([*asked, *turns], key, report)
    return turns, BORDER.join(turn.text for turn in turns)


def _read_prompt_completion(row: Mapping[str, Any], format_: Format, report: Report) -> Reading:
    prompt, completion = format_.key("prompt"), format_.key("completion")
    system = _told(row)
    if not format_.conversational:
        asked_text = _asked(row, prompt, format_, report)
        return Reading(asked_text, _text(row, completion, report), 1, system)
    asked = read_turns(row[prompt], prompt, report)
    answer, text = _read_pair(row, completion, asked, report)
    system = BORDER.join(filter(None, (system, _split(asked)[2])))
    return Reading(_spoken(asked), text, len(asked) + len(answer), system)


def _read_unpaired(row: Mapping[str, Any], format_: Format, report: Report) -> Reading:
    found = _read_prompt_completion(row, format_, report)
    label = row[format_.key("label")]
    if not isinstance(label, bool):
        report(
            "label-not-boolean",
            f"{format_.key('label')}: expected true or false, found {shown(label)}",
        )
    named = str(label).lower()
    return found._replace(answer=f"{found.answer}{BORDER}{named}", label=named)


def _read_preference(row: Mapping[str, Any], format_: Format, report: Report) -> Reading:
    if row["chosen"] == row["rejected"]:
        report("equal-pair", "chosen and rejected are equal")
    key = format_.key("prompt")
    system = _told(row)
    if not format_.conversational:
        prompt = _asked(row, key, format_, report) if row.get(key) is not None else ""
        chosen, rejected = _text(row, "chosen", report), _text(row, "rejected", report)
        turns = 1
    else:
        asked = read_turns(row[key], key, report) if row.get(key) else []
        better, chosen = _read_pair(row, "chosen", asked, report)
        worse, rejected = _read_pair(row, "rejected", asked, report)
        if not asked:  # implicit: what both begin with
            same = 0
            while same < min(len(better), len(worse)) and better[same] == worse[same]:
                same += 1
            asked, better, worse = better[:same], better[same:], worse[same:]
            chosen, rejected = _spoken(better), _spoken(worse)
        prompt, turns = _spoken(asked), len(asked) + len(better)
        system = BORDER.join(filter(None, (system, _split(asked)[2])))
    return Reading(
        prompt, f"{chosen}{BORDER}{rejected}", turns, system, lengths=(len(chosen), len(rejected))
    )


def _read_stepwise(row: Mapping[str, Any], format_: Format, report: Report) -> Reading:
    del format_
    prompt = _text(row, "prompt", report)
    steps, labels = row["completions"], row["labels"]
    for key, value in (("completions", steps), ("labels", labels)):
        if not isinstance(value, list):
            report("wrong-type", f"{key}: expected a list, found {shown(value)}")
            return Reading(prompt, "", 1)
    texts = []
    for number, step in enumerate(steps, 1):
        where = f"completions, step {number}"
        texts.append(_text({where: step}, where, report))
    for number, label in enumerate(labels, 1):
        if not isinstance(label, bool):
            where = f"labels, step {number}"
            report("label-not-boolean", f"{where}: expected true or false, found {shown(label)}")
    if len(steps) != len(labels):
        report("label-count", f"{len(steps)} completions, {len(labels)} labels")
    if not steps:
        report("empty-text", "completions: no step")
    marks = [str(label).lower() for label in labels]
    return Reading(prompt, BORDER.join((*texts, *marks)), len(steps))


def _read_sharegpt(row: Mapping[str, Any], format_: Format, report: Report) -> Reading:
    del format_
    return _chat(row["conversations"], "conversations", report, system=_told(row))


def _read_sharegpt_preference(row: Mapping[str, Any], format_: Format, report: Report) -> Reading:
    # One message each, as LLaMA-Factory has it; a list of one is taken as well.
    answers = {
        key: row[key] if isinstance(row[key], list) else [row[key]]
        for key in ("chosen", "rejected")
    }
    whole = replace(
        format_, name="preference", conversational=True, renamed=(("prompt", "conversations"),)
    )
    return _read_preference({**row, **answers}, whole, report)


def _read_alpaca(row: Mapping[str, Any], format_: Format, report: Report) -> Reading:
    if row.get("input") is not None:
        _text(row, "input", report, may_be_empty=True)
    prompt = _asked(row, "instruction", format_, report, "input")
    return Reading(prompt, _text(row, "output", report), 1, _told(row))


def _read_openai_chat(row: Mapping[str, Any], format_: Format, report: Report) -> Reading:
    del format_
    messages = row["messages"]
    for number, turn in enumerate(messages if isinstance(messages, list) else (), 1):
        weight = turn.get("weight") if isinstance(turn, dict) else None
        if weight is not None and weight not in (0, 1):
            report("wrong-type", f"messages, turn {number}: expected a weight of 0 or 1, found "
                                 f"{shown(weight)}")  # fmt: skip
    return _chat(messages, "messages", report)


def _read_openai_preference(row: Mapping[str, Any], format_: Format, report: Report) -> Reading:
    del format_
    given = row["input"]
    if not isinstance(given, dict) or given.get("messages") is None:
        report("missing-key", f"input: expected an object with messages, found {shown(given)}")
        return Reading("", BORDER.join(_texts(row)), 1)
    asked = read_turns(given["messages"], "input.messages", report)
    if row["preferred_output"] == row["non_preferred_output"]:
        report("equal-pair", "preferred and non-preferred output are equal")
    better, chosen = _read_pair(row, "preferred_output", asked, report)
    _, rejected = _read_pair(row, "non_preferred_output", asked, report)
    return Reading(
        _spoken(asked), f"{chosen}{BORDER}{rejected}", len(asked) + len(better),
        _split(asked)[2], lengths=(len(chosen), len(rejected)),
    )  # fmt: skip


def _read_bedrock(row: Mapping[str, Any], format_: Format, report: Report) -> Reading:
    del format_
    version = row["schemaVersion"]
    if version != "bedrock-conversation-2024":
        report("wrong-type", "schemaVersion: expected 'bedrock-conversation-2024', found "
                             f"{shown(version)}")  # fmt: skip
    told = row.get("system") or []
    system = BORDER.join(_texts(told))
    return _chat(row["messages"], "messages", report, system=system)


def _read_labelled(row: Mapping[str, Any], format_: Format, report: Report) -> Reading:
    label = row[format_.key("label")]
    if isinstance(label, str) and not label.strip():
        report("empty-text", f"{format_.key('label')}: no label")
    elif not isinstance(label, str | int | float):
        report("wrong-type", f"{format_.key('label')}: expected a label, found {shown(label)}")
    named = label_text(label)
    return Reading(_asked(row, "text", format_, report), named, 1, label=named)


def _spoken(turns: Sequence[Turn]) -> str:
    return BORDER.join(turn.text for turn in turns if turn.role not in LEADING)


def _texts(value: Any) -> list[str]:
    """Returns every text in a JSON value that is not empty, in the order of its keys."""
    pending, found = [value], []
    while pending:
        one = pending.pop()
        if isinstance(one, str):
            found += [one] * bool(one)
        elif isinstance(one, Mapping):
            pending += [one[key] for key in sorted(one, reverse=True)]
        elif isinstance(one, list):
            pending += reversed(one)
    return found


def _check_characters(texts: Sequence[str], report: Report) -> None:
    for text in texts:
        control = _CONTROL.search(text)
        if control:
            report("control-character", f"{shown(control.group())} in a text")
            break
    for text in texts:
        if not text.isascii() and _SURROGATE.search(text):
            report("lone-surrogate", f"half of a character in {shown(text)}")
            break


def _keys(row: Mapping[str, Any]) -> str:
    return ", ".join(map(shown, row)) or "no key"


_READERS: Mapping[str, Callable[[Mapping[str, Any], Format, Report], Reading]] = {
    "language-modeling": _read_language_modeling,
    "prompt-only": _read_prompt_only,
    "prompt-completion": _read_prompt_completion,
    "preference": _read_preference,
    "unpaired-preference": _read_unpaired,
    "stepwise-supervision": _read_stepwise,
    "sharegpt": _read_sharegpt,
    "sharegpt-preference": _read_sharegpt_preference,
    "alpaca": _read_alpaca,
    "openai-chat": _read_openai_chat,
    "openai-preference": _read_openai_preference,
    "bedrock-converse": _read_bedrock,
    "labelled-text": _read_labelled,
}
assert _READERS.keys() == KINDS.keys()  # noqa: S101 - a format without a reader is a bug
