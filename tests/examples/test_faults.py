"""Every rule has a file that breaks it, and is told with its line."""

from pathlib import Path

import pytest

from ft_registry.actions.examine import examine, sources_of
from ft_registry.actions.look import Look, Tombstones
from ft_registry.backends.arrow_index import ArrowWriter
from ft_registry.backends.executors.local import LocalExecutor
from ft_registry.examples.faults import FIRST, RULES, FaultLog, shown
from ft_registry.examples.formats import Format
from ft_registry.examples.kernel import BOM, Kernel, Settings

GOOD = b'{"prompt":"a","completion":"b"}\n'
CHAT = b'{"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b"}]}\n'
PREFER = b'{"prompt":"a","chosen":"b","rejected":"c"}\n'
LABEL = b'{"prompt":"a","completion":"b","label":true}\n'
STEPS = b'{"prompt":"a","completions":["b"],"labels":[true]}\n'

FILES: dict[str, tuple[bytes, int]] = {
    "empty-file": (b"\n \n", 0),
    "not-utf8": (GOOD + b'{"prompt":"\xff","completion":"b"}\n', 2),
    "bom": (BOM + GOOD, 1),
    "crlf": (GOOD + GOOD[:-1] + b"\r\n", 2),
    "truncated": (GOOD + GOOD[:-8], 2),
    "not-json": (GOOD + GOOD[:-8] + b"\n" + GOOD, 2),
    "nan": (GOOD + b'{"prompt":"a","completion":"b","n":NaN}\n', 2),
    "duplicate-key": (GOOD + b'{"prompt":"a","completion":"b","completion":"c"}\n', 2),
    "not-an-object": (GOOD + b'["a","b"]\n', 2),
    "lone-surrogate": (GOOD + b'{"prompt":"\\ud800","completion":"b"}\n', 2),
    "control-character": (GOOD + b'{"prompt":"a\\u0008","completion":"b"}\n', 2),
    "unknown-format": (b'{"x":"a"}\n', 0),
    "mixed-format": (GOOD + GOOD + CHAT, 3),
    "missing-key": (GOOD + b'{"completion":"b"}\n', 2),
    "wrong-type": (GOOD + b'{"prompt":5,"completion":"b"}\n', 2),
    "empty-text": (GOOD + b'{"prompt":"a","completion":""}\n', 2),
    "empty-turn": (CHAT + CHAT.replace(b'"b"', b'""'), 2),
    "unknown-role": (CHAT + CHAT.replace(b"user", b"bot"), 2),
    "role-order": (CHAT + CHAT.replace(b"user", b"assistant"), 2),
    "no-assistant": (CHAT + b'{"messages":[{"role":"user","content":"a"}]}\n', 2),
    "equal-pair": (PREFER + PREFER.replace(b'"c"', b'"b"'), 2),
    "label-not-boolean": (LABEL + LABEL.replace(b"true", b'"yes"'), 2),
    "label-count": (STEPS + STEPS.replace(b"[true]", b"[true,false]"), 2),
}
ELSEWHERE = {"too-long", "erased", "subject", "unreadable"}


def found_in(path: Path, *, max_faults: int = FIRST) -> list[tuple[int, str]]:
    examination = examine(
        sources_of(path), Look(max_faults=max_faults), executor=LocalExecutor(1),
        writer=ArrowWriter(path.parent, key=""), tombstones=Tombstones(),
    )  # fmt: skip
    return [(fault.line, fault.rule) for fault in examination.faults.first]


def test_every_rule_has_a_file() -> None:
    assert FILES.keys() | ELSEWHERE == RULES.keys()


@pytest.mark.parametrize("rule", FILES)
def test_a_file_that_breaks_a_rule_is_told_with_its_line(rule: str, tmp_path: Path) -> None:
    data, line = FILES[rule]
    path = tmp_path / "data.jsonl"
    path.write_bytes(data)
    assert found_in(path) == [(line, rule)]


