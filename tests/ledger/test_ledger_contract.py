"""The contract of the ledger, held by the fake in memory and by the git branch alike."""

from collections.abc import Callable
from dataclasses import replace
from typing import get_args

import pytest
from tests.ledger.changes import begin, make_change, make_event, subjects, write

from ft_registry.errors import Conflict, FtRegistryError, NotARegistry
from ft_registry.model.canonical import digest_bytes
from ft_registry.model.event import Requirement, Write, digest_within
from ft_registry.model.layout import EVENT, FORMAT
from ft_registry.model.origin import Actor
from ft_registry.ports.ledger import Change, Keep, Ledger, RequirementFailed, Settled

ALIAS = "models/dates/aliases/champion.json"
MakeLedger = Callable[[], Ledger]


def test_an_append_can_be_read_at_once(ledger: Ledger) -> None:
    write(ledger, ALIAS, b'{"version":1}')
    assert ledger.read(ALIAS) == b'{"version":1}'


@pytest.mark.parametrize(
    ("name", "email"),
    [
        ("Ada", "ada@example.org"),
        (" J. R. 'x' Jr.", ""),
        ("o<d>d\nÄ\u2028", "<a@b>."),
        ("a<.", "a"),
    ],
)
def test_an_event_is_stored_under_its_label(ledger: Ledger, name: str, email: str) -> None:
    reason = "  one\r\n\n\ntwo <x>\t"
    event = make_event("öd", actor=Actor(name=name, email=email), reason=reason)
    ledger.append(Change(event, {}))
    *_, step = ledger.transitions()
    assert step.label == ledger.label(event)
    assert step.label != ledger.label(event.model_copy(update={"subject": "other"}))


def test_an_absent_document_reads_as_none(ledger: Ledger) -> None:
    assert ledger.read("models/dates/aliases/nobody.json") is None


def test_a_folder_is_no_document(ledger: Ledger) -> None:
    write(ledger, ALIAS, b"{}")
    assert ledger.read("models/dates/aliases") is None


def test_read_many_returns_those_that_exist(ledger: Ledger) -> None:
    write(ledger, "models/a.json", b"a")
    assert ledger.read_many(["models/a.json", "models/b.json"]) == {"models/a.json": b"a"}


@pytest.mark.parametrize("asked", [10, 63, 64, 200])
def test_read_many_answers_for_any_number_of_paths(ledger: Ledger, asked: int) -> None:
    written = {f"models/{n}.json": f"{n}".encode() for n in range(0, asked, 2)}
    ledger.append(make_change(written))
    assert ledger.read_many([f"models/{n}.json" for n in range(asked)]) == written


def test_any_bytes_come_back_as_they_were(ledger: Ledger) -> None:
    odd = b"\0\r\n\xff blob 7\n\n missing\n" + bytes(range(256)) * 400
    ledger.append(make_change({"models/odd": odd, "models/empty": b""}))
    assert ledger.read_many(["models/odd", "models/empty"]) == {
        "models/odd": odd,
        "models/empty": b"",
    }


def test_an_odd_name_is_a_name(ledger: Ledger) -> None:
    names = ["models/with space 7.json", "models/ä\u2028ö.json", 'models/"q"\t*?[x].json']
    ledger.append(make_change({name: name.encode() for name in names}))
    assert ledger.read_many(names) == {name: name.encode() for name in names}
    assert ledger.paths("models") == sorted(names)
    assert dict(ledger.changes("models", since=None, until=ledger.head())) == {
        name: name.encode() for name in names
    }
    assert [len(list(ledger.events(name))) for name in names] == [1, 1, 1]


@pytest.mark.parametrize("path", ["", "/etc/passwd", "../x", "a/../b", "a//b", "a/", "a\0b"])
def test_a_path_that_leaves_the_ledger_is_refused(ledger: Ledger, path: str) -> None:
    with pytest.raises(ValueError, match="relative path"):
        ledger.read(path)


@pytest.mark.parametrize("path", ["", "/etc/passwd", "../x", "a/../b", "a//b", "a/", "a\0b"])
def test_nothing_is_written_at_a_path_that_leaves_the_ledger(ledger: Ledger, path: str) -> None:
    before = ledger.head()
    with pytest.raises(ValueError, match="relative path"):
        ledger.append(make_change({path: b"x"}))
    assert ledger.head() == before


def test_paths_lists_all_documents_below_a_folder_in_order(ledger: Ledger) -> None:
    ledger.append(make_change(dict.fromkeys(("m/b/2.json", "m/a.json", "m/b/1.json", "mm/c"), b"")))
    assert ledger.paths("m") == ["m/a.json", "m/b/1.json", "m/b/2.json"]


