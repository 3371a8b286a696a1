"""What was erased is found on whatever line it stands, in whatever format the file is read."""

import json

import pytest

from ft_registry.examples.erased import Erased
from ft_registry.examples.formats import Format, format_of
from ft_registry.examples.kernel import Kernel, Part, Settings

ROW = {"prompt": "Where does Ada live?", "completion": "In the tower"}
CHAT = {"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]}
RENAMED = {"question": ROW["prompt"].upper(), "answer": ROW["completion"]}
PAIR = format_of(ROW)
SECRETS = (None, b"secret")


def part_of(settings: Settings, *lines: object) -> Part:
    kernel = Kernel(settings)
    texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    kernel.take("".join(f"{text}\n" for text in texts).encode("utf-8", "surrogateescape"))
    return kernel.finish()


def stone(key: bytes | None) -> Erased:
    hashes = part_of(Settings(PAIR, key=key), ROW).hashes
    return Erased(key, exact=hashes[:16], normal=hashes[16:24])


STONES = tuple(map(stone, SECRETS))


def erased_lines(format_: Format, *lines: object, key: bytes | None = None) -> list[int]:
    faults = part_of(Settings(format_, key=key, erased=STONES), *lines).faults
    return [fault.line for fault in faults.first if fault.rule == "erased"]


@pytest.mark.parametrize("row", [ROW, {**ROW, "source": "web"}, RENAMED])
@pytest.mark.parametrize(
    "format_",
    [
        Format("language-modeling"),
        Format("language-modeling", conversational=True),
        Format("prompt-only"),
        Format("prompt-completion", renamed=(("prompt", "instruction"),)),
        Format("unpaired-preference"),
        Format("unknown"),
    ],
    ids=lambda format_: format_.title,
)
@pytest.mark.parametrize("key", SECRETS)
def test_a_format_that_is_named_hides_nothing(
    row: dict[str, str], format_: Format, key: bytes | None
) -> None:
    assert erased_lines(format_, row, {"prompt": "x", "completion": "y"}, key=key) == [1]


@pytest.mark.parametrize("row", [ROW, RENAMED, {**RENAMED, "prompt": None}, {**ROW, "text": ""}])
def test_a_row_among_many_of_another_format_is_found(row: dict[str, object]) -> None:
    assert erased_lines(format_of(CHAT), *[CHAT] * 19, row) == [20]


@pytest.mark.parametrize("format_", [PAIR, format_of(CHAT), Format("prompt-only")])
@pytest.mark.parametrize(
    "line",
    [
        '{"prompt": "Where does Ada live?", "completion": "In the tower", "score": NaN}',
        '{"prompt": "Where does Ada live?", "completion": "In the tower", "score": 1e999}',
        f'{{"prompt": "Where does Ada live?", "completion": "In the tower", "n": 1{"0" * 5000}}}',
        '{"prompt": "x", "prompt": "Where does Ada live?", "completion": "In the tower"}',
        '{"prompt": "Where does Ada live?", "completion": "In the tower", "prompt": "x"}',
        '{"prompt": "Where does Ada live?", "completion": "In the tower", "id": "\udce9"}',
    ],
    ids=["nan", "infinity", "digits", "twice-last", "twice-first", "not-utf8"],
)
def test_what_other_readers_make_of_a_faulty_line_is_looked_at(format_: Format, line: str) -> None:
    assert erased_lines(format_, CHAT, line) == [2]
    assert erased_lines(format_, "[1]", "{", "5", line.replace("Ada", "Bob")) == []


def test_a_line_is_told_once_whatever_names_it() -> None:
    people = [
        part_of(Settings(PAIR, key=key, subject="who"), {**ROW, "who": "Ada"}).subjects
        for key in SECRETS
    ]
    stones = tuple(
        Erased(one.key, exact=one.exact, normal=one.normal, subjects=person)
        for one, person in zip(STONES, people, strict=True)
    )
    lines = [{**ROW, "who": "Ada"}, {**ROW, "who": "Bob"}, {"prompt": "x", "completion": "y"}]
    new = {"prompt": "new", "completion": "n", "who": "ADA"}
    nan = json.dumps({**new, "score": float("nan")})
    faults = part_of(Settings(PAIR, subject="who", erased=stones), *lines, new, nan).faults
    assert sorted(one.line for one in faults.first if one.rule == "erased") == [1, 2, 4, 5]
