"""The formats of examples, by TRL's vocabulary, and how one is recognised.

A format is a type (what the example is for) in one of two styles: standard (text) or conversational
(lists of messages). Beside TRL's there are the formats of ShareGPT, Alpaca, OpenAI's fine-tuning
API, Bedrock, and labelled text (https://huggingface.co/docs/trl/dataset_formats).
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ft_registry.errors import InvalidInput

UNKNOWN = "unknown"


@dataclass(frozen=True)
class Kind:
    """What the examples of one type hold."""

    required: tuple[str, ...]
    optional: tuple[str, ...] = ()
    has_styles: bool = True
    """It exists as text and as messages."""
    label: str = ""
    """The key whose values fall into classes."""


KINDS: Mapping[str, Kind] = {
    "language-modeling": Kind(("text",), ("tools", "chat_template_kwargs")),
    "prompt-only": Kind(("prompt",), ("tools", "chat_template_kwargs")),
    "prompt-completion": Kind(
        ("prompt", "completion"), ("system", "tools", "chat_template_kwargs")
    ),
    "preference": Kind(
        ("chosen", "rejected"), ("prompt", "system", "tools", "chat_template_kwargs")
    ),
    "unpaired-preference": Kind(
        ("prompt", "completion", "label"),
        ("system", "tools", "chat_template_kwargs"),
        label="label",
    ),
    "stepwise-supervision": Kind(("prompt", "completions", "labels"), has_styles=False),
    "sharegpt": Kind(("conversations",), ("system", "tools"), has_styles=False),
    "sharegpt-preference": Kind(
        ("conversations", "chosen", "rejected"), ("system", "tools"), has_styles=False
    ),
    "alpaca": Kind(
        ("instruction", "output"), ("input", "system", "history"), has_styles=False
    ),
    "openai-chat": Kind(
        ("messages",), ("tools", "functions", "parallel_tool_calls"), has_styles=False
    ),
    "openai-preference": Kind(
        ("input", "preferred_output", "non_preferred_output"), has_styles=False
    ),
    "bedrock-converse": Kind(
        ("schemaVersion", "messages"), ("system", "toolConfig"), has_styles=False
    ),
    "labelled-text": Kind(("text", "label"), has_styles=False, label="label"),
}  # fmt: skip
"""Every format by name. `messages` stands for `text` in conversational language modeling."""

SYNONYMS: Mapping[str, tuple[str, ...]] = {
    "prompt": ("prompt", "question", "query", "instruction", "input", "source"),
    "completion": ("completion", "answer", "response", "output", "target"),
    "label": ("label", "category", "intent", "class", "labels"),
}
"""What else people call a key, in the order in which it is looked for."""
GIVEN = ("context", "passage", "document", "input", "choices", "options")
"""What a question may come with: a trainer of TRL's own keys leaves it out, but whoever has keys of
his own renders it into the prompt."""


@dataclass(frozen=True)
class Format:
    """A format as one file has it."""

    name: str
    """A key of `KINDS`, or ``unknown``."""
    conversational: bool = False
    renamed: tuple[tuple[str, str], ...] = ()
    """Standard key and the file's own, where they differ: ``("prompt", "question")``."""

    @property
    def title(self) -> str:
        """The format for people: ``preference (conversational)``."""
        own = ", ".join(own for _, own in self.renamed)
        notes = [note for note in ("conversational" * self.conversational, own) if note]
        return f"{self.name} ({'; '.join(notes)})" if notes else self.name

    def key(self, standard: str) -> str:
        """Returns what the file calls a standard key."""
        return dict(self.renamed).get(standard, standard)

    @cached_property
    def required(self) -> tuple[str, ...]:
        """The keys that each example has, in the file's words."""
        if self.name == UNKNOWN:
            return ()
        if self.name == "language-modeling" and self.conversational:
            return ("messages",)
        return tuple(self.key(standard) for standard in KINDS[self.name].required)

    def content_of(self, row: Mapping[str, Any]) -> Mapping[str, Any]:
        """Returns the part of an example that names it: what a trainer reads.

        A text that is empty is as absent as the empty cell that CSV has for it, and a class is its
        name: CSV knows no numbers.
        """
        keys = self.content
        found = {
            key: value
            for key, value in row.items()
            if (keys is None or key in keys) and value != ""
        }
        if self.name == "labelled-text":
            label = self.key("label")
            if isinstance(found.get(label), int | float):
                found[label] = label_text(found[label])
        return found

    @cached_property
    def content(self) -> frozenset[str] | None:
        """The keys that a trainer reads, in the file's words; None: all of them."""
        if self.name == UNKNOWN:
            return None
        optional = (self.key(standard) for standard in KINDS[self.name].optional)
        return frozenset((*self.required, *optional, *self.given))

    @cached_property
    def given(self) -> tuple[str, ...]:
        """The keys of what a prompt may come with, in the order in which they are read."""
        if not self.renamed and self.name not in {"alpaca", "labelled-text"}:
            return ()
        kind = KINDS[self.name]
        own = {self.key(standard) for standard in (*kind.required, *kind.optional)}
        return tuple(key for key in GIVEN if key not in own)


