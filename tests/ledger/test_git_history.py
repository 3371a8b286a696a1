"""Who touched what is remembered in a file: whatever becomes of it, the answers are git's own."""

import os
import random
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.ledger.changes import begin, make_change
from tests.ledger.repositories import git, make_repository, open_ledger, rev

from ft_registry.backends.git.ledger import GitLedger
from ft_registry.backends.git.objects import ObjectReader

PLACES = [
    "models/m/aliases/champion.json",
    "models/m/aliases/champion.json.d/x",
    "models/mm/a",
    "a",
]
LIMITS: list[tuple[str, ...]] = [
    (), ("a",), ("models",), ("models/m",), ("models/mm", "a"), (PLACES[0],), ("models/none",),
]  # fmt: skip


def write_events(ledger: GitLedger, count: int, *, seed: int) -> None:
    """Appends events that write and take away documents at random."""
    chance = random.Random(seed)
    for number in range(count):
        place = chance.choice(PLACES)
        # The same again: an event that touches nothing but itself.
        content = chance.choice([b"1", b"2", f"{number}".encode()])
        away = ledger.read(place) is not None and chance.random() < 0.2
        ledger.append(make_change({place: None if away else content}))


def kept(where: Path) -> Path:
    return where / ".git" / "ft-registry" / "history"


def assert_right(where: Path) -> None:
    """Asks as git does it, now and for the past."""
    ledger = open_ledger(where)
    head = rev(where, "ft-registry")
    commits = git(where, "rev-list", head).split()
    for at in (head, commits[len(commits) // 2], commits[-1], head):
        for limits in LIMITS:
            wanted = git(where, "rev-list", at, "--", *limits).split()
            newest = [logged.id for logged in ledger.events(*limits, newest_first=True, at=at)]
            assert newest == wanted, (at, limits)
            assert [logged.id for logged in ledger.events(*limits, at=at)] == wanted[::-1]


@pytest.fixture
def long(tmp_path: Path) -> Path:
    """A ledger whose history is long enough to be kept."""
    where = make_repository(tmp_path / "long")
    ledger = open_ledger(where)
    begin(ledger)
    write_events(ledger, 100, seed=1)
    list(ledger.events())
    assert kept(where).exists()
    return where


def test_the_answers_are_git_s_own(long: Path) -> None:
    assert_right(long)


def test_a_short_history_leaves_no_file(tmp_path: Path) -> None:
    where = make_repository(tmp_path / "short")
    begin(open_ledger(where))
    write_events(open_ledger(where), 20, seed=2)
    assert_right(where)
    assert not kept(where).exists()


def test_what_is_appended_later_is_known_with_what_was_kept(long: Path) -> None:
    ledger = open_ledger(long)
    before = kept(long).read_bytes()
    for seed in range(5):
        write_events(ledger, 20, seed=seed)
        assert_right(long)
    assert kept(long).read_bytes() != before


def test_a_few_events_are_compared_as_git_compares_them(long: Path) -> None:
    ledger = open_ledger(long)
    list(ledger.events("a"))
    for seed in range(40):
        write_events(ledger, 1 + seed % 3, seed=seed)
        for limits in LIMITS:
            wanted = git(long, "rev-list", "ft-registry", "--", *limits).split()
            assert [one.id for one in ledger.events(*limits, newest_first=True)] == wanted


def test_no_setting_of_the_user_s_changes_what_is_found(
    long: Path, git_config: Callable[[str], None]
) -> None:
    git_config("[log]\n\tshowRoot = false\n\tfollow = true\n\tdecorate = full\n\tdate = iso\n")
    git_config("[diff]\n\trelative = true\n\trenames = copies\n[color]\n\tui = always\n")
    kept(long).unlink()
    assert_right(long)


def test_the_newest_event_is_read_without_those_before(
    long: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = open_ledger(long)
    list(ledger.events("a"))
    asked: list[str] = []
    ask = ObjectReader._request
    monkeypatch.setattr(
        ObjectReader, "_request", lambda reader, name: asked.append(name) or ask(reader, name)
    )
    newest = next(ledger.events("a", newest_first=True))
    assert newest.id == git(long, "rev-list", "-1", "ft-registry", "--", "a").strip()
    assert [name for name in asked if name.endswith(":event.json")] == [f"{newest.id}:event.json"]


def cut_in_half(file: Path) -> None:
    os.truncate(file, file.stat().st_size // 2)


def flip_a_bit(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def put_a_folder_there(file: Path) -> None:
    file.unlink()
    file.mkdir()


@pytest.mark.parametrize(
    "damage",
    [Path.unlink, cut_in_half, flip_a_bit, put_a_folder_there, lambda file: file.write_bytes(b"")],
    ids=["deleted", "cut in half", "a bit flipped", "a folder", "emptied"],
)
def test_a_damaged_file_is_not_believed(long: Path, damage: Callable[[Path], None]) -> None:
    damage(kept(long))
    assert_right(long)


def test_a_file_of_another_history_is_not_believed(long: Path, tmp_path: Path) -> None:
    other = make_repository(tmp_path / "other")
    begin(open_ledger(other))
    write_events(open_ledger(other), 100, seed=3)
    kept(other).parent.mkdir(exist_ok=True)
    kept(other).write_bytes(kept(long).read_bytes())
    assert_right(other)


def test_a_history_that_was_rewritten_is_asked_for_anew(long: Path) -> None:
    back = rev(long, "ft-registry~50")
    git(long, "update-ref", "refs/heads/ft-registry", back)
    write_events(open_ledger(long), 3, seed=4)
    assert_right(long)
    write_events(open_ledger(long), 100, seed=5)
    assert_right(long)


def test_a_history_with_a_merge_is_left_to_git(long: Path) -> None:
    head, past = rev(long, "ft-registry"), rev(long, "ft-registry~10")
    merge = git(
        long, "-c", "user.name=M", "-c", "user.email=m@example.org",
        "commit-tree", f"{head}^{{tree}}", "-p", head, "-p", past, "-m", "merge",
    ).strip()  # fmt: skip
    git(long, "update-ref", "refs/heads/ft-registry", merge)
    found = [logged.id for logged in open_ledger(long).events("a")]
    assert found == git(long, "rev-list", "--reverse", merge, "--", "a").split()


def test_a_clone_that_cannot_be_written_to_is_asked_in_full(
    long: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_self: Path, _content: bytes) -> int:
        raise PermissionError(13, "Permission denied")

    kept(long).unlink()
    monkeypatch.setattr(Path, "write_bytes", refuse)
    assert [one.id for one in open_ledger(long).events()] == git(
        long, "rev-list", "--reverse", "ft-registry"
    ).split()
    assert not kept(long).exists()


def test_a_lost_tree_keeps_nobody_from_what_does_not_need_it(long: Path) -> None:
    ledger = open_ledger(long)
    list(ledger.events("a"))
    write_events(ledger, 3, seed=5)
    lost = git(long, "rev-parse", "ft-registry~1:models").strip()
    wanted = git(long, "rev-list", "ft-registry", "--", "a").split()
    (long / ".git/objects" / lost[:2] / lost[2:]).unlink()
    assert [one.id for one in open_ledger(long).events("a", newest_first=True)] == wanted
