"""The ledger lives wherever git does."""

import shutil
from pathlib import Path

import pytest
from tests.ledger.changes import begin, subjects, write
from tests.ledger.repositories import (
    clone,
    commit_file,
    git,
    make_repository,
    open_ledger,
    refs,
    rev,
)

from ft_registry.backends.git.door import find_repository
from ft_registry.errors import FtRegistryError, NotARegistry
from ft_registry.ports.ledger import Ledger

PATH = "models/dates/aliases/champion.json"


@pytest.fixture
def registry(repository: Path) -> Path:
    """A repository with a ledger of two events."""
    ledger = open_ledger(repository)
    begin(ledger)
    write(ledger, PATH, b"1", subject="first")
    return repository


def assert_works(ledger: Ledger) -> None:
    """Appends, reads and lists."""
    logged = write(ledger, PATH, b"2", subject="second")
    assert ledger.head() == logged.id
    assert ledger.read(PATH) == b"2"
    assert subjects(ledger, PATH)[-1] == "second"
    assert ledger.paths("models") == [PATH]


def test_it_works_from_a_folder_below_the_top(registry: Path) -> None:
    (registry / "deep" / "er").mkdir(parents=True)
    assert_works(open_ledger(registry / "deep" / "er"))


def test_it_works_from_inside_the_git_directory(registry: Path) -> None:
    assert_works(open_ledger(registry / ".git" / "refs"))


def test_a_linked_work_tree_shares_the_ledger(registry: Path, tmp_path: Path) -> None:
    git(registry, "worktree", "add", "--quiet", "--detach", str(tmp_path / "linked"))
    assert_works(open_ledger(tmp_path / "linked"))
    assert open_ledger(registry).read(PATH) == b"2"


def test_the_home_of_a_linked_work_tree_is_the_main_one(registry: Path, tmp_path: Path) -> None:
    git(registry, "worktree", "add", "--quiet", str(tmp_path / "linked"))
    place = find_repository(tmp_path / "linked")
    assert (place.home, place.top) == (registry, tmp_path / "linked")


def test_a_work_tree_linked_to_a_bare_repository_works(registry: Path, tmp_path: Path) -> None:
    bare = clone(registry, tmp_path / "bare.git", "--bare")
    git(bare, "worktree", "add", "--quiet", str(tmp_path / "linked"), "main")
    assert_works(open_ledger(tmp_path / "linked"))


def test_it_works_on_a_detached_head(registry: Path) -> None:
    git(registry, "checkout", "--quiet", "--detach")
    assert_works(open_ledger(registry))


def test_it_works_in_a_bare_clone(registry: Path, tmp_path: Path) -> None:
    assert_works(open_ledger(clone(registry, tmp_path / "bare.git", "--bare")))


def test_it_works_in_a_repository_without_any_commit(tmp_path: Path) -> None:
    empty = make_repository(tmp_path / "empty", commit=False)
    ledger = open_ledger(empty)
    begin(ledger)
    assert_works(ledger)
    assert refs(empty) == ["refs/heads/ft-registry"]


def test_it_works_in_a_sha_256_repository(tmp_path: Path) -> None:
    long = make_repository(tmp_path / "long", object_format="sha256")
    ledger = open_ledger(long)
    begin(ledger)
    assert_works(ledger)
    assert len(ledger.head() or "") == 64


@pytest.mark.parametrize("name", ["with space", "größer-東京", "a'b\"c$(d)", "-dash", "u\u2028v"])
def test_the_path_may_be_called_anything(tmp_path: Path, name: str) -> None:
    odd = make_repository(tmp_path / name / "project")
    ledger = open_ledger(odd)
    begin(ledger)
    assert_works(ledger)
    assert find_repository(odd).top == odd


def test_it_works_in_a_submodule(registry: Path, tmp_path: Path) -> None:
    outer = make_repository(tmp_path / "outer")
    git(outer, "submodule", "--quiet", "add", f"file://{registry}", "inner")
    ledger = open_ledger(outer / "inner")
    assert_works(ledger)
    assert open_ledger(outer).head() is None


def test_a_fresh_clone_reads_what_it_was_cloned_with(registry: Path, tmp_path: Path) -> None:
    ledger = open_ledger(clone(registry, tmp_path / "clone"))
    assert ledger.read(PATH) == b"1"
    assert subjects(ledger) == ["first"]


def test_reading_in_a_fresh_clone_makes_no_branch(registry: Path, tmp_path: Path) -> None:
    fresh = clone(registry, tmp_path / "clone")
    before = refs(fresh)
    open_ledger(fresh).read(PATH)
    assert refs(fresh) == before


def test_the_first_append_in_a_fresh_clone_continues_the_history(
    registry: Path, tmp_path: Path
) -> None:
    fresh = clone(registry, tmp_path / "clone")
    ledger = open_ledger(fresh)
    assert_works(ledger)
    assert subjects(ledger) == ["first", "second"]