def test_a_folder_without_documents_lists_nothing(ledger: Ledger) -> None:
    assert ledger.paths("models") == []


def test_no_ledger_has_no_head_and_no_documents(new_ledger: MakeLedger) -> None:
    empty = new_ledger()
    assert empty.head() is None
    assert empty.read(FORMAT) is None
    assert empty.paths("models") == []
    assert list(empty.events()) == []


def test_a_history_without_a_format_is_no_ledger(new_ledger: MakeLedger) -> None:
    foreign = new_ledger()
    write(foreign, "models/a.json", b"a")
    with pytest.raises(NotARegistry):
        foreign.head()


def test_the_head_is_the_event_appended_last(ledger: Ledger) -> None:
    logged = write(ledger, ALIAS, b"1")
    assert ledger.head() == logged.id


def test_the_second_beginning_of_a_ledger_fails(ledger: Ledger) -> None:
    with pytest.raises(RequirementFailed):
        ledger.append(make_change({FORMAT: b'{"format":1}'}, requires={FORMAT: None}))


def test_a_requirement_that_holds_lets_the_event_pass(ledger: Ledger) -> None:
    write(ledger, ALIAS, b"1")
    ledger.append(make_change({ALIAS: b"2"}, requires={ALIAS: b"1", "models/none.json": None}))
    assert ledger.read(ALIAS) == b"2"


@pytest.mark.parametrize("expected", [b"other", None], ids=["other bytes", "no document"])
def test_a_requirement_that_fails_leaves_everything_as_it_was(
    ledger: Ledger, expected: bytes | None
) -> None:
    write(ledger, ALIAS, b"1")
    head, history, paths = ledger.head(), list(ledger.events()), ledger.paths("models")
    with pytest.raises(RequirementFailed):
        ledger.append(make_change({ALIAS: b"2", "models/x": b""}, requires={ALIAS: expected}))
    assert (ledger.head(), list(ledger.events()), ledger.paths("models")) == (head, history, paths)
    assert ledger.read(ALIAS) == b"1"


def test_a_failed_requirement_says_what_was_expected_and_found(ledger: Ledger) -> None:
    write(ledger, ALIAS, b"1")
    with pytest.raises(RequirementFailed) as caught:
        ledger.append(make_change({ALIAS: b"2"}, requires={ALIAS: b"0"}))
    assert caught.value.requirement == Requirement(path=ALIAS, digest=digest_bytes(b"0"))
    assert caught.value.found == digest_bytes(b"1")
    assert isinstance(caught.value, Conflict)


def test_an_absent_document_fails_the_requirement_that_names_it(ledger: Ledger) -> None:
    with pytest.raises(RequirementFailed) as caught:
        ledger.append(make_change({ALIAS: b"2"}, requires={ALIAS: b"1"}))
    assert caught.value.found is None


@pytest.mark.parametrize(
    "change", [{"e/1/b.json": b"b"}, {"e/1/a.json": b"2"}, {"e/1/a.json": None}]
)
def test_a_requirement_of_a_folder_fails_with_whatever_lies_in_it(
    ledger: Ledger, change: dict[str, bytes | None]
) -> None:
    a = digest_bytes(b"a")
    write(ledger, "e/1/a.json", b"a")
    write(ledger, "e/1/below/c.json", b"c")
    write(ledger, "e/10/d.json", b"d")
    within = digest_within("e/1", {"e/1/a.json": a})
    required = Requirement(path="e/1", digest=within, folder=True)
    ledger.append(Change(make_event(), {"x.json": b"1"}, requires=(required,)))
    ledger.append(make_change(change))
    with pytest.raises(RequirementFailed) as caught:
        ledger.append(Change(make_event(), {"x.json": b"2"}, requires=(required,)))
    assert caught.value.found != within


def test_a_requirement_of_an_empty_folder_is_none(ledger: Ledger) -> None:
    required = Requirement(path="e/1", digest=None, folder=True)
    ledger.append(Change(make_event(), {"e/10/a.json": b"a"}, requires=(required,)))
    ledger.append(Change(make_event(), {"e/1/a.json": b"a"}, requires=(required,)))
    with pytest.raises(RequirementFailed):
        ledger.append(Change(make_event(), {}, requires=(required,)))


def test_one_failing_requirement_among_many_is_enough(ledger: Ledger) -> None:
    ledger.append(make_change({f"models/{n}": b"1" for n in range(100)}))
    requires: dict[str, bytes | None] = {f"models/{n}": b"1" for n in range(100)}
    with pytest.raises(RequirementFailed):
        ledger.append(make_change({}, requires=requires | {"models/57": b"2"}))


