"""The kernel finds the same in a file, whatever way it takes through it."""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.examples.strategies import chunks_of, json_objects, messages, plain_texts, spelled, texts
from tests.unit.strategies import law

from ft_registry.examples.erased import Erased
from ft_registry.examples.faults import FaultLog
from ft_registry.examples.formats import Format
from ft_registry.examples.kernel import ROW_BYTES, Kernel, Part, Settings, subject_of
from ft_registry.examples.tally import OTHER, Histogram, Tally, count_classes

PAIR = Format("prompt-completion", renamed=(("prompt", "question"), ("completion", "answer")))
LABELLED = Format("labelled-text")
CHAT = Format("language-modeling", conversational=True)

pair_chunks = chunks_of(texts | plain_texts, plain_texts | texts, keys=("question", "answer"))
label_chunks = chunks_of(plain_texts, plain_texts | texts, keys=("text", "label"))
chat_chunks = chunks_of(messages, keys=("messages",))
cases = (
    st.tuples(st.just(PAIR), pair_chunks)
    | st.tuples(st.just(LABELLED), label_chunks)
    | st.tuples(st.just(CHAT), chat_chunks)
)


def part_of(chunks: Sequence[bytes], settings: Settings, *, lane: bool = True) -> Part:
    kernel = Kernel(settings)
    if not lane:
        kernel._lane = None
    for chunk in chunks:
        kernel.take(chunk)
    return kernel.finish()


def sound(*rows: dict[str, object]) -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


@law
@given(case=cases)
def test_the_fast_lane_gives_what_reading_line_by_line_gives(case: tuple[Format, bytes]) -> None:
    format_, chunk = case
    settings = Settings(format_)
    assert part_of([chunk], settings) == part_of([chunk], settings, lane=False)


@pytest.mark.parametrize(
    "chunk",
    [
        b'{"question":"a","answer":"b"}{"question":"c","answer":"d"}\n\n',
        b'{"question":"a",\n"answer":"b"}\n{"question":"a","answer":"b"}'
        b'{"question":"a","answer":"b"}\n',
        rb'{"question":"\u0022\u0022\u0022\u0022","answer":"b","answer":"c"}' + b"\n",
        rb'{"question":"\b","answer":"b"}' + b"\n",
        rb'{"question":"\\\f","answer":"b"}' + b"\n",
        rb'{"question":"\u007F","answer":"b"}' + b"\n",
        b'{"question":"\x7f","answer":"b"}\n',
    ],
)
def test_the_fast_lane_leaves_what_is_strange(chunk: bytes) -> None:
    kernel = Kernel(Settings(PAIR))
    assert kernel._lane is not None
    assert kernel._lane.read(chunk) is None
    assert part_of([chunk], Settings(PAIR)).faults.total


@pytest.mark.parametrize(
    ("format_", "row"),
    [
        (PAIR, {"question": r"\frac \beta \u0022 C:\users\new", "answer": 'é "quoted"\n\t\u2019'}),
        (LABELLED, {"text": "a 😀", "label": "yes"}),
        (CHAT, {"messages": [{"role": "user", "content": "x"},
                             {"role": "assistant", "content": "y\\"}]}),
    ],
)  # fmt: skip
def test_the_fast_lane_takes_what_is_common(format_: Format, row: dict[str, object]) -> None:
    kernel = Kernel(Settings(format_))
    assert kernel._lane is not None
    assert kernel._lane.read(sound(row, row)) is not None


@law
@given(case=cases, data=st.data())
def test_a_file_cut_at_any_lines_adds_up(case: tuple[Format, bytes], data: st.DataObject) -> None:
    format_, chunk = case
    lines = chunk.splitlines(keepends=True) if b"\r" not in chunk else [chunk]
    cut = data.draw(st.integers(0, len(lines)))
    chunks = [b"".join(lines[:cut]), b"".join(lines[cut:])]
    settings = Settings(format_)
    whole = part_of([chunk], settings)
    assert part_of(chunks, settings) == whole
    first, second = (part_of([one], settings) for one in chunks)
    first.faults.merge(second.faults, lines=first.lines)
    first.tally.merge(second.tally, lines=first.lines)
    assert first.faults == whole.faults
    assert first.tally == whole.tally
    assert first.hashes + second.hashes == whole.hashes
    assert (first.lines + second.lines, first.rows + second.rows) == (whole.lines, whole.rows)


@law
@given(row=json_objects, data=st.data())
def test_spelling_changes_no_hash(row: dict[str, object], data: st.DataObject) -> None:
    settings = Settings(Format("unknown"))
    one, other = (spelled(row, data.draw).encode() for _ in range(2))
    assert part_of([one], settings).hashes == part_of([other], settings).hashes


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("1", "1.0"), ("100", "1e2"), ("100", "1E+2"), ("0", "-0"), ("0", "-0.0"), ("0.1", "1e-1"),
        ("9007199254740992", "9007199254740992.0"), ("100000000000000000000", "1e20"),
        ("0", "1e-400"),
    ],
)  # fmt: skip
def test_a_number_has_one_name(one: str, other: str) -> None:
    settings = Settings(Format("unknown"))
    for text in ("a", r"\ud800"):
        chunks = [f'{{"n":{number},"t":"{text}"}}'.encode() for number in (one, other)]
        first, second = (part_of([chunk], settings) for chunk in chunks)
        assert first.hashes == second.hashes