def test_the_ledger_has_no_history_in_common_with_the_code(registry: Path) -> None:
    roots = git(registry, "rev-list", "--max-parents=0", "ft-registry").split()
    assert rev(registry, "main") not in roots
    assert len(roots) == 1


def test_a_folder_outside_any_repository_is_no_registry(tmp_path: Path) -> None:
    with pytest.raises(NotARegistry) as caught:
        find_repository(tmp_path)
    assert "git init" in caught.value.hints[0]


def test_a_foreign_branch_of_the_same_name_is_no_ledger(repository: Path) -> None:
    git(repository, "branch", "ft-registry")
    with pytest.raises(NotARegistry):
        open_ledger(repository).head()


def test_a_foreign_branch_of_the_same_name_is_not_written_to(repository: Path) -> None:
    git(repository, "branch", "ft-registry")
    before = rev(repository, "ft-registry")
    with pytest.raises(NotARegistry):
        begin(open_ledger(repository))
    assert rev(repository, "ft-registry") == before


def test_a_branch_that_leaves_no_room_is_told_at_once(repository: Path) -> None:
    git(repository, "branch", "ft-registry/setup")
    with pytest.raises(NotARegistry, match="ft-registry/setup") as caught:
        begin(open_ledger(repository))
    assert "rename" in caught.value.hints[0]


def test_a_git_directory_that_cannot_be_written_is_told_at_once(repository: Path) -> None:
    shutil.rmtree(repository / ".git" / "refs" / "heads")
    (repository / ".git" / "refs" / "heads").touch()
    with pytest.raises(FtRegistryError):
        begin(open_ledger(repository))


@pytest.mark.parametrize("content", [b"[]", b"1", b"{}", b'{"format":"1"}', b"not json"])
def test_a_format_that_is_none_is_no_ledger(repository: Path, content: bytes) -> None:
    write(open_ledger(repository), "format.json", content)
    with pytest.raises(FtRegistryError):
        open_ledger(repository).head()


def test_a_ledger_of_a_later_format_is_not_read(repository: Path) -> None:
    write(open_ledger(repository), "format.json", b'{"format":2}')
    with pytest.raises(NotARegistry) as caught:
        open_ledger(repository).head()
    assert "upgrade" in caught.value.hints[0]


def test_a_commit_made_by_hand_is_told_when_the_history_is_read(registry: Path) -> None:
    git(registry, "switch", "--quiet", "ft-registry")
    git(registry, "rm", "--quiet", "event.json")
    git(registry, "commit", "--quiet", "-m", "by hand")
    with pytest.raises(FtRegistryError) as caught:
        list(open_ledger(registry).events())
    assert "by hand" in caught.value.hints[0]


class TestAShallowClone:
    """Has the newest state, and only a piece of the history."""

    @pytest.fixture
    def shallow(self, registry: Path, tmp_path: Path) -> Path:
        write(open_ledger(registry), "models/dates/model.json", b"{}", subject="newest")
        return clone(registry, tmp_path / "shallow", "--depth=1", "--no-single-branch")

    def test_has_no_ledger_when_it_took_one_branch_only(
        self, registry: Path, tmp_path: Path
    ) -> None:
        assert open_ledger(clone(registry, tmp_path / "one", "--depth=1")).head() is None

    def test_reads_the_whole_state(self, shallow: Path) -> None:
        ledger = open_ledger(shallow)
        assert ledger.read_many([PATH, "models/dates/model.json"]) == {
            PATH: b"1",
            "models/dates/model.json": b"{}",
        }

    def test_appends(self, shallow: Path) -> None:
        ledger = open_ledger(shallow)
        logged = write(ledger, PATH, b"2", subject="second")
        assert (ledger.head(), ledger.read(PATH)) == (logged.id, b"2")

    def test_knows_the_newest_event(self, shallow: Path) -> None:
        newest = next(iter(open_ledger(shallow).events(newest_first=True)))
        assert newest.event.subject == "newest"

    def test_does_not_pass_a_piece_of_the_history_for_the_whole(self, shallow: Path) -> None:
        with pytest.raises(FtRegistryError) as caught:
            list(open_ledger(shallow).events())
        assert "--unshallow" in caught.value.hints[0]

    def test_does_not_credit_a_document_to_the_event_where_it_was_cut(self, shallow: Path) -> None:
        found = []
        with pytest.raises(FtRegistryError):
            found.extend(open_ledger(shallow).events(PATH, newest_first=True))
        assert found == []

    def test_has_the_history_after_unshallow(self, shallow: Path) -> None:
        git(shallow, "fetch", "--quiet", "--unshallow")
        assert subjects(open_ledger(shallow), PATH) == ["first"]

    def test_that_cut_only_the_code_has_the_whole_history(
        self, registry: Path, tmp_path: Path
    ) -> None:
        commit_file(registry, "train.py", b"print('again')\n")
        cut = clone(registry, tmp_path / "cut", "--depth=1")
        git(cut, "fetch", "--quiet", "origin", "ft-registry:refs/remotes/origin/ft-registry")
        assert subjects(open_ledger(cut)) == ["first"]
