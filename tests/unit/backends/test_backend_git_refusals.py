"""What git says when it may not write is told with what to do."""

import pytest

from ft_registry.backends.git.door import GitFailed


@pytest.mark.parametrize(
    "told",
    [
        "error: insufficient permission for adding an object to repository database .git/objects\n"
        "fatal: Unable to add (null) to database\n",
        "fatal: Unable to create '/r/.git/refs/heads/ft-registry.lock': Permission denied\n",
        "error: unable to write file .git/objects/aa/bb: Read-only file system\n",
    ],
)
def test_a_git_directory_that_may_not_be_written_to_has_a_way_on(told: str) -> None:
    error = GitFailed(["hash-object", "-w"], 128, told)
    assert "(null)" not in error.message
    assert "\n" not in error.message
    assert "may not write to the git directory" in error.hints[0]


def test_the_refusal_of_a_remote_is_not_taken_for_one_of_this_disk() -> None:
    error = GitFailed(["push"], 128, "git@host: Permission denied (publickey).\n")
    assert not error.hints