@pytest.mark.parametrize("number", ["1e400", "-1e400", "NaN", "-Infinity", "1" * 400, "1" * 5000])
def test_a_number_beyond_json_is_a_fault(number: str) -> None:
    part = part_of([f'{{"n":{number}}}'.encode()], Settings(Format("unknown")))
    assert part.faults.counts == {"nan": 1}


def test_numbers_that_are_not_the_same_have_two_names() -> None:
    settings = Settings(Format("unknown"))
    numbers = ["9007199254740993", "9007199254740992", "1", "-1", "true", '"1"', "null", "[1]"]
    hashes = part_of([f'{{"n":{number}}}\n'.encode() for number in numbers], settings).hashes
    rows = {hashes[place : place + 16] for place in range(0, len(hashes), ROW_BYTES)}
    assert len(rows) == len(numbers)


def test_an_example_is_known_re_spaced_and_re_cased_and_by_its_prompt() -> None:
    hashes = part_of(
        [sound({"question": "Who?", "answer": "I am."}, {"question": "who ?", "answer": "I  AM."},
               {"question": "WHO?", "answer": "You."})],
        Settings(PAIR),
    ).hashes  # fmt: skip
    rows = np.frombuffer(hashes, dtype=np.uint8).reshape(-1, ROW_BYTES)
    exact, normal, prompt = rows[:, :16], rows[:, 16:24], rows[:, 24:]
    assert len(np.unique(exact, axis=0)) == 3
    assert (normal[0] == normal[1]).all()
    assert (normal[0] != normal[2]).any()
    assert len(np.unique(prompt, axis=0)) == 1


def test_what_asks_nothing_has_no_prompt() -> None:
    rows = sound({"text": "a"}, {"text": "b"})
    hashes = part_of([rows], Settings(Format("language-modeling"))).hashes
    assert hashes[24:32] == hashes[56:64] == bytes(8)


def test_a_key_makes_other_hashes_and_nothing_else() -> None:
    chunk = sound({"question": "a", "answer": "b"}, {"question": "c", "answer": "d"})
    plain, keyed = (part_of([chunk], Settings(PAIR, key=key)) for key in (None, b"secret"))
    assert replace(plain, hashes=b"") == replace(keyed, hashes=b"")
    names = {part.hashes[n : n + 8] for part in (plain, keyed) for n in range(0, 64, 8)}
    assert len(names) == 16


@pytest.mark.parametrize("key", [None, b"secret"])
@pytest.mark.parametrize("name", ["exact", "normal"])
@pytest.mark.parametrize("lane", [True, False])
def test_an_erased_example_is_told(name: str, key: bytes | None, lane: bool) -> None:
    rows = [{"question": f"q{number}", "answer": "a"} for number in range(100)]
    hashes = part_of([sound(*rows)], Settings(PAIR, key=key)).hashes
    start, stop = (0, 16) if name == "exact" else (16, 24)
    erased = sorted(hashes[32 * row + start : 32 * row + stop] for row in (3, 70))
    others = [*(bytes([n]) * (stop - start) for n in range(256)), *erased, *erased]
    stones = Erased(key, **{name: b"".join(others)})
    settings = Settings(PAIR, erased=(Erased(exact=bytes(16)), stones, stones))
    found = part_of([sound(*rows)], settings, lane=lane)
    assert [(fault.line, fault.rule) for fault in found.faults.first] == [
        (4, "erased"), (71, "erased"),
    ]  # fmt: skip


@pytest.mark.parametrize("key", [None, b"secret"])
def test_subjects_are_named_and_those_erased_are_told(key: bytes | None) -> None:
    rows = [{"question": "q", "answer": "a", "who": {"id": who}} for who in (7, None, "Ada", "ADA")]
    settings = Settings(PAIR, subject="who.id")
    subjects = part_of([sound(*rows)], replace(settings, key=key)).subjects
    one, nobody, ada, again = (subjects[place : place + 8] for place in range(0, 32, 8))
    assert nobody == bytes(8)
    assert ada == again != one
    found = part_of([sound(*rows)], replace(settings, erased=(Erased(key, subjects=ada),))).faults
    assert [(fault.line, fault.rule) for fault in found.first] == [(3, "erased"), (4, "erased")]


def test_lines_have_the_numbers_that_their_reader_gives_them() -> None:
    kernel = Kernel(Settings(PAIR))
    kernel.take(b'{"question":"a"}\n{"question":"a","answer":"b"}\n5\n', numbers=[2, 9, 40])
    assert [fault.line for fault in kernel.finish().faults.first] == [2, 40]


