"""Whatever is appended, in whatever order: the ledger answers as a list of dictionaries would."""

from collections.abc import Callable
from itertools import pairwise, product

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.ledger.changes import begin, make_change

from ft_registry.actions.verify_ledger import verify_ledger
from ft_registry.ports.ledger import Ledger, RequirementFailed

PATHS = ("models/a/1.json", "models/a/2.json", "models/b/1.json", "models/b/c/1.json", "data/x")
FOLDERS = ("models", "models/a", "models/b", "data", "nothing")
State = dict[str, bytes]
Contents = dict[str, bytes | None]

contents = st.sampled_from([b"", b"1", b"2", None])
documents = st.dictionaries(st.sampled_from(PATHS), contents, max_size=3)
requirements = st.dictionaries(st.sampled_from(PATHS), st.sampled_from([None, b"", b"1"]))
steps = st.lists(st.tuples(documents, st.just({}) | requirements), min_size=1, max_size=6)
repeatable = settings(
    max_examples=15,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def play(ledger: Ledger, played: list[tuple[Contents, Contents]]) -> dict[str, State]:
    """Appends step by step and returns the state that each event must have led to."""
    states: dict[str, State] = {begin(ledger).id: {}}
    state: State = {}
    for written, requires in played:
        change = make_change(written, requires=requires)
        if all(state.get(path) == content for path, content in requires.items()):
            after = {**state, **written}
            state = {path: content for path, content in after.items() if content is not None}
            states[ledger.append(change).id] = state
        else:
            with pytest.raises(RequirementFailed):
                ledger.append(change)
    return states


def below(state: State, folder: str) -> State:
    return {path: content for path, content in state.items() if path.startswith(f"{folder}/")}


@given(played=steps)
@repeatable
def test_every_state_of_the_past_reads_as_it_was(
    new_ledger: Callable[[], Ledger], played: list[tuple[Contents, Contents]]
) -> None:
    ledger = new_ledger()
    for event_id, state in play(ledger, played).items():
        assert ledger.read_many(PATHS, at=event_id) == state
        for folder in FOLDERS:
            assert ledger.paths(folder, at=event_id) == sorted(below(state, folder))


@given(played=steps)
@repeatable
def test_changes_are_the_difference_of_any_two_states(
    new_ledger: Callable[[], Ledger], played: list[tuple[Contents, Contents]]
) -> None:
    ledger = new_ledger()
    states: dict[str | None, State] = {None: {}, **play(ledger, played)}
    for (since, old), (until, new) in product(states.items(), repeat=2):
        before, after = below(old, "models"), below(new, "models")
        expected = {
            path: after.get(path)
            for path in before.keys() | after.keys()
            if before.get(path) != after.get(path)
        }
        found = list(ledger.changes("models", since=since, until=until))
        assert dict(found) == expected
        assert len(found) == len(expected)


@given(played=steps)
@repeatable
def test_the_history_of_a_path_names_the_events_that_changed_it(
    new_ledger: Callable[[], Ledger], played: list[tuple[Contents, Contents]]
) -> None:
    ledger = new_ledger()
    states = list(play(ledger, played).items())
    for folder in (*FOLDERS[:4], PATHS[0]):
        expected = [
            event_id
            for (_, old), (event_id, new) in pairwise(states)
            if {p for p in PATHS if old.get(p) != new.get(p)}
            & {p for p in PATHS if p == folder or p.startswith(f"{folder}/")}
        ]
        assert [logged.id for logged in ledger.events(folder)] == expected


@given(played=steps)
@repeatable
def test_the_transitions_lead_from_each_state_to_the_next(
    new_ledger: Callable[[], Ledger], played: list[tuple[Contents, Contents]]
) -> None:
    ledger = new_ledger()
    states = play(ledger, played)
    found: Contents = {}
    parents: tuple[str, ...] = ()
    for step in ledger.transitions():
        before, found = found, {**found, **step.documents}
        assert all(before.get(path) != content for path, content in step.documents.items())
        assert (step.parents, step.unreadable, step.is_cut) == (parents, (), False)
        assert {p: c for p, c in found.items() if c is not None and p in PATHS} == states[step.id]
        parents = (step.id,)
    assert parents == (ledger.head(),)
    looked_at = verify_ledger(ledger, depth="fast").findings
    assert [finding.state for finding in looked_at if finding.kind == "chain"] == ["ok"]