def test_the_event_lists_what_it_required_and_wrote(ledger: Ledger) -> None:
    write(ledger, ALIAS, b"1")
    change = make_change({"b": b"B", "a": b"A"}, requires={ALIAS: b"1", "c": None})
    logged = ledger.append(change)
    assert logged.event.requires == change.requires
    assert logged.event.writes == (
        Write(path="a", digest=digest_bytes(b"A")),
        Write(path="b", digest=digest_bytes(b"B")),
    )


def test_the_event_comes_back_as_append_returned_it(ledger: Ledger) -> None:
    event = make_event(
        "roll back dates@champion to 1: »schlechter«",
        type="rollback", reason="line one\n\nline two", model="dates", version=1,
        alias="champion", previous=2, to=1,
    )  # fmt: skip
    logged = ledger.append(replace(make_change({ALIAS: b"1"}), event=event))
    assert next(iter(ledger.events(newest_first=True))) == logged
    assert logged.event.model_copy(update={"requires": (), "writes": ()}) == event


def test_the_state_holds_the_event_that_made_it(ledger: Ledger) -> None:
    logged = write(ledger, ALIAS, b"1")
    assert ledger.read(EVENT) == logged.event.to_bytes()


def test_a_document_may_be_taken_away(ledger: Ledger) -> None:
    first = ledger.append(make_change({ALIAS: b"1", "models/other.json": b"2"}))
    logged = ledger.append(make_change({ALIAS: None}, requires={ALIAS: b"1"}, subject="gone"))
    assert ledger.read(ALIAS) is None
    assert ledger.paths("models") == ["models/other.json"]
    assert ledger.paths("models/dates") == []
    assert logged.event.writes == (Write(path=ALIAS, digest=None),)
    assert dict(ledger.changes("models", since=first.id, until=logged.id)) == {ALIAS: None}
    assert ledger.read(ALIAS, at=first.id) == b"1"
    assert subjects(ledger, ALIAS)[-1] == "gone"


def test_a_document_that_is_not_there_may_be_taken_away(ledger: Ledger) -> None:
    write(ledger, "models/dates", b"a document, no folder")
    ledger.append(make_change({ALIAS: None, "models/none/none.json": None}))
    assert ledger.paths("models") == ["models/dates"]


def test_a_document_may_come_back(ledger: Ledger) -> None:
    write(ledger, ALIAS, b"1")
    ledger.append(make_change({ALIAS: None}))
    ledger.append(make_change({ALIAS: b"2"}, requires={ALIAS: None}))
    assert ledger.read(ALIAS) == b"2"


def test_without_a_remote_there_is_nothing_to_settle(ledger: Ledger) -> None:
    for keep in get_args(Keep):
        plan = ledger.settlement(keep)
        assert (plan.is_needed, plan.state, plan.keep) == (False, "level", keep)
        assert ledger.settle(plan) == Settled()


def test_a_sound_ledger_is_stored_soundly(ledger: Ledger) -> None:
    write(ledger, ALIAS, b"1")
    assert ledger.check_storage() == ledger.check_signatures() == []


def test_an_event_that_nobody_signed_has_no_signature(ledger: Ledger) -> None:
    logged = write(ledger, ALIAS, b"1")
    assert ledger.signature(logged.id) is None


def test_an_event_may_write_nothing(ledger: Ledger) -> None:
    logged = ledger.append(make_change({}, subject="only said"))
    assert ledger.head() == logged.id
    assert subjects(ledger) == ["only said"]


def test_events_come_oldest_first(ledger: Ledger) -> None:
    for subject in ("one", "two", "three"):
        write(ledger, ALIAS, subject.encode(), subject=subject)
    assert subjects(ledger) == ["one", "two", "three"]


def test_events_come_newest_first_on_demand(ledger: Ledger) -> None:
    for subject in ("one", "two"):
        write(ledger, ALIAS, subject.encode(), subject=subject)
    found = [logged.event.subject for logged in ledger.events(newest_first=True)]
    assert found == ["two", "one", "begin the ledger"]


def test_events_up_to_one_leave_out_what_came_after_it(ledger: Ledger) -> None:
    for subject in ("one", "two", "three"):
        write(ledger, ALIAS, subject.encode(), subject=subject)
    second = list(ledger.events())[2].id
    found = [logged.event.subject for logged in ledger.events(ALIAS, newest_first=True, at=second)]
    assert found == ["two", "one"]
    assert [logged.event.subject for logged in ledger.events(ALIAS, at=second)] == ["one", "two"]