def test_lengths_are_counted_as_they_come(monkeypatch: pytest.MonkeyPatch) -> None:
    chunks = [sound({"question": "q" * n, "answer": "a" * n}) for n in range(1, 40)]
    whole = part_of(chunks, Settings(PAIR))
    monkeypatch.setattr("ft_registry.examples.kernel._PENDING", 3)
    assert part_of(chunks, Settings(PAIR)) == whole


numbers = st.lists(st.integers(0, 2**40), min_size=1, max_size=60)


@law
@given(numbers=numbers, share=st.floats(0, 1))
def test_a_quantile_is_the_nearest_rank_but_for_its_bucket(
    numbers: list[int], share: float
) -> None:
    histogram = Histogram()
    histogram.add(numbers)
    exact = int(np.quantile(numbers, share, method="inverted_cdf"))
    found = histogram.quantile(share)
    assert found <= exact <= found * (1 + 1 / 128) + 1
    assert found == exact or exact >= 256
    assert (histogram.size, histogram.total) == (len(numbers), sum(numbers))
    assert histogram.largest == max(numbers)


@law
@given(one=numbers, other=numbers)
def test_histograms_add_up(one: list[int], other: list[int]) -> None:
    merged, later, whole = Histogram(), Histogram(), Histogram()
    merged.add(one)
    later.add(other)
    merged.merge(later)
    whole.add(one + other)
    assert merged == whole


@law
@given(number=st.integers(0, 2**40), times=st.integers(1, 9))
def test_a_number_often_is_the_number_again_and_again(number: int, times: int) -> None:
    often, again = Histogram(), Histogram()
    often.add_often(number, times)
    again.add([number] * times)
    assert often == again


def test_an_empty_histogram_says_nothing() -> None:
    assert Histogram().quantile(0.5) == 0


@law
@given(names=st.lists(st.text("ab", max_size=2)), cut=st.integers(0, 20))
def test_tallies_add_up_in_any_order(names: list[str], cut: int) -> None:
    def tally(some: list[str]) -> Tally:
        found = Tally(foreign=len(some))
        count_classes(found.labels, some)
        found.totals.add(list(map(len, some)))
        return found

    whole = tally(names)
    for first, second in ((names[:cut], names[cut:]), (names[cut:], names[:cut])):
        merged = tally(first)
        merged.merge(tally(second), lines=0)
        assert merged == whole


def test_too_many_classes_are_counted_together_and_none_is_lost() -> None:
    found = Tally().labels
    for start in range(0, 100_000, 500):
        count_classes(found, ["often", *map(str, range(start, start + 500))])
    assert found.total() == 100_200
    assert found["often"] == 200
    assert found[OTHER] > 90_000
    assert len(found) <= 4_501


def test_a_fault_log_keeps_the_first_and_counts_all() -> None:
    log, later = FaultLog(limit=3), FaultLog(limit=3)
    for line in (1, 2):
        log.add(line, "crlf", "")
    for line in (0, 1, 2):
        later.add(line, "nan", "")
    log.merge(later, lines=10, file="b.jsonl")
    assert [(fault.line, fault.file) for fault in log.first] == [(1, ""), (2, ""), (0, "b.jsonl")]
    assert log.total == 5
    log.merge(later, lines=20)
    assert (len(log.first), log.total) == (3, 8)


@pytest.mark.parametrize(
    ("who", "name"),
    [
        ("Ada", b"ada"), (7, b"7"), ({"id": "Ada"}, None), (["Ada"], b"ada"),
        (["Ada", "Bob"], None), ([], b""), (None, b""), ("", b""), (True, None),
        ([{"id": 1}], None),
    ],
)  # fmt: skip
def test_a_subject_is_one_name(who: Any, name: bytes | None) -> None:
    assert subject_of({"who": who}, "who") == name


@pytest.mark.parametrize(
    ("row", "name"),
    [({}, b""), ({"who": None}, b""), ({"who": "Ada"}, None), ({"who": [{"id": "Ada"}]}, None)],
)
def test_dots_lead_into_objects_alone(row: dict[str, Any], name: bytes | None) -> None:
    assert subject_of(row, "who.id") == name


@pytest.mark.parametrize(
    "row",
    [
        {"who.id": "Ada"}, {"who.id": "Ada", "who": "Bob"}, {"who.id": "Ada", "who": {"id": "Bob"}},
        {"who.id": None, "who": {"id": "Ada"}},
    ],
)  # fmt: skip
def test_a_key_that_is_spelled_with_dots_comes_first(row: dict[str, Any]) -> None:
    assert subject_of(row, "who.id") == b"ada"


def test_who_is_not_indexed_is_told() -> None:
    rows = [{"question": "q", "answer": "a", "who": who} for who in ("Ada", ["a", "b"], None)]
    part = part_of([sound(*rows)], Settings(PAIR, subject="who"))
    assert [(fault.line, fault.rule) for fault in part.faults.first] == [(2, "subject")]
    assert (part.tally.named, part.subjects[8:]) == (1, bytes(16))
