"""Tells which code a run has: git knows it, else variables of the environment may."""

import re
from collections.abc import Mapping
from typing import Any

from ft_registry.errors import InvalidInput
from ft_registry.model.canonical import digest_bytes
from ft_registry.model.document import Unknown
from ft_registry.model.record import Patch
from ft_registry.model.run_document import PATCH, RunCode
from ft_registry.ports.code import CodeState

COMMIT_VARIABLES = ("FT_REGISTRY_COMMIT", "GITHUB_SHA", "CI_COMMIT_SHA")
REPO_VARIABLES = ("FT_REGISTRY_REPO", "GITHUB_REPOSITORY", "CI_PROJECT_URL")
BRANCH_VARIABLES = ("FT_REGISTRY_BRANCH", "GITHUB_REF_NAME", "CI_COMMIT_REF_NAME")
"""Ours, GitHub's, GitLab's: the first that is set counts."""
_COMMIT = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")
_CREDENTIALS = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*://)[^/?#]*@")
_NOT_COMPARED = "there was no git to compare the files with the commit"


def code_of_git(state: CodeState) -> RunCode:
    """Returns the code as git has it."""
    return RunCode(
        source="git",
        repo=state.repo,
        commit=state.commit,
        branch=state.branch,
        dirty=state.dirty,
        patch=Patch(digest=digest_bytes(state.patch), size=len(state.patch), artifact=PATCH)
        if state.patch
        else Unknown(unknown="the tree held nothing that the commit does not"),
        left_out=state.left_out,
    )


def code_of_environment(environ: Mapping[str, str]) -> RunCode:
    """Returns the code as variables name it.

    Raises:
        InvalidInput: The variable of the commit holds none.
    """
    variable, commit = _first(environ, COMMIT_VARIABLES)
    if not variable:
        names = " or ".join(COMMIT_VARIABLES)
        return RunCode(
            source="none",
            commit=Unknown(unknown=f"there was no git repository, and no variable {names}"),
            **_rest(environ),
        )
    if not _COMMIT.fullmatch(commit.lower()):
        raise InvalidInput(
            f"expected a whole commit in {variable}, found {commit!r}",
            hints=["git rev-parse HEAD prints it"],
        )
    return RunCode(source="environment", commit=commit.lower(), **_rest(environ))


def _rest(environ: Mapping[str, str]) -> dict[str, Any]:
    variable, repo = _first(environ, REPO_VARIABLES)
    if variable == "GITHUB_REPOSITORY":
        repo = f"{environ.get('GITHUB_SERVER_URL') or 'https://github.com'}/{repo}"
    _, branch = _first(environ, BRANCH_VARIABLES)
    return {
        "repo": _CREDENTIALS.sub(r"\1", repo)
        or Unknown(unknown=f"no variable {' or '.join(REPO_VARIABLES)}"),
        "branch": branch or Unknown(unknown=f"no variable {' or '.join(BRANCH_VARIABLES)}"),
        "dirty": Unknown(unknown=_NOT_COMPARED),
        "patch": Unknown(unknown=_NOT_COMPARED),
    }


def _first(environ: Mapping[str, str], names: tuple[str, ...]) -> tuple[str, str]:
    return next(((name, environ[name]) for name in names if environ.get(name)), ("", ""))