def test_a_file_of_another_kind_than_its_name_is_told(tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl.gz"
    path.write_bytes(GOOD)
    assert (0, "unreadable") in found_in(path)


def test_a_line_beyond_the_limit_is_told() -> None:
    kernel = Kernel(Settings(Format("prompt-completion"), line_limit=100))
    kernel.take(GOOD + GOOD.replace(b'"a"', b'"%b"' % (b"a" * 100)) + GOOD)
    part = kernel.finish()
    assert [(fault.line, fault.rule) for fault in part.faults.first] == [(2, "too-long")]
    assert (part.rows, len(part.hashes)) == (3, 64)


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        (b'{"text":"a\xc3', "truncated"),
        (b'{"text":"a\xc3\n', "not-utf8"),
        (b'{"text":"a\xc3"}', "not-utf8"),
        (b'{"text":"a"', "truncated"),
        (b'{"text":"a"\n', "not-json"),
        (b"[" * 5000 + b"]" * 5000, "not-json"),
        (b'{"text":"a","deep":' + b"[" * 100 + b"]" * 100 + b"}", "not-json"),
        (b'{"text":"a"}{"text":"b"}\n', "not-json"),
        (b'{"text":"a\tb"}\n', "not-json"),
        (b"{\"text\":'a'}\n", "not-json"),
        (b'{"text":"a",}\n', "not-json"),
        (b"null\n", "not-an-object"),
        (b"{}\n", "missing-key"),
        (b'{"a":{"b":1,"b":1},"text":"a"}\n', "duplicate-key"),
        (b'{"te\\u0078t":"a","text":"a"}\n', "duplicate-key"),
        (b'{"text":"a\x7fb"}\n', "control-character"),
        (b'{"text":"a\\u0000b"}\n', "control-character"),
        (b'{"text":"a\\bb"}\n', "control-character"),
        (b'{"text":"a\\fb"}\n', "control-character"),
        (b'{"text":"\\udc00\\ud83d"}\n', "lone-surrogate"),
    ],
)
def test_a_broken_line_breaks_one_rule(data: bytes, rule: str) -> None:
    kernel = Kernel(Settings(Format("language-modeling")))
    kernel.take(data, starts_file=True, ends_file=True)
    assert kernel.finish().faults.counts == {rule: 1}


@pytest.mark.parametrize(
    "data",
    [
        b'{"text":"\\ud83d\\ude00 \\u2028 \\/ \xf0\x9f\x98\x80"}',
        b' \t{ "text" : "a\\n\\t\\r" } \n\n  \n',
        b'{"text":"a","deep":' + b"[" * 99 + b"]" * 99 + b"}",
        b'{"text":"' + b"[{" * 500 + b'\\""}',
        b"",
    ],
)
def test_what_is_unusual_is_no_fault(data: bytes) -> None:
    kernel = Kernel(Settings(Format("language-modeling")))
    kernel.take(data, starts_file=True, ends_file=True)
    assert kernel.finish().faults.first == []


def test_a_byte_order_mark_counts_only_where_a_file_starts() -> None:
    for starts, rule in ((True, "bom"), (False, "not-json")):
        kernel = Kernel(Settings(Format("prompt-completion")))
        kernel.take(BOM + GOOD, starts_file=starts)
        assert kernel.finish().faults.counts == {rule: 1}


def test_an_object_of_many_keys_is_read_in_a_moment() -> None:
    pairs = b",".join(b'"%d":0' % (number % 40_000) for number in range(80_000))
    kernel = Kernel(Settings(Format("unknown")))
    kernel.take(b"{" + pairs + b"}")
    assert kernel.finish().faults.counts == {"duplicate-key": 40_000}


def test_a_value_is_shown_short_and_in_ascii() -> None:
    assert shown("\u202eé") == r"'\u202e\xe9'"
    assert len(shown("a" * 1000)) == 60


def test_what_is_never_allowed_is_told_whatever_else_is_wrong() -> None:
    log, later = FaultLog(limit=3), FaultLog(limit=3)
    for line in range(1, 6):
        log.add(line, "nan", "NaN")
    for line in range(1, 4):
        later.add(line, "crlf", "CR LF")
    later.add(4, "unreadable", "broken")
    log.add(6, "erased", "gone")
    log.merge(later, lines=6)
    assert [(one.line, one.rule) for one in log.first] == [
        (1, "nan"), (6, "erased"), (10, "unreadable")
    ]  # fmt: skip
    assert log.total == 10


@pytest.mark.parametrize(("asked", "told"), [(FIRST, FIRST), (3, 3), (200, 200), (0, 250)])
def test_so_many_faults_are_told_one_by_one_as_are_asked_for(
    tmp_path: Path, asked: int, told: int
) -> None:
    path = tmp_path / "data.jsonl"
    path.write_bytes(GOOD + b"[1]\n" * 250)
    assert found_in(path, max_faults=asked) == [
        (line, "not-an-object") for line in range(2, told + 2)
    ]
