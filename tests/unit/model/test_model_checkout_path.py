"""What comes from outside is put below its folder, and never into git's own."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ft_registry.model.checkout_path import checkout_path


@pytest.mark.parametrize(
    "path",
    ["a", "a/b.txt", ".gitignore", ".github/x", "git", "a.git/b", "git~x", ".gitmodules", "a b/ü"],
)
def test_plain_paths_are_taken(path: str) -> None:
    assert checkout_path(path) == path


@pytest.mark.parametrize(
    "path",
    [
        "", "/a", "..", "a/../b", "a//b", "./a", "a/", "a\0b", ".git", "a/.git/config", ".GIT/x",
        ".git./x", ".git /x", "git~1/x", "a/Git~12", ".git::$INDEX_ALLOCATION/x", ".g\u200cit/x",
        "..\\x", "a\\.git\\x", "\u202e.git",
    ],
)  # fmt: skip
def test_paths_that_leave_or_that_git_obeys_are_refused(path: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        checkout_path(path)


@given(st.text(max_size=30))
def test_whatever_is_taken_stays_below_its_folder(text: str) -> None:
    try:
        taken = checkout_path(text)
    except ValueError:
        return
    assert taken == text
    assert not text.startswith("/")
    assert not {"", ".", "..", ".git"} & {part.lower() for part in text.split("/")}