def label_text(label: Any) -> str:
    """Returns the name of a class: 1, 1.0 and "1" are one, as tables of numbers have it."""
    is_whole = isinstance(label, float) and label.is_integer()
    return str(int(label) if is_whole else label)


def named_format(name: str, rows: Iterable[Mapping[str, Any]]) -> Format:
    """Returns a format that a person named, with the style and the keys that the rows show.

    Raises:
        InvalidInput: There is no such format.
    """
    if name not in KINDS:
        raise InvalidInput(
            f"expected a format, found {name!r}", hints=[f"formats: {', '.join(KINDS)}"]
        )
    found: Counter[Format] = Counter()
    for row in rows:
        # Where one key is there under its own name, the others' synonyms are columns of no matter.
        renamed = _renamed(name, row)
        has_style = KINDS[name].has_styles
        found[Format(name, has_style and _is_conversational(name, row), renamed)] += 1
    return found.most_common(1)[0][0] if found else Format(name)


def detect_format(rows: Iterable[Mapping[str, Any]]) -> Format:
    """Returns the format that most of the rows have; `UNKNOWN` where most have none."""
    found = Counter(format_of(row) for row in rows)
    return found.most_common(1)[0][0] if found else Format(UNKNOWN)


def format_of(row: Mapping[str, Any]) -> Format:
    """Returns the format of one example."""
    name = _name(row)
    if name == UNKNOWN:
        return Format(UNKNOWN)
    style = KINDS[name].has_styles and _is_conversational(name, row)
    return Format(name, style, _renamed(name, row))


def _name(row: Mapping[str, Any]) -> str:
    keys = {key for key, value in row.items() if value is not None}
    for name, wanted in _SIGNS:
        if wanted <= keys:
            return name
    if "messages" in keys:
        return "openai-chat" if _is_openai(row, keys) else "language-modeling"
    prompts = [key for key in SYNONYMS["prompt"] if key in keys]
    if prompts and any(key in keys for key in SYNONYMS["completion"]):
        return "prompt-completion"
    if "text" in keys:
        return "labelled-text" if _label(row, keys) else "language-modeling"
    return "prompt-only" if "prompt" in keys else UNKNOWN


_SIGNS: tuple[tuple[str, frozenset[str]], ...] = (
    ("bedrock-converse", frozenset({"schemaVersion", "messages"})),
    ("sharegpt-preference", frozenset({"conversations", "chosen", "rejected"})),
    ("sharegpt", frozenset({"conversations"})),
    ("openai-preference", frozenset({"input", "preferred_output"})),
    ("preference", frozenset({"chosen", "rejected"})),
    ("stepwise-supervision", frozenset({"prompt", "completions", "labels"})),
    ("unpaired-preference", frozenset({"prompt", "completion", "label"})),
    ("alpaca", frozenset({"instruction", "output"})),
)
"""Keys that tell a format by themselves; the first that fits counts."""


_RENAMED: Mapping[str, tuple[str, ...]] = {
    "prompt-completion": ("prompt", "completion"),
    "preference": ("prompt",),
    "unpaired-preference": ("prompt", "completion", "label"),
    "labelled-text": ("label",),
}
"""The keys that may have a name of the file's own."""


def _is_openai(row: Mapping[str, Any], keys: set[str]) -> bool:
    """Whether messages are OpenAI's: `tools` stand beside them in both formats, and are TRL's."""
    if "chat_template_kwargs" in keys:  # TRL's word
        return False
    if keys & {"functions", "parallel_tool_calls"}:
        return True
    messages = row["messages"]
    return isinstance(messages, list) and any(
        isinstance(turn, dict) and "weight" in turn for turn in messages
    )


def _label(row: Mapping[str, Any], keys: set[str]) -> str:
    return next(
        (
            key
            for key in SYNONYMS["label"]
            if key in keys and isinstance(row[key], str | int | float)
        ),
        "",
    )


def _renamed(name: str, row: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    if name not in _RENAMED:
        return ()
    found = []
    for standard in _RENAMED[name]:
        synonyms = SYNONYMS[standard]
        if name == "preference":  # of judged answers a source is where they are from
            synonyms = synonyms[: synonyms.index("source")]
        own = next((key for key in synonyms if key in row), standard)
        if own != standard:
            found.append((standard, own))
    return tuple(found)


def _is_conversational(name: str, row: Mapping[str, Any]) -> bool:
    """TRL's `is_conversational`: the first key it knows holds messages with a role."""
    kind = KINDS[name]
    for standard in ("prompt", "chosen", "rejected", "completion", "messages"):
        if standard != "messages" and standard not in (*kind.required, *kind.optional):
            continue
        value = row.get(dict(_renamed(name, row)).get(standard, standard))
        if value is not None:
            first = value[0] if isinstance(value, list) and value else None
            return isinstance(first, dict) and "role" in first
    return False