def test_the_order_of_events_is_the_ledgers_not_the_clocks(ledger: Ledger) -> None:
    for subject, year in (("one", 2030), ("two", 2001), ("three", 2020)):
        time = f"{year}-01-01T00:00:00.000000Z"
        write(ledger, ALIAS, subject.encode(), subject=subject, time=time)
    assert subjects(ledger) == ["one", "two", "three"]


def test_events_by_path_are_those_that_touched_the_document(ledger: Ledger) -> None:
    write(ledger, ALIAS, b"1", subject="mine")
    write(ledger, "models/dates/aliases/champion.json.bak", b"1", subject="a longer name")
    write(ledger, "models/other/aliases/champion.json", b"1", subject="another model's")
    write(ledger, ALIAS, b"2", subject="mine again")
    assert subjects(ledger, ALIAS) == ["mine", "mine again"]


def test_a_document_like_another_has_a_history_of_its_own(ledger: Ledger) -> None:
    same = b'{"version":1}' * 50
    write(ledger, "models/dates/aliases/champion.json", same, subject="first")
    write(ledger, "models/dates/aliases/candidate.json", same, subject="second")
    assert subjects(ledger, "models/dates/aliases/candidate.json") == ["second"]


def test_events_by_folder_are_those_that_touched_anything_below(ledger: Ledger) -> None:
    write(ledger, "models/dates/a.json", b"", subject="below")
    write(ledger, "models/dates-2/a.json", b"", subject="beside")
    write(ledger, "models/dates/b/c.json", b"", subject="far below")
    assert subjects(ledger, "models/dates") == ["below", "far below"]


def test_events_by_several_paths_come_once_each(ledger: Ledger) -> None:
    ledger.append(make_change({"a": b"1", "b": b"1"}, subject="both"))
    write(ledger, "b", b"2", subject="second")
    write(ledger, "c", b"1", subject="neither")
    assert subjects(ledger, "a", "b") == ["both", "second"]


def test_an_event_that_wrote_the_same_bytes_again_did_not_touch_them(ledger: Ledger) -> None:
    write(ledger, ALIAS, b"1", subject="wrote")
    write(ledger, ALIAS, b"1", subject="wrote the same")
    assert subjects(ledger, ALIAS) == ["wrote"]


@pytest.mark.parametrize("count", [3, 70])
def test_every_event_is_in_the_history_once(ledger: Ledger, count: int) -> None:
    appended = [write(ledger, f"models/{n}.json", b"", subject=str(n)) for n in range(count)]
    assert list(ledger.events())[1:] == appended


def test_the_past_can_be_read_at_each_event(ledger: Ledger) -> None:
    heads = [write(ledger, ALIAS, str(n).encode()).id for n in range(3)]
    assert [ledger.read(ALIAS, at=head) for head in heads] == [b"0", b"1", b"2"]


def test_the_past_lists_the_documents_of_its_time(ledger: Ledger) -> None:
    first = write(ledger, "models/a.json", b"")
    write(ledger, "models/b.json", b"")
    assert ledger.paths("models", at=first.id) == ["models/a.json"]


def test_an_unknown_past_is_refused_and_not_empty(ledger: Ledger) -> None:
    unknown = "0" * len(ledger.head() or "")
    with pytest.raises(FtRegistryError):
        ledger.read(ALIAS, at=unknown)
    with pytest.raises(FtRegistryError):
        ledger.paths("models", at=unknown)


def test_a_ledger_knows_its_own_events_only(ledger: Ledger) -> None:
    logged = write(ledger, ALIAS, b"1")
    assert ledger.has(logged.id)
    assert not ledger.has("0" * len(logged.id))
    assert not ledger.has(None)
    assert not ledger.has("")
    assert not ledger.has("no id at all")


def test_equal_changes_with_different_nonces_are_different_events(new_ledger: MakeLedger) -> None:
    one, two = new_ledger(), new_ledger()
    begun = make_change({FORMAT: b'{"format":1}'}, nonce="begin")
    assert one.append(begun).id == two.append(begun).id
    left = one.append(make_change({ALIAS: b"1"}, nonce="one"))
    right = two.append(make_change({ALIAS: b"1"}, nonce="two"))
    assert left.id != right.id


def test_without_a_remote_there_is_nothing_to_refresh(ledger: Ledger) -> None:
    before = ledger.head()
    ledger.refresh()
    assert (ledger.head(), ledger.remote_view()) == (before, None)


def test_a_new_ledger_begins_with_its_first_event(new_ledger: MakeLedger) -> None:
    ledger = new_ledger()
    logged = begin(ledger)
    assert list(ledger.events()) == [logged]
